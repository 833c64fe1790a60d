"""Which forms do configs of Keras 1 and 2 have that those of Keras 3 do not?"""

from __future__ import annotations

from typing import Any

from torchkeras_layer.registry.deserialization import read_config
from torchkeras_layer.registry.serialization import MAX_DEPTH


def with_new_forms(config: Any) -> Any:
    """Return the config of a model in the form of later versions.

    Up to Keras 2.2.2 the config of a `Sequential` is the list of its layers, also inside another model, and up to
    Keras 2.0.4 an `Embedding` has the dtype of its inputs.

    >>> with_new_forms({"class_name": "Sequential", "config": [{"class_name": "Flatten", "config": {}}]})
    {'class_name': 'Sequential', 'config': {'layers': [{'class_name': 'Flatten', 'config': {}}]}}
    """
    return _renewed(config, 0)


def _renewed(value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        # The reader says that it is too deep.
        return value
    if isinstance(value, list):
        return [_renewed(part, depth + 1) for part in value]
    if not isinstance(value, dict):
        return value
    value = {name: _renewed(part, depth + 1) for name, part in value.items()}
    name, arguments = value.get("class_name"), value.get("config")
    if name == "Sequential" and isinstance(arguments, list):
        value["config"] = {"layers": arguments}
    if name == "Embedding" and isinstance(arguments, dict) and arguments.get("dtype") == "int32":
        value["config"] = {**arguments, "dtype": "float32"}
    return value


def read_entry(entry: Any) -> Any:
    """Return the object in a list of layers. In old files it has no module, and its name is that of a layer or model.

    >>> read_entry({"class_name": "Identity", "config": {"name": "same"}}).name
    'same'
    """
    has_no_module = isinstance(entry, dict) and "class_name" in entry and entry.get("module") is None
    return read_config(entry, ("layer", "model") if has_no_module else ())
