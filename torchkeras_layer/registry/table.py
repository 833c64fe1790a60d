"""Which built-in classes and functions exist, under which names, in which of Keras's public modules?

This table is closed: only code can add to it. A config's `module` and `class_name` are keys to look up here
and nothing else, so no config can reach an object that is not on these shelves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from torchkeras_layer._names import to_snake_case


@dataclass(frozen=True)
class Entry:
    """One built-in: the class or function, its family, and where Keras shows it."""

    target: Any
    kind: str
    module: str
    name: str


_by_kind: dict[str, dict[str, Entry]] = {}
_derived_by_kind: dict[str, dict[str, Entry]] = {}
_by_module: defaultdict[str, dict[str, Entry]] = defaultdict(dict)
_by_target: dict[Any, Entry] = {}
# What adds the rest of a family that is not on the shelves yet.
_completing: dict[str, Callable[[], None]] = {}


def open_family(kind: str) -> None:
    """Make room for a family of built-ins.

    Raises:
        ValueError: if the family exists already.
    """
    if kind in _by_kind:
        raise ValueError(f"Catalog: there is a catalog of kind {kind!r} already. Add to that one.")
    _by_kind[kind] = {}
    _derived_by_kind[kind] = {}


def add(entry: Entry, aliases: Iterable[str], other_modules: Iterable[str]) -> None:
    """Put a built-in on the shelf under its own name and its aliases.

    Raises:
        ValueError: if one of the names is taken by another object.
    """
    names = (entry.name, *aliases)
    shelves = [_by_kind[entry.kind], *(_by_module[module] for module in (entry.module, *other_modules))]
    for name in names:
        for shelf in shelves:
            if name in shelf and shelf[name].target is not entry.target:
                raise ValueError(f"Catalog: the {entry.kind} name {name!r} is taken by {shelf[name].target!r}.")
    for shelf in shelves:
        shelf.update(dict.fromkeys(names, entry))
    _derived_by_kind[entry.kind].setdefault(to_snake_case(entry.name), entry)
    _by_target.setdefault(entry.target, entry)


def complete_with(kind: str, add_the_rest: Callable[[], None]) -> None:
    """Say what adds the members of a family that are not there yet; it is called when one is not found."""
    _completing[kind] = add_the_rest


def find_in_family(kind: str, name: str) -> Entry | None:
    """Return the built-in of a family that answers to `name`; given names go before snake_case forms."""
    found = _find_on_shelves(kind, name)
    if found is None and kind in _completing:
        _complete(kind)
        found = _find_on_shelves(kind, name)
    return found


def find_in_module(module: str, name: str) -> Entry | None:
    """Return the built-in that Keras shows as `module.name`."""
    if module in _by_module and name not in _by_module[module]:
        _complete(*_completing)
    return _by_module[module].get(name) if module in _by_module else None


def find_anywhere(name: str) -> list[Entry]:
    """Return the different built-ins of this name, one per object, whatever their family."""
    _complete(*_completing)
    found = {id(shelf[name].target): shelf[name] for shelf in _by_kind.values() if name in shelf}
    return list(found.values())


def has_module(module: str | None) -> bool:
    """Tell whether Keras shows any of our built-ins in `module`."""
    return module in _by_module


def entry_of(target: Any) -> Entry | None:
    """Return the entry of a built-in class or function, None for anything else."""
    try:
        return _by_target.get(target)
    except TypeError:
        return None


def names_in(kind: str) -> list[str]:
    """Return the own names of a family's built-ins, one for each, sorted."""
    _complete(kind)
    return sorted({entry.name for entry in _by_kind[kind].values()})


def all_names_in(kind: str) -> list[str]:
    """Return every name that a family answers to, aliases and snake_case forms included, sorted."""
    _complete(kind)
    return sorted({*_by_kind.get(kind, ()), *_derived_by_kind.get(kind, ())})


def _find_on_shelves(kind: str, name: str) -> Entry | None:
    return _by_kind.get(kind, {}).get(name) or _derived_by_kind.get(kind, {}).get(name)


def _complete(*kinds: str) -> None:
    for kind in kinds:
        _completing.pop(kind, lambda: None)()
