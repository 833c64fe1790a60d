"""Which operations convert values to tensors and arrays, and to other dtypes?"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from torchkeras_layer._dtypes import dtype_name, torch_dtype
from torchkeras_layer.ops.values import as_float, as_tensor


def cast(x: Any, dtype: Any) -> Tensor:
    """Return the values in another dtype.

    >>> cast([0.0, 2.5], "int32")
    tensor([0, 2], dtype=torch.int32)
    """
    return as_tensor(x, dtype)


def saturate_cast(x: Any, dtype: Any) -> Tensor:
    """Return the values in another dtype; those outside of its range become its limits.

    >>> saturate_cast([-3.0, 300.0], "uint8")
    tensor([  0, 255], dtype=torch.uint8)
    """
    x, target = as_tensor(x), torch_dtype(dtype)
    if target is torch.bool or target.is_complex:
        return x.to(target)
    limits = torch.finfo(target) if target.is_floating_point else torch.iinfo(target)
    own = x if x.dtype is not torch.bool else x.to(torch.uint8)
    bounds = torch.finfo(own.dtype) if own.is_floating_point() else torch.iinfo(own.dtype)
    low, high = max(limits.min, bounds.min), min(limits.max, bounds.max)
    clipped = torch.clamp(own, low, high)
    # The largest int may not be a float, and be rounded up beyond the range.
    return torch.where(own >= limits.max, torch.tensor(limits.max, dtype=target), clipped.to(target))


def stop_gradient(variable: Any) -> Tensor:
    """Return the values without a gradient."""
    return (variable if isinstance(variable, Tensor) else as_tensor(variable)).detach()


def convert_to_tensor(x: Any, dtype: Any = None, sparse: Any = None, ragged: Any = None) -> Tensor:
    """Return an array, number, list or tensor as a tensor of a dtype; `sparse` and `ragged` have no effect.

    >>> convert_to_tensor([1, 2], "float32")
    tensor([1., 2.])
    """
    return as_tensor(x, dtype)


def view_as_complex(x: Any) -> Tensor:
    """Return complex numbers, whose real and imaginary parts are along the last axis."""
    return torch.view_as_complex(as_tensor(x))


def view_as_real(x: Any) -> Tensor:
    """Return complex numbers as real ones, with real and imaginary parts along a new last axis."""
    return torch.view_as_real(as_tensor(x))


def polar(abs_: Any, angle: Any) -> Tensor:
    """Return complex numbers, from their absolute values and angles in radians."""
    return torch.polar(*(as_float(x) for x in (abs_, angle)))


def convert_to_numpy(x: Any) -> np.ndarray:
    """Return a tensor, array, number or list as an array of numpy; bfloat16 becomes float32, which numpy has.

    >>> convert_to_numpy(torch.ones(2, requires_grad=True))
    array([1., 1.], dtype=float32)
    """
    if isinstance(x, (list, tuple)):
        return np.array([convert_to_numpy(part) for part in x])
    if not isinstance(x, Tensor):
        return np.array(x)
    x = x.detach().cpu().resolve_conj().resolve_neg()
    return (x.to(torch.float32) if x.dtype is torch.bfloat16 else x).numpy()


def is_tensor(x: Any) -> bool:
    """Return whether a value is a tensor; symbolic ones and arrays are not.

    >>> is_tensor(torch.ones(1)), is_tensor(1.0)
    (True, False)
    """
    return isinstance(x, Tensor)


def dtype(x: Any) -> str:
    """Return the name of the dtype of a tensor, or of what would become one.

    >>> dtype(torch.ones(1)), dtype([1, 2])
    ('float32', 'int32')
    """
    return dtype_name(getattr(x, "dtype", None) or as_tensor(x).dtype)


def shape(x: Any) -> tuple[int, ...]:
    """Return the sizes of the axes; those that are free are `None` for symbolic tensors, and ints in a layer's `call`.

    >>> shape(torch.ones(2, 3)), shape([1, 2])
    ((2, 3), (2,))
    """
    return tuple(x.shape) if hasattr(x, "shape") else tuple(as_tensor(x).shape)
