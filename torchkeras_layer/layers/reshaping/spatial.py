"""What do layers that change the lengths of the spatial axes have in common?"""

from __future__ import annotations

from typing import Any, ClassVar

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers.arguments import as_plain, layout, plain_int
from torchkeras_layer.layers.built_in_layer import BuiltInLayer
from torchkeras_layer.layers.inputs import check_rank
from torchkeras_layer.symbolic import InputSpec


class Spatial(BuiltInLayer):
    """Base of layers with `rank` spatial axes, behind the batch or, with channels_first, behind the channels.

    A subclass says in `_new_length` how long an axis becomes.

    >>> import torchkeras_layer as keras
    >>> keras.layers.UpSampling2D(2, data_format="channels_first").compute_output_shape((None, 3, 4, None))
    (None, 3, 8, None)
    """

    rank: ClassVar[int]

    def __init__(self, data_format: str | None, /, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = layout(self, data_format)
        self._first_axis = 1 if self.data_format == "channels_last" else 2
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs with other spatial sizes; free ones stay free."""
        check_rank(self, input_shape, self.rank + 2)
        sizes = list(input_shape)
        for index in range(self.rank):
            length = sizes[self._first_axis + index]
            if length is not None:
                sizes[self._first_axis + index] = self._new_length(index, length, input_shape)
        return tuple(sizes)

    def _new_length(self, index: int, length: int, input_shape: Shape) -> int:
        """Return how long the spatial axis of that index becomes."""
        raise NotImplementedError


def as_int(value: Any, least: int) -> int | None:
    """Return an int of at least `least`, or `None` if the value is no such int.

    >>> as_int(2, 1), as_int(True, 1), as_int(0, 1), as_int("2", 1)
    (2, None, None, None)
    """
    number = plain_int(value)
    return number if number is not None and number >= least else None


def as_ints(value: Any, count: int, least: int) -> tuple[int, ...] | None:
    """Return `count` ints of at least `least`, from one int or as many; `None` if the value is neither.

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
