"""Which activation functions do the names in a config of Keras 1 or 2 mean?"""

from __future__ import annotations

from typing import Any

from torchkeras_layer.registry import get_registered_object
from torchkeras_layer.registry.serialization import MAX_DEPTH

_OLD, _NEW = "hard_sigmoid", "hard_sigmoid_keras2"


def is_of_keras_2(config: dict[str, Any]) -> bool:
    """Whether the JSON of a model says that Keras 1 or 2 wrote it; TF-Keras is Keras 2.

    >>> is_of_keras_2({"keras_version": "2.1.2"}), is_of_keras_2({"keras_version": "3.15.1"})
    (True, False)
    """
    version = config.get("keras_version")
    return isinstance(version, str) and version.split(".")[0] in ("1", "2")


def with_keras_2_activations(config: Any) -> Any:
    """Return a config in which `hard_sigmoid` is that of Keras 2, unless the program gave a function of this name.

    >>> with_keras_2_activations({"units": 3, "recurrent_activation": "hard_sigmoid"})
    {'units': 3, 'recurrent_activation': 'hard_sigmoid_keras2'}
    """
    return config if get_registered_object(_OLD) is not None else _translated(config, "", 0)


def _translated(value: Any, key: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        # The reader says that it is too deep.
        return value
    if isinstance(key, str) and key.endswith("activation") and _means_old(value):
        return _NEW
    if isinstance(value, dict):
        return {name: _translated(part, name, depth + 1) for name, part in value.items()}
    return [_translated(part, "", depth + 1) for part in value] if isinstance(value, list) else value


def _means_old(value: Any) -> bool:
    is_function = isinstance(value, dict) and value.get("class_name") == "function"
    return (value.get("config") if is_function else value) == _OLD
