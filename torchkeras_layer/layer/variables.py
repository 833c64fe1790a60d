"""What is a variable, a weight that no layer has created?"""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import torch
from torch import nn

from torchkeras_layer import initializers
from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer._settings import floatx
from torchkeras_layer._shapes import as_shape
from torchkeras_layer.layer.context import prefix_errors
from torchkeras_layer.layer.weight_arguments import make_request
from torchkeras_layer.layer.weight_creation import create_variable
from torchkeras_layer.symbolic.keras_tensor import is_symbolic


class _AnyWeight(type):
    """The type of `Variable`: what it returns is a parameter or buffer of torch, and so is each weight of a layer."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, (nn.Parameter, nn.Buffer))


class Variable(metaclass=_AnyWeight):
    """A weight outside of a layer: an `nn.Parameter` if it trains, else an `nn.Buffer`.

    Assigned to an attribute of a layer, or put into a list or dict there, it is a weight of the layer, with its
    regularizer and constraint. `isinstance(weight, Variable)` is true for all weights.

    Args:
        initializer: the first value: a tensor, an array, a number or a nested list of them; or an initializer or its
            identifier.
        shape: shape of the weight; an initializer needs it.
        dtype: dtype or its name; by default that of the value, `floatx()` for floats and initializers and int32 for
            ints.
        trainable: whether it trains; by default true for floating-point and complex dtypes. Integers and bools cannot.
        autocast: whether a mixed policy casts it when the `call` of a layer reads it.
        aggregation, synchronization: stored in the `WeightSpec`, without effect.
        name: its name in the `WeightSpec`; by default that of the attribute.
        regularizer, constraint: identifiers, or functions of the weight; see `add_weight`.

    Raises:
        TypeError: if the value is symbolic or not a tensor, array, number or initializer; for an unknown keyword.
        ValueError: if the value has another shape, an initializer gets no shape, or an integer weight is to train.

    >>> import torchkeras_layer as keras
    >>> layer = keras.Layer(); layer.scale = keras.Variable([1.0, 2.0], regularizer="l2")
    >>> layer.scale, layer.losses
    (Parameter containing:
    tensor([1., 2.], requires_grad=True), [tensor(0.0500, grad_fn=<MulBackward0>)])
    >>> isinstance(layer.scale, keras.Variable)
    True
    """

    def __new__(
        cls,
        initializer: Any,
        shape: Any = None,
        dtype: Any = None,
        trainable: bool | None = None,
        autocast: bool = True,
        aggregation: Any = None,
        synchronization: Any = None,
        name: str | None = None,
        *,
        regularizer: Any = None,
        constraint: Any = None,
    ) -> Any:
        """Create the parameter or buffer."""
        if name is not None and not isinstance(name, str):
            raise TypeError(f"Variable: name must be a string. Received: name={name!r}.")
        where = "Variable" if name is None else f"Variable {name!r}"
        with prefix_errors(where):
            initializer, shape = _read_value(initializer, shape)
            default = initializer.dtype if isinstance(initializer, torch.Tensor) else torch_dtype(floatx())
        asked = {
            "name": name or "",
            "shape": shape,
            "dtype": dtype,
            "initializer": initializer,
            "trainable": trainable,
            "autocast": autocast,
            "aggregation": aggregation,
            "synchronization": synchronization,
            "regularizer": regularizer,
            "constraint": constraint,
        }
        device = initializer.device if isinstance(initializer, torch.Tensor) else None
        return create_variable(make_request(where, default, asked), device)


def _read_value(value: Any, shape: Any) -> tuple[Any, Any]:
    """Return an initializer and a shape; a value becomes a tensor, and gives its own shape."""
    if is_symbolic(value):
        raise TypeError(
            f"the value must be known, and a symbolic tensor has none. Received: {value!r}. Make the variable from a "
            "tensor, an array or an initializer."
        )
    if isinstance(value, str) or callable(value):
        if shape is None:
            raise ValueError(
                f"an initializer needs a shape. Received: initializer={value!r}, shape=None. Pass shape=, or a value."
            )
        return initializers.get(value), shape
    tensor = _as_tensor(value)
    known = None if shape is None else as_shape(shape)
    fits = known is None or (
        len(known) == tensor.dim() and all(a in (None, b) for a, b in zip(known, tensor.shape, strict=True))
    )
    if not fits:
        raise ValueError(
            f"the value must have the given shape. Received: a value of shape {tuple(tensor.shape)}, shape={known}. "
            "Leave shape= out, or reshape the value."
        )
    return tensor, tuple(tensor.shape)


def _as_tensor(value: Any) -> torch.Tensor:
    if isinstance(value, torch.Tensor):
        return value.detach()
    array: Any = None
    with contextlib.suppress(ValueError):
        array = np.asarray(value)
    if array is None or array.dtype.kind not in "biufc":
        raise TypeError(
            f"the value must be a tensor, an array, a number, a nested list of numbers, or an initializer. Received: "
            f"{value!r}."
        )
    if isinstance(value, (np.ndarray, np.generic)):
        return torch.from_numpy(np.array(array))
    # As of Python, numbers have no dtype of their own.
    dtypes = {"f": torch_dtype(floatx()), "i": torch.int32, "u": torch.int32, "b": torch.bool, "c": torch.complex64}
    return torch.tensor(value, dtype=dtypes[array.dtype.kind])
