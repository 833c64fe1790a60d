"""Which functions of matrices does TensorFlow have in addition to Keras's, or with other arguments?"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from torchkeras_layer.ops import products
from torchkeras_layer.ops.values import as_float, as_sizes, as_tensor


def matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
) -> Tensor:
    """Return the matrix products, of transposed matrices where asked for."""
    a, b = as_tensor(a), as_tensor(b)
    a = a.mH if adjoint_a else a.mT if transpose_a else a
    return products.matmul(a, b.mH if adjoint_b else b.mT if transpose_b else b)


def matvec(a: Any, b: Any, transpose_a: bool = False) -> Tensor:
    """Return the products of matrices and vectors."""
    return matmul(a, as_tensor(b).unsqueeze(-1), transpose_a).squeeze(-1)


def matrix_transpose(a: Any, conjugate: bool = False) -> Tensor:
    """Return matrices with rows and columns exchanged."""
    return as_tensor(a).mH if conjugate else as_tensor(a).mT


def adjoint(matrix: Any) -> Tensor:
    """Return matrices with rows and columns exchanged, and complex numbers conjugated."""
    return as_tensor(matrix).mH


def diag(diagonal: Any, k: int = 0) -> Tensor:
    """Return matrices with vectors on their diagonals, or on those `k` above them."""
    return torch.diag_embed(as_tensor(diagonal), offset=as_sizes(k)[0])


def diag_part(input: Any, k: int = 0) -> Tensor:
    """Return the diagonals of matrices, or those `k` above them."""
    return torch.diagonal(as_tensor(input), offset=as_sizes(k)[0], dim1=-2, dim2=-1)


def set_diag(input: Any, diagonal: Any, k: int = 0) -> Tensor:
    """Return matrices with other diagonals."""
    input = as_tensor(input)
    return torch.diagonal_scatter(input, as_tensor(diagonal).to(input.dtype), offset=as_sizes(k)[0], dim1=-2, dim2=-1)


def band_part(input: Any, num_lower: Any, num_upper: Any) -> Tensor:
    """Return matrices with zeros outside of a band around the diagonal; negative numbers keep a whole side."""
    input, (below,), (above,) = as_tensor(input), as_sizes(num_lower), as_sizes(num_upper)
    if input.dtype is torch.bool:
        return band_part(input.to(torch.uint8), below, above).to(torch.bool)
    kept = input if below < 0 else torch.triu(input, -below)
    return kept if above < 0 else torch.tril(kept, above)


def tensor_diag(diagonal: Any) -> Tensor:
    """Return a tensor with twice the axes, zero except where both halves of the axes have the same place."""
    diagonal = as_tensor(diagonal)
    return torch.diag(diagonal.reshape(-1)).reshape(*diagonal.shape, *diagonal.shape)


def tensor_diag_part(input: Any) -> Tensor:
    """Return the values of a tensor where both halves of its axes have the same place."""
    input = as_tensor(input)
    shape = input.shape[: input.dim() // 2]
    count = torch.Size(shape).numel()
    return torch.diagonal(input.reshape(count, count)).reshape(shape)


def trace(x: Any) -> Tensor:
    """Return the sums of the diagonals of matrices."""
    return torch.sum(diag_part(x), -1)


def eye(num_rows: Any, num_columns: Any = None, batch_shape: Any = None, dtype: Any = "float32") -> Tensor:
    """Return matrices with ones on their diagonals and zeros elsewhere."""
    from torchkeras_layer._dtypes import torch_dtype

    rows = as_sizes(num_rows)[0]
    columns = rows if num_columns is None else as_sizes(num_columns)[0]
    matrix = torch.eye(rows, columns, dtype=torch_dtype(dtype))
    return matrix if batch_shape is None else matrix.expand(*as_sizes(batch_shape), rows, columns)


def cholesky(input: Any) -> Tensor:
    """Return lower triangular matrices whose products with their transposes are given."""
    return torch.linalg.cholesky(as_float(input))


def cholesky_solve(chol: Any, rhs: Any) -> Tensor:
    """Return the solutions of equations, whose matrices are given by their Cholesky factors."""
    return torch.cholesky_solve(as_float(rhs), as_float(chol))


def triangular_solve(matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False) -> Tensor:
    """Return the solutions of equations with triangular matrices."""
    a, b = as_float(matrix), as_float(rhs)
    if adjoint:
        a, lower = (torch.tril(a) if lower else torch.triu(a)).mH, not lower
    return torch.linalg.solve_triangular(a, b, upper=not lower)


def solve(matrix: Any, rhs: Any, adjoint: bool = False) -> Tensor:
    """Return the solutions of equations."""
    a = as_float(matrix)
    return torch.linalg.solve(a.mH if adjoint else a, as_float(rhs))


def inv(input: Any, adjoint: bool = False) -> Tensor:
    """Return the inverses of matrices."""
    input = as_float(input)
    return torch.linalg.inv(input.mH if adjoint else input)


def lstsq(matrix: Any, rhs: Any, l2_regularizer: float = 0.0, fast: bool = True) -> Tensor:
    """Return the solutions of equations with the least squared errors."""
    a, b = as_float(matrix), as_float(rhs)
    if not l2_regularizer:
        # Not torch.linalg.lstsq, which torch.compile and torch.export do not take.
        return torch.linalg.pinv(a) @ b
    return torch.linalg.solve(a.mH @ a + l2_regularizer * torch.eye(a.shape[-1], dtype=a.dtype), a.mH @ b)


def eig(tensor: Any) -> tuple[Tensor, Tensor]:
    """Return the eigenvalues, as complex numbers, and the eigenvectors as columns."""
    return tuple(torch.linalg.eig(as_float(tensor)))  # type: ignore[return-value]


def eigvals(tensor: Any) -> Tensor:
    """Return the eigenvalues, as complex numbers."""
    return torch.linalg.eigvals(as_float(tensor))


def eigh(tensor: Any) -> tuple[Tensor, Tensor]:
    """Return the eigenvalues and the eigenvectors, as columns, of matrices that are their own adjoints."""
    return tuple(torch.linalg.eigh(as_float(tensor)))  # type: ignore[return-value]


def eigvalsh(tensor: Any) -> Tensor:
    """Return the eigenvalues of matrices that are their own adjoints."""
    return torch.linalg.eigvalsh(as_float(tensor))


def expm(input: Any) -> Tensor:
    """Return the exponentials of matrices."""
    return torch.linalg.matrix_exp(as_float(input))


def sqrtm(input: Any) -> Tensor:
    """Return the square roots of matrices, which must have a basis of eigenvectors."""
    input = as_float(input)
    values, vectors = torch.linalg.eig(input)
    root = vectors @ torch.diag_embed(torch.sqrt(values)) @ torch.linalg.inv(vectors)
    return root if input.is_complex() else root.real


def logdet(matrix: Any) -> Tensor:
    """Return the logarithms of the determinants of positive definite matrices."""
    return torch.logdet(as_float(matrix))


def slogdet(input: Any) -> tuple[Tensor, Tensor]:
    """Return the signs of determinants, and the logarithms of their absolute values."""
    return tuple(torch.linalg.slogdet(as_float(input)))  # type: ignore[return-value]


def lu(input: Any, output_idx_type: Any = "int32") -> tuple[Tensor, Tensor]:
    """Return the triangular factors of matrices in one matrix, and the permutation of their rows."""
    from torchkeras_layer._dtypes import torch_dtype

    factors, pivots = torch.linalg.lu_factor(as_float(input))
    permutation = torch.lu_unpack(factors, pivots, unpack_data=False)[0]
    return factors, torch.argmax(permutation.mT, -1).to(torch_dtype(output_idx_type))


def qr(input: Any, full_matrices: bool = False) -> tuple[Tensor, Tensor]:
    """Return orthogonal and upper triangular matrices whose products are given."""
    return tuple(torch.linalg.qr(as_float(input), "complete" if full_matrices else "reduced"))  # type: ignore[return-value]


def svd(tensor: Any, full_matrices: bool = False, compute_uv: bool = True) -> Any:
    """Return the singular values of matrices first, then the left and right vectors as columns."""
    if not compute_uv:
        return torch.linalg.svdvals(as_float(tensor))
    left, values, right = torch.linalg.svd(as_float(tensor), full_matrices)
    return values, left, right.mH


def matrix_rank(a: Any, tol: float | None = None) -> Tensor:
    """Return the number of rows of matrices that do not depend on others."""
    a = as_float(a)
    found = torch.linalg.matrix_rank(a) if tol is None else torch.linalg.matrix_rank(a, tol=tol)
    return found.to(torch.int32)
