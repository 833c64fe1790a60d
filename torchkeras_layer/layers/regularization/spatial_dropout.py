"""How does a layer drop whole channels at random while it trains?"""

from __future__ import annotations

from typing import Any

from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import layout
from torchkeras_layer.layers.regularization.dropout import Dropout
from torchkeras_layer.symbolic import InputSpec


class SpatialDropout(Dropout):
    """Base of the layers that drop whole channels of a sample, for inputs of a certain number of axes.

    Raises:
        ValueError: for another `data_format`, or a `noise_shape`, which follows from the layer.

    >>> SpatialDropout(0.5, 4, "channels_first", None).noise_shape
    (None, None, 1, 1)
    """

    def __init__(self, rate: float, rank: int, data_format: Any, seed: int | None, /, **kwargs: Any) -> None:
        # Keras 2 writes it into configs.
        given = kwargs.pop("noise_shape", None)
        super().__init__(rate, None, seed, **kwargs)
        if given is not None:
            raise ValueError(
                f"{type(self).__name__}: noise_shape follows from the layer. Received: noise_shape={given!r}. "
                "Leave it out, or take Dropout."
            )
        self.data_format = layout(self, data_format)
        inner = (1,) * (rank - 2)
        self.noise_shape = (None, None, *inner) if self.data_format == "channels_first" else (None, *inner, None)
        self.input_spec = InputSpec(ndim=rank)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor; as in Keras 3, `trainable`, which changes nothing, is not there.

        >>> SpatialDropout1D(0.5, name="drop").get_config()
        {'name': 'drop', 'dtype': 'float32', 'rate': 0.5, 'seed': None}
        """
        config = super().get_config()
        del config["trainable"]
        return config


@catalog.register()
class SpatialDropout1D(SpatialDropout):
    """`Dropout` of whole channels of sequences. Shapes: (batch, steps, channels) -> the same.

    Args:
        rate: from 0 to 1.
        seed: as in `Dropout`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `rate` or `seed` is not of that kind, or the inputs do not have 3 axes.
        RuntimeError: if a checkpoint runs a layer with a seed for the second time.

    >>> import torch
    >>> SpatialDropout1D(0.5, seed=4)(torch.ones(1, 2, 4))
    tensor([[[0., 0., 2., 2.],
             [0., 0., 2., 2.]]])
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(rate, 3, "channels_last", seed, **kwargs)


@catalog.register()
class SpatialDropout2D(SpatialDropout):
    """`Dropout` of whole channels of images. Shapes: (batch, height, width, channels) -> the same.

    Args:
        rate: from 0 to 1.
        data_format: 'channels_last', or 'channels_first' if the inputs are (batch, channels, height, width). Default
            `backend.image_data_format()`.
        seed: as in `Dropout`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not of that kind, or the inputs do not have 4 axes.
        RuntimeError: if a checkpoint runs a layer with a seed for the second time.

    >>> import torch
    >>> SpatialDropout2D(0.5, seed=4)(torch.ones(1, 1, 2, 4))
    tensor([[[[0., 0., 2., 2.],
              [0., 0., 2., 2.]]]])
    """

    def __init__(self, rate: float, data_format: str | None = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(rate, 4, data_format, seed, **kwargs)


@catalog.register()
class SpatialDropout3D(SpatialDropout):
    """`Dropout` of whole channels of volumes. Shapes: (batch, depth, height, width, channels) -> the same.

    Args:
        rate: from 0 to 1.
        data_format: 'channels_last', or 'channels_first' if the inputs are (batch, channels, depth, height, width).
            Default `backend.image_data_format()`.
        seed: as in `Dropout`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not of that kind, or the inputs do not have 5 axes.
        RuntimeError: if a checkpoint runs a layer with a seed for the second time.

    >>> import torch
    >>> SpatialDropout3D(0.5, seed=4)(torch.ones(1, 1, 1, 2, 4))
    tensor([[[[[0., 0., 2., 2.],
               [0., 0., 2., 2.]]]]])
    """

    def __init__(self, rate: float, data_format: str | None = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(rate, 5, data_format, seed, **kwargs)
