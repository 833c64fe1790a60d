"""How much does each old pixel count in each new one, when an axis gets another length?"""

from __future__ import annotations

from collections.abc import Callable

import torch

INTERPOLATIONS = ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5", "area", "gaussian", "mitchellcubic")


def weights_of(interpolation: str, old: int, new: int, antialias: bool, device: torch.device) -> torch.Tensor:
    """Return a matrix of shape (new, old), whose rows sum up to 1, in float64.

    Pixels outside of the image count nothing. With `antialias`, the kernel is as wide as the new pixels are.

    >>> weights_of("area", 3, 2, False, torch.device("cpu")) * 3
    tensor([[2., 1., 0.],
            [0., 1., 2.]], dtype=torch.float64)
    """
    scale = old / new
    starts = torch.arange(new, dtype=torch.float64, device=device).unsqueeze(1) * scale
    pixels = torch.arange(old, dtype=torch.float64, device=device)
    if interpolation == "area":
        weights = (torch.minimum(starts + scale, pixels + 1) - torch.maximum(starts, pixels)).clamp(min=0)
    else:
        kernel, radius = _KERNELS[interpolation]
        width = max(scale, 1.0) if antialias else 1.0
        middles = starts + scale / 2 - 0.5
        if interpolation == "bicubic" and not antialias:
            # TensorFlow reads this kernel from a table of that many steps.
            middles = (middles * 1024).round() / 1024
        distances = (middles - pixels).abs() / width
        weights = torch.where(distances < radius, kernel(distances), 0)
    return weights / weights.sum(dim=1, keepdim=True)


def _cubic(b: float, c: float) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return the cubic kernel of Mitchell and Netravali; b=0, c=0.5 is that of Keys with a=-0.5."""

    def kernel(x: torch.Tensor) -> torch.Tensor:
        near = (12 - 9 * b - 6 * c) * x**3 + (-18 + 12 * b + 6 * c) * x**2 + (6 - 2 * b)
        far = (-b - 6 * c) * x**3 + (6 * b + 30 * c) * x**2 + (-12 * b - 48 * c) * x + (8 * b + 24 * c)
        return torch.where(x < 1, near, far) / 6

    return kernel


def _lanczos(radius: int) -> Callable[[torch.Tensor], torch.Tensor]:
    return lambda x: torch.sinc(x) * torch.sinc(x / radius)


def _gaussian(x: torch.Tensor) -> torch.Tensor:
    # TensorFlow's, which ends at three standard deviations of half a pixel.
    return torch.exp(-(x**2) / (2 * 0.5**2))


_KERNELS: dict[str, tuple[Callable[[torch.Tensor], torch.Tensor], float]] = {
    "bicubic": (_cubic(0.0, 0.5), 2.0),
    "lanczos3": (_lanczos(3), 3.0),
    "lanczos5": (_lanczos(5), 5.0),
    "gaussian": (_gaussian, 3 * 0.5),
    "mitchellcubic": (_cubic(1 / 3, 1 / 3), 2.0),
}
