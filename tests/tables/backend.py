"""Which functions are in `keras.backend`, and which of them are operations of `keras.ops` by another name?"""

from __future__ import annotations

import inspect
from typing import Any

from tests.tables.block import summary, table
from torchkeras_layer import backend
from torchkeras_layer.ops.backend_names import names_of_backend


def table_of_backend() -> str:
    """Return the table of all functions of K.

    >>> print(table_of_backend().splitlines()[2])
    | `abs(x)` | `keras.ops.abs` | Return the absolute values. |
    """
    rows = [(f"`{name}{_arguments(name)}`", _operation(name), summary(_doc(name))) for name in backend.__all__]
    return table(["function", "operation", "what it does"], sorted(rows, key=lambda row: row[0].lower()))


def _doc(name: str) -> str:
    return getattr(backend, name).__doc__ or ""


def _arguments(name: str) -> str:
    found: Any = getattr(backend, name)
    if inspect.isclass(found):
        return ""
    parameters = inspect.signature(found).parameters.values()
    return str(inspect.Signature([one.replace(annotation=one.empty) for one in parameters]))


def _operation(name: str) -> str:
    target = names_of_backend().get(name, "")
    return f"`{target}`" if target.startswith(("keras.ops.", "keras.random.")) else ""
