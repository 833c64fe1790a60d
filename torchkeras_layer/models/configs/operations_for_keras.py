"""How is a function in a graph written as an operation of Keras 3?

Operations of `keras.ops` are written as they were read. So are operators and those torch functions that compute what an
operation of Keras does, also in dtype.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from torchkeras_layer.models.configs.keras_3_classes import OperationClass, class_of
from torchkeras_layer.ops.names import operation_named
from torchkeras_layer.ops.spellings import Spelling, read_row

_UNARY = (
    "abs:absolute acos:arccos asin:arcsin atan:arctan ceil:ceil cos:cos cosh:cosh erf:erf exp:exp expm1:expm1 "
    "floor:floor isfinite:isfinite isinf:isinf isnan:isnan log:log log10:log10 log1p:log1p log2:log2 "
    "logical_not:logical_not neg:negative reciprocal:reciprocal relu:relu rsqrt:rsqrt sigmoid:sigmoid sign:sign "
    "sin:sin sinh:sinh sqrt:sqrt square:square tan:tan tanh:tanh"
)
_BINARY = (
    "add:add sub:subtract subtract:subtract mul:multiply multiply:multiply div:divide true_divide:divide "
    "matmul:matmul pow:power eq:equal ne:not_equal lt:less le:less_equal gt:greater ge:greater_equal maximum:maximum "
    "minimum:minimum logical_and:logical_and logical_or:logical_or logical_xor:logical_xor"
)
_OPERATORS = (
    "add:add sub:subtract mul:multiply truediv:divide floordiv:floor_divide mod:mod pow:power matmul:matmul eq:equal "
    "ne:not_equal lt:less le:less_equal gt:greater ge:greater_equal"
)
_OPERATORS_OF_BOOLS = "operator.and_:logical_and operator.or_:logical_or operator.xor:logical_xor"
_OPERATORS_OF_LOGIC = ("logical_and", "logical_or", "logical_xor")
_REDUCTIONS = "mean:mean sum:sum prod:prod amax:max amin:min"
_ACTIVATIONS = "relu:relu relu6:relu6 sigmoid:sigmoid tanh:tanh silu:silu logsigmoid:log_sigmoid softsign:softsign"
_ROWS = {
    "operator.neg": "ops.negative x",
    "operator.abs": "ops.absolute x",
    "operator.getitem": "ops.get_item x key",
    "torch.where": "ops.where condition input:x1 other:x2",
    "torch.Tensor.where": "ops.where input:x1 condition other:x2",
    "torch.cat": "ops.concatenate tensors:xs dim:axis=0",
    "torch.stack": "ops.stack tensors:x dim:axis=0",
    "torch.clamp": "ops.clip input:x min:x_min max:x_max",
    "torch.transpose": "ops.swapaxes input:x dim0:axis1 dim1:axis2",
    "torch.permute": "ops.transpose input:x dims:axes",
    "torch.unsqueeze": "ops.expand_dims input:x dim:axis",
    "torch.reshape": "ops.reshape input:x shape:newshape",
    "torch.softmax": "ops.softmax input:x dim:axis",
    "torch.log_softmax": "ops.log_softmax input:x dim:axis",
    "torch.nn.functional.softmax": "ops.softmax input:x dim:axis",
    "torch.nn.functional.log_softmax": "ops.log_softmax input:x dim:axis",
    "torchkeras_layer.reshape": "ops.reshape tensor:x shape:newshape",
}
# The dtypes that these functions and Keras's operations agree in: of others, Keras makes narrower or wider numbers.
_FLOATS, _INTS = "bfloat16 float16 float32", "int8 int16 int32 uint8"
_ONLY_FOR = {
    "torch.sum torch.mean": f"{_FLOATS} float64",
    "torch.prod torch.ceil torch.floor": _FLOATS,
    "torch.maximum torch.minimum operator.floordiv": f"{_FLOATS} {_INTS} bool",
    "torch.square torch.clamp torch.pow operator.pow": f"{_FLOATS} {_INTS} float64 int64",
    "operator.and_ operator.or_ operator.xor": "bool",
}
_ARITHMETIC = frozenset({"add", "subtract", "multiply", "divide", "floor_divide", "mod", *_OPERATORS_OF_LOGIC})

_NOT_OPENED = ("AdaptiveAveragePool", "AdaptiveMaxPool")
# Classes whose calls have any number of tensors, with the argument of the function.
_OF_ANY_NUMBER = {"Einsum": "operands", "Meshgrid": "x"}


def as_operation(entry: dict[str, Any]) -> dict[str, Any] | str:
    """Return the entry of Keras for that of a `TorchFunction` in the config of a graph, or why there is none.

    >>> tensor = {"class_name": "__keras_tensor__", "config": {"dtype": "float32", "keras_history": ["x", 0, 0]}}
    >>> function = {"name": "y", "function": "torch.mean"}
    >>> found = as_operation({"config": function, "inbound_nodes": [{"args": [tensor, 1], "kwargs": {}}]})
    >>> found["class_name"], found["config"], len(found["inbound_nodes"][0]["args"])
    ('Mean', {'name': 'y', 'axis': 1}, 1)
    """
    config = entry["config"]
    found = None if "supplied_as" in config else _class_and_spelling(config["function"])
    if found is None:
        return "a function that Keras has no operation for: call it in a registered layer"
    kind, spelling = found
    if kind.name in _NOT_OPENED:
        return "an operation that Keras writes into files and cannot open: use a layer of global or average pooling"
    try:
        calls = [_call(kind, spelling, config["function"], node) for node in entry.get("inbound_nodes", [])]
    except ValueError as error:
        return f"a call that Keras's {kind.name} does not know: {error}"
    if any(given != calls[0][0] for given, _ in calls):
        return f"called with different arguments that Keras's {kind.name} has for all calls: call the function anew"
    return {
        "module": kind.module,
        "class_name": kind.name,
        "config": {"name": config["name"], **(calls[0][0] if calls else {})},
        "registered_name": kind.name,
        "name": config["name"],
        "inbound_nodes": [node for _, node in calls],
    }


def _class_and_spelling(function: str) -> tuple[OperationClass, Spelling | None] | None:
    """Return the class for the name of a function, and how its arguments are spelled there if they differ."""
    operation, spelling = operation_named(function), None
    if operation is None:
        spelling = _torch_functions().get(function)
        operation = None if spelling is None else operation_named(spelling.target)
    kind = None if operation is None else class_of(operation)
    return None if kind is None else (kind, spelling)


def _call(
    kind: OperationClass, spelling: Spelling | None, function: str, node: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the config of the class that a call needs, and the call in Keras's form.

    Raises:
        ValueError: if the arguments do not fit.
    """
    if kind.name == "GetItem":
        _check_key(node)
    args, kwargs = _plain(node["args"]), _plain(node["kwargs"])
    if spelling is not None and kind.name != "GetItem":
        _check_dtypes(function, spelling, [*args, *kwargs.values()])
        args, kwargs = spelling.arguments(_gathered(spelling, args), kwargs)
    given = _bound(kind.function, args, kwargs)
    if kind.name in _OF_ANY_NUMBER:
        tensors = given.pop(_OF_ANY_NUMBER[kind.name])
        return given, _node(tensors, {})
    if kind.name == "GetItem":
        key = given.get("key")
        given["key"] = key if isinstance(key, list) else [key]
    if kind.name == "Reshape":
        given["newshape"] = _without_none(given["newshape"])
    in_call = {word: given.pop(word) for word in kind.words if word in given}
    in_call |= given.pop("axes_lengths", {})  # of Rearrange
    if _has_tensors(given):
        raise ValueError(f"{[word for word in given if _has_tensors(given[word])]} must be numbers. Received: tensors")
    first = [in_call.pop(word) for word in _leading(kind.words, in_call)]
    return given, _node(first, in_call)


def _leading(words: tuple[str, ...], given: dict[str, Any]) -> list[str]:
    """Return the first arguments up to one that is left out; those after it are given by their names."""
    missing = next((place for place, word in enumerate(words) if word not in given), len(words))
    return list(words[:missing])


def _bound(function: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    try:
        return dict(inspect.signature(function).bind(*args, **kwargs).arguments)
    except TypeError as error:
        raise ValueError(str(error)) from error


def _node(args: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    return {"args": list(args), "kwargs": kwargs}


def _plain(value: Any) -> Any:
    """Return a part of a config as operations of Keras have it: tuples as lists, dtypes by their names."""
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if not isinstance(value, dict):
        return value
    if value.get("class_name") == "__tuple__":
        return [_plain(part) for part in value["items"]]
    if value.get("class_name") == "__torch_constant__":
        return value["config"]["name"].removeprefix("torch.")
    if value.get("class_name") == "__parameter__":
        raise ValueError("a weight among the arguments, which Keras has in layers only")
    return value if "class_name" in value else {key: _plain(part) for key, part in value.items()}


def _gathered(spelling: Spelling, args: list[Any]) -> list[Any]:
    """Return arguments in which sizes one by one, as in `x.permute(0, 2, 1)`, are a list."""
    places = len(spelling.words)
    is_spread = places == 2 and len(args) > 2 and all(isinstance(arg, int) for arg in args[1:])
    return [args[0], args[1:]] if is_spread else args


def _without_none(sizes: Any) -> Any:
    if not isinstance(sizes, list) or None not in sizes:
        return sizes
    if sizes.count(None) + sizes.count(-1) > 1:
        raise ValueError(f"at most one size of the new shape may be free. Received: {sizes}")
    return [-1 if size is None else size for size in sizes]


def _check_key(node: dict[str, Any]) -> None:
    """Check that a key has no list, which chooses several places, and which Keras would read as a tuple."""
    key = node["kwargs"]["key"] if "key" in node["kwargs"] else node["args"][1]
    parts = key["items"] if isinstance(key, dict) and key.get("class_name") == "__tuple__" else [key]
    if any(isinstance(part, list) for part in parts):
        raise ValueError("a list of indices in the key. Write keras.ops.take(x, indices, axis=...)")


def _check_dtypes(function: str, spelling: Spelling, args: list[Any]) -> None:
    name, found = function.replace("torch.Tensor.", "torch."), _dtypes(args)
    wanted = next((dtypes.split() for names, dtypes in _ONLY_FOR.items() if name in names.split()), found)
    others = [dtype for dtype in found if dtype not in wanted]
    # Of bools and an int, torch makes int64, and Keras int32, or bool.
    is_of_bools = set(found) == {"bool"} and spelling.target.rpartition(".")[2] in _ARITHMETIC
    if others or is_of_bools and any(type(arg) is int for arg in args):
        raise ValueError(f"{function} of {(others or found)[0]} is something else there")


def _dtypes(value: Any) -> list[str]:
    if isinstance(value, list):
        return [dtype for part in value for dtype in _dtypes(part)]
    return [value["config"]["dtype"]] if isinstance(value, dict) and "dtype" in value.get("config", {}) else []


def _has_tensors(value: Any) -> bool:
    if isinstance(value, dict):
        return value.get("class_name") == "__keras_tensor__" or any(map(_has_tensors, value.values()))
    return isinstance(value, list) and any(map(_has_tensors, value))


@functools.cache
def _torch_functions() -> dict[str, Spelling]:
    """Return the functions of torch that are operations of Keras, by their names."""
    rows = {f"operator.{name}": f"ops.{own} x1 x2" for name, own in _pairs(_OPERATORS)}
    rows |= {name: f"ops.{own} x1 x2" for name, own in _pairs(_OPERATORS_OF_BOOLS)}
    rows |= {f"torch.{name}": f"ops.{own} input:x" for name, own in _pairs(_UNARY)}
    rows |= {f"torch.{name}": f"ops.{own} input:x1 other:x2" for name, own in _pairs(_BINARY)}
    rows |= {f"torch.{name}": f"ops.{own} input:x dim:axis keepdim:keepdims" for name, own in _pairs(_REDUCTIONS)}
    rows |= {f"torch.nn.functional.{name}": f"ops.{own} input:x -inplace" for name, own in _pairs(_ACTIVATIONS)}
    rows |= _ROWS
    methods = {f"torch.Tensor.{name.removeprefix('torch.')}": row for name, row in rows.items() if _is_method(name)}
    # A row of its own goes before that of the function.
    rows = methods | rows
    return {name: read_row(row) for name, row in rows.items()}


def _is_method(name: str) -> bool:
    if name.startswith(("torch.nn.", "torch.Tensor.")):
        return False
    return name.startswith("torch.") and name not in ("torch.cat", "torch.stack")


def _pairs(names: str) -> list[list[str]]:
    return [name.split(":") for name in names.split()]
