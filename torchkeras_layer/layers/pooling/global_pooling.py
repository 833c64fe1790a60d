"""How does a layer make one value of each channel?"""

from __future__ import annotations

from typing import Any, ClassVar

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers.arguments import layout
from torchkeras_layer.layers.built_in_layer import BuiltInLayer
from torchkeras_layer.symbolic import InputSpec


class GlobalPooling(BuiltInLayer):
    """Base of the layers that make one value of each channel: `rank` is over how many axes.

    Args:
        data_format: 'channels_last' or 'channels_first'; default `backend.image_data_format()`.
        keepdims: whether the output keeps those axes, with size 1.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: for another `data_format`, and in the call for inputs that have other axes.

    >>> class Spread(GlobalPooling):
    ...     rank = 1
    ...     def call(self, inputs):
    ...         return inputs.std(self.axes, keepdim=self.keepdims)
    >>> Spread().compute_output_shape((None, 4, 3)), Spread().axes
    ((None, 3), (1,))
    """

    rank: ClassVar[int]

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = layout(self, data_format)
        self.keepdims = bool(keepdims)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    @property
    def axes(self) -> tuple[int, ...]:
        """The axes that become one value."""
        first = 1 if self.data_format == "channels_last" else 2
        return tuple(range(first, first + self.rank))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return (batch, channels), with `keepdims` the shape of the inputs with 1 for the axes between."""
        sizes = (1 if axis in self.axes else size for axis, size in enumerate(input_shape))
        return tuple(sizes) if self.keepdims else tuple(s for a, s in enumerate(input_shape) if a not in self.axes)
