"""Which functions are in `keras.backend`, the K of Keras 1 and 2? Operations, variables, modes, settings.

They take tensors, arrays, numbers and symbolic tensors, with K's names, arguments and result dtypes. Most are those of
`keras.ops`, called by other names; there are no sessions. `docs/backend.md` lists them.
"""

from __future__ import annotations

from typing import Any

from torchkeras_layer._placeholders import find_missing
from torchkeras_layer.backend.names import function_named, names_of_functions

__all__ = names_of_functions()  # pyright: ignore[reportUnsupportedDunderAll]


# Imported when they are first named: most programs use few of them.
def __getattr__(name: str) -> Any:
    found = function_named(name)
    return find_missing(__name__, name, "backend", __all__) if found is None else globals().setdefault(name, found)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
