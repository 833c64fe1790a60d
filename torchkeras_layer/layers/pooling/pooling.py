"""How does a layer slide a window over its inputs?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers.arguments import layout, one_of, one_per_axis
from torchkeras_layer.layers.built_in_layer import BuiltInLayer
from torchkeras_layer.layers.inputs import check_rank
from torchkeras_layer.layers.pooling.window_sizes import same_padding
from torchkeras_layer.layers.window_counts import count_windows
from torchkeras_layer.symbolic import InputSpec


class Pooling(BuiltInLayer):
    """Base of the layers that make one value of each window: `rank` is how many axes the windows have.

    Args:
        pool_size: size of the windows, one int or one for each axis.
        strides: from one window to the next, likewise; default `pool_size`.
        padding: 'valid' for windows within the inputs, or 'same' for one window in every `strides` values, where what
            lies outside of the inputs does not count.
        data_format: 'channels_last' or 'channels_first'; default `backend.image_data_format()`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: for a size or stride that is no positive int, another `padding` or `data_format`, and in the call
            for inputs that have other axes, no channels or no window.

    >>> class Sum(Pooling):
    ...     rank = 2
    ...     def _pool(self, images, *window):
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
        # Of the channels and the axes of the windows.
        self._least_sizes = (1, *((1,) * self.rank if self.padding == "same" else self.pool_size))

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return a value for each window and channel."""
        # Channels that come last are torch's memory format "channels_last" once permuted: nothing is copied.
        images = inputs if self.data_format == "channels_first" else inputs.movedim(-1, 1)
        sizes, strides, lengths = self.pool_size, self.strides, images.shape[2:]
        self._check_sizes(images.shape[1:], inputs.shape)
        if self.rank == 1:
            # As rows of images: torch has no such memory format for sequences.
            images, sizes, strides, lengths = images.unsqueeze(2), (1, *sizes), (1, *strides), (1, *lengths)
        if self.padding == "valid":
            pooled = self._pool(images, sizes, strides, (0,) * len(sizes), False)
        elif torch.SymInt in map(type, lengths) and max(strides) > 1:
            # Torch takes no padding that depends on a free size. This copy is made in exported programs alone.
            pooled = self._pool_padded(images, sizes, strides)
        else:
            ends = [same_padding(*axis) for axis in zip(lengths, sizes, strides, strict=True)]
            pooled = self._pool(images, sizes, strides, tuple(padding for padding, _ in ends), True)
            for axis, (_, dropped) in enumerate(ends, 2):
                pooled = pooled.narrow(axis, 1, pooled.shape[axis] - 1) if dropped else pooled
        pooled = pooled.squeeze(2) if self.rank == 1 else pooled
        return pooled if self.data_format == "channels_first" else pooled.movedim(1, -1)

    def _pool(self, images: torch.Tensor, *window: Any) -> torch.Tensor:
        """Call torch's function; `window` is what it calls `kernel_size`, `stride`, `padding` and `ceil_mode`.

        Sequences come as images of height 1.
        """
        raise NotImplementedError(f"{type(self).__name__} must define _pool.")

    def _pool_padded(self, images: torch.Tensor, sizes: Sequence[int], strides: Sequence[int]) -> torch.Tensor:
        """Pool with padding 'same', the padding being a step of its own; sequences come as images of height 1."""
        raise NotImplementedError(f"{type(self).__name__} must define _pool_padded for padding='same' and free sizes.")

    def _check_sizes(self, sizes: Sequence[int | None], shape: Sequence[int | None]) -> None:
        """Check the sizes of the channels and of the axes of the windows, which are those of a whole shape."""
        for size, least in zip(sizes, self._least_sizes, strict=True):
            if size is not None and size < least:
                raise ValueError(
                    f"{self.name}: inputs of shape {tuple(shape)} hold no window of pool_size={self.pool_size}. "
                    "Pool less often, or give a smaller pool_size or, for axes that are not empty, padding='same'."
                )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return (batch, windows …, channels) or (batch, channels, windows …)."""
        check_rank(self, input_shape, self.rank + 2)
        first = 1 if self.data_format == "channels_last" else 2
        lengths = input_shape[first : first + self.rank]
        channels = input_shape[-1 if first == 1 else 1]
        self._check_sizes((channels, *lengths), input_shape)
        axes = zip(lengths, self.pool_size, self.strides, strict=True)
        windows = [count_windows(length, size, stride, 1, self.padding) for length, size, stride in axes]
        return (*input_shape[:first], *windows, *input_shape[first + self.rank :])
