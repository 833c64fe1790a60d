"""How do the sizes of symbolic tensors become nodes: as ints where a function needs sizes, as tensors elsewhere?"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable
from typing import Any, cast

import torch

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer._structures import leaves, map_leaves
from torchkeras_layer.ops import sizes
from torchkeras_layer.ops.names import name_of_operation, operation_named
from torchkeras_layer.symbolic.keras_tensor import KerasTensor
from torchkeras_layer.symbolic.tensor_methods import record

# Arguments of functions that are sizes, and not tensors.
# fmt: off
SIZE_ARGUMENTS = frozenset({
    "M", "N", "axis", "begin", "crop_size", "depth", "dims", "end", "fft_length", "k", "key", "ksize", "maxlen",
    "maxval", "minval", "newshape", "noise_shape", "num", "num_classes", "num_or_size_splits", "num_segments",
    "output_shape", "pad_width", "paddings", "repeats", "shape", "shift", "size", "start", "step", "stop", "strides",
    "target_height", "target_width",
})
# fmt: on
_OF_OPERATORS = {
    operator.add: "keras.ops.add",
    operator.sub: "keras.ops.subtract",
    operator.mul: "keras.ops.multiply",
    operator.floordiv: "keras.ops.floor_divide",
    operator.truediv: "keras.tf.truediv",
    operator.mod: "keras.ops.mod",
    operator.pow: "keras.ops.power",
    operator.neg: "keras.ops.negative",
    operator.getitem: "keras.ops.get_item",
}
_OPERATORS_OF_VALUES = frozenset(
    {*_OF_OPERATORS, operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge, operator.matmul}
)

Call = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]


def is_size(leaf: Any) -> bool:
    """Whether a symbolic tensor stands for the size of another, which is an int, or for several.

    >>> import torchkeras_layer as keras
    >>> is_size(keras.Input((3,)))
    False
    """
    return isinstance(leaf, KerasTensor) and leaf._remake is not None


def with_sizes(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
    """Return what a call on symbolic tensors means if sizes are among its arguments: another function, or tensors.

    >>> import torchkeras_layer as keras
    >>> size = record(sizes.shape, keras.Input((3,)))
    >>> with_sizes(operator.mul, (size, 2), {})[0] is sizes.multiply
    True
    """
    if function is operator.getitem and _has_free_slices(args[1]):
        get_item = cast(Callable[..., Any], operation_named("keras.tf.get_item"))
        return get_item, (args[0], _slices_as_dicts(args[1])), {}
    found = leaves((args, kwargs))
    if not any(map(is_size, found)):
        return function, args, kwargs
    name = _OF_OPERATORS.get(function) or name_of_operation(function)
    of_sizes = function_of_sizes(name, found, kwargs, args) if name else None
    if of_sizes is not None:
        return of_sizes, args, kwargs
    if function in _OPERATORS_OF_VALUES:
        are_alone = not any(isinstance(leaf, (KerasTensor, torch.Tensor)) and not is_size(leaf) for leaf in found)
        return function, *map_leaves(lambda leaf: _as_operand(leaf, are_alone), (args, kwargs))
    if name is None or function.__module__ == sizes.__name__:
        return function, args, kwargs
    return function, *_with_values(function, args, kwargs)


def function_of_sizes(
    name: str, found: list[Any], kwargs: dict[str, Any], args: tuple[Any, ...] = ()
) -> Callable[..., Any] | None:
    """Return the function that computes with sizes, if all tensors among the leaves of the arguments are sizes.

    >>> function_of_sizes("keras.ops.add", [], {}) is None
    True
    """
    tensors = [leaf for leaf in found if isinstance(leaf, (KerasTensor, torch.Tensor))]
    dtype = kwargs.get("dtype", args[1] if len(args) > 1 else "int32") if name == "keras.ops.cast" else "int32"
    if not tensors or not all(map(is_size, tensors)) or torch_dtype(dtype).is_floating_point:
        return None
    return sizes.OF_SIZES.get(name)


def as_value(argument: Any) -> Any:
    """Return an argument with tensors in place of sizes, for functions of values.

    >>> as_value([1, None])
    [1, None]
    """
    return map_leaves(lambda leaf: record(sizes.as_tensor, leaf) if is_size(leaf) else leaf, argument)


def _as_operand(leaf: Any, are_alone: bool) -> Any:
    # Beside a tensor, a single size is a number.
    return as_value(leaf) if is_size(leaf) and (are_alone or leaf.shape) else leaf


def _with_values(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    words = list(inspect.signature(function).parameters)
    first = tuple(arg if word in SIZE_ARGUMENTS else as_value(arg) for word, arg in zip(words, args, strict=False))
    rest = {word: value if word in SIZE_ARGUMENTS else as_value(value) for word, value in kwargs.items()}
    return (*first, *map(as_value, args[len(first) :])), rest


def _parts_of(index: Any) -> tuple[Any, ...]:
    return index if isinstance(index, tuple) else (index,)


def _has_free_slices(index: Any) -> bool:
    slices = [part for part in _parts_of(index) if isinstance(part, slice)]
    return any(isinstance(bound, KerasTensor) for part in slices for bound in (part.start, part.stop, part.step))


def _slices_as_dicts(index: Any) -> list[Any]:
    """Return an index with dicts for slices, so that the sizes in it are found."""
    return [
        {"start": part.start, "stop": part.stop, "step": part.step} if isinstance(part, slice) else part
        for part in _parts_of(index)
    ]
