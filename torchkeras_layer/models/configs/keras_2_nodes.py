"""How did Keras 2 write and number the calls of a graph?"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Any

from torchkeras_layer.models.configs.writing import TensorInConfig, read_history
from torchkeras_layer.registry import DeserializationError

_CONSTANT = "_CONSTANT_VALUE"


def read_keras_2_node(
    node: Any, known_layers: Container[str], keeps_structure: bool = False
) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments of a call that is written as `[[layer name, call, position, kwargs], ...]`.

    One such entry means a tensor, several a list of tensors, and a dict of entries a dict. In keywords, a list of the
    first three parts means a tensor, if the first is the name of a layer.

    Args:
        node: the entry or entries.
        known_layers: the names of the layers.
        keeps_structure: whether a list of one entry means a list, as in calls of op layers.

    Returns:
        The positional arguments and the keyword arguments.

    Raises:
        DeserializationError: if the call is written in another way.

    >>> args, kwargs = read_keras_2_node([["dense", 0, 0, {"training": True}]], ["dense"])
    >>> args[0].history, kwargs
    (('dense', 0, 0), {'training': True})
    """
    if not isinstance(node, (list, tuple, dict)) or not node:
        raise DeserializationError(f"inbound_nodes: a call must be a dict or a list. Received: {node!r}.")
    if isinstance(node, dict):
        last = list(node.values())[-1]
        return [_first_argument(node)], _keywords(last, known_layers) if _is_entry(last) else {}
    if _is_entry(node):
        return [_tensor(node)], _keywords(node, known_layers)
    entries = [_first_argument(entry) for entry in node]
    first = entries[0] if len(entries) == 1 and not keeps_structure else entries
    last = _entry_inside(node)
    return [first], _keywords(last, known_layers) if last is not None else {}


def _entry_inside(node: Any) -> Any:
    """Return the first entry in nested lists: each has the keywords."""
    if _is_entry(node):
        return node
    found = map(_entry_inside, node) if isinstance(node, (list, tuple)) else ()
    return next((entry for entry in found if entry is not None), None)


def _first_argument(entry: Any) -> Any:
    if _is_entry(entry):
        return _tensor(entry)
    if isinstance(entry, (list, tuple)):
        return [_first_argument(part) for part in entry]
    if isinstance(entry, dict):
        return {key: _first_argument(part) for key, part in entry.items()}
    raise DeserializationError(f"inbound_nodes: expected [layer name, call, position, kwargs]. Received: {entry!r}.")


def _is_entry(entry: Any) -> bool:
    is_list = isinstance(entry, (list, tuple)) and len(entry) in (3, 4)
    return is_list and isinstance(entry[0], str) and isinstance(entry[1], int)


def _tensor(entry: Any) -> Any:
    if entry[0] == _CONSTANT:
        return entry[2]
    try:
        return TensorInConfig((), "float32", read_history(list(entry[:3])))
    except ValueError as error:
        raise DeserializationError(f"inbound_nodes: {error}") from error


def _keywords(entry: Any, known_layers: Container[str]) -> dict[str, Any]:
    keywords = entry[3] if len(entry) == 4 else {}
    if not isinstance(keywords, dict):
        raise DeserializationError(f"inbound_nodes: the keywords of a call must be a dict. Received: {keywords!r}.")
    return {name: _keyword(value, known_layers) for name, value in keywords.items()}


def _keyword(value: Any, known_layers: Container[str]) -> Any:
    if isinstance(value, dict):
        return {name: _keyword(part, known_layers) for name, part in value.items()}
    if not isinstance(value, list):
        return value
    is_tensor = len(value) == 3 and _is_entry(value) and value[0] in known_layers
    return _tensor(value) if is_tensor else [_keyword(part, known_layers) for part in value]


_WORDS = ("layers", "input_layers", "output_layers")


@dataclass(frozen=True)
class FirstCalls:
    """The number that a layer's first call has, as an input of other calls and among the model's outputs."""

    in_calls: int = 0
    in_outputs: int = 0


def is_graph_config(config: dict[str, Any]) -> bool:
    """Whether a config is that of a graph of layers.

    >>> is_graph_config({"name": "m", "layers": [], "input_layers": [], "output_layers": []})
    True
    """
    return all(word in config for word in _WORDS)


def is_keras_2_node(node: Any) -> bool:
    """Whether a call is written in the form of Keras 2, and not as a dict of arguments.

    >>> is_keras_2_node([["dense", 0, 0, {}]]), is_keras_2_node({"args": [], "kwargs": {}})
    (True, False)
    """
    return not (isinstance(node, dict) and "args" in node)


def has_keras_2_nodes(config: dict[str, Any]) -> bool:
    """Whether a config of a graph was written by Keras 2.

    >>> has_keras_2_nodes({"layers": [{"inbound_nodes": [[["x", 0, 0, {}]]]}]})
    True
    """
    nodes = [entry.get("inbound_nodes") for entry in config["layers"] if isinstance(entry, dict)]
    return any(is_keras_2_node(node) for calls in nodes if isinstance(calls, list) for node in calls)


def first_calls_of(entry: dict[str, Any]) -> FirstCalls:
    """Return the numbers of the first call of a layer, from its entry in a config.

    >>> inner = {"layers": [{"class_name": "InputLayer"}], "input_layers": [], "output_layers": []}
    >>> first_calls_of({"config": inner, "inbound_nodes": [{"args": [], "kwargs": {}}]})
    FirstCalls(in_calls=0, in_outputs=1)
    >>> first_calls_of({"config": inner, "inbound_nodes": [[["x", 0, 0, {}]]]})
    FirstCalls(in_calls=1, in_outputs=1)
    """
    config, nodes = entry.get("config"), entry.get("inbound_nodes")
    if not isinstance(config, dict):
        return FirstCalls()
    if isinstance(nodes, list) and any(map(is_keras_2_node, nodes)):
        return FirstCalls(1, 1) if _begins_with_input(config) else FirstCalls()
    return FirstCalls(0, 1) if is_graph_config(config) else FirstCalls()


def first_calls_in(entries: list[Any]) -> dict[str, FirstCalls]:
    """Return the numbers of the first calls of all layers in a config, by the layers' names."""
    named = [entry for entry in entries if isinstance(entry, dict) and isinstance(entry.get("name"), str)]
    return {entry["name"]: first_calls_of(entry) for entry in named}


def _begins_with_input(config: dict[str, Any]) -> bool:
    layers = config.get("layers")
    first = layers[0] if isinstance(layers, list) and layers else None
    if not isinstance(first, dict):
        return False
    # Keras up to 2.3 lets a model begin with another one.
    inner = first.get("config")
    return first.get("class_name") == "InputLayer" or (isinstance(inner, dict) and _begins_with_input(inner))
