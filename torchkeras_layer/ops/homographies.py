"""Which perspective moves four points to four others?"""

from __future__ import annotations

import torch
from torch import Tensor


def homography(starts: Tensor, ends: Tensor) -> Tensor:
    """Return the eight factors of the perspective that takes the end points to the start points."""
    (x, y), (u, v) = starts.unbind(-1), ends.unbind(-1)
    zero, one = torch.zeros_like(x), torch.ones_like(x)
    of_x = torch.stack([u, v, one, zero, zero, zero, -x * u, -x * v], -1)
    of_y = torch.stack([zero, zero, zero, u, v, one, -y * u, -y * v], -1)
    matrix = torch.stack([of_x, of_y], 2).reshape(-1, 8, 8)
    return torch.linalg.solve(matrix, torch.stack([x, y], 2).reshape(-1, 8))
