"""Which functions do the op layers of TF-Keras mean, such as `TFOpLambda`, and with which arguments?"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from torchkeras_layer._structures import leaves
from torchkeras_layer.ops.names import operation_named
from torchkeras_layer.ops.tensorflow_names import spelling_of
from torchkeras_layer.ops.tensorflow_nodes import node_kind
from torchkeras_layer.registry import deserialize_keras_object
from torchkeras_layer.symbolic.keras_tensor import KerasTensor
from torchkeras_layer.symbolic.size_nodes import SIZE_ARGUMENTS, as_value, function_of_sizes

# The key in the config of each class that names the function.
_KEYS = {
    "TFOpLambda": "function",
    "SlicingOpLambda": "function",
    "InstanceMethod": "method_name",
    "InstanceProperty": "attr_name",
}
_SLICE = {"start", "stop", "step"}

Call = tuple[Callable[..., Any], list[Any], dict[str, Any]]


def function_of(entry: dict[str, Any]) -> str | None:
    """Return the name of the function of an op layer, as its file has it; `None` for another layer.

    >>> function_of({"class_name": "TFOpLambda", "config": {"name": "tf.nn.relu", "function": "nn.relu"}})
    'nn.relu'
    """
    class_name, config = entry.get("class_name"), entry.get("config")
    if not isinstance(class_name, str) or not isinstance(config, dict):
        return None
    if class_name == "TensorFlowOpLayer":
        return node_in(config).get("op")
    if class_name == "ClassMethod":
        return f"{config.get('cls_symbol') or config.get('cls_ref')}.{config.get('method_name')}"
    found = config.get(_KEYS[class_name]) if class_name in _KEYS else None
    if found is None:
        return None
    return f"{class_name}.{found}" if class_name.startswith("Instance") and found != "shape" else str(found)


def is_known(class_name: str, function: str) -> bool:
    """Whether the function of an op layer is here.

    >>> is_known("TFOpLambda", "nn.relu"), is_known("TensorFlowOpLayer", "Relu"), is_known("TFOpLambda", "io.read_file")
    (True, True, False)
    """
    return (node_kind(function) if class_name == "TensorFlowOpLayer" else spelling_of(function)) is not None


def node_in(config: dict[str, Any]) -> dict[str, Any]:
    """Return the node of a graph of TensorFlow in the config of a `TensorFlowOpLayer`, which may be JSON in JSON.

    >>> node_in({"node_def": '{"op": "Relu"}'})
    {'op': 'Relu'}
    """
    node = config.get("node_def")
    if isinstance(node, str):
        try:
            node = json.loads(node)
        except ValueError:
            node = None
    return node if isinstance(node, dict) else {"op": "a node_def that is not JSON"}


def node_call(config: dict[str, Any], args: list[Any]) -> Call:
    """Return the function that a node of a graph of TensorFlow means, and its arguments: constants stand in the config.

    >>> function, args, _ = node_call({"node_def": {"op": "Mul"}, "constants": {"1": 3.0}}, [torch.ones(1)])
    >>> function(*args)
    tensor([3.])
    """
    node, constants = node_in(config), config.get("constants") or {}
    kind = node_kind(node["op"])
    inputs = list(args[0]) if args and isinstance(args[0], (list, tuple)) else list(args)
    for place in sorted(map(int, constants)):
        inputs.insert(place, _constant(constants[str(place)]))
    attributes = node.get("attr") or {}
    if kind is None:
        raise ValueError(f"the node {node['op']!r} of TensorFlow is not here.")
    given = kind.arguments(inputs, attributes)
    if kind.inputs == ("_",):
        return spelled_call(kind.function, inputs, {})
    return spelled_call(kind.function, [], given)


def _constant(written: Any) -> Any:
    """Return a constant input of a node: ints as a list, other values, which may be many, as an array."""
    value = deserialize_keras_object(written)
    is_of_ints = isinstance(value, np.ndarray) and value.dtype.kind in "iub"
    return value.tolist() if is_of_ints else value


def spelled_call(name: str, args: list[Any], kwargs: dict[str, Any]) -> Call:
    """Return the function that a call of a function of TensorFlow means, and its arguments.

    Raises:
        ValueError: if the function or an argument is not in the table.

    >>> function, args, kwargs = spelled_call("math.reduce_sum", [torch.ones(2)], {"axis": 0, "name": None})
    >>> function(*args, **kwargs)
    tensor(2.)
    """
    spelling = spelling_of(name)
    if spelling is None:
        raise ValueError(f"the function {name!r} of TensorFlow is not here.")
    target, (first, given) = spelling.target, spelling.arguments(args, kwargs)
    if "key" in given:
        target, given["key"] = _key(target, given["key"])
    function, args, kwargs = resolved(target, first, {word: _plain(value) for word, value in given.items()})
    try:
        inspect.signature(function).bind(*args, **kwargs)
    except TypeError as error:
        # TF-Keras loses some arguments, such as what `x != 0` compares with.
        raise ValueError(
            f"{name}: the file does not have all arguments of the function: {error}. Write the function, and pass it: "
            f'custom_objects={{"{name}": function}}. Received: args={args}, kwargs={kwargs}.'
        ) from error
    return function, args, kwargs


def resolved(target: str, args: list[Any], kwargs: dict[str, Any]) -> Call:
    """Return a function by its full name, and its arguments: sizes as sizes, lists as tensors where it needs them."""
    tensors = [leaf for leaf in leaves((args, kwargs)) if isinstance(leaf, KerasTensor)]
    of_sizes = function_of_sizes(target, tensors, kwargs)
    if of_sizes is not None:
        return (of_sizes, *_in_order(of_sizes, args, kwargs))
    function = operation_named(target)
    assert function is not None, target
    args = [as_value(arg) for arg in args]
    kwargs = {word: value if word in SIZE_ARGUMENTS else as_value(value) for word, value in kwargs.items()}
    return (function, *_in_order(function, args, _like_the_tensor(tensors, kwargs)))


def _like_the_tensor(tensors: list[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the operands `x1` and `x2` as TensorFlow converts them: lists get the dtype of the other one."""

    def converted(word: str, value: Any) -> Any:
        is_list = word in ("x1", "x2") and isinstance(value, list) and not _is_symbolic(value)
        return torch.tensor(value, dtype=tensors[0].dtype) if is_list and tensors else value

    return {word: converted(word, value) for word, value in kwargs.items()}


def _is_symbolic(value: Any) -> bool:
    return any(isinstance(leaf, KerasTensor) for leaf in leaves(value))


def _in_order(
    function: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]
) -> tuple[list[Any], dict[str, Any]]:
    """Return the same arguments, the first ones without their names."""
    args, rest = list(args), dict(kwargs)
    for word in list(inspect.signature(function).parameters)[len(args) :]:
        if word not in rest:
            break
        args.append(rest.pop(word))
    return args, rest


def _key(target: str, key: Any) -> tuple[str, Any]:
    """Return the function for an index, and the index with slices; with dicts if sizes in the graph are in it."""
    parts = [_part(part) for part in (key if isinstance(key, list) else [key])]
    if any(isinstance(part, dict) and _is_symbolic(part) for part in parts):
        return "keras.tf.get_item", parts
    return target, tuple(slice(*part.values()) if isinstance(part, dict) else part for part in parts)


def _part(part: Any) -> Any:
    if isinstance(part, dict) and part.keys() == _SLICE:
        return {word: part[word] for word in ("start", "stop", "step")}
    return ... if isinstance(part, dict) and part.get("class_name") == "__ellipsis__" else part


def _plain(value: Any) -> Any:
    """Return a shape in the config as a list."""
    is_shape = isinstance(value, dict) and value.get("class_name") == "TensorShape"
    return value["items"] if is_shape else value
