"""From which range may a random number be, and how is such an argument read?"""

from __future__ import annotations

import math
from typing import Any

from torchkeras_layer.layer import Layer
from torchkeras_layer.layers.arguments import as_plain, finite_number

Range = tuple[float, float]


def read_range(
    layer: Layer,
    name: str,
    value: Any,
    least: float = -1.0,
    most: float = 1.0,
    lowest: float | None = None,
    both_inside: bool = False,
) -> Range:
    """Return the range, (lower, upper), that a number or a pair of numbers means.

    Args:
        layer, name, value: the layer, the argument's name and its value.
        least, most: what a number must be between. Of a pair, one end may be outside, as in Keras.
        lowest: where the range of one number starts; by default at minus that number, at least at `least`.
        both_inside: whether both numbers of a pair must be between `least` and `most`.

    Raises:
        ValueError: if the argument is neither, or a number is outside.

    >>> [read_range(Layer(), "factor", 0.2, 0.0), read_range(Layer(), "factor", [1, 0])]
    [(0.0, 0.2), (0, 1)]
    """
    value = as_plain(value)
    is_pair = isinstance(value, (list, tuple)) and len(value) == 2
    try:
        numbers = [finite_number(layer, name, number) for number in (value if is_pair else [value])]
    except ValueError:
        numbers = []
    lower, upper = (min(numbers, default=math.inf), max(numbers, default=-math.inf))
    may_cross = is_pair and not both_inside
    is_good = (lower <= most and upper >= least) if may_cross else (least <= lower and upper <= most)
    if not numbers or not is_good:
        raise ValueError(
            f"{type(layer).__name__}: {name} must be a number from {least:g} to {most:g}, or a pair of them. "
            f"Received: {name}={value!r}."
        )
    if is_pair:
        return lower, upper
    return (max(-abs(upper), least) if lowest is None else lowest), abs(upper)


def read_value_range(layer: Layer, value: Any) -> Range:
    """Return the argument `value_range`, a pair of numbers, as (lower, upper).

    Raises:
        ValueError: if it is not a pair of different numbers.

    >>> read_value_range(Layer(), [255, 0])
    (0, 255)
    """
    value = as_plain(value)
    pair = value if isinstance(value, (list, tuple)) and len(value) == 2 else [None]
    try:
        lower, upper = sorted(finite_number(layer, "value_range", number) for number in pair)
    except ValueError:
        lower = upper = 0
    if lower == upper:
        raise ValueError(
            f"{type(layer).__name__}: value_range must be a pair of different numbers, the lowest and the highest "
            f"value of a pixel. Received: value_range={value!r}."
        )
    return lower, upper
