"""Which names of ours stand in the classes of layers, and what are they for?"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from typing import Any

import torchkeras_layer
from tests.tables.block import summary, table
from torchkeras_layer.layers.built_in_layer import BuiltInLayer

_PREFIX = "_torchkeras_"
_OF_ALL = ("every layer", "every built-in layer")


def table_of_hooks() -> str:
    """Return the table: each name where it is first defined, those of all layers first, then by family."""
    found = [(cls, name) for cls in _classes() for name in sorted(_own_names(cls)) if not _is_above(cls, name)]
    rows = [(f"`{name}{_arguments(cls, name)}`", _place(cls), _description(cls, name)) for cls, name in found]
    return table(["name", "of", "what it is"], sorted(rows, key=lambda row: (_rank(row[1]), row[1], row[0])))


def _classes() -> list[Any]:
    """Return all classes of the package that are layers or a part of one."""
    prefix = f"{torchkeras_layer.__name__}."
    modules = [importlib.import_module(one.name) for one in pkgutil.walk_packages(torchkeras_layer.__path__, prefix)]
    members = ((module, member) for module in modules for member in vars(module).values())
    return [one for module, one in members if inspect.isclass(one) and one.__module__ == module.__name__]


def _own_names(cls: Any) -> set[str]:
    return {name for name in {*vars(cls), *inspect.get_annotations(cls)} if name.startswith(_PREFIX)}


def _is_above(cls: Any, name: str) -> bool:
    return any(name in _own_names(base) for base in cls.__mro__[1:])


def _place(cls: Any) -> str:
    """Say which layers have what a class defines."""
    if issubclass(BuiltInLayer, cls):
        return _OF_ALL[cls is BuiltInLayer]
    return f"{cls.__module__.split('.')[-2]}: `{cls.__name__}`"


def _rank(place: str) -> int:
    return _OF_ALL.index(place) if place in _OF_ALL else len(_OF_ALL)


def _arguments(cls: Any, name: str) -> str:
    """Return the arguments of a method, nothing for an attribute."""
    value = vars(cls).get(name)
    if not inspect.isfunction(value):
        return ""
    _, *parameters = inspect.signature(value).parameters.values()
    return f"({', '.join(str(one.replace(annotation=one.empty)) for one in parameters)})"


def _description(cls: Any, name: str) -> str:
    """Return what the docstring of a method says, or the comment above an attribute.

    Raises:
        LookupError: if there is none.
    """
    value = vars(cls).get(name)
    if inspect.isfunction(value):
        documentation = value.__doc__ or ""
    else:
        above = re.search(rf"((?: +#.*\n)+) +{name}\b *[:=]", inspect.getsource(cls))
        documentation = re.sub(r"^ +# ?", "", above[1], flags=re.MULTILINE) if above else ""
    if not documentation:
        raise LookupError(f"{cls.__module__}.{cls.__name__}.{name} needs a docstring, or a comment above it.")
    return summary(documentation)
