"""How does a weight start as an orthogonal matrix?"""

from __future__ import annotations

import math
from typing import Any

import torch

from torchkeras_layer.initializers._catalog import catalog
from torchkeras_layer.initializers.base import finite_number
from torchkeras_layer.initializers.random import RandomInitializer
from torchkeras_layer.initializers.sampling import check_floating, draw_normal


@catalog.register("OrthogonalInitializer", "OrthogonalV2")
class Orthogonal(RandomInitializer):
    """An orthogonal matrix, times `gain` (Saxe et al., 2014).

    With more columns than rows the rows are orthonormal, else the columns. All dimensions but the last
    count as rows. The matrix is the Q of a random matrix's QR factors, with the signs that make it uniform.

    Raises:
        ValueError: if `gain` is not a finite number; when called, if the shape has fewer than two dimensions.

    >>> matrix = Orthogonal(seed=1)((2, 2, 3))
    >>> torch.allclose(matrix.reshape(4, 3).T @ matrix.reshape(4, 3), torch.eye(3), atol=1e-5)
    True
    """

    def __init__(self, gain: float = 1.0, seed: Any = None) -> None:
        self.gain = finite_number(self, "gain", gain)
        super().__init__(seed)

    def fill(self, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
        """Draw the tensor."""
        check_floating(self, dtype)
        if len(shape) < 2:
            raise ValueError(
                f"{type(self).__name__}: the shape must have at least two dimensions. Received: shape={shape}."
            )
        rows, columns = math.prod(shape[:-1]), shape[-1]
        # QR knows no types of less than 32 bits.
        wide = torch.float32 if dtype.itemsize < torch.float32.itemsize else dtype
        drawn = draw_normal((max(rows, columns), min(rows, columns)), wide, 0.0, 1.0, self.seed)
        q, r = torch.linalg.qr(drawn)
        q = torch.where(r.diagonal() < 0, -q, q)
        # QR gives its factors column by column.
        return (self.gain * (q.T if rows < columns else q).reshape(shape)).to(dtype).contiguous()

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this initializer again."""
        return {**super().get_config(), "gain": self.gain}
