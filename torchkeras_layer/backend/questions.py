"""What does `keras.backend` tell about tensors, dtypes and layouts?"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from torchkeras_layer._dtypes import dtype_name, torch_dtype
from torchkeras_layer._settings import floatx, image_data_format, set_image_data_format
from torchkeras_layer.ops.names import callable_named
from torchkeras_layer.ops.values import as_tensor, promoted
from torchkeras_layer.symbolic import is_symbolic as _is_symbolic

_CAST, _CONVERT = callable_named("keras.ops.cast"), callable_named("keras.ops.convert_to_tensor")
_NARROWED = {"int64": "int32", "uint64": "uint32", "float64": "float32", "complex128": "complex64"}
_LAYOUTS = {"tf": "channels_last", "th": "channels_first"}


def backend() -> str:
    """Return the name of what computes: 'torch'.

    >>> backend()
    'torch'
    """
    return "torch"


def ndim(x: Any) -> int:
    """Return the rank, as an int.

    >>> ndim(torch.ones(2, 3)), ndim([1.0, 2.0])
    (2, 1)
    """
    shape = getattr(x, "shape", None)
    return np.ndim(x) if shape is None else len(shape)


def dtype(x: Any) -> str:
    """Return the name of the dtype of a tensor or array.

    >>> dtype(torch.ones(2))
    'float32'
    """
    if _is_symbolic(x):
        return x.spec.dtype
    return dtype_name(x.dtype if hasattr(x, "dtype") else as_tensor(x).dtype)


def count_params(x: Any) -> int:
    """Return the number of values.

    >>> count_params(torch.ones(2, 3))
    6
    """
    return int(np.prod([int(size) for size in x.shape]))


def get_variable_shape(x: Any) -> tuple[int, ...]:
    """Return the shape of a variable."""
    return tuple(x.shape)


def is_tensor(x: Any) -> bool:
    """Whether something is a tensor, symbolic or not."""
    return isinstance(x, Tensor) or _is_symbolic(x)


def is_symbolic(x: Any) -> bool:
    """Whether something is a symbolic tensor."""
    return _is_symbolic(x)


def is_variable(x: Any) -> bool:
    """Whether something is a variable: an `nn.Parameter`, or an `nn.Buffer`.

    >>> is_variable(nn.Parameter(torch.ones(1))), is_variable(torch.ones(1))
    (True, False)
    """
    return isinstance(x, (nn.Parameter, nn.Buffer))


def is_placeholder(x: Any) -> bool:
    """Whether something is a symbolic input, such as `keras.Input(…)` returns.

    >>> import torchkeras_layer as keras
    >>> x = keras.Input((2,)); is_placeholder(x), is_placeholder(x * 2)
    (True, False)
    """
    history = getattr(x, "_keras_history", None) if _is_symbolic(x) else None
    return history is not None and type(history.layer).__name__ == "InputLayer"


def is_sparse(tensor: Any) -> bool:
    """Whether something is a sparse tensor of torch."""
    return isinstance(tensor, Tensor) and tensor.layout is not torch.strided


def to_dense(tensor: Any) -> Any:
    """Return a sparse tensor as one that stores all values; any other as it is."""
    return tensor.to_dense() if is_sparse(tensor) else tensor


def cast_to_floatx(x: Any) -> Any:
    """Return a tensor or array as a tensor of the dtype `floatx()`, and a number as a float.

    K gives an array for arrays and numbers, which torch cannot multiply with tensors that have gradients.

    >>> cast_to_floatx(np.ones(2)), cast_to_floatx(3)
    (tensor([1., 1.]), 3.0)
    """
    if isinstance(x, (int, float, np.generic)) or (isinstance(x, np.ndarray) and x.ndim == 0):
        return float(x)
    return _CAST(x, floatx())


def convert_to_tensor(x: Any, dtype: Any = None, sparse: Any = None) -> Any:
    """Return an array, number or list as a tensor of a dtype; symbolic ones stay symbolic."""
    return _CONVERT(x, dtype)


def convert_to_numpy(x: Any) -> Any:
    """Return a tensor as an array."""
    return x.detach().cpu().resolve_conj().resolve_neg().numpy() if isinstance(x, Tensor) else np.asarray(x)


def standardize_dtype(dtype: Any) -> str:
    """Return the name of a dtype; `floatx()` for `None`.

    >>> standardize_dtype(torch.bfloat16), standardize_dtype(None), standardize_dtype(int)
    ('bfloat16', 'float32', 'int64')
    """
    if dtype is None:
        return floatx()
    return {int: "int64", str: "string"}.get(dtype) or dtype_name(dtype) if dtype is not float else "float32"


def is_float_dtype(dtype: Any) -> bool:
    """Whether a dtype is one of floating-point numbers.

    >>> is_float_dtype("bfloat16"), is_float_dtype(torch.int32)
    (True, False)
    """
    name = standardize_dtype(dtype)
    return name.startswith(("float", "bfloat"))


def is_int_dtype(dtype: Any) -> bool:
    """Whether a dtype is one of ints, signed or not."""
    return standardize_dtype(dtype).startswith(("int", "uint"))


def result_type(*dtypes: Any) -> str:
    """Return the dtype to which Keras 3 casts these together; never one of 64 bits. `int` and `float` yield to others.

    >>> result_type("int32", "float16"), result_type("int64", float), result_type()
    ('float16', 'float32', 'float32')
    """
    if not dtypes:
        return floatx()
    numbers = {int: torch.tensor(0, dtype=torch.int32), float: torch.tensor(0.0)}
    values = [numbers[one] if one in numbers else torch.empty(1, dtype=torch_dtype(one or floatx())) for one in dtypes]
    found = dtype_name(promoted(*values)[0].dtype)
    return _NARROWED.get(found, found)


def normalize_data_format(value: str | None) -> str:
    """Return a layout of images in lower case; `image_data_format()` for `None`.

    Raises:
        ValueError: for anything else than 'channels_last' and 'channels_first'.
    """
    found = image_data_format() if value is None else str(value).lower()
    if found not in _LAYOUTS.values():
        raise ValueError(f"data_format must be 'channels_last' or 'channels_first'. Received: {value!r}.")
    return found


def image_dim_ordering() -> str:
    """Return the layout of images as in Keras 1: 'tf' for channels_last, 'th' for channels_first.

    >>> image_dim_ordering()
    'tf'
    """
    return {layout: name for name, layout in _LAYOUTS.items()}[image_data_format()]


def set_image_dim_ordering(dim_ordering: str) -> None:
    """Set the layout of images as in Keras 1: 'tf' for channels_last, 'th' for channels_first.

    Raises:
        ValueError: for anything else.
    """
    if dim_ordering not in _LAYOUTS:
        raise ValueError(f"set_image_dim_ordering: expected 'tf' or 'th'. Received: {dim_ordering!r}.")
    set_image_data_format(_LAYOUTS[dim_ordering])


@contextlib.contextmanager
def name_scope(name: str) -> Iterator[str]:
    """Do nothing: names and paths of weights follow from the layers that they are in.

    >>> with name_scope("block") as scope:
    ...     scope
    'block/'
    """
    yield f"{name}/"
