"""What do layers that change the sizes of the spatial dimensions have in common?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers.arguments import as_plain, layout, plain_int
from torchkeras_layer.layers.built_in_layer import BuiltInLayer
from torchkeras_layer.layers.inputs import check_rank
from torchkeras_layer.symbolic import InputSpec


class Spatial(BuiltInLayer):
    """Base class of layers with `rank` spatial dimensions, after the batch or, with channels_first, the channels.

    >>> import torchkeras_layer as keras
    >>> keras.layers.UpSampling2D(2, data_format="channels_first").compute_output_shape((None, 3, 4, None))
    (None, 3, 8, None)
    """

    rank: ClassVar[int]

    def __init__(self, data_format: str | None, /, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = layout(self, data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)


def first_spatial_axis(layer: Spatial) -> int:
    """Return the axis of the first spatial dimension.

    >>> import torchkeras_layer as keras
    >>> first_spatial_axis(keras.layers.ZeroPadding2D(data_format="channels_first"))
    2
    """
    return 1 if layer.data_format == "channels_last" else 2


def with_lengths(layer: Spatial, input_shape: Shape, new_length: Callable[[int, int], int]) -> Shape:
    """Return the shape of the inputs with new spatial sizes; free ones stay free.

    Args:
        layer: the layer.
        input_shape: shape of the inputs, with the batch.
        new_length: `f(index, size)` that returns the new size of a spatial dimension, counted from 0.

    Raises:
        ValueError: if the shape has another rank than the layer's inputs.

    >>> import torchkeras_layer as keras
    >>> with_lengths(keras.layers.UpSampling2D(), (None, 4, None, 3), lambda index, length: 2 * length)
    (None, 8, None, 3)
    """
    check_rank(layer, input_shape, layer.rank + 2)
    sizes, first = list(input_shape), first_spatial_axis(layer)
    for index in range(layer.rank):
        length = sizes[first + index]
        if length is not None:
            sizes[first + index] = new_length(index, length)
    return tuple(sizes)


def as_int(value: Any, least: int) -> int | None:
    """Return a value as an int >= `least`; `None` if it is not one.

    >>> as_int(2, 1), as_int(True, 1), as_int(0, 1), as_int("2", 1)
    (2, None, None, None)
    """
    number = plain_int(value)
    return number if number is not None and number >= least else None


def as_ints(value: Any, count: int, least: int) -> tuple[int, ...] | None:
    """Return `count` ints >= `least` from one int or `count` of them; `None` if the value is neither.

    >>> as_ints(2, 3, 1), as_ints([1, 2], 2, 1), as_ints([1, 2], 3, 1)
    ((2, 2, 2), (1, 2), None)
    """
    value = as_plain(value)
    if not hasattr(value, "__len__") or isinstance(value, str):
        value = (value,) * count
    try:
        numbers = [as_int(one, least) for one in value]
    except TypeError:
        return None
    known = tuple(number for number in numbers if number is not None)
    return known if len(numbers) == len(known) == count else None
