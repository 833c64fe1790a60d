"""Which layers of a saved model are not here, and must be supplied by who loads it?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torchkeras_layer.layers.core.function_layers import is_code
from torchkeras_layer.models.configs.keras_3_operations import is_operation
from torchkeras_layer.models.configs.operation_calls import missing_function
from torchkeras_layer.models.configs.tf_operations import function_of
from torchkeras_layer.registry import DeserializationError, get_registered_object
from torchkeras_layer.registry.table import find_by_name


def check_layers_are_known(config: dict[str, Any], where: str) -> None:
    """Check that each layer in the config of a model is a built-in or was supplied.

    Args:
        config: the config of the model.
        where: the file, for the error.

    Raises:
        DeserializationError: naming all layers that are missing, with the line to write.

    >>> layer = {"class_name": "Attend", "config": {"name": "attend_1"}}
    >>> check_layers_are_known({"class_name": "Sequential", "config": {"layers": [layer]}}, "model.h5")
    Traceback (most recent call last):
    ...
    torchkeras_layer.registry.envelope.DeserializationError: model.h5: the model has layers that are not here: ...
    """
    entries = list(entries_in(config))
    classes = [name for entry in entries if (name := _name_of(entry)) is not None and not _is_known(name)]
    functions = [name for entry in entries if (name := _lambda_without_function(entry)) is not None]
    operations = [name for entry in entries if (name := missing_function(entry)) is not None]
    if not classes and not functions and not operations:
        return
    shown = [
        *dict.fromkeys(classes),
        *(f"the operation {name}" for name in dict.fromkeys(operations)),
        *(f"Lambda {name!r} (its function is bytecode, which is never run)" for name in functions),
    ]
    given = [f'"{name}": {name.rpartition(">")[2]}' for name in dict.fromkeys(classes)]
    given += [f'"{name}": function' for name in dict.fromkeys([*operations, *functions])]
    why = (
        " Code in a file is never run, with safe_mode=False neither: bytecode can do anything that the program may, "
        "and means something to one version of Python only."
    )
    raise DeserializationError(
        f"{where}: the model has layers that are not here: {', '.join(shown)}. Write them, and pass them: "
        f"custom_objects={{{', '.join(given)}}}.{why if functions else ''} See docs/differences.md#custom-objects"
    )


def entries_in(config: Any) -> Iterator[dict[str, Any]]:
    """Give the configs of a model, of its layers, and of the layers of models and wrappers inside it.

    >>> wrapper = {"class_name": "TimeDistributed", "config": {"layer": {"class_name": "Dense", "config": {}}}}
    >>> [entry["class_name"] for entry in entries_in({"class_name": "Sequential", "config": {"layers": [wrapper]}})]
    ['Sequential', 'TimeDistributed', 'Dense']
    """
    waiting = [config]
    while waiting:
        entry = waiting.pop()
        if not isinstance(entry, dict):
            continue
        arguments = entry.get("config")
        if isinstance(arguments, dict):
            for word in ("layers", "cells"):
                waiting += reversed(arguments[word]) if isinstance(arguments.get(word), list) else ()
            waiting += [arguments[word] for word in ("layer", "cell", "backward_layer") if word in arguments]
        elif isinstance(arguments, list):
            waiting += reversed(arguments)
        yield entry


def _name_of(entry: dict[str, Any]) -> str | None:
    """The name under which the class of a layer is looked up; `None` for the operations of Keras 3."""
    name = entry.get("registered_name") or entry.get("class_name")
    return name if isinstance(name, str) and not is_operation(entry) and function_of(entry) is None else None


def _lambda_without_function(entry: dict[str, Any]) -> str | None:
    """The name of a Lambda whose function is code, unless it was supplied."""
    arguments = entry.get("config")
    if entry.get("class_name") != "Lambda" or not isinstance(arguments, dict):
        return None
    name = arguments.get("name")
    has_code = is_code(arguments.get("function"), arguments.get("function_type"))
    is_supplied = isinstance(name, str) and get_registered_object(name) is not None
    return str(name) if has_code and not is_supplied else None


def _is_known(name: str) -> bool:
    return any(find_by_name(name, kind) is not None for kind in ("layer", "model"))
