"""How are random tensors drawn: uniform, normal, truncated normal?

Always on torch's default device, named explicitly: `torch.normal` does not heed `with torch.device(...)`.
Types of less than 32 bits are drawn in float32 and rounded, since their own kernels give few distinct
numbers.
"""

from __future__ import annotations

import math

import torch

from torchkeras_layer.initializers.seeds import SeedGenerator, generator_for

Seed = int | SeedGenerator | None

TRUNCATION = 2.0
"""How many standard deviations from the mean a truncated normal reaches."""

_MASS_WITHIN = math.erf(TRUNCATION / math.sqrt(2.0))


def draw_uniform(shape: tuple[int, ...], dtype: torch.dtype, low: float, high: float, seed: Seed) -> torch.Tensor:
    """Draw from [low, high), for an integer dtype the ints of it.

    >>> draw_uniform((3,), torch.float32, -1.0, 1.0, seed=1).abs().max() <= 1
    tensor(True)
    """
    device = torch.get_default_device()
    generator = generator_for(seed, device)
    if not dtype.is_floating_point:
        return torch.randint(int(low), int(high), shape, dtype=dtype, device=device, generator=generator)
    drawn = torch.rand(shape, dtype=_drawing_dtype(dtype), device=device, generator=generator)
    return ((high - low) * drawn + low).to(dtype)


def draw_normal(shape: tuple[int, ...], dtype: torch.dtype, mean: float, stddev: float, seed: Seed) -> torch.Tensor:
    """Draw from the normal distribution.

    >>> draw_normal((2,), torch.bfloat16, 5.0, 0.0, seed=None)
    tensor([5., 5.], dtype=torch.bfloat16)
    """
    device = torch.get_default_device()
    drawn = torch.empty(shape, dtype=_drawing_dtype(dtype), device=device)
    return drawn.normal_(mean, stddev, generator=generator_for(seed, device)).to(dtype)


def draw_truncated_normal(
    shape: tuple[int, ...], dtype: torch.dtype, mean: float, stddev: float, seed: Seed
) -> torch.Tensor:
    """Draw from the normal distribution cut at two standard deviations.

    By the inverse of the distribution function: the same distribution as drawing again what lies outside,
    from one draw a number, without a loop that depends on the data, and never outside.

    >>> draw_truncated_normal((1000,), torch.float32, 0.0, 1.0, seed=1).abs().max() <= 2
    tensor(True)
    """
    device = torch.get_default_device()
    drawn = torch.empty(shape, dtype=_drawing_dtype(dtype), device=device)
    drawn.uniform_(-_MASS_WITHIN, _MASS_WITHIN, generator=generator_for(seed, device))
    drawn.erfinv_().mul_(math.sqrt(2.0)).clamp_(-TRUNCATION, TRUNCATION)
    return drawn.mul_(stddev).add_(mean).to(dtype)


def check_floating(owner: object, dtype: torch.dtype) -> None:
    """Raise ValueError if `owner` is asked for random numbers of a dtype that is not floating."""
    if not dtype.is_floating_point:
        raise ValueError(f"{type(owner).__name__}: dtype must be a float type. Received: dtype={dtype}.")


def _drawing_dtype(dtype: torch.dtype) -> torch.dtype:
    return torch.float32 if dtype.itemsize < torch.float32.itemsize else dtype
