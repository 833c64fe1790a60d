"""What is the config of a model in the words of Keras 3, and what in it does Keras not have?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torchkeras_layer.layer.weight_lists import layers_in
from torchkeras_layer.models.configs.operations_for_keras import as_operation
from torchkeras_layer.registry import serialize_keras_object
from torchkeras_layer.weight_files.paths import NAMES_IN_KERAS

_NOT_IN_KERAS = {
    "AddLoss": "a symbolic loss: add it in the call of a registered layer",
    "AddMetric": "a symbolic metric: add it in the call of a registered layer",
    "Function": "a class without a config in Keras: use Model(inputs, outputs)",
    "AbstractRNNCell": "a class that Keras 3 does not have: derive from keras.Layer",
    "ConvLSTMCell": "a class that Keras 3 does not have: use ConvLSTM1D, ConvLSTM2D or ConvLSTM3D",
    "LocallyConnected1D": "a class that Keras 3 does not have",
    "LocallyConnected2D": "a class that Keras 3 does not have",
    "ThresholdedReLU": "a class that Keras 3 does not have: use ReLU(threshold=theta), which differs at theta only",
    "TorchModuleWrapper": "a module of torch, which Keras would have to unpickle: use a registered layer",
}
_FUNCTIONS_NOT_IN_KERAS = {
    "hard_sigmoid_keras2": "the hard_sigmoid of Keras 2, which Keras 3 does not have",
}


def keras_config(model: Any) -> tuple[dict[str, Any], list[str]]:
    """Return the config of a model for Keras 3, and why Keras cannot read it; no reasons if it can.

    >>> import torch
    >>> import torchkeras_layer as keras
    >>> x = keras.Input((3,)); keras_config(keras.Model(x, torch.fft.fft(x)))[1][0].partition(" is ")[0]
    "'fft' (TorchFunction torch.fft.fft)"
    """
    reasons: list[str] = []
    try:
        return _in_words_of_keras(serialize_keras_object(model), reasons), reasons
    except (TypeError, ValueError, NotImplementedError) as error:
        return {}, _reasons_inside(model) or [str(error)]


def _reasons_inside(model: Any) -> list[str]:
    """Return the reasons of all layers inside, innermost first, each once."""
    reasons: list[str] = []
    # The functions of a graph are no modules.
    layers = [inner for layer in layers_in(model) for inner in (layer, *getattr(layer, "layers", ()))]
    for layer in reversed(list({id(layer): layer for layer in layers}.values())):
        found: list[str] = []
        try:
            _in_words_of_keras(serialize_keras_object(layer), found)
        except (TypeError, ValueError, NotImplementedError) as error:
            text = str(error)
            # What a layer contains raises the same error.
            if not any(known.endswith(text) for known in reasons) or not any(layer.children()):
                is_named = text.startswith(layer.name)
                found.append(text if is_named else f"{layer.name!r} ({type(layer).__name__}): {text}")
        reasons += [reason for reason in found if reason not in reasons]
    return reasons


def _in_words_of_keras(value: Any, reasons: list[str]) -> Any:
    if isinstance(value, (list, tuple)):
        return [_in_words_of_keras(part, reasons) for part in value]
    if not isinstance(value, dict):
        if isinstance(value, str) and value in _FUNCTIONS_NOT_IN_KERAS:
            reasons.append(f"{value!r} is {_FUNCTIONS_NOT_IN_KERAS[value]}")
        return value
    if isinstance(value.get("class_name"), str) and "/" in _name_in(value):
        reasons.append(f"{_name_in(value)!r} ({value['class_name']}) has a name with '/', which Keras 3 refuses")
    if _is_built_in(value) and value.get("class_name") == "TorchFunction":
        operation = as_operation(value)
        if isinstance(operation, dict):
            return operation
        reasons.append(f"{_described(value)} is {operation}")
        return value
    if _is_built_in(value) and value.get("class_name") in _NOT_IN_KERAS:
        reasons.append(f"{_described(value)} is {_NOT_IN_KERAS[value['class_name']]}")
        return value
    return {key: _in_words_of_keras(part, reasons) for key, part in value.items()} | dict(_renamed(value))


def _renamed(value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if _is_built_in(value) and value.get("class_name") in NAMES_IN_KERAS:
        yield "class_name", NAMES_IN_KERAS[value["class_name"]]


def _is_built_in(value: dict[str, Any]) -> bool:
    return value.get("module") in ("keras", "keras.layers")


def _name_in(entry: dict[str, Any]) -> str:
    config = entry.get("config")
    name = config.get("name") if isinstance(config, dict) else None
    return name if isinstance(name, str) else ""


def _described(entry: dict[str, Any]) -> str:
    config = entry["config"]
    function = f" {config['function']}" if "function" in config else ""
    return f"{config.get('name')!r} ({entry['class_name']}{function})"
