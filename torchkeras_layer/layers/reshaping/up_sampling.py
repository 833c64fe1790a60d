"""How does a layer make the spatial axes a whole number of times as long?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import one_of, positive_int
from torchkeras_layer.layers.preprocessing.images import resize
from torchkeras_layer.layers.preprocessing.resampling import INTERPOLATIONS
from torchkeras_layer.layers.reshaping.spatial import Spatial, as_ints

# Up to here, torch's kernel finds every place: it multiplies by the inverse of the factor in float32.
_LARGEST_OF_KERNEL = 40


class UpSampling(Spatial):
    """Base of the layers that repeat values along the spatial axes.

    >>> import torchkeras_layer as keras
    >>> keras.layers.UpSampling1D(3)(torch.tensor([[[5], [7]]])).flatten()
    tensor([5, 5, 5, 7, 7, 7])
    """

    def __init__(self, size: Any, data_format: str | None, /, **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)
        factors = as_ints(size, self.rank, least=1)
        if factors is None:
            raise ValueError(
                f"{type(self).__name__}: size must be a positive int, or {self.rank} of them, one for each spatial "
                f"axis. Received: size={size!r}."
            )
        self.size: Any = factors
        self._factors = factors
        self._suits_kernel = self.rank > 1 and max(factors) <= _LARGEST_OF_KERNEL
        spatial = range(1, self.rank + 1)
        self._channels_second, self._channels_last = (0, self.rank + 1, *spatial), (0, *(i + 1 for i in spatial), 1)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the inputs with each value repeated."""
        if 0 in inputs.shape:
            self._check_sizes(inputs.shape)
        images = self._as_images(inputs)
        # Torch has a fast kernel where the channels are last in memory, and for images and volumes only. Elsewhere it
        # takes 2 to 4 times as long, forward, as axis by axis.
        if self._suits_kernel and images.stride(1) == 1 and images.is_floating_point():
            return self._as_inputs(F.interpolate(images, size=self._enlarged(images), mode="nearest"))
        repeated = inputs
        for index in reversed(range(self.rank)):
            repeated = repeated.repeat_interleave(self._factors[index], self._first_axis + index)
        return repeated

    def _as_images(self, inputs: torch.Tensor) -> torch.Tensor:
        return inputs if self._first_axis == 2 else inputs.permute(*self._channels_second)

    def _as_inputs(self, images: torch.Tensor) -> torch.Tensor:
        return images if self._first_axis == 2 else images.permute(*self._channels_last)

    def _enlarged(self, images: torch.Tensor) -> list[int]:
        return [length * factor for length, factor in zip(images.shape[2:], self._factors, strict=True)]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs with `size` times the spatial sizes; free ones stay free."""
        shape = super().compute_output_shape(input_shape)
        self._check_sizes(input_shape)
        return shape

    def _check_sizes(self, shape: Sequence[int | None]) -> None:
        if 0 in shape[1:]:
            raise ValueError(
                f"{self.name}: nothing is in inputs of shape {tuple(shape)} to enlarge. "
                "Give inputs whose axes have a size of at least 1."
            )

    def _new_length(self, index: int, length: int, input_shape: Shape) -> int:
        return length * self._factors[index]


@catalog.register()
class UpSampling1D(UpSampling):
    """Each step `size` times. Shapes: (batch, steps, features) -> (batch, steps * size, features).

    Args:
        size: how many times.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `size` is not a positive int; in a call, if the inputs have not three axes, or an empty one.

    >>> import torchkeras_layer as keras
    >>> keras.layers.UpSampling1D()(torch.tensor([[[1, 2]]]))
    tensor([[[1, 2],
             [1, 2]]])
    """

    rank = 1

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(positive_int(self, "size", size), "channels_last", **kwargs)
        self.size = self._factors[0]


@catalog.register()
class UpSampling2D(UpSampling):
    """Enlarge images. Shapes: (batch, rows, columns, channels) -> (batch, rows * size, columns * size, channels).

    Args:
        size: how many times: an int, or (for rows, for columns).
        data_format: 'channels_last', or 'channels_first' for (batch, channels, rows, columns). Default
            `backend.image_data_format()`.
        interpolation: 'nearest' repeats values; others, which round ints, are 'bilinear' (linear between the centres
            of pixels), 'bicubic', 'lanczos3', 'lanczos5', and of Keras 2 'area', 'gaussian' and 'mitchellcubic'.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is something else; in a call, if the inputs have not four axes, or an empty one.

    >>> import torchkeras_layer as keras
    >>> keras.layers.UpSampling2D((1, 2))(torch.tensor([[[[1.0], [3.0]]]])).flatten()
    tensor([1., 1., 3., 3.])
    >>> keras.layers.UpSampling2D((1, 2), interpolation="bilinear")(torch.tensor([[[[1.0], [3.0]]]])).flatten()
    tensor([1.0000, 1.5000, 2.5000, 3.0000])
    """

    rank = 2

    def __init__(
        self, size: Any = (2, 2), data_format: str | None = None, interpolation: str = "nearest", **kwargs: Any
    ) -> None:
        super().__init__(size, data_format, **kwargs)
        self.interpolation = one_of(self, "interpolation", interpolation, *INTERPOLATIONS)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the enlarged images."""
        if self.interpolation == "nearest":
            return super().call(inputs)
        if 0 in inputs.shape:
            self._check_sizes(inputs.shape)
        images = self._as_images(inputs)
        height, width = self._enlarged(images)
        return self._as_inputs(resize(images, (height, width), self.interpolation))


@catalog.register()
class UpSampling3D(UpSampling):
    """Repeat the values of volumes. Shapes: (batch, a, b, c, channels) -> the same with a, b and c times `size`.

    Args:
        size: how many times: an int, or one for each of the three axes.
        data_format: 'channels_last', or 'channels_first' for (batch, channels, a, b, c). Default
            `backend.image_data_format()`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is something else; in a call, if the inputs have not five axes, or an empty one.

    >>> import torchkeras_layer as keras
    >>> keras.layers.UpSampling3D((1, 2, 3))(torch.ones(2, 4, 4, 4, 3)).shape
    torch.Size([2, 4, 8, 12, 3])
    """

    rank = 3

    def __init__(self, size: Any = (2, 2, 2), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(size, data_format, **kwargs)
