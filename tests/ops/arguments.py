"""From which numbers and shapes are the arguments of operations drawn?"""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np

SHAPES = [(3,), (2, 3), (2, 1, 3), (1, 4), (2, 3, 2, 2)]
# From the lowest to the highest number of a kind.
_RANGES = {"x": (-3.0, 3.0), "p": (0.05, 0.95), "q": (1.1, 4.0)}


def array(r: Random, kind: str = "x", shape: Any = None) -> np.ndarray:
    """Return an array of a kind: 'x' of any numbers, 'p' from 0 to 1, 'q' above 1, 'i' of ints, 'b' of bools.

    'n' is 'x' with NaN, 'z' is 'x' with zeros and equal numbers.
    """
    shape = r.choice(SHAPES) if shape is None else shape
    rng = np.random.default_rng(r.randrange(10_000))
    if kind == "i":
        return rng.integers(0, 5, shape).astype("int32")
    if kind == "b":
        return rng.integers(0, 2, shape).astype(bool)
    low, high = _RANGES.get(kind, _RANGES["x"])
    numbers = rng.uniform(low, high, shape).astype("float32")
    if kind == "n":
        return np.where(rng.uniform(size=shape) < 0.3, np.float32("nan"), numbers)
    return np.round(numbers) if kind == "z" else numbers


def of(*kinds: str, **named: Any) -> Any:
    """Return a function that draws an array of each kind, of one shape; `named` are further arguments."""

    def draw(r: Random) -> Any:
        shape = r.choice(SHAPES)
        return [array(r, kind, shape) for kind in kinds], {word: _drawn(r, value) for word, value in named.items()}

    return draw


def _drawn(r: Random, value: Any) -> Any:
    return r.choice(value) if isinstance(value, list) else value


def two(kind: str = "x", other: str | None = None) -> Any:
    """Return a function that draws two arrays that broadcast, or an array and a number."""

    def draw(r: Random) -> Any:
        shape = r.choice(SHAPES)
        first, second = array(r, kind, shape), array(r, other or kind, r.choice([shape, shape[-1:], (1,) * len(shape)]))
        if kind == "x" and r.random() < 0.2:
            second = r.choice([2, 0.5, -1.5])
        return [first, second] if r.random() < 0.7 or kind != (other or kind) else [second, first], {}

    return draw


def along(kind: str = "x", several: bool = True, keepdims: bool = True, none: bool = True, **named: Any) -> Any:
    """Return a function that draws an array and an axis of it, or several, or `None`."""

    def draw(r: Random) -> Any:
        x = array(r, kind, r.choice(SHAPES[1:]))
        axes: list[Any] = list(range(-x.ndim, x.ndim))
        axes += [None] * none + [(0, -1), (1, 0), [0, 1]] * several
        axis = r.choice(axes)
        # Keras on torch drops the axes of some reductions along all axes, which a test of its own shows.
        more = {"keepdims": axis is not None and r.choice([True, False])} if keepdims else {}
        return [x], {"axis": axis, **more, **{word: _drawn(r, value) for word, value in named.items()}}

    return draw


def square(r: Random, count: int = 3) -> np.ndarray:
    """Return a batch of positive definite matrices."""
    x = array(r, "x", (2, count, count))
    return (x @ x.transpose(0, 2, 1) + 3 * np.eye(count)).astype("float32")


def call(*kinds: Any, **named: Any) -> Any:
    """Return a function that draws arguments, each from 'kind shape' such as 'x 2,3', or takes them as they are.

    An argument may be a function of the source of random numbers, and a list of them is an argument of its own.
    """

    def draw(r: Random) -> Any:
        return [_argument(r, kind) for kind in kinds], {word: _argument(r, value) for word, value in named.items()}

    return draw


def _argument(r: Random, given: Any) -> Any:
    if callable(given):
        return _argument(r, given(r))
    if isinstance(given, list):
        return [_argument(r, part) for part in given]
    if isinstance(given, str) and given[1:2] == " " and given[2:3].isdigit():
        return array(r, given[0], tuple(int(size) for size in given[2:].split(",")))
    return given


def one_of(*choices: Any) -> Any:
    """Return a function that chooses among values."""
    return lambda r: r.choice(choices)


def either(*draws: Any) -> Any:
    """Return a function that draws all arguments in one of several ways."""
    return lambda r: r.choice(draws)(r)
