"""Which layers pool each channel to a given number of values?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
import torch.nn.functional as F

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import layout, one_per_axis
from torchkeras_layer.layers.built_in_layer import BuiltInLayer
from torchkeras_layer.layers.inputs import as_real, check_rank
from torchkeras_layer.symbolic import InputSpec

# Torch's functions, by the number of spatial dimensions.
_AVERAGE = {1: F.adaptive_avg_pool1d, 2: F.adaptive_avg_pool2d, 3: F.adaptive_avg_pool3d}
_MAX = {1: F.adaptive_max_pool1d, 2: F.adaptive_max_pool2d, 3: F.adaptive_max_pool3d}


class AdaptivePooling(BuiltInLayer):
    """Base class of the layers that divide each channel into a given number of windows, over `rank` spatial dimensions.

    Window `i` of `n` windows over an axis of size `s` goes from `floor(i·s/n)` to `ceil((i+1)·s/n)`; windows overlap if
    `n` does not divide `s`.

    Args:
        output_size: number of windows, one int for all spatial dimensions or one for each.
        data_format: 'channels_last' or 'channels_first'; default `backend.image_data_format()`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if a size is not a positive int, or for another `data_format`; in a call, for inputs of another rank
            or without values.

    >>> class Spread(AdaptivePooling):
    ...     rank = 1
    ...     def _torchkeras_pool(self, images):
    ...         return images.unflatten(2, (*self.output_size, -1)).std(3)
    >>> Spread(2).compute_output_shape((None, None, 3))
    (None, 2, 3)
    """

    rank: ClassVar[int]

    def __init__(self, output_size: int | Sequence[int], data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.output_size = one_per_axis(self, "output_size", output_size, self.rank)
        self.data_format = layout(self, data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return `output_size` values for each channel."""
        if 0 in inputs.shape:
            _check_not_empty(self, inputs.shape)
        if self.data_format == "channels_first":
            return self._torchkeras_pool(inputs)
        # Permuting channels from last to second gives torch's memory format "channels_last", without a copy.
        return self._torchkeras_pool(inputs.movedim(self.rank + 1, 1)).movedim(1, self.rank + 1)

    def _torchkeras_pool(self, images: torch.Tensor) -> torch.Tensor:
        """Call torch's function on inputs of shape (batch, channels, spatial …)."""
        raise NotImplementedError(f"{type(self).__name__} must define _torchkeras_pool.")

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return (batch, windows …, channels) or (batch, channels, windows …)."""
        check_rank(self, input_shape, self.rank + 2)
        _check_not_empty(self, input_shape)
        if self.data_format == "channels_last":
            return (input_shape[0], *self.output_size, input_shape[-1])
        return (*input_shape[:2], *self.output_size)


class AdaptiveAveragePooling(AdaptivePooling):
    """Base class of the adaptive average poolings. Arguments: those of `AdaptivePooling`. Int inputs are cast.

    >>> AdaptiveAveragePooling.__mro__[1] is AdaptivePooling
    True
    """

    def _torchkeras_pool(self, images: torch.Tensor) -> torch.Tensor:
        values = images if images.is_floating_point() else as_real(self, images, self._torchkeras.compute_dtype)
        return _AVERAGE[self.rank](values, self.output_size)


@catalog.register()
class AdaptiveAveragePooling1D(AdaptiveAveragePooling):
    """Adaptive average pooling: the average of each of `output_size` windows.

    Shapes: (batch, steps, channels) -> (batch, output_size, channels).

    Arguments: those of `AdaptivePooling`.

    Raises:
        ValueError: if an argument has another value, or the inputs have another rank or are empty.

    >>> import torchkeras_layer as keras
    >>> keras.layers.AdaptiveAveragePooling1D(2)(torch.tensor([[[1.0], [5.0], [3.0]]])).flatten()
    tensor([3., 4.])
    """

    rank = 1


@catalog.register()
class AdaptiveAveragePooling2D(AdaptiveAveragePooling):
    """Adaptive average pooling: the average of each of `output_size` windows.

    Shapes: (batch, height, width, channels) -> (batch, *output_size, channels).

    Arguments: those of `AdaptivePooling`.

    Raises:
        ValueError: if an argument has another value, or the inputs have another rank or are empty.

    >>> import torchkeras_layer as keras
    >>> keras.layers.AdaptiveAveragePooling2D((1, 2))(torch.arange(8.0).reshape(1, 2, 4, 1)).flatten()
    tensor([2.5000, 4.5000])
    """

    rank = 2


@catalog.register()
class AdaptiveAveragePooling3D(AdaptiveAveragePooling):
    """Adaptive average pooling: the average of each of `output_size` windows.

    Shapes: (batch, depth, height, width, channels) -> (batch, *output_size, channels).

    Arguments: those of `AdaptivePooling`.

    Raises:
        ValueError: if an argument has another value, or the inputs have another rank or are empty.

    >>> import torchkeras_layer as keras
    >>> keras.layers.AdaptiveAveragePooling3D((2, 1, 1))(torch.arange(8.0).reshape(1, 2, 2, 2, 1)).flatten()
    tensor([1.5000, 5.5000])
    """

    rank = 3


class AdaptiveMaxPooling(AdaptivePooling):
    """Base class of the adaptive max poolings. Arguments: those of `AdaptivePooling`.

    >>> AdaptiveMaxPooling.__mro__[1] is AdaptivePooling
    True
    """

    def _torchkeras_pool(self, images: torch.Tensor) -> torch.Tensor:
        if images.is_floating_point():
            return _MAX[self.rank](images, self.output_size)
        # Torch supports no ints here; as float64, they are exact up to 2**53.
        return _MAX[self.rank](images.double(), self.output_size).to(images.dtype)


@catalog.register()
class AdaptiveMaxPooling1D(AdaptiveMaxPooling):
    """Adaptive max pooling: the largest value of each of `output_size` windows.

    Shapes: (batch, steps, channels) -> (batch, output_size, channels).

    Arguments: those of `AdaptivePooling`.

    Raises:
        ValueError: if an argument has another value, or the inputs have another rank or are empty.

    >>> import torchkeras_layer as keras
    >>> keras.layers.AdaptiveMaxPooling1D(2)(torch.tensor([[[1.0], [5.0], [3.0]]])).flatten()
    tensor([5., 5.])
    """

    rank = 1


@catalog.register()
class AdaptiveMaxPooling2D(AdaptiveMaxPooling):
    """Adaptive max pooling: the largest value of each of `output_size` windows.

    Shapes: (batch, height, width, channels) -> (batch, *output_size, channels).

    Arguments: those of `AdaptivePooling`.

    Raises:
        ValueError: if an argument has another value, or the inputs have another rank or are empty.

    >>> import torchkeras_layer as keras
    >>> keras.layers.AdaptiveMaxPooling2D((1, 2))(torch.arange(8.0).reshape(1, 2, 4, 1)).flatten()
    tensor([5., 7.])
    """

    rank = 2


@catalog.register()
class AdaptiveMaxPooling3D(AdaptiveMaxPooling):
    """Adaptive max pooling: the largest value of each of `output_size` windows.

    Shapes: (batch, depth, height, width, channels) -> (batch, *output_size, channels).

    Arguments: those of `AdaptivePooling`.

    Raises:
        ValueError: if an argument has another value, or the inputs have another rank or are empty.

    >>> import torchkeras_layer as keras
    >>> keras.layers.AdaptiveMaxPooling3D((2, 1, 1))(torch.arange(8.0).reshape(1, 2, 2, 2, 1)).flatten()
    tensor([3., 7.])
    """

    rank = 3


def _check_not_empty(layer: AdaptivePooling, shape: Sequence[int | None]) -> None:
    if 0 in shape[1:]:
        raise ValueError(
            f"{layer.name}: inputs of shape {tuple(shape)} are empty: there is nothing to make {layer.output_size} "
            "values of. Give inputs whose axes have a size of at least 1."
        )
