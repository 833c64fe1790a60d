"""Which torch functions can be part of a graph, and which names do they have in a config?

They are the functions that torch lists as overridable by a tensor-like class, and Python's operators, except those that
change a tensor in place or begin with an underscore; the operations in `ops`; and the functions of losses and metrics.
A config can name no others.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import get_overridable_functions, resolve_name

from torchkeras_layer.ops.names import name_of_operation, operation_named
from torchkeras_layer.registry.table import find_in_module

# fmt: off
_OPERATOR_NAMES = (
    "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and_", "or_", "xor", "lshift", "rshift", "neg",
    "pos", "abs", "invert", "getitem", "eq", "ne", "lt", "le", "gt", "ge",
)
# fmt: on
OPERATORS: dict[str, Callable[..., Any]] = {f"operator.{name}": getattr(operator, name) for name in _OPERATOR_NAMES}

# The methods that torch passes for operators whose left operand is a tensor, or whose left operand cannot handle one.
_OPERATOR_OF_METHOD = {
    torch.Tensor.__getitem__: operator.getitem,
    torch.Tensor.add: operator.add,
    torch.Tensor.sub: operator.sub,
    torch.Tensor.mul: operator.mul,
    torch.Tensor.div: operator.truediv,
    torch.Tensor.matmul: operator.matmul,
    torch.Tensor.__pow__: operator.pow,
    torch.Tensor.eq: operator.eq,
    torch.Tensor.ne: operator.ne,
    torch.Tensor.lt: operator.lt,
    torch.Tensor.le: operator.le,
    torch.Tensor.gt: operator.gt,
    torch.Tensor.ge: operator.ge,
    torch.Tensor.__and__: operator.and_,
    torch.Tensor.__or__: operator.or_,
    torch.Tensor.__xor__: operator.xor,
    torch.Tensor.__floordiv__: operator.floordiv,
    torch.Tensor.__mod__: operator.mod,
}
# Functions that torch's list does not contain.
_MORE_FUNCTIONS = {
    "torch.Tensor": ("unflatten", "new_empty", "new_full", "new_ones", "new_zeros"),
    "torch": ("rand_like", "randn_like", "randint_like", "vander"),
    "torch.nn.functional": ("hardswish", "hardsigmoid", "sigmoid", "tanh", "upsample"),
}
# Entries of torch's list that concern data, memory or gradients, and so mean nothing in a graph.
# fmt: off
_NEED_STORAGE = frozenset({
    "backward", "const_data_ptr", "data", "data_ptr", "grad", "grad_dtype", "grad_fn", "is_pinned", "is_set_to",
    "is_shared", "item", "module_load", "numpy", "pin_memory", "register_hook", "register_post_accumulate_grad_hook",
    "requires_grad", "retain_grad", "retains_grad", "storage", "storage_offset", "storage_type", "to_mkldnn", "tolist",
    "untyped_storage",
})
# fmt: on
_IMPLEMENTATION = "torch.functional."
_GETTER = ".__get__"


def reshape(tensor: torch.Tensor, shape: tuple[int | None, ...]) -> torch.Tensor:
    """Reshape a tensor; `None` in the shape keeps the size of that axis.

    >>> reshape(torch.ones(2, 3, 4), (None, -1)).shape
    torch.Size([2, 12])
    """
    return tensor.reshape([tensor.shape[axis] if size is None else size for axis, size in enumerate(shape)])


def mask_of(tensor: torch.Tensor) -> torch.Tensor:
    """Return the mask of a tensor.

    Raises:
        ValueError: if it has none.
    """
    mask = getattr(tensor, "_keras_mask", None)
    if mask is None:
        raise ValueError(
            "mask_of: the tensor must have a mask, because it had one when the model was made. Received: a tensor of "
            f"shape {tuple(tensor.shape)} without a mask. Call the model on inputs with masks."
        )
    return mask


_GIVING = ("keras.losses", "keras.metrics")
_given: dict[str, Callable[..., Any]] = {}
_OURS = {"torchkeras_layer.reshape": reshape, "torchkeras_layer.mask_of": mask_of}


def as_operator(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Callable[..., Any]:
    """Return the operator that is the same as a method of two tensors; any other function unchanged.

    >>> as_operator(torch.Tensor.sub, (1, 2), {}).__name__
    'sub'
    """
    if len(args) != 2 or kwargs:
        return function
    return _OPERATOR_OF_METHOD.get(function, function)


def function_named(name: str) -> Callable[..., Any] | None:
    """Return the function of this name in the table, or `None` if there is none.

    >>> function_named("torch.nn.functional.relu").__name__, function_named("os.system")
    ('relu', None)
    """
    return _table()[0].get(name) or operation_named(name) or _with_given_name(name)


def name_of(function: Callable[..., Any]) -> str | None:
    """Return the name of a function in the table, or `None` if it is not in it.

    >>> name_of(torch.relu), name_of(torch.Tensor.sum), name_of(torch.Tensor.T.__get__), name_of(print)
    ('torch.relu', 'torch.Tensor.sum', 'torch.Tensor.T', None)
    """
    return _table()[1].get(function) or name_of_operation(function) or _given_name(function)


def short_name(function: Callable[..., Any]) -> str:
    """Return the last part of a function's name, which names its layer in the graph.

    >>> short_name(torch.nn.functional.relu), short_name(torch.Tensor.T.__get__), short_name(operator.and_)
    ('relu', 'T', 'and')
    """
    name = name_of(function) or getattr(function, "__name__", None) or type(function).__name__
    return name.rpartition(".")[2].strip("_<>") or "function"


def give_name(name: str, function: Callable[..., Any]) -> None:
    """Give a function of losses or metrics a name in the table, such as `keras.losses.hinge`."""
    _given[name] = function


def _with_given_name(name: str) -> Callable[..., Any] | None:
    module, _, last = name.rpartition(".")
    if module in _GIVING and name not in _given:
        # What registers losses and metrics, when one is looked for, gives the names too.
        find_in_module(module, last)
    return _given.get(name)


def _given_name(function: Callable[..., Any]) -> str | None:
    return next((name for name, given in _given.items() if given is function), None)


@functools.cache
def _table() -> tuple[dict[str, Callable[..., Any]], dict[Callable[..., Any], str]]:
    """Return functions by name, and names by function. The table is made on first use, which takes some 10 ms."""
    by_name: dict[str, Callable[..., Any]] = {**OPERATORS, **_OURS}
    for owner_name, names in _MORE_FUNCTIONS.items():
        owner = functools.reduce(getattr, owner_name.split(".")[1:], torch)
        by_name |= {f"{owner_name}.{name}": getattr(owner, name) for name in names}
    for functions in get_overridable_functions().values():
        for function in functions:
            name = resolve_name(function)
            if name is None or not callable(function):
                continue
            # Functions written in Python have the name of their source module, and not of the public one.
            name = name.replace(_IMPLEMENTATION, "torch.", 1) if name.startswith(_IMPLEMENTATION) else name
            name = name.removesuffix(_GETTER)
            if _is_public(name):
                by_name.setdefault(name, function)
    return by_name, {function: name for name, function in by_name.items()}


def _is_public(name: str) -> bool:
    last = name.rpartition(".")[2]
    is_function = not last.startswith("_") and not last.endswith("_") and last not in _NEED_STORAGE
    return name.startswith("torch.") and is_function
