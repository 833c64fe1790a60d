"""How does a layer make a given number of values of each channel?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers.arguments import layout, one_per_axis
from torchkeras_layer.layers.built_in_layer import BuiltInLayer
from torchkeras_layer.layers.inputs import check_rank
from torchkeras_layer.symbolic import InputSpec


class AdaptivePooling(BuiltInLayer):
    """Base of the layers that cut each channel into windows, as many as asked for: `rank` is how many axes they have.

    Of `n` windows over an axis of size `s`, the one numbered `i` goes from `floor(i·s/n)` to `ceil((i+1)·s/n)`: they
    overlap where `n` does not divide `s`.

    Args:
        output_size: how many windows, one int for all axes or one for each.
        data_format: 'channels_last' or 'channels_first'; default `backend.image_data_format()`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: for a size that is no positive int, another `data_format`, and in the call for inputs that have
            other axes or hold no values.

    >>> class Spread(AdaptivePooling):
    ...     rank = 1
    ...     def _pool(self, images):
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
        """Return `output_size` values of each channel."""
        if 0 in inputs.shape:
            self._check_sizes(inputs.shape)
        if self.data_format == "channels_first":
            return self._pool(inputs)
        # Channels that come last are torch's memory format "channels_last" once permuted: nothing is copied.
        return self._pool(inputs.movedim(-1, 1)).movedim(1, -1)

    def _pool(self, images: torch.Tensor) -> torch.Tensor:
        """Call torch's function on (batch, channels, sizes …)."""
        raise NotImplementedError(f"{type(self).__name__} must define _pool.")

    def _check_sizes(self, shape: Sequence[int | None]) -> None:
        if 0 in shape[1:]:
            raise ValueError(
                f"{self.name}: nothing is in inputs of shape {tuple(shape)} to make {self.output_size} values of. "
                "Give inputs whose axes have a size of at least 1."
            )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return (batch, windows …, channels) or (batch, channels, windows …)."""
        check_rank(self, input_shape, self.rank + 2)
        self._check_sizes(input_shape)
        if self.data_format == "channels_last":
            return (input_shape[0], *self.output_size, input_shape[-1])
        return (*input_shape[:2], *self.output_size)
