"""What does a `Merge` of Keras 1 and 2.0 mean, which joins branches of a `Sequential`, or tensors of a graph?"""

from __future__ import annotations

from typing import Any

from torchkeras_layer.models.configs.keras_2_nodes import first_calls_of, is_graph_config
from torchkeras_layer.models.configs.layer_rows import Untranslatable
from torchkeras_layer.registry import get_registered_object

_OF_BRANCHES = "Functional"
_LAYERS = {"sum": "Add", "mul": "Multiply", "ave": "Average", "max": "Maximum"}


def merged_layers(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the layers of today that do what a `Merge` does, one after the other; the last has its name.

    Raises:
        Untranslatable: if there are none.

    >>> merged_layers({"class_name": "Merge", "config": {"name": "both", "mode": "concat", "concat_axis": 1}})
    [{'class_name': 'Concatenate', 'config': {'name': 'both', 'axis': 1}}]
    """
    config = entry["config"]
    kept = {word: config[word] for word in ("name", "trainable") if word in config}
    mode = config.get("mode", "sum")
    if config.get("mode_type") in ("lambda", "function"):
        words = ("output_shape", "output_shape_type", "arguments")
        further = {word: config[word] for word in words if config.get(word) is not None}
        return [_entry("Lambda", {**kept, "function": mode, "function_type": config["mode_type"], **further})]
    if mode in _LAYERS:
        return [_entry(_LAYERS[mode], kept)]
    if mode == "concat":
        return [_entry("Concatenate", {**kept, "axis": config.get("concat_axis", -1)})]
    if mode == "dot":
        return [_entry("Dot", {**kept, "axes": _axes(config)})]
    if mode == "cos":
        # The cosine of two vectors has a further axis.
        dot = {"name": f"{config.get('name', 'merge')}_dot", "axes": _axes(config), "normalize": True}
        return [_entry("Dot", dot), _entry("Reshape", {**kept, "target_shape": [1, 1]})]
    raise Untranslatable(f"has mode={mode!r:.60}")


def with_merged_layers(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the config of a graph with layers of today in place of `Merge`.

    Raises:
        Untranslatable: if there are none.
    """
    layers = entry["config"]["layers"]
    if not isinstance(layers, list):
        return entry
    return {**entry, "config": {**entry["config"], "layers": [part for layer in layers for part in _in_graph(layer)]}}


def begins_with_branches(entry: dict[str, Any]) -> bool:
    """Whether a config is that of a `Sequential` whose first layer joins others.

    >>> first = {"class_name": "Merge", "config": {"layers": []}}
    >>> begins_with_branches({"class_name": "Sequential", "config": {"layers": [first]}})
    True
    """
    layers = entry["config"].get("layers") if entry["class_name"] == "Sequential" else None
    first = layers[0] if isinstance(layers, list) and layers else None
    return first is not None and _is_merge(first) and isinstance(first["config"].get("layers"), list)


def as_graph(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the config of a `Sequential` that begins with branches as that of a graph.

    Raises:
        Untranslatable: if a branch does not give the shape of its inputs, or is no layer.
    """
    graph = _Graph()
    merge, *rest = entry["config"]["layers"]
    output = graph.chain(merged_layers(merge), [graph.branch(branch) for branch in merge["config"]["layers"]])
    output = graph.chain(rest, [output])
    config = {word: value for word, value in entry["config"].items() if word != "layers"}
    ends = {"input_layers": [[name, 0, 0] for name in graph.inputs], "output_layers": [output[:3]]}
    name = config.get("name", "sequential")
    return {**entry, "class_name": _OF_BRANCHES, "config": {"name": name, **config, "layers": graph.layers, **ends}}


class _Graph:
    """The layers of a graph, in the form of Keras 2, while it is made out of branches."""

    def __init__(self) -> None:
        self.layers: list[dict[str, Any]] = []
        self._by_name: dict[str, dict[str, Any]] = {}
        self.inputs: list[str] = []

    def branch(self, entry: Any) -> list[Any]:
        """Add the layers of a branch, and return its output."""
        if not isinstance(entry, dict) or not isinstance(entry.get("config"), dict):
            raise Untranslatable("has a branch that is no layer")
        config = entry["config"]
        if is_graph_config(config):
            return self._spliced(config) if entry["class_name"] == _OF_BRANCHES else self._model(entry)
        layers = config.get("layers") if entry["class_name"] == "Sequential" else None
        layers = layers if isinstance(layers, list) else []
        first = layers[0] if layers else None
        if not isinstance(first, dict) or first.get("class_name") != "InputLayer":
            raise Untranslatable("has a branch that does not give the shape of its inputs")
        return self.chain(layers[1:], [self._input(first["config"])])

    def chain(self, layers: list[Any], inputs: list[Any]) -> list[Any]:
        """Add layers that are called one after the other, the first on some tensors, and return the output."""
        for layer in layers:
            inputs = [self._call(layer, inputs)]
        return inputs[0]

    def _model(self, entry: dict[str, Any]) -> list[Any]:
        """Add a model, whose layers stay inside it, with inputs like its own."""
        own = {layer["config"].get("name"): layer for layer in entry["config"]["layers"] if isinstance(layer, dict)}
        names = [history[0] for history in entry["config"]["input_layers"]]
        if not all(name in own for name in names):
            raise Untranslatable("has a branch that does not give the shape of its inputs")
        return self._call(entry, [self._input(own[name]["config"]) for name in names])

    def _spliced(self, config: dict[str, Any]) -> list[Any]:
        """Add the layers of a `Sequential` that began with branches itself, as Keras 1 does."""
        for layer in config["layers"]:
            if layer["class_name"] == "InputLayer":
                self._input(layer["config"])
            elif layer["name"] not in self._by_name:
                self._add(layer, layer["name"], layer["inbound_nodes"])
        return [*config["output_layers"][0], {}]

    def _input(self, config: dict[str, Any]) -> list[Any]:
        name = config.get("name", f"input_{len(self.inputs) + 1}")
        if name not in self.inputs:
            self.inputs.append(name)
            self._add({"class_name": "InputLayer", "config": {**config, "name": name}}, name, [])
        return [name, 0, 0, {}]

    def _call(self, layer: Any, inputs: list[Any]) -> list[Any]:
        if not isinstance(layer, dict) or not isinstance(layer.get("config"), dict):
            raise Untranslatable("is followed by what is no layer")
        name = layer["config"].get("name") or f"{layer.get('class_name')}_{len(self.layers)}".lower()
        # Keras 1 has one layer of a name: it is shared.
        known = self._by_name.get(name)
        added = known or self._add({**layer, "config": {**layer["config"], "name": name}}, name, [])
        if inputs not in added["inbound_nodes"]:
            added["inbound_nodes"].append(inputs)
        return [name, added["inbound_nodes"].index(inputs) + first_calls_of(added).in_calls, 0, {}]

    def _add(self, layer: dict[str, Any], name: str, nodes: list[Any]) -> dict[str, Any]:
        self._by_name[name] = {**layer, "name": name, "inbound_nodes": nodes}
        self.layers.append(self._by_name[name])
        return self.layers[-1]


def _is_merge(entry: Any) -> bool:
    is_merge = isinstance(entry, dict) and entry.get("class_name") == "Merge" and isinstance(entry.get("config"), dict)
    return is_merge and get_registered_object("Merge") is None


def _in_graph(layer: Any) -> list[Any]:
    if not _is_merge(layer) or "mode" not in layer["config"]:
        return [layer]
    *first, last = merged_layers(layer)
    outside = {word: value for word, value in layer.items() if word not in ("class_name", "config")}
    if not first:
        return [{**outside, **last}]
    (before,) = first
    name = before["config"]["name"]
    return [{**outside, **before, "name": name}, {**outside, **last, "inbound_nodes": [[[name, 0, 0, {}]]]}]


def _axes(config: dict[str, Any]) -> Any:
    axes = config.get("dot_axes", -1)
    if not isinstance(axes, list):
        return axes
    # The earliest files have a list of axes for each input.
    return [part[0] if isinstance(part, list) and len(part) == 1 else part for part in axes]


def _entry(name: str, config: dict[str, Any]) -> dict[str, Any]:
    return {"class_name": name, "config": config}
