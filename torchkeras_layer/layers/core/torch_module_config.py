"""How does a module of torch become a config, and a config such a module? Nothing is pickled, imported or evaluated.

A class of `torch.nn` is written by its name, which is looked up in a closed table, and the arguments of its
constructor, which are read off the module. Any other class must say by itself how it is written, and be registered.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer.layers.core.torch_module_table import (
    CONTAINERS,
    TORCH_CLASSES,
    arguments_of,
    is_of_torch,
    read_arguments,
)
from torchkeras_layer.registry import DeserializationError, deserialize_keras_object, serialize_keras_object
from torchkeras_layer.registry.envelope import excerpt

_MODULE = "torch.nn"
_NAME = re.compile(r"\w[\w -]*")
_WAY_OUT = (
    "Write a class for it that has get_config() and from_config(), and register that: "
    "@torchkeras_layer.saving.register_keras_serializable()."
)


def write_module(module: nn.Module, where: str) -> dict[str, Any]:
    """Return the config of a module, without its weights; `where` begins the message of an error.

    Raises:
        NotImplementedError: if the module, or one in it, is neither of a class in the table nor of one that is
            registered, or if what its config makes is not the same.

    >>> write_module(nn.Linear(2, 3, bias=False), "here")["config"]
    {'in_features': 2, 'out_features': 3, 'bias': False, 'dtype': 'float32'}
    """
    try:
        config = _write(module)
        is_same = _outline(_twin(module, config)) == _outline(module)
    except Exception as error:
        raise NotImplementedError(
            f"{where}: cannot write {_name(module)} into a config: {error or type(error).__name__} {_WAY_OUT}"
        ) from error
    if not is_same:
        raise NotImplementedError(
            f"{where}: cannot write {_name(module)} into a config: what the arguments of its constructor make has "
            f"another repr, or other parameters, than the module has now. {_WAY_OUT}"
        )
    return config


def read_module(config: Any) -> nn.Module:
    """Return the module that a config means, with new weights.

    Raises:
        DeserializationError: if it means none: the class is not in the table and not registered, an argument is
            unknown, or the config is malformed.

    >>> read_module({"module": "torch.nn", "class_name": "Linear", "config": {"in_features": 2, "out_features": 3}})
    Linear(in_features=2, out_features=3, bias=True)
    """
    try:
        return _read(config)
    except RecursionError:
        raise DeserializationError("TorchModuleWrapper: the config of the module is nested too deep.") from None


def _write(module: nn.Module) -> dict[str, Any]:
    name = type(module).__name__
    if not is_of_torch(module):
        if not hasattr(module, "get_config") or not hasattr(module, "from_config"):
            raise TypeError(f"the class {_name(module)} is not in the table of torch's modules.")
        return serialize_keras_object(module)
    if name in CONTAINERS:
        # Not `named_children`, which tells a module that stands at two places once.
        children = [[key, _write(child)] for key, child in module._modules.items() if child is not None]
        config: dict[str, Any] = {"children": children}
    else:
        config = {argument: _plain(value) for argument, value in read_arguments(module).items()}
    return {"module": _MODULE, "class_name": name, "config": config}


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return tuple(_plain(item) for item in value)
    if value is not None and not isinstance(value, (str, int, float)):
        raise TypeError(f"{excerpt(value)} is neither a number nor a string.")
    return value


def _twin(module: nn.Module, config: dict[str, Any]) -> nn.Module:
    """Make the module again, without memory where all of it is torch's, and without using up random numbers."""
    device = "meta" if all(map(is_of_torch, module.modules())) else "cpu"
    with torch.device(device), torch.random.fork_rng(devices=[]):
        return read_module(config)


def _outline(module: nn.Module) -> tuple[Any, ...]:
    """Return what a module and its twin must have in common."""
    weights = {name: (tuple(w.shape), w.dtype) for name, w in module.state_dict().items() if hasattr(w, "shape")}
    # A list that a module was given prints with other brackets than the tuple that its twin gets.
    text = repr(module).replace("[", "(").replace("]", ")")
    return text, weights, len(list(module.parameters()))


def _name(module: nn.Module) -> str:
    return f"{type(module).__module__}.{type(module).__qualname__}"


def _read(config: Any) -> nn.Module:
    if isinstance(config, str):
        raise DeserializationError(
            "TorchModuleWrapper: the config carries its module as a pickle, as Keras writes it, which is never loaded. "
            "Make the module in Python, and load its weights."
        )
    if not isinstance(config, dict) or config.get("module") != _MODULE:
        module = deserialize_keras_object(config) if isinstance(config, dict) else None
        if not isinstance(module, nn.Module):
            raise DeserializationError(f"TorchModuleWrapper: no config of a module. Received: {excerpt(config)}.")
        return module
    class_name, arguments = config.get("class_name"), config.get("config")
    if not isinstance(class_name, str) or class_name not in TORCH_CLASSES:
        raise DeserializationError(
            f"TorchModuleWrapper: {excerpt(class_name)} is not in the table of torch's modules. Known: "
            f"{', '.join(sorted(TORCH_CLASSES))}. A class of your own has its registered name in the config."
        )
    if not isinstance(arguments, dict):
        raise DeserializationError(
            f"TorchModuleWrapper: the config of {class_name} must be a dict. Received: {excerpt(arguments)}."
        )
    return _read_container(class_name, arguments) if class_name in CONTAINERS else _read_leaf(class_name, arguments)


def _read_container(class_name: str, arguments: Mapping[str, Any]) -> nn.Module:
    pairs = arguments.get("children")
    if list(arguments) != ["children"] or not isinstance(pairs, (list, tuple)) or not all(map(_is_child, pairs)):
        raise DeserializationError(
            f"TorchModuleWrapper: the config of {class_name} holds its children as pairs of a name and a config. "
            f"Received: {excerpt(arguments)}."
        )
    children = OrderedDict((name, _read(child)) for name, child in pairs)
    return _call(class_name, list(children.values()) if class_name == "ModuleList" else children)


def _is_child(pair: Any) -> bool:
    """Whether a value is a pair whose first part is a plain name: one that holds no code, wherever it is written."""
    is_named = isinstance(pair, (list, tuple)) and len(pair) == 2 and isinstance(pair[0], str)
    return is_named and _NAME.fullmatch(pair[0]) is not None


def _read_leaf(class_name: str, arguments: Mapping[str, Any]) -> nn.Module:
    known = arguments_of(class_name)
    unknown = [name for name in arguments if name not in known]
    if unknown:
        raise DeserializationError(
            f"TorchModuleWrapper: {class_name} takes no argument {unknown[0]!r} from a config. Known: {known}."
        )
    try:
        given = {name: _plain(value) for name, value in arguments.items()}
    except TypeError as error:
        raise DeserializationError(f"TorchModuleWrapper: {class_name}: {error}") from None
    return _call(class_name, **given)


def _call(class_name: str, *args: Any, **arguments: Any) -> nn.Module:
    try:
        if "dtype" in arguments:
            arguments["dtype"] = torch_dtype(arguments["dtype"])
        return TORCH_CLASSES[class_name](*args, **arguments)
    except Exception as error:
        raise DeserializationError(
            f"TorchModuleWrapper: {class_name} could not be made from its config. {type(error).__name__}: {error} "
            f"Received: {excerpt(arguments)}."
        ) from error
