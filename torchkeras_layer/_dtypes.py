"""Which torch dtype belongs to which dtype name of Keras?"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

_BY_NAME: dict[str, torch.dtype] = {
    "bool": torch.bool,
    "uint8": torch.uint8,
    "uint16": torch.uint16,
    "uint32": torch.uint32,
    "uint64": torch.uint64,
    "int8": torch.int8,
    "int16": torch.int16,
    "int32": torch.int32,
    "int64": torch.int64,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "float32": torch.float32,
    "float64": torch.float64,
    "complex64": torch.complex64,
    "complex128": torch.complex128,
}
# The dtype of an input of strings, for which torch has no tensors.
STRING = "string"
_ALIASES = {"half": "float16", "float": "float32", "double": "float64", "int": "int32", "long": "int64"}
# As in Keras; torch and numpy take `float` for float64.
_OF_PYTHON = {bool: "bool", int: "int32", float: "float32", complex: "complex64", str: STRING}
_NAMES = {dtype: name for name, dtype in _BY_NAME.items()}


def torch_dtype(dtype: Any) -> torch.dtype:
    """Return the torch dtype for a name, a torch dtype, a numpy dtype or a Python type such as `float`.

    Raises:
        TypeError: if there is no such dtype.

    >>> torch_dtype("float32"), torch_dtype(np.int64), torch_dtype(float)
    (torch.float32, torch.int64, torch.float32)
    """
    if isinstance(dtype, torch.dtype):
        return dtype
    if isinstance(dtype, str) and dtype in _BY_NAME:
        return _BY_NAME[dtype]
    dtype = _OF_PYTHON.get(dtype, dtype) if isinstance(dtype, type) else dtype
    name = dtype.lower() if isinstance(dtype, str) else _name_of_numpy(dtype)
    name = _ALIASES.get(name, name).removeprefix("torch.")
    if name == STRING:
        raise TypeError(
            "torch has no dtype for strings. Received: dtype='string', which is for inputs of layers such as "
            "StringLookup, Hashing and TextVectorization only."
        )
    if name not in _BY_NAME:
        raise TypeError(f"Unknown dtype. Received: {dtype!r}. Known dtypes: {', '.join(_BY_NAME)}.")
    return _BY_NAME[name]


def dtype_name(dtype: Any) -> str:
    """Return Keras's name of a dtype, such as `'float32'` or `'string'`.

    Raises:
        TypeError: if there is no such dtype.

    >>> dtype_name(torch.bfloat16)
    'bfloat16'
    """
    if isinstance(dtype, str) and dtype == STRING:
        return STRING
    known = torch_dtype(dtype)
    return _NAMES.get(known, str(known).removeprefix("torch."))


def _name_of_numpy(dtype: Any) -> str:
    try:
        return np.dtype(dtype).name if dtype is not None else "None"
    except TypeError:
        return repr(dtype)


def as_torch(value: Any) -> Any:
    """Return an array, a number or a nested list of numbers as a tensor of its own data; a tensor unchanged.

    >>> as_torch([1.0, 2.0]), as_torch(torch.ones(1))
    (tensor([1., 2.]), tensor([1.]))
    """
    if isinstance(value, torch.Tensor) or hasattr(type(value), "__torch_function__"):
        return value
    return torch.tensor(np.asarray(value) if hasattr(type(value), "__array__") else value)
