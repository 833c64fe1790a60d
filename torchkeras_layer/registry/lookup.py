"""Which class or function does a name in a config mean, and what may it not mean?

The rules, which hold for every way in:

1. `module` is a key into the closed table of built-ins. Nothing is imported because a config says so.
2. A name with `>` (`'package>Name'`), and the name of an envelope that says itself that it is custom (it has
   a `registered_name`, or a module, that is not Keras's), is looked up among the custom objects only.
3. Any other name is looked up among the built-ins first, then among the custom objects.
4. A custom object known under the bare name of a built-in is an error as soon as that name is looked up under
   rule 3: it neither replaces the built-in nor is it passed over in silence.
"""

from __future__ import annotations

import inspect
from difflib import get_close_matches
from typing import Any

from torchkeras_layer.registry import custom_objects, table
from torchkeras_layer.registry.envelope import Envelope
from torchkeras_layer.registry.errors import DeserializationError


def find_target(envelope: Envelope, kinds: tuple[str, ...]) -> Any:
    """Return the class, function or custom object that an envelope means.

    `kinds` are the families that are accepted, the one to look in first; empty for all.

    Raises:
        DeserializationError: if there is none, more than one, or one that the rules above do not allow.
    """
    name, registered, module = envelope.name, envelope.custom_name, envelope.module
    is_of_keras = table.has_module(module)
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
    entry = None if ">" in name else table.find_in_family(kind, name)
    custom = custom_objects.get_registered_object(name)
    if entry is None:
        return custom
    refuse_shadowing(name, entry, custom)
    return entry.target


def refuse_shadowing(name: str, entry: table.Entry, custom: Any) -> None:
    """Raise if a custom object has the bare name of a built-in and is something else."""
    target = entry.target
    if custom is None or custom is target or (inspect.isclass(target) and type(custom) is target):
        return
    raise DeserializationError(
        f"custom_objects: {name!r} is the built-in {entry.kind} {entry.module}.{entry.name}, which cannot "
        f"be replaced. Received: {custom!r}. Register yours with @register_keras_serializable() and write "
        f"its name, 'Custom>{name}', into the config."
    )


def close_names(name: str, kinds: tuple[str, ...]) -> str:
    """Return the end of a message: which known names are spelled much like this one, if any."""
    known = {*custom_objects.known_names(), *(known for kind in kinds for known in table.all_names_in(kind))}
    close = get_close_matches(name, sorted(known), n=3)
    return f" Did you mean {' or '.join(map(repr, close))}?" if close else ""


def _built_in_of_module(envelope: Envelope, kinds: tuple[str, ...]) -> table.Entry | None:
    entry = table.find_in_module(envelope.module or "", envelope.name)
    if entry is not None and kinds and entry.kind not in kinds:
        raise DeserializationError(
            f"{kinds[0]}: the config is not that of a member of this family. Received: the {entry.kind} "
            f"{entry.module}.{entry.name}."
        )
    return entry


def _built_in_without_module(name: str, kinds: tuple[str, ...], is_function: bool) -> table.Entry | None:
    for kind in kinds:
        entry = table.find_in_family(kind, name)
        if entry is not None:
            return entry
    if kinds:
        return None
    found = [entry for entry in table.find_anywhere(name) if inspect.isroutine(entry.target) == is_function]
    if len(found) > 1:
        places = ", ".join(f"{entry.module}.{entry.name}" for entry in found)
        raise DeserializationError(
            f"deserialize_keras_object: {name!r} may be any of {places}. Add the 'module' to the config."
        )
    return found[0] if found else None


def _find_built_in_first(entry: table.Entry | None, envelope: Envelope, kinds: tuple[str, ...]) -> Any:
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
        f'@register_keras_serializable(), or pass custom_objects={{"{full_name}": ...}}.'
    )
