"""Which names of Keras mean something here, beside layers, and which are missing?"""

from __future__ import annotations

import inspect
from typing import Any

from tests.tables.block import summary, table
from torchkeras_layer._absent import INSTEAD
from torchkeras_layer.registry.table import all_names_in, find_in_family

_PLACES = {"keras": "`keras`", "Layer": "members of `keras.Layer`", "Model": "members of `keras.Model`"}


def table_of(kind: str) -> str:
    """Return the table of a family of the registry, with all names that find a member.

    >>> print(table_of("constraint").splitlines()[5])
    | `'NonNeg'`, `'non_neg'`, `'nonneg'` | `NonNeg()` | Set negative values to 0. |
    """
    names: dict[str, tuple[Any, list[str]]] = {}
    for name in all_names_in(kind):
        entry = find_in_family(kind, name)
        assert entry is not None
        names.setdefault(entry.name, (entry.target, []))[1].append(name)
    rows = [
        (", ".join(f"`{name!r}`" for name in found), f"`{own}{_arguments(target)}`", summary(target.__doc__))
        for own, (target, found) in names.items()
    ]
    return table(["names", "signature", "what it is"], rows)


def _arguments(target: Any) -> str:
    """Return the arguments with their defaults, without types."""
    parameters = inspect.signature(target).parameters.values()
    return str(inspect.Signature([one.replace(annotation=one.empty) for one in parameters]))


def table_of_missing(entry: str) -> str:
    """Return the table of the names that an entry of docs/differences.md explains, with the text of the error messages.

    >>> print(table_of_missing("modules-that-are-not-here").splitlines()[4])
    | `keras` | `datasets` | Use torchvision.datasets, or a torch.utils.data.Dataset of your own. |
    """
    rows = [
        (_PLACES.get(place, f"`keras.{place}`"), ", ".join(f"`{name}`" for name in names.split()), advice)
        for (place, link), advices in INSTEAD.items()
        for advice, names in advices.items()
        if link.endswith(f"#{entry}")
    ]
    return table(["where", "name in Keras", "what to write instead"], rows)
