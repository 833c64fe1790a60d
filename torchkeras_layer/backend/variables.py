"""How are variables of K made, read and changed? They are parameters and buffers of torch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer._settings import floatx
from torchkeras_layer.backend.questions import convert_to_numpy, is_symbolic
from torchkeras_layer.layer.context import per_thread
from torchkeras_layer.layer.variables import Variable
from torchkeras_layer.models import Input
from torchkeras_layer.ops import random_numbers
from torchkeras_layer.ops.names import callable_named
from torchkeras_layer.ops.values import as_sizes, as_tensor

_ZEROS, _ONES = callable_named("keras.ops.zeros"), callable_named("keras.ops.ones")


def variable(value: Any, dtype: Any = None, name: str | None = None, constraint: Any = None) -> Any:
    """Return a variable, a `keras.Variable`: put on an attribute of a layer, it is a weight of the layer.

    Inside the `call` of a layer, which runs many times, it is a plain tensor.

    Args:
        value: a tensor, array, number or nested list.
        dtype: by default `floatx()`; a variable of ints does not train.
        name: its name.
        constraint: a constraint of the variable.

    >>> import torchkeras_layer as keras
    >>> layer = keras.Layer(); layer.scale = variable([1.0, 2.0]); [tuple(w.shape) for w in layer.trainable_weights]
    [(2,)]
    """
    wanted = torch_dtype(dtype or floatx())
    context = per_thread.context
    if context.layer is not None and not context.building:
        return as_tensor(value).detach().to(wanted)
    return Variable(value, dtype=wanted, name=name, constraint=constraint)


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Tensor:
    """Return a tensor, in the dtype `floatx()` by default; a number fills a whole `shape`.

    >>> constant(3, shape=(2,)), constant([1, 2], dtype="int32")
    (tensor([3., 3.]), tensor([1, 2], dtype=torch.int32))
    """
    found = as_tensor(value, dtype or floatx())
    if shape is None:
        return found
    sizes = as_sizes(shape)
    return found.reshape(sizes) if found.numel() > 1 else found.expand(sizes).clone()


def zeros(shape: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Return a variable of zeros, see `variable`; in a shape with sizes of symbolic tensors, a symbolic tensor."""
    return _known(_ZEROS(shape, dtype or floatx()), name)


def ones(shape: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Return a variable of ones, see `variable`; in a shape with sizes of symbolic tensors, a symbolic tensor."""
    return _known(_ONES(shape, dtype or floatx()), name)


def _known(values: Any, name: str | None) -> Any:
    return values if is_symbolic(values) else variable(values, values.dtype, name)


def eye(size: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Return a variable with ones on its diagonal and zeros elsewhere; see `variable`.

    >>> eye(2, "int32")
    tensor([[1, 0],
            [0, 1]], dtype=torch.int32)
    """
    return variable(torch.eye(*as_sizes(size)), dtype, name)


def random_uniform_variable(
    shape: Any, low: float, high: float, dtype: Any = None, name: str | None = None, seed: int | None = None
) -> Any:
    """Return a variable of numbers that are drawn between `low` and `high`; see `variable`."""
    return variable(random_numbers.uniform(shape, low, high, dtype, seed), dtype, name)


def random_normal_variable(
    shape: Any, mean: float, scale: float, dtype: Any = None, name: str | None = None, seed: int | None = None
) -> Any:
    """Return a variable of normally distributed numbers with a mean and a standard deviation; see `variable`."""
    return variable(random_numbers.normal(shape, mean, scale, dtype, seed), dtype, name)


def placeholder(
    shape: Any = None,
    ndim: int | None = None,
    dtype: Any = None,
    sparse: bool = False,
    name: str | None = None,
    ragged: bool = False,
) -> Any:
    """Return a symbolic input, as `keras.Input(batch_shape=shape)` does; `ndim` stands for a shape of free sizes.

    Raises:
        ValueError: without a shape and a rank, and for sparse or ragged ones.

    >>> placeholder((None, 3)).shape, placeholder(ndim=2).shape
    ((None, 3), (None, None))
    """
    if shape is None and ndim is None:
        raise ValueError("K.placeholder: give a shape, or ndim. Received: neither.")
    if sparse or ragged:
        raise ValueError(f"K.placeholder: symbolic tensors are dense. Received: {sparse=}, {ragged=}.")
    return Input(batch_shape=(None,) * ndim if shape is None else tuple(shape), dtype=dtype or floatx(), name=name)  # type: ignore[operator]


def track_variable(v: Any) -> None:
    """Do nothing: torch finds the variables on layers."""


def update(x: Any, new_x: Any) -> Any:
    """Set the values of a variable, and return it.

    Raises:
        TypeError: for a variable or value that is symbolic, or no tensor.

    >>> update(torch.zeros(2), torch.ones(2))
    tensor([1., 1.])
    """
    return _changed("update", x, lambda own: own.copy_(_value("update", new_x, own).broadcast_to(own.shape)))


def update_add(x: Any, increment: Any) -> Any:
    """Add values to a variable, and return it."""
    return _changed("update_add", x, lambda own: own.add_(_value("update_add", increment, own)))


def update_sub(x: Any, decrement: Any) -> Any:
    """Subtract values from a variable, and return it."""
    return _changed("update_sub", x, lambda own: own.sub_(_value("update_sub", decrement, own)))


def moving_average_update(x: Any, value: Any, momentum: Any) -> Any:
    """Set a variable to `momentum * x + (1 - momentum) * value`, and return it.

    >>> moving_average_update(torch.zeros(1), torch.ones(1), 0.75)
    tensor([0.2500])
    """
    name = "moving_average_update"
    return _changed(name, x, lambda own: own.sub_((own - _value(name, value, own)) * (1 - momentum)))


def set_value(x: Any, value: Any) -> None:
    """Set the values of a variable from an array, number or tensor.

    Raises:
        ValueError: if the value has another shape.
    """
    new = as_tensor(value)
    if isinstance(x, Tensor) and tuple(new.shape) != tuple(x.shape):
        raise ValueError(
            f"K.set_value: the value must have the shape {tuple(x.shape)}. Received: a value of shape "
            f"{tuple(new.shape)}."
        )
    update(x, new)


def get_value(x: Any) -> Any:
    """Return the values of a variable or tensor as an array.

    >>> get_value(torch.ones(2))
    array([1., 1.], dtype=float32)
    """
    if is_symbolic(x):
        raise TypeError(f"K.get_value: a symbolic tensor has no values. Received: {x!r}. Call a model on data.")
    return convert_to_numpy(x)


def batch_get_value(tensors: Iterable[Any]) -> list[Any]:
    """Return the values of several variables as arrays."""
    return [get_value(tensor) for tensor in tensors]


def batch_set_value(tuples: Iterable[tuple[Any, Any]]) -> None:
    """Set the values of several variables, given as pairs of a variable and its value.

    >>> own = torch.zeros(2); batch_set_value([(own, [1, 2])]); own
    tensor([1., 2.])
    """
    for own, value in tuples:
        set_value(own, value)


def _changed(name: str, x: Any, change: Any) -> Any:
    if not isinstance(x, Tensor):
        raise TypeError(f"K.{name}: expected a variable, such as a weight of a layer. Received: {x!r}.")
    with torch.no_grad():
        change(x)
    return x


def _value(name: str, value: Any, own: Tensor) -> Tensor:
    if is_symbolic(value):
        raise TypeError(
            f"K.{name}: a symbolic tensor has no values to set. Received: {value!r}. Update variables in the call() of "
            "a layer."
        )
    return as_tensor(value).detach().to(own.dtype)
