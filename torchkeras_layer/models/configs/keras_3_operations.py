"""Which functions are the operations in the JSON of Keras 3, and which default arguments does it contain?

The model itself is made in `reading.py`.

Its masks are such operations: a graph with `Masking` or `Embedding(mask_zero=True)` has a `NotEqual` in its config.
"""

from __future__ import annotations

import inspect
import re
from typing import Any

from torchkeras_layer.layers._families import FAMILY_OF
from torchkeras_layer.models.configs.keras_3_classes import WORDS_OF_CALLS, operation_of
from torchkeras_layer.registry import DeserializationError, deserialize_keras_object, get_registered_object

_MODULE = re.compile(r"keras(_core)?\.(src\.)?(ops|operations|activations)(\.\w+)?")


def is_operation(entry: dict[str, Any]) -> bool:
    """Whether an entry of a config of Keras 3 is an operation, and not a layer.

    >>> is_operation({"module": "keras.src.ops.numpy", "class_name": "NotEqual", "config": {"name": "ne"}})
    True
    """
    module, name = entry.get("module"), entry.get("class_name")
    if not isinstance(name, str):
        return False
    if module is None:
        return _is_in_old_file(entry, name)
    return isinstance(module, str) and _MODULE.fullmatch(module) is not None


def _is_in_old_file(entry: dict[str, Any], name: str) -> bool:
    """Whether an entry without a module is an operation: in .h5 files, Keras 3 writes operations such as Add so too.

    Configs of layers say whether they are trainable.
    """
    config, nodes = entry.get("config"), entry.get("inbound_nodes")
    is_named = isinstance(config, dict) and "name" in config and "trainable" not in config
    is_called = isinstance(nodes, list) and all(isinstance(node, dict) for node in nodes)
    is_free = get_registered_object(name) is None
    return is_named and is_called and bool(nodes) and is_free and operation_of(name) is not None


def arguments_in(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments in the config of an operation that its function gets in each call.

    Raises:
        DeserializationError: if the config is not a dict, or has an unknown key.

    >>> arguments_in({"class_name": "Any", "config": {"name": "any_of", "axis": -1, "keepdims": False}})
    {'axis': -1}
    """
    config, function = entry.get("config"), operation_of(entry["class_name"])
    given = deserialize_keras_object(config)
    given = {word: value for word, value in given.items() if word != "name"} if isinstance(given, dict) else None
    known = inspect.signature(function).parameters if function is not None else {}
    unknown = [word for word in given or {} if word not in known] if known else []
    if given is None or unknown:
        raise DeserializationError(
            f"{entry['class_name']}: the config of an operation must be a dict, and may have 'name' and {list(known)}. "
            f"Received: {config!r:.300}."
        )
    return {word: value for word, value in given.items() if not known or _differs(known[word].default, value)}


def _differs(default: Any, value: Any) -> bool:
    return type(value) is not type(default) or value != default


def call_of(class_name: str, given: dict[str, Any], args: list[Any], kwargs: dict[str, Any]) -> tuple[Any, Any]:
    """Return the arguments of the function of an operation, from those in its config and those of a call.

    >>> call_of("Full", {"shape": (2,)}, [3.0], {})
    ([], {'shape': (2,), 'fill_value': 3.0})
    """
    if class_name == "Einsum":
        return [given["subscripts"], *args], kwargs
    if class_name == "GetItem":
        # A list of indices would mean something else; Keras writes tuples as lists.
        return [tuple(arg) if isinstance(arg, list) else arg for arg in args], kwargs
    words = WORDS_OF_CALLS.get(class_name)
    if words is None:
        return args, {**given, **kwargs}
    return [], {**given, **dict(zip(words, args, strict=False)), **kwargs}


# Layers of Keras 3 whose `call` has `training=False`. It writes this into configs, and ignores it when a model trains.
_INFER_BY_DEFAULT = {
    "AdditiveAttention",
    "AlphaDropout",
    "Attention",
    "ConvLSTM1D",
    "ConvLSTM2D",
    "ConvLSTM3D",
    "Dropout",
    "GRU",
    "GaussianDropout",
    "GaussianNoise",
    "LSTM",
    "RNN",
    "SimpleRNN",
    "SpectralNormalization",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
}


def is_written_by_keras(entries: list[Any]) -> bool:
    """Whether a config was written by Keras, whose inputs have the key 'sparse'.

    >>> is_written_by_keras([{"class_name": "InputLayer", "config": {"name": "x", "sparse": False}}])
    True
    """
    inputs = [entry for entry in entries if isinstance(entry, dict) and entry.get("class_name") == "InputLayer"]
    return any(isinstance(entry.get("config"), dict) and "sparse" in entry["config"] for entry in inputs)


def without_defaults(layer: Any, keywords: dict[str, Any]) -> dict[str, Any]:
    """Return the keywords without a mask of `None`, and without the `training` that is the default of Keras's `call`.

    >>> import torchkeras_layer as keras
    >>> without_defaults(keras.layers.Dropout(0.5), {"training": False, "mask": None})
    {}
    >>> without_defaults(keras.layers.BatchNormalization(), {"training": False})
    {'training': False}
    >>> without_defaults(keras.layers.RandomFlip(), {"training": True})
    {}
    """
    return {
        name: value
        for name, value in keywords.items()
        if not (name == "mask" and value is None)
        and not (name == "training" and value is False and _infers_by_default(layer))
        and not (name == "training" and value is True and _trains_by_default(layer))
    }


def _infers_by_default(layer: Any) -> bool:
    parameter = inspect.signature(layer.call).parameters.get("training")
    return type(layer).__name__ in _INFER_BY_DEFAULT or (parameter is not None and parameter.default is False)


def _trains_by_default(layer: Any) -> bool:
    return FAMILY_OF.get(type(layer).__name__) == "augmentation"
