"""How does the config of a graph, of Keras 3, Keras 2 or this library, become a model?

`model_from_json` (`models/loading.py`) finds the class of the model, whose `from_config` calls `read_model`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer._shapes import full_shape
from torchkeras_layer._structures import in_order, leaves, map_leaves
from torchkeras_layer.layer import Layer
from torchkeras_layer.layer.context import per_thread
from torchkeras_layer.layer.weight_lists import freeze_restored
from torchkeras_layer.layers.core.graph_additions import AddLoss, AddMetric
from torchkeras_layer.layers.core.torch_function import TorchFunction
from torchkeras_layer.models.configs.generations import of_today
from torchkeras_layer.models.configs.keras_2_nodes import (
    FirstCalls,
    first_calls_in,
    is_graph_config,
    is_keras_2_node,
    read_keras_2_node,
)
from torchkeras_layer.models.configs.keras_3_operations import is_written_by_keras, without_defaults
from torchkeras_layer.models.configs.old_sequentials import read_entry
from torchkeras_layer.models.configs.operation_calls import OperationCalls, operation_in
from torchkeras_layer.models.configs.writing import ParameterInConfig, TensorInConfig, read_history
from torchkeras_layer.models.graphs import take_sinks
from torchkeras_layer.registry import CustomObjectScope, DeserializationError, deserialize_keras_object
from torchkeras_layer.symbolic.size_nodes import as_value


def read_model(cls: Any, config: dict[str, Any], custom_objects: Mapping[str, Any] | None) -> Any:
    """Make a model of a class that takes `inputs` and `outputs`.

    Raises:
        DeserializationError: if the config is malformed or contains unknown names.
    """
    if not is_graph_config(config):
        raise DeserializationError(
            f"{cls.__name__}.from_config: the config of a functional model must have 'layers', 'input_layers' and "
            f"'output_layers'. Received keys: {list(config)}."
        )
    with CustomObjectScope(custom_objects), of_today({"class_name": "Model", "config": config}) as entry:
        graph = RestoredGraph.read(entry["config"])
    given = {word: config[word] for word in ("name", "dtype") if config.get(word) is not None}
    model = cls(graph.inputs, graph.outputs, **given)
    take_sinks(model, graph.sinks)
    if config.get("trainable") is False:
        freeze_restored(model)
    return model


class RestoredGraph:
    """The layers of a config, called in the way that it describes."""

    def __init__(self, model_name: Any) -> None:
        self._model_name = model_name
        self._layers: dict[str, Any] = {}
        self._results: dict[tuple[str, int], list[Any]] = {}
        self._parameters: dict[str, nn.Parameter] = {}
        self._firsts: dict[str, FirstCalls] = {}
        self._is_of_keras = False
        self.inputs: Any = None
        self.outputs: Any = None

    @classmethod
    def read(cls, config: dict[str, Any]) -> RestoredGraph:
        """Make the layers and call them.

        Raises:
            DeserializationError: if a part is missing, of the wrong kind, unknown, or does not fit the others.
        """
        graph = cls(config.get("name"))
        if not isinstance(config["layers"], list):
            raise graph._malformed("layers", "a list", config["layers"])
        entries = config["layers"]
        graph._firsts = first_calls_in(entries)
        graph._is_of_keras = is_written_by_keras(entries)
        calls = {name: nodes for entry in entries for name, nodes in [graph._make_layer(entry)]}
        graph._call_all(calls)
        graph.inputs = graph._find_ends(config["input_layers"], "input_layers")
        graph.outputs = as_value(graph._find_ends(config["output_layers"], "output_layers"))
        return graph

    @property
    def sinks(self) -> list[Any]:
        """The outputs of the layers for symbolic losses and metrics."""
        names = [name for name, layer in self._layers.items() if isinstance(layer, (AddLoss, AddMetric))]
        return [tensor for (name, _), tensors in self._results.items() if name in names for tensor in tensors]

    def _make_layer(self, entry: Any) -> tuple[str, list[Any]]:
        if not isinstance(entry, dict):
            raise self._malformed("layers", "a list of dicts", entry)
        own = {key: value for key, value in entry.items() if key != "inbound_nodes"}
        layer = operation_in(entry) or read_entry(own)
        name, nodes = entry.get("name", getattr(layer, "name", None)), entry.get("inbound_nodes", [])
        if not isinstance(layer, (Layer, OperationCalls)):
            raise self._malformed("layers", "a list of configs of layers", entry)
        if not isinstance(name, str) or name in self._layers:
            raise self._malformed("name", "a string, different for each layer", name)
        if not isinstance(nodes, list):
            raise self._malformed("inbound_nodes", "a list", nodes)
        self._layers[name] = layer
        if isinstance(layer, Layer) and layer._torchkeras.inbound_nodes:
            self._results[name, 0] = leaves(layer._torchkeras.inbound_nodes[0].outputs)
        return name, [self._read_node(node, layer) for node in nodes]

    def _read_node(self, node: Any, layer: Layer | OperationCalls) -> tuple[Any, Any]:
        if is_keras_2_node(node):
            keeps_structure = isinstance(layer, OperationCalls) and layer.keeps_structure
            args, kwargs = map_leaves(self._renumbered, read_keras_2_node(node, self._layers, keeps_structure))
        else:
            read = deserialize_keras_object(node)
            args, kwargs = read.get("args"), read.get("kwargs")
        is_words = isinstance(kwargs, dict) and all(isinstance(word, str) for word in kwargs)
        if not isinstance(args, (list, tuple)) or not is_words:
            raise self._malformed("inbound_nodes", "a list of {'args': [...], 'kwargs': {...}}", node)
        is_of_keras_3 = self._is_of_keras and not is_keras_2_node(node)
        is_layer = isinstance(layer, Layer)
        return list(args), without_defaults(layer, kwargs) if is_of_keras_3 and is_layer else kwargs

    def _renumbered(self, leaf: Any) -> Any:
        if not isinstance(leaf, TensorInConfig):
            return leaf
        name, number, position = leaf.history
        first = self._firsts.get(name, FirstCalls()).in_calls
        return replace(leaf, history=(name, number - first, position))

    def _call_all(self, calls: dict[str, list[tuple[Any, Any]]]) -> None:
        """Make all calls of each layer, each as soon as its inputs exist; linear in the number of calls."""
        waiting: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
        done = dict.fromkeys(calls, 0)
        ready = list(reversed(calls))
        while ready:
            name = ready.pop()
            while done[name] < len(calls[name]):
                args, kwargs = calls[name][done[name]]
                missing = self._first_missing(args, kwargs)
                if missing is not None:
                    waiting[missing].append(name)
                    break
                result = self._call(name, args, kwargs)
                self._results[name, done[name]] = in_order(result)
                ready.extend(waiting.pop((name, done[name]), []))
                done[name] += 1
        stuck = [name for name in calls if done[name] < len(calls[name])]
        if stuck:
            name, index = next(iter(waiting))
            raise DeserializationError(
                f"{self._model_name}: layer {stuck[0]!r} needs call {index} of {name!r}, which the config does not "
                f"have, or which depends on {stuck[0]!r} itself. Layers: {list(self._layers)}."
            )

    def _first_missing(self, args: Any, kwargs: Any) -> tuple[str, int] | None:
        needed = [leaf.history[:2] for leaf in leaves((args, kwargs)) if isinstance(leaf, TensorInConfig)]
        return next((history for history in needed if history not in self._results), None)

    def _call(self, name: str, args: Any, kwargs: Any) -> Any:
        if not any(isinstance(leaf, TensorInConfig) for leaf in leaves((args, kwargs))):
            raise DeserializationError(
                f"{self._model_name}: a call of layer {name!r} has no tensor of the graph among its arguments. "
                f"Received: {args!r:.200}."
            )
        args, kwargs = map_leaves(self._argument, (args, kwargs))
        if isinstance(self._layers[name], Layer) and not isinstance(self._layers[name], TorchFunction):
            args, kwargs = as_value(args), as_value(kwargs)
        try:
            return self._layers[name](*args, **kwargs)
        except Exception as error:
            raise DeserializationError(
                f"{self._model_name}: layer {name!r} cannot be called with the arguments in the config: "
                f"{type(error).__name__}: {error}"
            ) from error

    def _argument(self, leaf: Any) -> Any:
        if isinstance(leaf, TensorInConfig):
            return self._tensor(leaf.history)
        return self._parameter(leaf) if isinstance(leaf, ParameterInConfig) else leaf

    def _parameter(self, written: ParameterInConfig) -> Any:
        if written.layer is not None:
            layer = self._layers.get(written.layer)
            found = None if layer is None else dict(layer.named_parameters()).get(written.name)
            if found is None:
                raise self._malformed("__parameter__", "a weight of a layer that is built", written)
            return found
        if written.name not in self._parameters:
            # A config contains no weights: set_weights or load_state_dict sets the values.
            shape, allowance = full_shape(written.shape), per_thread.context.allowance
            if allowance is not None:
                with _explaining(f"{self._model_name}: the parameter {written.name!r}"):
                    allowance.take(shape)
            value = torch.zeros(shape, dtype=torch_dtype(written.dtype))
            self._parameters[written.name] = nn.Parameter(value, requires_grad=written.trainable)
        return self._parameters[written.name]

    def _tensor(self, history: tuple[str, int, int], first_call: int = 0) -> Any:
        name, number, position = history
        tensors = self._results.get((name, number - first_call))
        if tensors is None or position >= len(tensors):
            raise DeserializationError(
                f"{self._model_name}: there is no tensor {list(history)} ([layer, call, position]). "
                f"Layers: {list(self._layers)}."
            )
        return tensors[position]

    def _find_ends(self, written: Any, word: str) -> Any:
        """Return the tensors for a structure of `[layer, call, position]`."""
        if _is_history(written):
            history = read_history(written)
            return self._tensor(history, self._firsts.get(history[0], FirstCalls()).in_outputs)
        if isinstance(written, dict):
            return {key: self._find_ends(part, word) for key, part in written.items()}
        if isinstance(written, (list, tuple)):
            parts = [self._find_ends(part, word) for part in written]
            return tuple(parts) if isinstance(written, tuple) else parts
        raise self._malformed(word, "a structure of [layer, call, position]", written)

    def _malformed(self, word: str, expected: str, received: Any) -> DeserializationError:
        text = repr(received)
        return DeserializationError(
            f"{self._model_name}: in the config of the model, {word!r} must be {expected}. "
            f"Received: {text if len(text) < 300 else text[:300] + '...'}."
        )


@contextmanager
def _explaining(where: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise DeserializationError(f"{where}: {error}") from error


def _is_history(written: Any) -> bool:
    is_list = isinstance(written, (list, tuple)) and len(written) == 3
    return is_list and isinstance(written[0], str) and not any(isinstance(part, (list, dict)) for part in written)
