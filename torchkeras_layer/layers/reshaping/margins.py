"""What do layers have in common that take or add a margin before and behind the spatial axes?"""

from __future__ import annotations

from typing import Any

from torchkeras_layer.layers.arguments import as_plain
from torchkeras_layer.layers.reshaping.spatial import Spatial, as_ints

_WORDING = {
    1: "an int of at least 0, or a pair of them, before and behind the axis",
    2: "an int of at least 0, or for each of the 2 spatial axes such an int or a pair (before, behind) of them",
    3: "an int of at least 0, or for each of the 3 spatial axes such an int or a pair (before, behind) of them",
}


class Margins(Spatial):
    """Base of the layers that crop and pad. A margin is kept as a pair for an axis, or a tuple of pairs for several.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Cropping1D(2).cropping, keras.layers.Cropping2D((1, (0, 3))).cropping
    ((2, 2), ((1, 1), (0, 3)))
    """

    def __init__(self, name_of_argument: str, value: Any, data_format: str | None, /, **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)
        value = as_plain(value)
        per_axis = [value] if self.rank == 1 else value if _is_sequence(value) else [value] * self.rank
        pairs = tuple(pair for one in per_axis if (pair := as_ints(one, 2, least=0)) is not None)
        if not len(pairs) == len(per_axis) == self.rank:
            raise ValueError(
                f"{type(self).__name__}: {name_of_argument} must be {_WORDING[self.rank]}. "
                f"Received: {name_of_argument}={value!r}."
            )
        self._pairs = pairs
        setattr(self, name_of_argument, pairs[0] if self.rank == 1 else pairs)


def _is_sequence(value: Any) -> bool:
    return hasattr(value, "__len__") and not isinstance(value, (str, dict))
