"""How do symbolic tensors and a model's own parameters look in a config?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from torchkeras_layer._dtypes import dtype_name
from torchkeras_layer._shapes import as_shape
from torchkeras_layer.registry import Codec, add_codec

_CONSTANTS = (torch.dtype, torch.layout, torch.memory_format)


@dataclass(frozen=True)
class TensorInConfig:
    """A symbolic tensor: `history` is the name of its layer, the number of the call, and the position of the output."""

    shape: Any
    dtype: str
    history: tuple[str, int, int]


@dataclass(frozen=True)
class ParameterInConfig:
    """An `nn.Parameter` among the arguments of a torch function: a layer's weight, or else one of the model itself."""

    layer: str | None
    name: str
    shape: Any = None
    dtype: str = "float32"
    trainable: bool = True


@dataclass(frozen=True)
class ConstantInConfig:
    """A dtype, layout or memory format of torch, by its name, such as 'torch.float64'."""

    name: str


def _read_constant(config: dict[str, Any]) -> Any:
    known = {str(value): value for value in vars(torch).values() if isinstance(value, _CONSTANTS)}
    if config["name"] not in known:
        raise ValueError(f"torch has no dtype, layout or memory format {config['name']!r}.")
    return known[config["name"]]


def _write_tensor(tensor: TensorInConfig) -> dict[str, Any]:
    return {"shape": list(tensor.shape), "dtype": tensor.dtype, "keras_history": list(tensor.history)}


def _read_tensor(config: dict[str, Any]) -> TensorInConfig:
    return TensorInConfig(as_shape(config["shape"]), dtype_name(config["dtype"]), read_history(config["keras_history"]))


def read_history(value: Any) -> tuple[str, int, int]:
    """Return the three parts of a tensor's history.

    Raises:
        ValueError: if it has other parts.

    >>> read_history(["dense", 0, 1])
    ('dense', 0, 1)
    """
    is_list = isinstance(value, (list, tuple)) and len(value) == 3
    if not is_list or [type(part) for part in value] != [str, int, int] or value[1] < 0 or value[2] < 0:
        raise ValueError(f"a tensor is written as [layer name, call, position]. Received: {value!r}.")
    return tuple(value)


def _write_parameter(parameter: ParameterInConfig) -> dict[str, Any]:
    if parameter.layer is not None:
        return {"layer": parameter.layer, "name": parameter.name}
    shape, dtype, trainable = list(parameter.shape), parameter.dtype, parameter.trainable
    return {"layer": None, "name": parameter.name, "shape": shape, "dtype": dtype, "trainable": trainable}


def _read_parameter(config: dict[str, Any]) -> ParameterInConfig:
    if not isinstance(config["name"], str):
        raise ValueError(f"the name of a parameter is a string. Received: {config['name']!r}.")
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
