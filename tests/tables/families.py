"""Which names does each family of layers give, and how does a table show them?"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Iterable
from typing import Any

from tests.tables.block import table
from torchkeras_layer import layers
from torchkeras_layer._names import to_snake_case
from torchkeras_layer.registry.table import all_names_in, entry_of, find_in_family

_WIDTH = 120


def families() -> dict[str, Any]:
    """Return the modules of the families, by the names of their folders."""
    names = sorted(module.name for module in pkgutil.iter_modules(layers.__path__) if module.ispkg)
    return {name: importlib.import_module(f"{layers.__name__}.{name}") for name in names}


def names_by_family() -> str:
    """Return the Python that says which names each family gives."""
    lines = [line for name, family in families().items() for line in lines_of(name, family.__all__)]
    return "\n".join(["_NAMES = {", *lines, "}"])


def lines_of(family: str, names: list[str]) -> list[str]:
    """Return the lines of a family as ruff would format them."""
    line = f'    "{family}": "{" ".join(names)}",'
    if len(line) <= _WIDTH:
        return [line]
    if len(f'        "{" ".join(names)}"') <= _WIDTH:
        return [f'    "{family}": (', f'        "{" ".join(names)}"', "    ),"]
    parts = textwrap.wrap(" ".join(names), _WIDTH - len('        " "'))
    return [f'    "{family}": (', *(f'        "{part} "' for part in parts[:-1]), f'        "{parts[-1]}"', "    ),"]


def table_of_families() -> str:
    """Return the table of all layers that a user may name, with the other names that they have."""
    return table(["family", "layers", "other names"], [_row(name, family) for name, family in families().items()])


def _row(name: str, family: Any) -> tuple[str, str, str]:
    public = {one: getattr(family, one) for one in family.__all__}
    own_names = {one: _own_name(one, value) for one, value in public.items() if inspect.isclass(value)}
    functions = compact(one for one in public if one not in own_names)
    shown = ", ".join(compact(dict.fromkeys(own_names.values())))
    if functions:
        shown += f"; the function{'s' * (len(functions) > 1)} {', '.join(functions)}"
    return name, shown, "; ".join(_other_names(own_names))


def _own_name(name: str, cls: Any) -> str:
    """Return the name under which a class is registered."""
    entry = entry_of(cls)
    return name if entry is None else entry.name


def _other_names(own_names: dict[str, str]) -> list[str]:
    """Say what else the layers of a family are called; `own_names` are those that they are registered under."""
    in_code = [(other, own) for other, own in own_names.items() if other != own]
    registered = [(other, find_in_family("layer", other)) for other in all_names_in("layer")]
    pairs = [(other, entry.name) for other, entry in registered if entry and entry.name in own_names.values()]
    in_configs = [(other, own) for other, own in pairs if other not in own_names and other != to_snake_case(own)]
    return [*_by_own_name(in_code), *(f"in configs {text}" for text in _by_own_name(in_configs))]


def _by_own_name(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """Say which other names a layer has, once for all numbers of axes."""
    grouped: dict[str, tuple[list[str], list[str]]] = {}
    for other, own in pairs:
        others, owns = grouped.setdefault(_without_rank(own), ([], []))
        others.append(other)
        owns.append(own)
    return [f"{', '.join(compact(others))} for {', '.join(compact(owns))}" for others, owns in grouped.values()]


def compact(names: Iterable[str]) -> list[str]:
    """Return names as code, those that differ in the number of axes as one.

    >>> compact(["Conv1D", "Conv1DTranspose", "Conv2D", "Dense"])
    ['`Conv1D/2D`', '`Conv1DTranspose`', '`Dense`']
    """
    ranks: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        ranks.setdefault(_without_rank(name), []).extend(re.findall(r"\dD", name))
    return [f"`{pattern.replace('?D', '/'.join(found))}`" for pattern, found in ranks.items()]


def _without_rank(name: str) -> str:
    return re.sub(r"\dD", "?D", name)
