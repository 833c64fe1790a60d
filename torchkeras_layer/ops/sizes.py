"""How are sizes of tensors computed, so that reshape and others get ints, also those that are free in a graph?

TensorFlow's models compute with the shapes of tensors as with tensors. Here such a value is an int or a tuple of ints:
torch.compile and torch.export follow these.
"""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from torchkeras_layer.ops.size_tuple import SizeTuple, each, filled
from torchkeras_layer.ops.values import as_tensor as value_as_tensor

Sizes = Any  # an int, or a tuple of ints


def shape(x: Any) -> SizeTuple:
    """Return the sizes of all axes, with which one can compute.

    >>> shape(torch.ones(2, 3)), shape(torch.ones(2, 3)) * 2
    ((2, 3), (4, 6))
    """
    return SizeTuple((x if isinstance(x, Tensor) else value_as_tensor(x)).shape)


def size(x: Any) -> int:
    """Return the number of values."""
    return (x if isinstance(x, Tensor) else value_as_tensor(x)).numel()


def get_item(x: Sizes, key: Any) -> Sizes:
    """Return one size, or some.

    >>> get_item((2, 3, 4), 1), get_item((2, 3, 4), slice(1, None))
    (3, (3, 4))
    """
    key = key[0] if isinstance(key, (list, tuple)) and len(key) == 1 else key
    found = x if key in ((), ...) else x[key]
    return SizeTuple(found) if isinstance(found, tuple) else found


def strided_slice(input_: Sizes, begin: Any, end: Any, strides: Any = (1,), **masks: int) -> Sizes:
    """Return one size, or some, as TensorFlow writes it: with masks for the parts of a slice that are left out."""
    if masks.get("shrink_axis_mask"):
        return input_[begin[0]]
    start = None if masks.get("begin_mask") else begin[0]
    return input_[slice(start, None if masks.get("end_mask") else end[0], strides[0])]


def gather(params: Sizes, indices: Any, **axes: int) -> Sizes:
    """Return the sizes at indices."""
    places = indices.tolist() if isinstance(indices, Tensor) else indices
    return SizeTuple([params[place] for place in places]) if isinstance(places, (list, tuple)) else params[places]


def concatenate(xs: Any, axis: int = 0) -> Sizes:
    """Return sizes one after the other."""
    return SizeTuple([value for part in xs for value in _several(part)])


def stack(x: Any, axis: int = 0) -> Sizes:
    """Return single sizes together."""
    return SizeTuple([int(part) if isinstance(part, float) else _single(part) for part in x])


def unstack(x: Sizes, num: int | None = None, axis: int = 0) -> list[int]:
    """Return each size by itself."""
    return list(x)


def prod(x: Sizes, axis: Any = None, keepdims: bool = False) -> Sizes:
    """Return the product of sizes."""
    product = math.prod(_several(x))
    return SizeTuple((product,)) if keepdims else product


def sum(x: Sizes, axis: Any = None, keepdims: bool = False) -> Sizes:
    """Return the sum of sizes."""
    total = 0
    for value in _several(x):
        total = total + value
    return SizeTuple((total,)) if keepdims else total


def max(x: Sizes, axis: Any = None, keepdims: bool = False) -> Sizes:
    """Return the greatest of sizes."""
    greatest = builtins.max(_several(x))
    return SizeTuple((greatest,)) if keepdims else greatest


def min(x: Sizes, axis: Any = None, keepdims: bool = False) -> Sizes:
    """Return the least of sizes."""
    least = builtins.min(_several(x))
    return SizeTuple((least,)) if keepdims else least


def cast(x: Sizes, dtype: Any) -> Sizes:
    """Return sizes as they are; quotients of sizes as ints, rounded towards 0."""
    return SizeTuple(map(_whole, x)) if isinstance(x, (list, tuple)) else _whole(x)


def _whole(x: Any) -> Any:
    return torch.sym_int(x) if isinstance(x, (float, torch.SymFloat)) else x


def flip(x: Sizes, axis: Any = None) -> Sizes:
    """Return sizes in reverse order."""
    return SizeTuple(x[::-1])


def negative(x: Sizes) -> Sizes:
    """Return sizes with the other sign."""
    return -x


def identity(x: Sizes) -> Sizes:
    """Return sizes as they are."""
    return x


def squeeze(x: Sizes, axis: Any = None) -> Sizes:
    """Return the only size of several."""
    return x[0] if isinstance(x, tuple) and len(x) == 1 else x


def expand_dims(x: Sizes, axis: int = 0) -> Sizes:
    """Return a single size as several."""
    return SizeTuple((x,))


def as_tensor(x: Sizes) -> Tensor:
    """Return sizes as a tensor of int32.

    >>> as_tensor((2, 3))
    tensor([2, 3], dtype=torch.int32)
    """
    if isinstance(x, (list, tuple)):
        return torch.stack([as_tensor(value) for value in x])
    return filled(x, torch.float64 if isinstance(x, (float, torch.SymFloat)) else torch.int32)


def _elementwise(compute: Callable[[Any, Any], Any], name: str, text: str) -> Callable[[Sizes, Sizes], Sizes]:
    def function(x1: Sizes, x2: Sizes) -> Sizes:
        return each(compute, x1, x2)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = text
    return function


add = _elementwise(operator.add, "add", "Return the sums of sizes.")
subtract = _elementwise(operator.sub, "subtract", "Return the differences of sizes.")
multiply = _elementwise(operator.mul, "multiply", "Return the products of sizes.")
floor_divide = _elementwise(operator.floordiv, "floor_divide", "Return the quotients of sizes, rounded down.")
mod = _elementwise(operator.mod, "mod", "Return the remainders of sizes.")
true_divide = _elementwise(operator.truediv, "true_divide", "Return the quotients of sizes, which may be fractions.")
power = _elementwise(operator.pow, "power", "Return powers of sizes.")
maximum = _elementwise(builtins.max, "maximum", "Return the greater sizes.")
minimum = _elementwise(builtins.min, "minimum", "Return the lesser sizes.")


def _several(x: Sizes) -> list[Any]:
    return list(x) if isinstance(x, (list, tuple)) else [x]


def _single(x: Sizes) -> Any:
    return x[0] if isinstance(x, (list, tuple)) and len(x) == 1 else x


def gives_sizes(function: Any) -> bool:
    """Whether a function computes with sizes, and gives ints and not tensors.

    >>> gives_sizes(shape), gives_sizes(as_tensor), gives_sizes(torch.relu)
    (True, False, False)
    """
    return getattr(function, "__module__", None) == __name__ and function is not as_tensor


def described(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that gives tensors in place of sizes, which say how many there are."""
    if not gives_sizes(function):
        return function

    def run(*args: Any, **kwargs: Any) -> Any:
        found = function(*args, **kwargs)
        return [_description(part) for part in found] if isinstance(found, list) else _description(found)

    return run


def _description(found: Sizes) -> Tensor:
    are_fractions = any(isinstance(value, (float, torch.SymFloat)) for value in _several(found))
    shape_of_found = (len(found),) if isinstance(found, tuple) else ()
    return torch.empty(shape_of_found, dtype=torch.float64 if are_fractions else torch.int32)


# By the names of the functions of tensors that the same call means.
OF_SIZES: dict[str, Callable[..., Any]] = {
    "keras.ops.add": add,
    "keras.ops.subtract": subtract,
    "keras.ops.multiply": multiply,
    "keras.ops.floor_divide": floor_divide,
    "keras.ops.mod": mod,
    "keras.tf.truediv": true_divide,
    "keras.ops.power": power,
    "keras.ops.negative": negative,
    "keras.ops.max": max,
    "keras.ops.min": min,
    "keras.ops.flip": flip,
    "keras.ops.maximum": maximum,
    "keras.ops.minimum": minimum,
    "keras.ops.get_item": get_item,
    "keras.ops.concatenate": concatenate,
    "keras.ops.stack": stack,
    "keras.ops.unstack": unstack,
    "keras.ops.prod": prod,
    "keras.ops.sum": sum,
    "keras.ops.squeeze": squeeze,
    "keras.ops.expand_dims": expand_dims,
    "keras.ops.cast": cast,
    "keras.ops.convert_to_tensor": identity,
    "keras.tf.identity": identity,
    "keras.tf.gather": gather,
    "keras.tf.strided_slice": strided_slice,
}
