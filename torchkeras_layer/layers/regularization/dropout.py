"""Which layers drop random values or channels in training?"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F

from torchkeras_layer._shapes import Shape, broadcasts_to
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import as_plain, layout, number_between, sizes_in
from torchkeras_layer.layers.regularization.seeded_layer import SeededLayer, draw, draw_kept, take_seed
from torchkeras_layer.symbolic import InputSpec

# The limit of SELU for x to -∞ (Klambauer et al., 2017): minus its scale times its alpha.
_SATURATION = -1.0507009873554804934193349852946 * 1.6732632423543772848170429916717


@catalog.register()
class Dropout(SeededLayer):
    """In training, set values to 0 with probability `rate` and divide the others by `1 - rate`.

    In inference, return the inputs. Shapes: any -> the same.

    Args:
        rate: from 0 to 1.
        noise_shape: shape of the random numbers, which broadcasts to the inputs; `None` in it means the size of the
            inputs. `(None, 1, None)` drops the same features in all steps.
        seed: `None` to draw from torch's global generator, as `nn.Dropout` does, which `torch.manual_seed` seeds. With
            an int, the layer draws its own numbers, which are the same in each run (on one type of device), and the
            same as Keras 3's on torch; a copy, or a layer that loads its `state_dict`, continues them.
            `torch.utils.checkpoint`, which restores torch's generator only, cannot repeat such a layer.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these; in a call, if `noise_shape` does not fit.
        RuntimeError: if activation checkpointing repeats a layer with a seed.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.Dropout(0.5, seed=4)
    >>> layer(torch.ones(4)), layer.eval()(torch.ones(4))
    (tensor([0., 0., 2., 2.]), tensor([1., 1., 1., 1.]))
    """

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = number_between(self, "rate", rate, 0, 1)
        expected = "a tuple of positive ints and None"
        if noise_shape is not None:
            noise_shape = sizes_in(self, "noise_shape", as_plain(noise_shape), expected, takes_int=False)
        self.noise_shape = noise_shape
        take_seed(self, seed)
        self.supports_masking = True

    def call(self, inputs: torch.Tensor, training: Any = None) -> torch.Tensor:
        """Return the inputs, with values dropped if `training`."""
        if not training or self.rate == 0:
            return inputs
        has_plain_noise = self.noise_shape is None and type(self)._get_noise_shape is Dropout._get_noise_shape
        if self.rate == 1 or (self.seed is None and has_plain_noise):
            return F.dropout(inputs, self.rate)
        if self.seed is None:
            return inputs * _draw_factors(self, inputs)
        kept = draw_kept(self, inputs, _drawn_shape(self, inputs), self.rate)
        return torch.where(kept, inputs / (1 - self.rate), 0)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs."""
        return tuple(input_shape)

    def _get_noise_shape(self, inputs: torch.Tensor) -> Any:
        """Return `noise_shape` for these inputs. A subclass may override it, as in TF-Keras."""
        return self.noise_shape


@catalog.register()
class AlphaDropout(Dropout):
    """In training, set values to SELU's lower bound with probability `rate`, then restore mean 0 and variance 1.

    Shapes: any -> the same.

    Args:
        rate: from 0 to less than 1.
        noise_shape: as in `Dropout`.
        seed: as in `Dropout`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these; in a call, if `noise_shape` does not fit.
        RuntimeError: if activation checkpointing repeats a layer with a seed.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.AlphaDropout(0.5, seed=4)
    >>> layer(torch.zeros(3)), layer.eval()(torch.zeros(3))
    (tensor([ 0.7792,  0.7792, -0.7792]), tensor([0., 0., 0.]))
    """

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(rate, noise_shape=noise_shape, seed=seed, **kwargs)
        if self.rate == 1:
            raise ValueError(f"{type(self).__name__}: rate must be below 1. Received: rate={rate!r}.")

    def call(self, inputs: torch.Tensor, training: Any = None) -> torch.Tensor:
        """Return the inputs, with values dropped if `training`."""
        if not training or self.rate == 0:
            return inputs
        # Not `** -0.5`, because torch.compile cannot compute powers of numbers that may change.
        scale = 1 / math.sqrt((1 - self.rate) * (1 + self.rate * _SATURATION * _SATURATION))
        shift = -scale * _SATURATION * self.rate
        kept = draw(self, inputs, _drawn_shape(self, inputs), "uniform") >= self.rate
        return torch.where(kept, scale * inputs + shift, scale * _SATURATION + shift)


class SpatialDropout(Dropout):
    """Base class of the layers that drop whole channels of a sample, for inputs of a fixed rank.

    Raises:
        ValueError: for another `data_format`, or a `noise_shape`, which the layer determines.

    >>> SpatialDropout(0.5, 4, "channels_first", None).noise_shape
    (None, None, 1, 1)
    """

    def __init__(self, rate: float, rank: int, data_format: Any, seed: int | None, /, **kwargs: Any) -> None:
        # Keras 2 writes it into its configs.
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
        """Return the constructor's arguments; as in Keras 3, without `trainable`, which has no effect.

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
        ValueError: if an argument is not one of these, or the inputs do not have rank 3.
        RuntimeError: if activation checkpointing repeats a layer with a seed.

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
        ValueError: if an argument is not one of these, or the inputs do not have rank 4.
        RuntimeError: if activation checkpointing repeats a layer with a seed.

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
        ValueError: if an argument is not one of these, or the inputs do not have rank 5.
        RuntimeError: if activation checkpointing repeats a layer with a seed.

    >>> import torch
    >>> SpatialDropout3D(0.5, seed=4)(torch.ones(1, 1, 1, 2, 4))
    tensor([[[[[0., 0., 2., 2.],
               [0., 0., 2., 2.]]]]])
    """

    def __init__(self, rate: float, data_format: str | None = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(rate, 5, data_format, seed, **kwargs)


def _draw_factors(layer: Dropout, inputs: torch.Tensor) -> torch.Tensor:
    kept = 1 - layer.rate
    # Created from the inputs, so that vmap draws separate numbers for each.
    return inputs.new_empty(_drawn_shape(layer, inputs)).bernoulli_(kept).div_(kept)


def _drawn_shape(layer: Dropout, inputs: torch.Tensor) -> tuple[int, ...]:
    """Return the shape of the random numbers: `noise_shape` for these inputs."""
    sizes, noise = tuple(inputs.shape), layer._get_noise_shape(inputs)
    if noise is None:
        return sizes
    noise = tuple(noise.tolist() if isinstance(noise, torch.Tensor) else noise)
    # Broadcasting aligns the last axes; `None` is counted from the first axis, as in Keras.
    shape = tuple(sizes[axis] if size is None and axis < len(sizes) else size for axis, size in enumerate(noise))
    if not broadcasts_to(shape, sizes):
        raise ValueError(
            f"{layer.name}: noise_shape must broadcast to the shape of the inputs, {sizes}. "
            f"Received: noise_shape={noise}."
        )
    return shape  # type: ignore[return-value]
