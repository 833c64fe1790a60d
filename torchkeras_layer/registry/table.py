"""Which built-in classes and functions exist, under which names, and how is one found?

This table is closed: only code can add to it. A config's `module` and `class_name` are keys to look up here
and nothing else, so no config can reach an object that is not in it.
"""

from __future__ import annotations

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
    """One built-in: the class or function, its family, and where Keras shows it."""

    target: Any
    kind: str
    module: str
    name: str


_by_kind: dict[str, dict[str, Entry]] = {}
_derived_by_kind: dict[str, dict[str, Entry]] = {}
_by_module: defaultdict[str, dict[str, Entry]] = defaultdict(dict)
_by_target: dict[Any, Entry] = {}
# What adds the rest of a family that is not in the table yet.
_completing: dict[str, Callable[[], None]] = {}


def open_family(kind: str) -> None:
    """Begin a family of built-ins.

    Raises:
        ValueError: if the family exists already.
    """
    if kind in _by_kind:
        raise ValueError(f"Catalog: there is a catalog of kind {kind!r} already. Add to that one.")
    _by_kind[kind] = {}
    _derived_by_kind[kind] = {}


def add(entry: Entry, aliases: Iterable[str], other_modules: Iterable[str]) -> None:
    """Put a built-in into the table under its own name and its aliases.

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


def complete_with(kind: str, add_the_rest: Callable[[], None]) -> None:
    """Say what adds the members of a family that are not there yet; it is called when one is not found."""
    _completing[kind] = add_the_rest


def find_in_family(kind: str, name: str) -> Entry | None:
    """Return the built-in of a family that answers to `name`; given names go before snake_case forms."""
    found = _find_named(kind, name)
    if found is None and kind in _completing:
        _complete(kind)
        found = _find_named(kind, name)
    return found


def find_in_module(module: str, name: str) -> Entry | None:
    """Return the built-in that Keras shows as `module.name`."""
    if module in _by_module and name not in _by_module[module]:
        _complete(*_completing)
    return _by_module[module].get(name) if module in _by_module else None


def find_anywhere(name: str) -> list[Entry]:
    """Return the different built-ins of this name, one per object, whatever their family."""
    _complete(*_completing)
    found = {id(entries[name].target): entries[name] for entries in _by_kind.values() if name in entries}
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


def _find_named(kind: str, name: str) -> Entry | None:
    return _by_kind.get(kind, {}).get(name) or _derived_by_kind.get(kind, {}).get(name)


def _complete(*kinds: str) -> None:
    for kind in kinds:
        _completing.pop(kind, lambda: None)()


def find_target(envelope: Envelope, kinds: tuple[str, ...]) -> Any:
    """Return the class, function or custom object that an envelope means.

    `kinds` are the families that are accepted, the one to look in first; empty for all.

    Raises:
        DeserializationError: if there is none, more than one, or one that the rules above do not allow.
    """
    name, registered, module = envelope.name, envelope.custom_name, envelope.module
    is_of_keras = has_module(module)
    if is_of_keras and registered not in (None, name):
        raise DeserializationError(
            f"deserialize_keras_object: the config says that {name!r} is a built-in of {module!r} and also "
            f"the custom object {registered!r}. Remove one of 'module' and 'registered_name'."
        )
    if is_of_keras:
        return _find_built_in_first(_built_in_of_module(envelope, kinds), envelope, kinds)
    if ">" in name or registered is not None or module not in (None, "builtins"):
        return _find_custom(envelope, kinds)
    built_in = _built_in_without_module(name, kinds, envelope.is_function)
    return _find_built_in_first(built_in, envelope, kinds)


def find_by_name(name: str, kind: str) -> Any:
    """Return what a bare name means in a family, None if nothing has it.

    Raises:
        DeserializationError: if a custom object has the name of a built-in.
    """
    entry = None if ">" in name else find_in_family(kind, name)
    custom = custom_objects.get_registered_object(name)
    if entry is None:
        return custom
    refuse_shadowing(name, entry, custom)
    return entry.target


def refuse_shadowing(name: str, entry: Entry, custom: Any) -> None:
    """Raise if a custom object has the bare name of a built-in and is something else."""
    target = entry.target
    if custom is None or custom is target or (inspect.isclass(target) and type(custom) is target):
        return
    raise DeserializationError(
        f"custom_objects: {name!r} is the built-in {entry.kind} {entry.module}.{entry.name}, which cannot "
        f"be replaced. Received: {custom!r}. Register yours with @register_keras_serializable() and write "
        f"its name, 'Custom>{name}', into the config. See docs/differences.md#custom-objects"
    )


def close_names(name: str, kinds: tuple[str, ...]) -> str:
    """Return the end of a message: which known names are spelled much like this one, if any."""
    known = {*custom_objects.known_names(), *(known for kind in kinds for known in all_names_in(kind))}
    close = get_close_matches(name, sorted(known), n=3)
    return f" Did you mean {' or '.join(map(repr, close))}?" if close else ""


def _built_in_of_module(envelope: Envelope, kinds: tuple[str, ...]) -> Entry | None:
    entry = find_in_module(envelope.module or "", envelope.name)
    if entry is not None and kinds and entry.kind not in kinds:
        raise DeserializationError(
            f"{kinds[0]}: the config is not that of a member of this family. Received: the {entry.kind} "
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
            f"deserialize_keras_object: {name!r} may be any of {places}. Add the 'module' to the config."
        )
    return found[0] if found else None


def _find_built_in_first(entry: Entry | None, envelope: Envelope, kinds: tuple[str, ...]) -> Any:
    if entry is None:
        return _find_custom(envelope, kinds)
    refuse_shadowing(envelope.name, entry, custom_objects.get_registered_object(envelope.name))
    return entry.target


def _find_custom(envelope: Envelope, kinds: tuple[str, ...]) -> Any:
    for name in filter(None, (envelope.custom_name, envelope.name)):
        found = custom_objects.get_registered_object(name)
        if found is not None:
            return found
    if envelope.is_function:
        # Keras up to 3.6 wrote a registered function without its package.
        named = [known for known in custom_objects.known_names() if known.endswith(f">{envelope.name}")]
        if len(named) == 1:
            return custom_objects.get_registered_object(named[0])
    what = "function" if envelope.is_function else "class"
    full_name = envelope.custom_name or envelope.name
    # Keras writes 'builtins' for every function, its own or not.
    where = f" in {envelope.module!r}" if envelope.module not in (None, "builtins") else ""
    raise DeserializationError(
        f"deserialize_keras_object: there is no {what} {full_name!r}{where}."
        f"{close_names(full_name, kinds)} If it is your own, import the file that registers it with "
        f'@register_keras_serializable(), or pass custom_objects={{"{full_name}": ...}}. '
        "See docs/differences.md#custom-objects"
    )
