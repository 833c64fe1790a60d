"""Which built-in classes and functions are there, under which names, and how is one found?

This table is closed: only code can add to it. The `module` and `class_name` of a config are only looked up here, so no
config can reach an object that is not in the table.
"""

from __future__ import annotations

import importlib
import inspect
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from torchkeras_layer._names import to_snake_case
from torchkeras_layer.registry import custom_objects
from torchkeras_layer.registry.envelope import DeserializationError, Envelope


@dataclass(frozen=True)
class Entry:
    """One built-in: the class or function, its family, and its public module and name in Keras."""

    target: Any
    kind: str
    module: str
    name: str


_by_kind: dict[str, dict[str, Entry]] = {}
_derived_by_kind: dict[str, dict[str, Entry]] = {}
_by_module: defaultdict[str, dict[str, Entry]] = defaultdict(dict)
_by_target: dict[Any, Entry] = {}
# Functions that register the remaining members of a family.
_completing: dict[str, Callable[[], Any]] = {}


def open_family(kind: str) -> None:
    """Add an empty family of built-ins.

    Raises:
        ValueError: if the family exists already.
    """
    if kind in _by_kind:
        raise ValueError(f"Catalog: there already is a catalog of this kind. Received: kind={kind!r}. Add to that one.")
    _by_kind[kind] = {}
    _derived_by_kind[kind] = {}


def add(entry: Entry, aliases: Iterable[str], other_modules: Iterable[str]) -> None:
    """Add a built-in to the table under its own name and its aliases.

    Raises:
        ValueError: if one of the names is taken by another object.
    """
    names = (entry.name, *aliases)
    tables = [_by_kind[entry.kind], *(_by_module[module] for module in (entry.module, *other_modules))]
    for name in names:
        for entries in tables:
            if name in entries and entries[name].target is not entry.target:
                raise ValueError(f"Catalog: the {entry.kind} name {name!r} is taken by {entries[name].target!r}.")
    for entries in tables:
        entries.update(dict.fromkeys(names, entry))
    _derived_by_kind[entry.kind].setdefault(to_snake_case(entry.name), entry)
    _by_target.setdefault(entry.target, entry)


def complete_with(kind: str, add_the_rest: Callable[[], Any]) -> None:
    """Set the function that registers the remaining members of a family; it is called when a name is not found."""
    _completing[kind] = add_the_rest


def import_when_asked(kind: str, module: str) -> None:
    """Have a module imported, which registers a family, when a name is not found."""
    complete_with(kind, lambda: importlib.import_module(module))


def find_in_family(kind: str, name: str) -> Entry | None:
    """Return the built-in of a family with a name; explicit names take precedence over snake_case forms."""
    found = _find_named(kind, name)
    if found is None and kind in _completing:
        _complete(kind)
        found = _find_named(kind, name)
    return found


def find_in_module(module: str, name: str) -> Entry | None:
    """Return the built-in that Keras has as `module.name`; `None` if there is none."""
    if not has_module(module):
        return None
    if name not in _by_module[module]:
        _complete(*_completing)
    return _by_module[module].get(name)


def find_anywhere(name: str) -> list[Entry]:
    """Return all built-ins of this name, of any family, each object once."""
    _complete(*_completing)
    found = {id(entries[name].target): entries[name] for entries in _by_kind.values() if name in entries}
    return list(found.values())


def has_module(module: str | None) -> bool:
    """Whether Keras has one of the built-ins in `module`."""
    if module is not None and module not in _by_module:
        _complete(*_completing)
    return module in _by_module


def entry_of(target: Any) -> Entry | None:
    """Return the entry of a built-in class or function; `None` for anything else."""
    try:
        return _by_target.get(target)
    except TypeError:
        return None


def names_in(kind: str) -> list[str]:
    """Return the names of a family's built-ins, without aliases, sorted."""
    _complete(kind)
    return sorted({entry.name for entry in _by_kind[kind].values()})


def all_names_in(kind: str) -> list[str]:
    """Return all names of a family's built-ins, including aliases and snake_case forms, sorted."""
    _complete(kind)
    return sorted({*_by_kind.get(kind, ()), *_derived_by_kind.get(kind, ())})


def _find_named(kind: str, name: str) -> Entry | None:
    return _by_kind.get(kind, {}).get(name) or _derived_by_kind.get(kind, {}).get(name)


def _complete(*kinds: str) -> None:
    for kind in kinds:
        _completing.pop(kind, lambda: None)()


def find_target(envelope: Envelope, kinds: tuple[str, ...]) -> Any:
    """Return the class, function or custom object for an envelope.

    Args:
        envelope: the keys of a config.
        kinds: the families that are accepted, in the order of search; empty for all.

    Raises:
        DeserializationError: if there is none, if there are several, or if it is of another family.
    """
    name, registered, module = envelope.name, envelope.custom_name, envelope.module
    is_of_keras = has_module(module)
    if is_of_keras and registered not in (None, name):
        raise DeserializationError(
            f"deserialize_keras_object: the config says that {name!r} is a built-in of {module!r} and also "
            f"the custom object {registered!r}. Remove one of 'module' and 'registered_name'."
        )
    is_named_only = ">" not in name and registered is None and module in (None, "builtins")
    # The program's own objects come first, as in TF-Keras: a config cannot add any.
    custom = custom_objects.get_registered_object(name) if is_of_keras or is_named_only else None
    if custom is not None:
        return custom
    if is_of_keras:
        return _target_or_custom(_built_in_of_module(envelope, kinds), envelope, kinds)
    if not is_named_only:
        return _find_custom(envelope, kinds)
    return _target_or_custom(_built_in_without_module(name, kinds, envelope.is_function), envelope, kinds)


def find_by_name(name: str, kind: str) -> Any:
    """Return the custom object, or the built-in of a family, with a name; `None` if there is none."""
    custom = custom_objects.get_registered_object(name)
    entry = find_in_family(kind, name) if custom is None and ">" not in name else None
    return custom if entry is None else entry.target


def close_names(name: str, kinds: tuple[str, ...]) -> str:
    """Return the end of a message that suggests known names with a similar spelling; '' if there are none."""
    known = {*custom_objects.known_names(), *(known for kind in kinds for known in all_names_in(kind))}
    same = sorted(other for other in known - {name} if other.lower() == name.lower())
    close = same or get_close_matches(name, sorted(known - {name}), n=3)
    return f" Did you mean {' or '.join(map(repr, close))}?" if close else ""


def _built_in_of_module(envelope: Envelope, kinds: tuple[str, ...]) -> Entry | None:
    entry = find_in_module(envelope.module or "", envelope.name)
    if entry is not None and kinds and entry.kind not in kinds:
        raise DeserializationError(
            f"{kinds[0]}: expected the config of another kind of object. Received: that of the {entry.kind} "
            f"{entry.module}.{entry.name}."
        )
    return entry


def _built_in_without_module(name: str, kinds: tuple[str, ...], is_function: bool) -> Entry | None:
    for kind in kinds:
        entry = find_in_family(kind, name)
        if entry is not None:
            return entry
    if kinds:
        return None
    found = [entry for entry in find_anywhere(name) if inspect.isroutine(entry.target) == is_function]
    if len(found) > 1:
        places = ", ".join(f"{entry.module}.{entry.name}" for entry in found)
        raise DeserializationError(
            f"deserialize_keras_object: the class name is ambiguous: {places}. Received: {name!r}. Add the 'module' to "
            "the config."
        )
    return found[0] if found else None


def _target_or_custom(entry: Entry | None, envelope: Envelope, kinds: tuple[str, ...]) -> Any:
    return _find_custom(envelope, kinds) if entry is None else entry.target


def _find_custom(envelope: Envelope, kinds: tuple[str, ...]) -> Any:
    for name in filter(None, (envelope.custom_name, envelope.name)):
        found = custom_objects.get_registered_object(name)
        if found is not None:
            return found
    if envelope.is_function:
        # Keras up to 3.6 writes a registered function without its package.
        named = [known for known in custom_objects.known_names() if known.endswith(f">{envelope.name}")]
        if len(named) == 1:
            return custom_objects.get_registered_object(named[0])
    what = "function" if envelope.is_function else "class"
    full_name = envelope.custom_name or envelope.name
    # Keras writes 'builtins' as the module of every function.
    where = f" in {envelope.module!r}" if envelope.module not in (None, "builtins") else ""
    raise DeserializationError(
        f"deserialize_keras_object: there is no {what} {full_name!r}{where}."
        f"{close_names(full_name, kinds)} If it is your own, import the file that registers it with "
        f'@register_keras_serializable(), or pass custom_objects={{"{full_name}": ...}}. '
        "See docs/differences.md#custom-objects"
    )
