"""Which layers enlarge the spatial dimensions by integer factors?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import one_of, positive_int
from torchkeras_layer.layers.reshaping.spatial import Spatial, as_ints, first_spatial_axis, with_lengths
from torchkeras_layer.ops.resizing import INTERPOLATIONS, resize

# Up to this size, torch's kernel is exact: it multiplies indices by the inverse of the factor in float32.
_LARGEST_OF_KERNEL = 40


@dataclass(slots=True)
class Enlargement:
    """The factors of the spatial dimensions, and whether torch's kernel is exact for them.

    `to_second` and `to_last` are the permutations that move the channels there.

    >>> Enlargement((2,), False, (0, 2, 1), (0, 2, 1)).factors
    (2,)
    """

    factors: tuple[int, ...]
    is_exact_in_kernel: bool
    to_second: tuple[int, ...]
    to_last: tuple[int, ...]


class UpSampling(Spatial):
    """Base class of the layers that repeat values along the spatial dimensions.

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
        is_exact = self.rank > 1 and max(factors) <= _LARGEST_OF_KERNEL
        axes = range(1, self.rank + 1)
        to_second, to_last = (0, self.rank + 1, *axes), (0, *(axis + 1 for axis in axes), 1)
        self._torchkeras.derived = Enlargement(factors, is_exact, to_second, to_last)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the enlarged inputs."""
        if 0 in inputs.shape:
            _check_not_empty(self, inputs.shape)
        images = _as_images(self, inputs)
        # Torch has a fast kernel only for images and volumes whose channels are last in memory. Otherwise it
        # takes 2 to 4 times as long in the forward pass as repeating axis by axis.
        enlargement: Enlargement = self._torchkeras.derived
        if enlargement.is_exact_in_kernel and images.stride(1) == 1 and images.is_floating_point():
            return _as_inputs(self, F.interpolate(images, size=_new_lengths(self, images), mode="nearest"))
        repeated, first = inputs, first_spatial_axis(self)
        for index in reversed(range(self.rank)):
            repeated = repeated.repeat_interleave(enlargement.factors[index], first + index)
        return repeated

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs with `size` times the spatial sizes; free ones stay free.

        Raises:
            ValueError: if the shape has another rank, or a size of 0 after the batch.
        """
        factors = self._torchkeras.derived.factors
        shape = with_lengths(self, input_shape, lambda index, length: length * factors[index])
        _check_not_empty(self, input_shape)
        return shape


@catalog.register()
class UpSampling1D(UpSampling):
    """Repeat each step `size` times. Shapes: (batch, steps, features) -> (batch, steps * size, features).

    Args:
        size: number of repetitions.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `size` is not a positive int; in a call, if the inputs do not have rank 3, or are empty.

    >>> import torchkeras_layer as keras
    >>> keras.layers.UpSampling1D()(torch.tensor([[[1, 2]]]))
    tensor([[[1, 2],
             [1, 2]]])
    """

    rank = 1

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(positive_int(self, "size", size), "channels_last", **kwargs)
        self.size = self._torchkeras.derived.factors[0]


@catalog.register()
class UpSampling2D(UpSampling):
    """Enlarge images. Shapes: (batch, rows, columns, channels) -> (batch, rows * size, columns * size, channels).

    Args:
        size: factor: an int, or (for rows, for columns).
        data_format: 'channels_last', or 'channels_first' for (batch, channels, rows, columns). Default
            `backend.image_data_format()`.
        interpolation: 'nearest' repeats values; others, which round ints, are 'bilinear' (linear between the centres
            of pixels), 'bicubic', 'lanczos3', 'lanczos5' and, from Keras 2, 'area', 'gaussian' and 'mitchellcubic'.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is something else; in a call, if the inputs do not have rank 4, or are empty.

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
            _check_not_empty(self, inputs.shape)
        images = _as_images(self, inputs)
        height, width = _new_lengths(self, images)
        return _as_inputs(self, resize(images, (height, width), self.interpolation))


@catalog.register()
class UpSampling3D(UpSampling):
    """Repeat the values of volumes. Shapes: (batch, a, b, c, channels) -> the same with a, b and c times `size`.

    Args:
        size: factor: an int, or one for each of the three spatial dimensions.
        data_format: 'channels_last', or 'channels_first' for (batch, channels, a, b, c). Default
            `backend.image_data_format()`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is something else; in a call, if the inputs do not have rank 5, or are empty.

    >>> import torchkeras_layer as keras
    >>> keras.layers.UpSampling3D((1, 2, 3))(torch.ones(2, 4, 4, 4, 3)).shape
    torch.Size([2, 4, 8, 12, 3])
    """

    rank = 3

    def __init__(self, size: Any = (2, 2, 2), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(size, data_format, **kwargs)


def _as_images(layer: UpSampling, inputs: torch.Tensor) -> torch.Tensor:
    """Return the inputs with the channels moved to the second axis."""
    return inputs if layer.data_format == "channels_first" else inputs.permute(*layer._torchkeras.derived.to_second)


def _as_inputs(layer: UpSampling, images: torch.Tensor) -> torch.Tensor:
    """Return images whose channels are second with the channels in the position of the inputs'."""
    return images if layer.data_format == "channels_first" else images.permute(*layer._torchkeras.derived.to_last)


def _new_lengths(layer: UpSampling, images: torch.Tensor) -> list[int]:
    factors = layer._torchkeras.derived.factors
    return [length * factor for length, factor in zip(images.shape[2:], factors, strict=True)]


def _check_not_empty(layer: UpSampling, shape: Sequence[int | None]) -> None:
    if 0 in shape[1:]:
        raise ValueError(
            f"{layer.name}: inputs of shape {tuple(shape)} are empty: there is nothing to enlarge. "
            "Give inputs whose axes have a size of at least 1."
        )
