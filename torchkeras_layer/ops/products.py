"""Which operations multiply vectors, matrices and tensors?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from torchkeras_layer.ops.values import as_tensor, axes_of, promoted


def matmul(x1: Any, x2: Any) -> Tensor:
    """Return the matrix products; two tensors of int8 give int32.

    >>> matmul([[1, 2]], [[3], [4]])
    tensor([[11]], dtype=torch.int32)
    """
    x1, x2 = as_tensor(x1), as_tensor(x2)
    if x1.dtype is x2.dtype and x1.is_floating_point():
        return torch.matmul(x1, x2)
    return _product(torch.matmul, *_operands(x1, x2))


def dot(x1: Any, x2: Any) -> Tensor:
    """Return the sum of products over the last axis of `x1` and the last but one of `x2`, or its only one."""
    x1, x2 = promoted(x1, x2)
    if x1.dim() == 0 or x2.dim() == 0:
        return x1 * x2
    return tensordot(x1, x2, [[x1.dim() - 1], [max(x2.dim() - 2, 0)]])


def inner(x1: Any, x2: Any) -> Tensor:
    """Return the sums of products over the last axes of both."""
    return _product(torch.inner, *promoted(x1, x2))


def outer(x1: Any, x2: Any) -> Tensor:
    """Return the products of each value of `x1` and each of `x2`, as a matrix."""
    x1, x2 = promoted(x1, x2)
    return torch.outer(x1.reshape(-1), x2.reshape(-1))


def vdot(x1: Any, x2: Any) -> Tensor:
    """Return the sum of the products of all values, those of `x1` conjugated."""
    x1, x2 = promoted(x1, x2)
    return _product(lambda a, b: torch.sum(a.conj() * b, dtype=a.dtype), x1.reshape(-1), x2.reshape(-1))


def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Tensor:
    """Return the sums of products over axes: the last of `x1` and the first of `x2`, or two lists of axes."""
    x1, x2 = promoted(x1, x2)
    places: Any = axes
    if not isinstance(axes, int):
        places = [list(axes_of(own, x.dim())) for own, x in zip(axes, (x1, x2), strict=True)]
    return _product(lambda a, b: torch.tensordot(a, b, places), x1, x2)


def einsum(subscripts: str, *operands: Any, **kwargs: Any) -> Tensor:
    """Return the sums of products that the subscripts describe; further keywords, such as `optimize`, have no effect.

    >>> einsum("ij,j->i", [[1.0, 2.0]], [3.0, 4.0])
    tensor([11.])
    """
    return _product(lambda *values: torch.einsum(subscripts, *values), *_operands(*operands))


def cross(x1: Any, x2: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Tensor:
    """Return the cross products of vectors of 3 values, or of 2, whose third value is 0.

    >>> cross([1.0, 0.0, 0.0], [0.0, 1.0, 0.0])
    tensor([0., 0., 1.])
    """
    x1, x2 = promoted(x1, x2)
    axisa, axisb, axisc = (axisa, axisb, axisc) if axis is None else (axis, axis, axis)
    x1, x2 = x1.movedim(axisa, -1), x2.movedim(axisb, -1)
    is_plane = x1.shape[-1] == x2.shape[-1] == 2
    first, second = (F.pad(x, (0, 3 - x.shape[-1])) for x in (x1, x2))
    result = torch.linalg.cross(*torch.broadcast_tensors(first, second))
    return result[..., 2] if is_plane else result.movedim(-1, axisc)


def kron(x1: Any, x2: Any) -> Tensor:
    """Return the Kronecker product."""
    return torch.kron(*promoted(x1, x2))


def correlate(x1: Any, x2: Any, mode: str = "valid") -> Tensor:
    """Return the cross-correlation of two vectors.

    >>> correlate([1.0, 2.0, 3.0], [0.0, 1.0, 0.5])
    tensor([3.5000])
    """
    x1, x2 = promoted(x1, x2)
    margin = x2.shape[0] - 1
    padded = {"valid": (0, 0), "full": (margin, margin), "same": (x2.shape[0] // 2, margin - x2.shape[0] // 2)}[mode]
    exact = x1.dtype if x1.is_floating_point() else torch.float64
    values = F.pad(x1.to(exact), padded)[None, None]
    return F.conv1d(values, x2.to(exact)[None, None])[0, 0].to(x1.dtype)


def _product(product: Callable[..., Tensor], *tensors: Tensor) -> Tensor:
    """Return a product; of bools, by way of ints, which torch can multiply and add."""
    if tensors[0].dtype is torch.bool:
        return product(*(x.to(torch.int32) for x in tensors)) != 0
    return product(*tensors)


def _operands(*values: Any) -> list[Tensor]:
    found = [as_tensor(value) for value in values]
    return [x.to(torch.int32) for x in found] if {x.dtype for x in found} == {torch.int8} else promoted(*found)
