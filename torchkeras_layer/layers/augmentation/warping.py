"""How are pixels of images found at other places: between pixels, and outside of the image?"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras_layer.ops.homographies import homography

FILL_MODES = ("reflect", "wrap", "constant", "nearest")
INTERPOLATIONS = ("nearest", "bilinear")
_PADDINGS = {"reflect": "reflection", "wrap": "border", "constant": "zeros", "nearest": "border", "mirror": "border"}


def affine(images: torch.Tensor, matrices: Any, interpolation: str, fill_mode: str, fill_value: float) -> torch.Tensor:
    """Return images whose pixel (x, y) is that at (a0 x + a1 y + a2, b0 x + b1 y + b2) of the given ones.

    Args:
        images: (batch, channels, rows, columns).
        matrices: (batch, 8), of which the first six numbers are a0, a1, a2, b0, b1 and b2, in pixels.
        interpolation, fill_mode, fill_value: as in `sample`.

    >>> affine(torch.arange(4.0).reshape(1, 1, 1, 4), torch.tensor([[1.0, 0, 1, 0, 1, 0, 0, 0]]), "nearest", "wrap", 0)
    tensor([[[[1., 2., 3., 0.]]]])
    """
    x, y = pixel_places(images)
    matrices = torch.as_tensor(matrices, device=images.device).to(x.dtype).reshape(-1, 8, 1, 1)
    a0, a1, a2, b0, b1, b2 = matrices[:, :6].unbind(1)
    return sample(images, a0 * x + a1 * y + a2, b0 * x + b1 * y + b2, interpolation, fill_mode, fill_value)


def perspective(images: torch.Tensor, starts: Any, ends: Any, interpolation: str, fill_value: float) -> torch.Tensor:
    """Return images in which what was at the four points `starts` is at the points `ends`.

    Args:
        images: (batch, channels, rows, columns).
        starts, ends: (batch, 4, 2), each point as (x, y) in pixels.
        interpolation, fill_value: as in `sample`.

    >>> corners = torch.tensor([[[0.0, 0.0], [3.0, 0.0], [0.0, 1.0], [3.0, 1.0]]])
    >>> perspective(torch.arange(8.0).reshape(1, 1, 2, 4), corners, corners + torch.tensor([1.0, 0.0]), "bilinear", 9)
    tensor([[[[9., 0., 1., 2.],
              [9., 4., 5., 6.]]]])
    """
    x, y = pixel_places(images)
    starts, ends = (torch.as_tensor(points, device=images.device).to(x.dtype) for points in (starts, ends))
    a0, a1, a2, b0, b1, b2, c0, c1 = homography(starts, ends).reshape(-1, 8, 1, 1).unbind(1)
    scale = c0 * x + c1 * y + 1
    places = ((a0 * x + a1 * y + a2) / scale, (b0 * x + b1 * y + b2) / scale)
    return sample(images, *places, interpolation, "constant", fill_value)


def pixel_places(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the numbers of the columns and of the rows, which broadcast over (batch, rows, columns), as floats.

    >>> [numbers.shape for numbers in pixel_places(torch.ones(1, 1, 2, 3))]
    [torch.Size([1, 1, 3]), torch.Size([1, 2, 1])]
    """
    dtype = torch.promote_types(images.dtype, torch.float32)
    rows, columns = (torch.arange(size, dtype=dtype, device=images.device) for size in images.shape[2:])
    return columns.reshape(1, 1, -1), rows.reshape(1, -1, 1)


def sample(
    images: torch.Tensor, x: torch.Tensor, y: torch.Tensor, interpolation: str, fill_mode: str, fill_value: float
) -> torch.Tensor:
    """Return the values of images at the given places, as images of the same size.

    Args:
        images: (batch, channels, rows, columns).
        x, y: columns and rows, in pixels, (batch, rows, columns) or with one in place of the batch.
        interpolation: 'bilinear' or 'nearest'.
        fill_mode: what is outside of an image. 'constant': `fill_value`. 'nearest': the pixel at the edge. 'reflect':
            the image mirrored at its edge (d c b a | a b c d | d c b a). 'mirror': at its outermost pixels (d c b | a b
            c d | c b a). 'wrap': the image again.
        fill_value: a number.

    >>> x, y = torch.tensor([[[0.5, 2.0]]]), torch.zeros(1, 1, 2)
    >>> sample(torch.tensor([[[[1.0, 3.0]]]]), x, y, "bilinear", "wrap", 0).round()
    tensor([[[[2., 1.]]]])
    """
    values = images.to(x.dtype)
    if fill_mode == "wrap":
        # One more row and column, between which and the last one the image is wrapped.
        x, y = x % images.shape[3], y % images.shape[2]
        values = F.pad(values, (0, 1, 0, 1), mode="circular")
    height, width = values.shape[2:]
    if fill_mode == "mirror":
        x, y = _folded(x, width - 1), _folded(y, height - 1)
    x, y = torch.broadcast_tensors(x, y)
    grid = torch.stack([(2 * x + 1) / width - 1, (2 * y + 1) / height - 1], dim=-1)
    grid = grid.expand(images.shape[0], -1, -1, -1)
    if fill_mode == "constant" and fill_value:
        values = values - fill_value
    found = F.grid_sample(values, grid, interpolation, _PADDINGS[fill_mode], align_corners=False)
    return found + fill_value if fill_mode == "constant" and fill_value else found


def _folded(places: torch.Tensor, last: int) -> torch.Tensor:
    return last - (places % (2 * last) - last).abs() if last else torch.zeros_like(places)
