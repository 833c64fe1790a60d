"""Which operations belong to linear algebra, such as decompositions and norms?"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from torchkeras_layer.ops.values import as_float, axes_of, promoted_floats


def cholesky(x: Any, upper: bool = False) -> Tensor:
    """Return the Cholesky factor of positive definite matrices."""
    return torch.linalg.cholesky(as_float(x), upper=upper)


def cholesky_inverse(x: Any, upper: bool = False) -> Tensor:
    """Return the inverses of matrices, from their Cholesky factors."""
    return torch.cholesky_inverse(as_float(x), upper=upper)


def det(x: Any) -> Tensor:
    """Return the determinants of matrices."""
    return torch.linalg.det(as_float(x))


def eig(x: Any) -> tuple[Tensor, Tensor]:
    """Return the eigenvalues and eigenvectors of matrices, as complex numbers."""
    return tuple(torch.linalg.eig(as_float(x)))  # type: ignore[return-value]


def eigh(x: Any) -> tuple[Tensor, Tensor]:
    """Return the eigenvalues and eigenvectors of symmetric matrices."""
    return tuple(torch.linalg.eigh(as_float(x)))  # type: ignore[return-value]


def inv(x: Any) -> Tensor:
    """Return the inverses of matrices.

    >>> inv([[2.0, 0.0], [0.0, 4.0]])
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    return torch.linalg.inv(as_float(x))


def pinv(x: Any, rcond: float | None = None) -> Tensor:
    """Return the pseudo-inverses of matrices; singular values below `rcond` times the greatest count as 0."""
    return torch.linalg.pinv(as_float(x), rtol=rcond)


def matrix_rank(x: Any, tol: float | None = None) -> Tensor:
    """Return the ranks of matrices; singular values up to `tol` count as 0."""
    x = as_float(x)
    return (torch.linalg.matrix_rank(x) if tol is None else torch.linalg.matrix_rank(x, atol=tol, rtol=0.0)).to(
        torch.int32
    )


def lstsq(a: Any, b: Any, rcond: float | None = None) -> Tensor:
    """Return the solution of least squares of a @ x = b."""
    a, b = promoted_floats(a, b)
    return torch.matmul(pinv(a, rcond), b)


def lu_factor(x: Any) -> tuple[Tensor, Tensor]:
    """Return the LU factors of matrices in one, and the pivots, counted from 0."""
    factors, pivots = torch.linalg.lu_factor(as_float(x))
    return factors, pivots - 1


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Return the norm of vectors along one axis, or of matrices along two; of all values without `ord` and axis.

    >>> norm([3.0, 4.0])
    tensor(5.)
    """
    x = as_float(x)
    if isinstance(axis, int):
        return torch.linalg.vector_norm(x, 2 if ord is None else ord, axis, keepdims)
    if axis is None and ord is None:
        flat = torch.linalg.vector_norm(x)
        return flat.reshape([1] * x.dim()) if keepdims else flat
    axes = axes_of(axis, x.dim())
    if len(axes) == 1:
        return torch.linalg.vector_norm(x, 2 if ord is None else ord, axes, keepdims)
    return torch.linalg.matrix_norm(x, "fro" if ord is None else ord, axes, keepdims)  # type: ignore[arg-type]


def qr(x: Any, mode: str = "reduced") -> tuple[Tensor, Tensor]:
    """Return the factors Q and R of matrices; `mode` is 'reduced' or 'complete'."""
    return tuple(torch.linalg.qr(as_float(x), mode))  # type: ignore[return-value]


def svd(x: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """Return the singular value decomposition U, S, V of matrices, or only S."""
    x = as_float(x)
    return tuple(torch.linalg.svd(x, full_matrices)) if compute_uv else torch.linalg.svdvals(x)


def solve(a: Any, b: Any) -> Tensor:
    """Return the solution of a @ x = b."""
    return torch.linalg.solve(*promoted_floats(a, b))


def solve_triangular(a: Any, b: Any, lower: bool = False) -> Tensor:
    """Return the solution of a @ x = b for triangular matrices."""
    a, b = promoted_floats(a, b)
    is_vector = b.dim() == a.dim() - 1
    result = torch.linalg.solve_triangular(a, b.unsqueeze(-1) if is_vector else b, upper=not lower)
    return result.squeeze(-1) if is_vector else result
