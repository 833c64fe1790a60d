"""How did Keras 1 and 2 write a `Sequential`, and how is an entry in a list of layers read?"""

from __future__ import annotations

from collections import Counter
from typing import Any

from torchkeras_layer.layers._families import FAMILY_OF
from torchkeras_layer.registry.deserialization import read_config

_WITHOUT_WEIGHTS = ("Activation", "ELU", "Lambda", "LeakyReLU", "Masking", "ReLU", "Softmax", "ThresholdedReLU")
_SHAPES = ("batch_input_shape", "input_dtype")


def with_input_layer(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the config of a `Sequential` as a dict of layers, of which the first gives the shape.

    Up to Keras 2.2.2 the config is the list of layers, and up to 2.3 the first layer has the shape itself.

    >>> first = {"class_name": "Flatten", "config": {"name": "f", "batch_input_shape": [None, 2, 3]}}
    >>> with_input_layer({"class_name": "Sequential", "config": [first]})["config"]["layers"][0]["config"]
    {'batch_shape': [None, 2, 3], 'name': 'f_input', 'dtype': 'float32'}
    """
    config = entry.get("config")
    config = {"layers": config} if isinstance(config, list) else config
    if not isinstance(config, dict) or not isinstance(config.get("layers"), list) or not config["layers"]:
        return {**entry, "config": config} if isinstance(config, dict) else entry
    layers = [_with_class_name(layer) for layer in config["layers"]]
    layers = _named_apart(layers) if isinstance(entry["config"], list) else layers
    first = layers[0] = _with_sequentials(layers[0])
    given = first.get("config") if isinstance(first, dict) else None
    if isinstance(given, dict) and first.get("class_name") != "InputLayer" and "batch_input_shape" in given:
        layers[:1] = [_input_layer(first), {**first, "config": _without_shape(given)}]
    named = {"name": entry["name"]} if isinstance(entry.get("name"), str) else {}
    return {**entry, "config": {**named, **config, "layers": layers}}


def read_entry(entry: Any) -> Any:
    """Return the object in a list of layers. In old files it has no module, and its name is that of a layer or model.

    >>> read_entry({"class_name": "Identity", "config": {"name": "same"}}).name
    'same'
    """
    has_no_module = isinstance(entry, dict) and "class_name" in entry and entry.get("module") is None
    return read_config(entry, ("layer", "model") if has_no_module else ())


def _with_class_name(layer: Any) -> Any:
    """In the earliest files, an entry is the config, with the name of its class in place of its own."""
    if not isinstance(layer, dict) or "class_name" in layer or not isinstance(layer.get("name"), str):
        return layer
    own = {} if layer.get("custom_name") is None else {"name": layer["custom_name"]}
    return {"class_name": layer["name"], "config": {**{w: v for w, v in layer.items() if w != "name"}, **own}}


def _named_apart(layers: list[Any]) -> list[Any]:
    """Keras 1 takes a layer several times. One without weights becomes several, of which each has its own name."""
    counts: Counter[str] = Counter()
    found = []
    for layer in layers:
        config: Any = layer.get("config") if isinstance(layer, dict) else None
        name = config.get("name") if isinstance(config, dict) else None
        if isinstance(name, str) and _has_no_weights(layer.get("class_name")):
            counts[name] += 1
            if counts[name] > 1:
                layer = {**layer, "config": {**config, "name": f"{name}_again_{counts[name] - 1}"}}
        found.append(layer)
    return found


def _has_no_weights(name: Any) -> bool:
    return name in _WITHOUT_WEIGHTS or FAMILY_OF.get(name) in ("pooling", "regularization", "reshaping")


def _with_sequentials(first: Any) -> Any:
    """The branches of a `Merge` may be layers; they become models of one layer."""
    config = first.get("config") if isinstance(first, dict) and first.get("class_name") == "Merge" else None
    if not isinstance(config, dict) or not isinstance(config.get("layers"), list):
        return first
    return {**first, "config": {**config, "layers": [_as_model(layer) for layer in config["layers"]]}}


def _as_model(layer: Any) -> Any:
    layer = _with_class_name(layer)
    is_model = not isinstance(layer, dict) or layer.get("class_name") in ("Sequential", "Model")
    return layer if is_model else {"class_name": "Sequential", "config": [layer]}


def _input_layer(first: dict[str, Any]) -> dict[str, Any]:
    config = first["config"]
    dtype = config.get("input_dtype") or config.get("dtype")
    # An embedding takes integers, whatever old files say.
    dtype = "int64" if first["class_name"] == "Embedding" else dtype if isinstance(dtype, str) else "float32"
    named = {"name": f"{config['name']}_input"} if isinstance(config.get("name"), str) else {}
    return {
        "class_name": "InputLayer",
        "config": {"batch_shape": config["batch_input_shape"], **named, "dtype": dtype},
    }


def _without_shape(config: dict[str, Any]) -> dict[str, Any]:
    return {word: value for word, value in config.items() if word not in _SHAPES}
