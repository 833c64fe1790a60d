"""From which number on does a config count the calls of a layer?

Keras's functional models are made by a call of their own. Where one stands in another model, that call keeps number 0:
for TF-Keras throughout, and for its `Sequential` too; for Keras 3 only among the outputs of the model around it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_WORDS = ("layers", "input_layers", "output_layers")


@dataclass(frozen=True)
class FirstCalls:
    """The numbers of the first call of a layer in the calls of others, and among the outputs."""

    in_calls: int = 0
    in_outputs: int = 0


def is_graph_config(config: dict[str, Any]) -> bool:
    """Whether a config is that of a graph of layers.

    >>> is_graph_config({"name": "m", "layers": [], "input_layers": [], "output_layers": []})
    True
    """
    return all(word in config for word in _WORDS)


def is_keras_2_node(node: Any) -> bool:
    """Whether a call is written as Keras 2 did, and not as a dict of arguments.

    >>> is_keras_2_node([["dense", 0, 0, {}]]), is_keras_2_node({"args": [], "kwargs": {}})
    (True, False)
    """
    return not (isinstance(node, dict) and "args" in node)


def first_calls_of(entry: dict[str, Any]) -> FirstCalls:
    """Return the numbers for a layer that is written so, with its calls.

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
    """Return the numbers for all layers of a config, by their names."""
    named = [entry for entry in entries if isinstance(entry, dict) and isinstance(entry.get("name"), str)]
    return {entry["name"]: first_calls_of(entry) for entry in named}


def _begins_with_input(config: dict[str, Any]) -> bool:
    layers = config.get("layers")
    first = layers[0] if isinstance(layers, list) and layers else None
    return isinstance(first, dict) and first.get("class_name") == "InputLayer"
