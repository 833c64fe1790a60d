"""Which layers pool each window of their inputs to one value?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import torch
import torch.nn.functional as F

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import layout, one_of, one_per_axis
from torchkeras_layer.layers.built_in_layer import BuiltInLayer
from torchkeras_layer.layers.inputs import as_real, check_rank
from torchkeras_layer.layers.window_counts import count_windows
from torchkeras_layer.symbolic import InputSpec


class Pooling(BuiltInLayer):
    """Base class of the layers that pool each window to one value, over `rank` spatial dimensions.

    Args:
        pool_size: size of the windows, an int or one for each spatial dimension.
        strides: step of the windows, an int or one for each spatial dimension; default `pool_size`.
        padding: 'valid' for windows within the inputs, or 'same' for ceil(size / strides) windows, in which values
            outside of the inputs do not count.
        data_format: 'channels_last' or 'channels_first'; default `backend.image_data_format()`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if a size or stride is not a positive int, or for another `padding` or `data_format`; in a call, for
            inputs of another rank, or without channels or windows.

    >>> class Sum(Pooling):
    ...     rank = 2
    ...     def _torchkeras_pool(self, images, *window):
    ...         sizes, strides, padding, ceil_mode = window
    ...         return torch.nn.functional.lp_pool2d(images, 1.0, sizes, strides, ceil_mode)
    >>> Sum((1, 2), data_format="channels_first")(torch.tensor([[[[1.0, 2.0, 3.0, 4.0]]]]))
    tensor([[[[3., 7.]]]])
    """

    rank: ClassVar[int]

    def __init__(
        self,
        pool_size: int | Sequence[int] = 2,
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.pool_size = one_per_axis(self, "pool_size", pool_size, self.rank)
        self.strides = self.pool_size if strides is None else one_per_axis(self, "strides", strides, self.rank)
        self.padding = one_of(self, "padding", padding, "valid", "same")
        self.data_format = layout(self, data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return a value for each window and channel."""
        # Permuting channels from last to second gives torch's memory format "channels_last", without a copy. The axes
        # are positive, because torch's older ONNX exporter writes negative ones as they are, which is invalid.
        images = inputs if self.data_format == "channels_first" else inputs.movedim(self.rank + 1, 1)
        sizes, strides, lengths = self.pool_size, self.strides, images.shape[2:]
        _check_sizes(self, images.shape[1:], inputs.shape)
        if self.rank == 1:
            # As images of one row, because torch has no such memory format for sequences.
            images, sizes, strides, lengths = images.unsqueeze(2), (1, *sizes), (1, *strides), (1, *lengths)
        if self.padding == "valid":
            pooled = self._torchkeras_pool(images, sizes, strides, (0,) * len(sizes), False)
        elif torch.SymInt in map(type, lengths) and max(strides) > 1:
            # Torch takes no padding that depends on a free size. This copy is made in exported programs only.
            pooled = self._torchkeras_pool_padded(images, sizes, strides)
        else:
            ends = [same_padding(*axis) for axis in zip(lengths, sizes, strides, strict=True)]
            pooled = self._torchkeras_pool(images, sizes, strides, tuple(padding for padding, _ in ends), True)
            for axis, (_, dropped) in enumerate(ends, 2):
                pooled = pooled.narrow(axis, 1, pooled.shape[axis] - 1) if dropped else pooled
        pooled = pooled.squeeze(2) if self.rank == 1 else pooled
        return pooled if self.data_format == "channels_first" else pooled.movedim(1, self.rank + 1)

    def __init_subclass__(cls, **options: Any) -> None:
        """Pool by the method `_pooling_function` of a class that defines it."""
        if cls._pooling_function is not Pooling._pooling_function and cls.call is Pooling.call:
            cls.call = _call_own_function
        super().__init_subclass__(**options)

    def _pooling_function(
        self, inputs: torch.Tensor, pool_size: Any, strides: Any, padding: str, data_format: str
    ) -> torch.Tensor:
        """Return a value for each window and channel. A subclass may override it, as in Keras 2.

        It runs only where a subclass overrides it.
        """
        built_in = next(base for base in type(self).__mro__ if base.__module__ == __name__)
        policy = self.dtype_policy
        return built_in(pool_size, strides, padding, data_format, dtype=policy).call(inputs)

    def _torchkeras_pool(self, images: torch.Tensor, *window: Any) -> torch.Tensor:
        """Call torch's function; `window` is its `kernel_size`, `stride`, `padding` and `ceil_mode`.

        Sequences are images of height 1.
        """
        raise NotImplementedError(f"{type(self).__name__} must define _torchkeras_pool.")

    def _torchkeras_pool_padded(
        self, images: torch.Tensor, sizes: Sequence[int], strides: Sequence[int]
    ) -> torch.Tensor:
        """Pool with padding 'same', and pad separately before; sequences are images of height 1."""
        raise NotImplementedError(f"{type(self).__name__} must define _torchkeras_pool_padded for free sizes.")

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return (batch, windows …, channels) or (batch, channels, windows …)."""
        check_rank(self, input_shape, self.rank + 2)
        first = 1 if self.data_format == "channels_last" else 2
        lengths = input_shape[first : first + self.rank]
        channels = input_shape[-1 if first == 1 else 1]
        _check_sizes(self, (channels, *lengths), input_shape)
        axes = zip(lengths, self.pool_size, self.strides, strict=True)
        windows = [count_windows(length, size, stride, 1, self.padding) for length, size, stride in axes]
        return (*input_shape[:first], *windows, *input_shape[first + self.rank :])


def _call_own_function(self: Pooling, inputs: torch.Tensor) -> torch.Tensor:
    return self._pooling_function(inputs, self.pool_size, self.strides, self.padding, self.data_format)


def _check_sizes(layer: Pooling, sizes: Sequence[int | None], shape: Sequence[int | None]) -> None:
    """Check the sizes of the channels and of the axes of the windows, which are those of a whole shape."""
    least_sizes = (1, *layer.pool_size) if layer.padding == "valid" else (1,) * (layer.rank + 1)
    for size, least in zip(sizes, least_sizes, strict=True):
        if size is not None and size < least:
            raise ValueError(
                f"{layer.name}: inputs of shape {tuple(shape)} contain no window of pool_size={layer.pool_size}. "
                "Pool less often, or pass a smaller pool_size or, for axes that are not empty, padding='same'. "
                f"{layer._torchkeras_advise(tuple(shape))}".rstrip()
            )


class MaxPooling(Pooling):
    """Base class of the max poolings, for each channel. Arguments: those of `Pooling`.

    >>> MaxPooling.__mro__[1] is Pooling
    True
    """

    def _torchkeras_pool(self, images: torch.Tensor, *window: Any) -> torch.Tensor:
        sizes, strides, padding, ceil_mode = window
        pool = F.max_pool3d if self.rank == 3 else F.max_pool2d
        return pool(images, sizes, strides, padding, ceil_mode=ceil_mode)

    def _torchkeras_pool_padded(
        self, images: torch.Tensor, sizes: Sequence[int], strides: Sequence[int]
    ) -> torch.Tensor:
        least = -math.inf if images.is_floating_point() else torch.iinfo(images.dtype).min
        return self._torchkeras_pool(padded(images, sizes, strides, least), sizes, strides, (0,) * len(sizes), False)


@catalog.register("MaxPool1D")
class MaxPooling1D(MaxPooling):
    """Max pooling: the largest value of each window. Shapes: (batch, steps, channels) -> (batch, windows, channels).

    Arguments: those of `Pooling`.

    Raises:
        ValueError: if an argument has another value, or the inputs have another rank or contain no window.

    >>> import torchkeras_layer as keras
    >>> keras.layers.MaxPooling1D(2)(torch.tensor([[[1.0], [5.0], [3.0], [2.0]]])).flatten()
    tensor([5., 3.])
    """

    rank = 1


@catalog.register("MaxPool2D")
class MaxPooling2D(MaxPooling):
    """Max pooling of images. Shapes: (batch, height, width, channels) -> (batch, windows …, channels).

    Arguments: those of `Pooling`.

    Raises:
        ValueError: if an argument has another value, or the inputs have another rank or contain no window.

    >>> import torchkeras_layer as keras
    >>> keras.layers.MaxPooling2D(2, padding="same")(torch.arange(9.0).reshape(1, 3, 3, 1)).reshape(2, 2)
    tensor([[4., 5.],
            [7., 8.]])
    """

    rank = 2


@catalog.register("MaxPool3D")
class MaxPooling3D(MaxPooling):
    """Max pooling of volumes. Shapes: (batch, depth, height, width, channels) -> (batch, windows …, channels).

    Arguments: those of `Pooling`.

    Raises:
        ValueError: if an argument has another value, or the inputs have another rank or contain no window.

    >>> import torchkeras_layer as keras
    >>> keras.layers.MaxPooling3D((2, 1, 2))(torch.arange(8.0).reshape(1, 2, 2, 2, 1)).flatten()
    tensor([5., 7.])
    """

    rank = 3


class AveragePooling(Pooling):
    """Base class of the average poolings, for each channel. Arguments: those of `Pooling`.

    Values outside of the inputs do not count, as in TensorFlow. (Keras 3 on torch counts the values at the edges twice
    if 'same' pads more at the end than at the start.) Int inputs are cast.

    >>> AveragePooling.__mro__[1] is Pooling
    True
    """

    def _torchkeras_pool(self, images: torch.Tensor, *window: Any) -> torch.Tensor:
        sizes, strides, padding, ceil_mode = window
        images = images if images.is_floating_point() else as_real(self, images, self._torchkeras.compute_dtype)
        if self.rank < 3:
            return F.avg_pool2d(images, sizes, strides, padding, ceil_mode, count_include_pad=False)
        is_short = any(length < size for length, size in zip(images.shape[2:], sizes, strict=True))
        if is_short or images.stride(1) == 1:
            # Torch refuses windows that are longer than the unpadded axis, which happens with padding "same" only. And
            # with the channels last in memory, its function for three axes takes up to four times as long.
            return _average_twice(images, *window)
        # On the CPU, torch has no 3D average for half precision.
        is_half = images.device.type == "cpu" and images.dtype in (torch.float16, torch.bfloat16)
        values = images.float() if is_half else images
        return F.avg_pool3d(values, sizes, strides, padding, ceil_mode, count_include_pad=False).to(images.dtype)

    def _torchkeras_pool_padded(
        self, images: torch.Tensor, sizes: Sequence[int], strides: Sequence[int]
    ) -> torch.Tensor:
        inside = images.new_ones((1, 1, *images.shape[2:]))
        window = sizes, strides, (0,) * len(sizes), False
        shares = self._torchkeras_pool(padded(inside, sizes, strides, 0), *window)
        return self._torchkeras_pool(padded(images, sizes, strides, 0), *window) / shares


def _average_twice(images: torch.Tensor, *window: Any) -> torch.Tensor:
    """Average 3D windows over two axes, then over the first; padding is along whole axes."""
    sizes, strides, padding, ceil_mode = window
    # The first axis next to the batch: a view if the channels are last in memory, where they stay.
    planes = images.transpose(1, 2).flatten(0, 1)
    planes = F.avg_pool2d(planes, sizes[1:], strides[1:], padding[1:], ceil_mode, count_include_pad=False)
    rows = planes.flatten(2).unflatten(0, (images.shape[0], images.shape[2])).transpose(1, 2)
    rows = F.avg_pool2d(rows, (sizes[0], 1), (strides[0], 1), (padding[0], 0), ceil_mode, count_include_pad=False)
    return rows.unflatten(3, planes.shape[2:])


@catalog.register("AvgPool1D")
class AveragePooling1D(AveragePooling):
    """Average pooling: the average of each window. Shapes: (batch, steps, channels) -> (batch, windows, channels).

    Arguments: those of `Pooling`.

    Raises:
        ValueError: if an argument has another value, or the inputs have another rank or contain no window.

    >>> import torchkeras_layer as keras
    >>> keras.layers.AveragePooling1D(2, padding="same")(torch.tensor([[[1.0], [5.0], [3.0]]])).flatten()
    tensor([3., 3.])
    """

    rank = 1


@catalog.register("AvgPool2D")
class AveragePooling2D(AveragePooling):
    """Average pooling of images. Shapes: (batch, height, width, channels) -> (batch, windows …, channels).

    Arguments: those of `Pooling`.

    Raises:
        ValueError: if an argument has another value, or the inputs have another rank or contain no window.

    >>> import torchkeras_layer as keras
    >>> keras.layers.AveragePooling2D((1, 3), 1)(torch.arange(8.0).reshape(1, 2, 4, 1)).reshape(2, 2)
    tensor([[1., 2.],
            [5., 6.]])
    """

    rank = 2


@catalog.register("AvgPool3D")
class AveragePooling3D(AveragePooling):
    """Average pooling of volumes. Shapes: (batch, depth, height, width, channels) -> (batch, windows …, channels).

    Arguments: those of `Pooling`.

    Raises:
        ValueError: if an argument has another value, or the inputs have another rank or contain no window.

    >>> import torchkeras_layer as keras
    >>> keras.layers.AveragePooling3D((2, 1, 2))(torch.arange(8.0).reshape(1, 2, 2, 2, 1)).flatten()
    tensor([2.5000, 4.5000])
    """

    rank = 3


def same_padding(size: int, window: int, stride: int) -> tuple[int, int]:
    """Return torch's padding of both ends of an axis for Keras's padding 'same', and the number of windows to drop.

    Keras adds an odd value at the end. Torch, in its ceil mode, allows the last window to extend beyond its padding:
    padding both ends as Keras pads the first gives the same windows without a copy. With stride 1, that would give one
    window too few, so both ends are padded as Keras pads the last, which gives one window too many.

    >>> same_padding(5, 3, 2), same_padding(6, 3, 2), same_padding(6, 4, 1)
    ((1, 0), (0, 0), (2, 1))
    """
    if stride == 1:
        return window // 2, (window - 1) % 2
    return max(((size - 1) // stride) * stride + window - size, 0) // 2, 0


def padded(images: torch.Tensor, sizes: Sequence[int], strides: Sequence[int], value: float) -> torch.Tensor:
    """Return images (batch, channels, …) padded with a value, as padding 'same' of Keras does; sizes may be free.

    >>> padded(torch.ones(1, 1, 5, 6), (3, 2), (2, 1), 0).shape
    torch.Size([1, 1, 7, 7])
    """
    # Padded by fixed widths, then cropped by indices: torch would check whether a free width is 0, and whether a slice
    # is the whole axis, with answers that hold for some sizes only.
    around = F.pad(images, [width for size in reversed(sizes) for width in ((size - 1) // 2, size // 2)], value=value)
    for axis, (size, stride) in enumerate(zip(sizes, strides, strict=True), 2):
        reach = ((images.shape[axis] - 1) // stride) * stride + size
        start = (size - 1) // 2 - torch.sym_max(reach - images.shape[axis], 0) // 2
        around = around.index_select(axis, torch.arange(start, start + reach, device=images.device))
    return around
