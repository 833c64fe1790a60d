"""How is a model written into a config, and made of one?"""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from typing_extensions import Self

from torchkeras_layer._structures import map_leaves
from torchkeras_layer.models.configs.restoring import RestoredGraph, is_graph_config
from torchkeras_layer.models.configs.values import ConstantInConfig, ParameterInConfig, TensorInConfig
from torchkeras_layer.models.graph_calls import GraphCalls
from torchkeras_layer.models.network.network import Call, Network, Operand, TensorRef
from torchkeras_layer.registry import DeserializationError, serialize_keras_object


class ModelConfiguration(GraphCalls):
    """`get_config`, `from_config` and `to_json` of models."""

    def get_config(self) -> dict[str, Any]:
        """Return the layers of the graph with their configs and calls, as Keras 3 writes them; without weights.

        A subclass whose constructor has arguments of its own, or which has no graph, gives those arguments.

        Raises:
            TypeError: if something in the arguments of a call cannot be written as data.

        >>> import torchkeras_layer as keras
        >>> x = keras.Input((3,), name="x"); model = keras.Model(x, keras.layers.Dense(2, name="head")(x), name="small")
        >>> config = model.get_config(); config["name"], config["output_layers"]
        ('small', ['head', 0, 0])
        >>> keras.Model.from_config(config).get_layer("head").units
        2
        """
        wiring = self._current_wiring()
        if wiring is None or not _takes_graph(type(self)):
            inherits = type(self).get_config is ModelConfiguration.get_config
            return self._captured_config() if inherits else super().get_config()
        network = wiring.network
        config: dict[str, Any] = {"name": self._name, "trainable": self._trainable}
        if self._policy.name != "float32":
            config["dtype"] = self._policy.name
        config["layers"] = [self._write_layer(key, network) for key in network.keys]
        config["input_layers"] = map_leaves(lambda ref: list(self._history(ref)), network.inputs)
        config["output_layers"] = map_leaves(lambda ref: list(self._history(ref)), network.outputs)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        """Make a model from `get_config()`, ours, that of Keras 3 or that of TF-Keras.

        Raises:
            DeserializationError: (a TypeError and a ValueError) if the config is malformed or names what is unknown.

        >>> import torchkeras_layer as keras
        >>> x = keras.Input((3,)); y = keras.layers.Dense(2)(x)
        >>> keras.Model.from_config(keras.Model(x, x + y[:, :1]).get_config()).output_shape
        (None, 3)
        """
        if not isinstance(config, dict):
            raise DeserializationError(f"{cls.__name__}.from_config: a config is a dict. Received: {config!r}.")
        if not _takes_graph(cls):
            return super().from_config(config)
        if not is_graph_config(config):
            raise DeserializationError(
                f"{cls.__name__}.from_config: the config of a functional model has 'layers', 'input_layers' and "
                f"'output_layers'. Received keys: {list(config)}."
            )
        graph = RestoredGraph.read(config, custom_objects)
        given = {word: config[word] for word in ("name", "dtype") if config.get(word) is not None}
        model: Any = cls(graph.inputs, graph.outputs, **given)
        model._take_sinks(graph.sinks)
        if config.get("trainable") is False:
            model._trainable = False
            model.trainable = False
        return model

    def to_json(self, **kwargs: Any) -> str:
        """Return the config of the model, with its class, as JSON: `models.model_from_json` reads it. No weights.

        `kwargs` go to `json.dumps`.
        """
        return json.dumps(serialize_keras_object(self), **kwargs)

    def _write_layer(self, key: str, network: Network) -> dict[str, Any]:
        layer = self._layer_under(key)
        calls = network.calls_of(key)
        nodes = [] if calls[0].is_input else [self._write_call(call, layer.name) for call in calls]
        return {**serialize_keras_object(layer), "name": layer.name, "inbound_nodes": nodes}

    def _write_call(self, call: Call, layer_name: str) -> dict[str, Any]:
        args, kwargs = map_leaves(self._write_argument, (list(call.args), call.kwargs))
        try:
            written = {"args": serialize_keras_object(args), "kwargs": serialize_keras_object(kwargs)}
            return _mark_tuples(written)
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"{layer_name}: an argument that it was called with cannot be written into a config: {error}"
            ) from error

    def _write_argument(self, leaf: Any) -> Any:
        if isinstance(leaf, TensorRef):
            spec = self._network.spec(leaf)
            return TensorInConfig(spec.shape, spec.dtype, self._history(leaf))
        if isinstance(leaf, Operand):
            return self._write_operand(leaf.key)
        if isinstance(leaf, (torch.dtype, torch.layout, torch.memory_format)):
            return ConstantInConfig(str(leaf))
        return str(leaf) if isinstance(leaf, torch.device) else leaf

    def _write_operand(self, key: str) -> Any:
        held = self._held(key)
        owner, _, weight = key.rpartition(".")
        if owner:
            child, _, path = key.partition(".")
            return ParameterInConfig(self._layer_under(child).name, path)
        if isinstance(held, nn.Parameter):
            return ParameterInConfig(
                None, weight, tuple(held.shape), str(held.dtype).partition(".")[2], held.requires_grad
            )
        return held

    def _history(self, ref: TensorRef) -> tuple[str, int, int]:
        """Return layer name, number of the call among the layer's in this model, and position of a tensor."""
        network = self._network
        key = network.calls[ref.call].key
        index = sum(call.key == key for call in network.calls[: ref.call])
        return self._layer_under(key).name, index, ref.position


def _mark_tuples(value: Any) -> Any:
    """Write tuples as Keras does: in JSON they would come back as lists, and mean something else to a function."""
    if isinstance(value, tuple):
        return {"class_name": "__tuple__", "items": [_mark_tuples(item) for item in value]}
    if isinstance(value, list):
        return [_mark_tuples(item) for item in value]
    return {key: _mark_tuples(part) for key, part in value.items()} if isinstance(value, dict) else value


def _takes_graph(cls: type) -> bool:
    """Whether a class is made of inputs and outputs, as `Model` is."""
    names = list(inspect.signature(cls.__init__).parameters)
    return names[1:3] == ["inputs", "outputs"]
