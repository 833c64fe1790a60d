"""How did Keras 2 write the calls of a graph?"""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from torchkeras_layer.models.configs.values import TensorInConfig, read_history
from torchkeras_layer.registry import DeserializationError

_CONSTANT = "_CONSTANT_VALUE"


def read_keras_2_node(node: Any, known_layers: Container[str]) -> tuple[list[Any], dict[str, Any]]:
    """Return the arguments of a call that is written as `[[layer name, call, position, kwargs], ...]`.

    One such entry is the tensor itself, more are a list of tensors, those in a dict a dict. In keywords, a list of the
    first three parts, the first naming a layer, is a tensor.

    Raises:
        DeserializationError: if it is written otherwise.

    >>> args, kwargs = read_keras_2_node([["dense", 0, 0, {"training": True}]], ["dense"])
    >>> args[0].history, kwargs
    (('dense', 0, 0), {'training': True})
    """
    if not isinstance(node, (list, tuple, dict)) or not node:
        raise DeserializationError(f"inbound_nodes: a call is a dict or a list. Received: {node!r}.")
    if isinstance(node, dict):
        last = list(node.values())[-1]
        return [_first_argument(node)], _keywords(last, known_layers) if _is_entry(last) else {}
    if _is_entry(node):
        return [_tensor(node)], _keywords(node, known_layers)
    entries = [_first_argument(entry) for entry in node]
    first = entries[0] if len(entries) == 1 else entries
    last = next((entry for entry in node if _is_entry(entry)), None)
    return [first], _keywords(last, known_layers) if last is not None else {}


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
        raise DeserializationError(f"inbound_nodes: the keywords of a call are a dict. Received: {keywords!r}.")
    return {name: _keyword(value, known_layers) for name, value in keywords.items()}


def _keyword(value: Any, known_layers: Container[str]) -> Any:
    is_tensor = isinstance(value, list) and len(value) == 3 and _is_entry(value) and value[0] in known_layers
    return _tensor(value) if is_tensor else value
