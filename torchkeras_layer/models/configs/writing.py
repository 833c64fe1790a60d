"""How are the layers of a graph and their calls written down?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from torchkeras_layer._dtypes import dtype_name
from torchkeras_layer._positions import places_in_order
from torchkeras_layer._structures import map_leaves
from torchkeras_layer.models.configs.values import ConstantInConfig, ParameterInConfig, TensorInConfig
from torchkeras_layer.models.network.network import Call, Network, Operand, TensorRef
from torchkeras_layer.registry import serialize_keras_object


class GraphWriter:
    """Writes a network as Keras 3 does. `layer_under` and `held` give layers and operands, by their keys."""

    def __init__(self, network: Network, layer_under: Callable[[str], Any], held: Callable[[str], Any]) -> None:
        self._network = network
        self._layer_under = layer_under
        self._held = held
        self._numbers = network.numbers_within_layers()

    def layers(self) -> list[dict[str, Any]]:
        """Return the config of each layer, with its calls.

        Raises:
            TypeError: if something in the arguments of a call cannot be written as data.
        """
        return [self._write_layer(key, calls) for key, calls in self._network.calls_by_key().items()]

    def history(self, ref: TensorRef) -> tuple[str, int, int]:
        """Return layer name, number of the call among the layer's in this model, and position of a tensor."""
        call = self._network.calls[ref.call]
        # As Keras counts them, where a layer gives a dict.
        position = places_in_order(call.outputs).index(ref.position)
        return self._layer_under(call.key).name, self._numbers[ref.call], position

    def _write_layer(self, key: str, calls: list[Call]) -> dict[str, Any]:
        layer = self._layer_under(key)
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
            return TensorInConfig(spec.shape, spec.dtype, self.history(leaf))
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
            return ParameterInConfig(None, weight, tuple(held.shape), dtype_name(held.dtype), held.requires_grad)
        return held


def _mark_tuples(value: Any) -> Any:
    """Write tuples as Keras does: in JSON they would come back as lists, and mean something else to a function."""
    if isinstance(value, tuple):
        return {"class_name": "__tuple__", "items": [_mark_tuples(item) for item in value]}
    if isinstance(value, list):
        return [_mark_tuples(item) for item in value]
    return {key: _mark_tuples(part) for key, part in value.items()} if isinstance(value, dict) else value
