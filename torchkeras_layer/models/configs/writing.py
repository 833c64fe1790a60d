"""How is a graph written into a config, with the arguments of its calls?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from torchkeras_layer._dtypes import dtype_name
from torchkeras_layer._shapes import as_shape
from torchkeras_layer._structures import map_leaves, places_in_order
from torchkeras_layer.models.network.network import Call, Network, Operand, TensorRef
from torchkeras_layer.registry import Codec, add_codec, serialize_keras_object

_CONSTANTS = (torch.dtype, torch.layout, torch.memory_format)


@dataclass(frozen=True)
class TensorInConfig:
    """A symbolic tensor; `history`: name of its layer, number of the call, and position of the output."""

    shape: Any
    dtype: str
    history: tuple[str, int, int]


@dataclass(frozen=True)
class ParameterInConfig:
    """An `nn.Parameter` among the arguments of a torch function: a layer's weight, or one of the model itself."""

    layer: str | None
    name: str
    shape: Any = None
    dtype: str = "float32"
    trainable: bool = True


@dataclass(frozen=True)
class ConstantInConfig:
    """The name of a dtype, layout or memory format of torch, such as 'torch.float64'."""

    name: str


def _read_constant(config: dict[str, Any]) -> Any:
    known = {str(value): value for value in vars(torch).values() if isinstance(value, _CONSTANTS)}
    if config["name"] not in known:
        raise ValueError(f"torch has no such dtype, layout or memory format. Received: {config['name']!r}.")
    return known[config["name"]]


def _write_tensor(tensor: TensorInConfig) -> dict[str, Any]:
    return {"shape": list(tensor.shape), "dtype": tensor.dtype, "keras_history": list(tensor.history)}


def _read_tensor(config: dict[str, Any]) -> TensorInConfig:
    return TensorInConfig(as_shape(config["shape"]), dtype_name(config["dtype"]), read_history(config["keras_history"]))


def read_history(value: Any) -> tuple[str, int, int]:
    """Return a tensor's history as a tuple of layer name, call and position.

    Raises:
        ValueError: if `value` is not that.

    >>> read_history(["dense", 0, 1])
    ('dense', 0, 1)
    """
    is_list = isinstance(value, (list, tuple)) and len(value) == 3
    if not is_list or [type(part) for part in value] != [str, int, int] or value[1] < 0 or value[2] < 0:
        raise ValueError(f"a tensor must be written as [layer name, call, position]. Received: {value!r}.")
    return tuple(value)


def _write_parameter(parameter: ParameterInConfig) -> dict[str, Any]:
    if parameter.layer is not None:
        return {"layer": parameter.layer, "name": parameter.name}
    shape, dtype, trainable = list(parameter.shape), parameter.dtype, parameter.trainable
    return {"layer": None, "name": parameter.name, "shape": shape, "dtype": dtype, "trainable": trainable}


def _read_parameter(config: dict[str, Any]) -> ParameterInConfig:
    if not isinstance(config["name"], str):
        raise ValueError(f"the name of a parameter must be a string. Received: {config['name']!r}.")
    if config.get("layer") is not None:
        return ParameterInConfig(config["layer"], config["name"])
    shape, dtype = as_shape(config["shape"]), dtype_name(config["dtype"])
    return ParameterInConfig(None, config["name"], shape, dtype, bool(config["trainable"]))


add_codec(
    Codec("__complex__", complex, lambda z: {"real": z.real, "imag": z.imag}, lambda c: complex(c["real"], c["imag"]))
)
add_codec(Codec("__torch_constant__", ConstantInConfig, lambda constant: {"name": constant.name}, _read_constant))
add_codec(Codec("__keras_tensor__", TensorInConfig, _write_tensor, _read_tensor))
add_codec(Codec("__parameter__", ParameterInConfig, _write_parameter, _read_parameter))


class GraphWriter:
    """Writes a network in the form of Keras 3. `layer_under` and `held` return layers and operands by their keys."""

    def __init__(self, network: Network, layer_under: Callable[[str], Any], held: Callable[[str], Any]) -> None:
        self._network = network
        self._layer_under = layer_under
        self._held = held
        self._numbers = network.numbers_within_layers()

    def layers(self) -> list[dict[str, Any]]:
        """Return the config of each layer, with its calls.

        Raises:
            TypeError: if an argument of a call cannot be written as data.
        """
        return [self._write_layer(key, calls) for key, calls in self._network.calls_by_key().items()]

    def history(self, ref: TensorRef) -> tuple[str, int, int]:
        """Return a tensor's layer name, the number of the call among those of the layer, and its position."""
        call = self._network.calls[ref.call]
        # Keras counts the outputs in a dict by sorted keys.
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
                f"{layer_name}: an argument of one of its calls cannot be written into a config: {error}"
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
    """Mark tuples as Keras does: JSON would turn them into lists, which can mean something else to a function."""
    if isinstance(value, tuple):
        return {"class_name": "__tuple__", "items": [_mark_tuples(item) for item in value]}
    if isinstance(value, list):
        return [_mark_tuples(item) for item in value]
    return {key: _mark_tuples(part) for key, part in value.items()} if isinstance(value, dict) else value
