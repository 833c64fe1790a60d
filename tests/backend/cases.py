"""Which calls of K are compared with TF-Keras's? Each is a function of K and of arrays, which run in both libraries."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.backend.cases_of_arrays import ROWS as OF_ARRAYS
from tests.backend.cases_of_layers import ROWS as OF_LAYERS
from tests.backend.cases_of_numbers import ROWS as OF_NUMBERS
from tests.backend.cases_of_programs import ROWS as OF_PROGRAMS

_LETTERS = {"f": "float32", "d": "float64", "h": "float16", "i": "int32", "l": "int64", "b": "bool", "p": "float32"}


@dataclass(frozen=True)
class Case:
    """A call that is compared.

    Attributes:
        name: the function.
        label: the name of the case.
        call: a function of K and of tensors.
        kinds: what the arrays are: `f:2,3` floats of shape (2, 3), `p` probabilities along the last axis, `i9` ints
            below 9, `b` bools.
        marks: 'fixed' for calls that symbolic tensors cannot have, 'flat' for those without gradients.
        is_program: whether it makes variables, or asks for values.
    """

    name: str
    label: str
    call: Callable[..., Any]
    kinds: tuple[str, ...]
    marks: tuple[str, ...]
    is_program: bool

    def arrays(self) -> list[np.ndarray]:
        """Return the arrays, which are the same each time."""
        generator = np.random.default_rng(zlib.crc32(self.label.encode()))
        return [_array(kind, generator) for kind in self.kinds]

    def __str__(self) -> str:
        return self.label


def _array(kind: str, generator: np.random.Generator) -> np.ndarray:
    letter, _, text = kind.partition(":")
    shape = tuple(int(size) for size in text.split(",") if size)
    if letter[0] in "il":
        return generator.integers(0, int(letter[1:] or 5), shape).astype(_LETTERS[letter[0]])
    values = generator.normal(size=shape)
    if letter == "p":
        values = np.exp(values) / np.exp(values).sum(-1, keepdims=True)
    return values > 0 if letter == "b" else values.astype(_LETTERS[letter])


def _cases() -> list[Case]:
    found: list[Case] = []
    counts: dict[str, int] = {}
    for name, call, *words in [*OF_NUMBERS, *OF_ARRAYS, *OF_LAYERS, *OF_PROGRAMS]:
        counts[name] = number = counts.get(name, 0) + 1
        kinds = tuple(word for word in words if ":" in word)
        marks = tuple(word for word in words if ":" not in word)
        is_program = call.__module__.endswith("programs")
        found.append(Case(name, f"{name}-{number}", call, kinds, marks, is_program))
    return found


CASES = _cases()
