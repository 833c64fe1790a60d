"""How do functions of ported code compute with the sizes of real tensors? As sizes, and not as tensors of them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import torch

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer.ops import sizes
from torchkeras_layer.ops.direct_calls import direct
from torchkeras_layer.ops.names import callable_named
from torchkeras_layer.ops.size_tuple import SizeTuple

# Functions that also give a size for single ones; the others do so only for those of `shape`.
_OF_INTS = frozenset(
    f"keras.ops.{function.__name__}"
    for function in (
        *(sizes.add, sizes.subtract, sizes.multiply, sizes.floor_divide, sizes.mod, sizes.maximum, sizes.minimum),
        *(sizes.concatenate, sizes.stack, sizes.expand_dims, sizes.cast),
    )
)
_IS_INT = (int, torch.SymInt)


@functools.cache
def callable_on_sizes(name: str) -> Callable[..., Any]:
    """Return what a program calls for an operation, as `callable_named`, where ints and shapes stay sizes.

    Keras's own functions make tensors of ints. TensorFlow's code computes with `tf.shape(x)`, and reshapes to it.

    >>> import torchkeras_layer as keras
    >>> callable_on_sizes("keras.ops.stack")([torch.ones(2, 3).shape[0], -1])
    (2, -1)
    """
    function, of_sizes = callable_named(name), sizes.OF_SIZES.get(name)
    if of_sizes is None:
        return function
    takes_ints, is_cast = name in _OF_INTS, name == "keras.ops.cast"

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if _are_sizes(args, kwargs, takes_ints, is_cast):
            return of_sizes(*args, **kwargs)
        return function(*args, **kwargs)

    # Where the first argument, or the first of a list, is a tensor, they are not all sizes.
    return direct(inspect.unwrap(function), call)


def _are_sizes(args: tuple[Any, ...], kwargs: dict[str, Any], takes_ints: bool, is_cast: bool) -> bool:
    given = [*args, *kwargs.values()]
    if is_cast:
        dtype = kwargs["dtype"] if "dtype" in kwargs else args[1]
        given = given[:1]
        if torch_dtype(dtype).is_floating_point:
            return False
    is_of_shape = any(isinstance(value, SizeTuple) for value in given)
    return (is_of_shape or takes_ints) and all(map(_is_size, given))


def _is_size(value: Any) -> bool:
    if isinstance(value, bool):
        return value is False
    if isinstance(value, (list, tuple)):
        return all(map(_is_size, value))
    return value is None or isinstance(value, _IS_INT)
