"""Which generator do random numbers come from, for a `seed` argument, and how are they drawn?"""

from __future__ import annotations

import math
import operator
from typing import Any

import torch

from torchkeras_layer._names import unique_name
from torchkeras_layer.registry import Catalog, deserialize_keras_object

_LARGEST_SEED = 2**32 - 1
_catalog = Catalog("seed generator", module="keras.random")


@_catalog.register()
class SeedGenerator:
    """A sequence of seeds. What has one as its `seed` draws different, reproducible numbers at each call.

    Attributes:
        first: the first seed.
        draws: how often it was drawn from, an int tensor of shape ().

    Args:
        seed: the first seed; `None` for one from torch's global generator.
        name: its name in the config; default `seed_generator`, `seed_generator_1`, …

    Raises:
        ValueError: if `seed` is not an int or `None`.

    >>> seeds = SeedGenerator(seed=3, name="seeds")
    >>> seeds.next(), seeds.next(), seeds.get_config()
    (3, 4, {'seed': 3, 'name': 'seeds'})
    """

    def __init__(self, seed: int | None = None, name: str | None = None) -> None:
        self.name = unique_name("seed_generator") if name is None else name
        self.seed = None if seed is None else _as_int(self, seed)
        self.first = int(torch.randint(_LARGEST_SEED, (), device="cpu")) if self.seed is None else self.seed
        # A tensor, which compiled functions count up without being compiled again.
        self.draws = torch.zeros((), dtype=torch.int64, device="cpu")

    def next(self) -> int:
        """Return the next seed."""
        number = self.first + int(self.draws)
        self.draws += 1
        return number

    @property
    def state(self) -> torch.Tensor:
        """The first seed and the number of draws, as a tensor of two ints."""
        return torch.stack([torch.full_like(self.draws, self.first), self.draws])

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, which make the same sequence from its start."""
        return {"seed": self.seed, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeedGenerator:
        """Make a sequence of seeds from the result of `get_config()`."""
        return cls(**config)


def as_seed(owner: object, seed: Any) -> int | SeedGenerator | None:
    """Return a `seed` argument as `None`, an int or a `SeedGenerator`, which may be given by its config.

    Raises:
        ValueError: if it is something else; the message names the class of `owner`.
    """
    if isinstance(seed, dict):
        seed = deserialize_keras_object(seed)
    return seed if seed is None or isinstance(seed, SeedGenerator) else _as_int(owner, seed)


def generator_for(seed: int | SeedGenerator | None, device: torch.device) -> torch.Generator | None:
    """Return a new generator for a seed, or `None`, which is torch's global generator, without a seed.

    With an int, an initializer draws the same numbers at each call. Uniform, normal and orthogonal ones are then those
    of Keras 3 on torch.

    >>> generator_for(3, torch.device("cpu")).initial_seed(), generator_for(None, torch.device("cpu"))
    (3, None)
    """
    if seed is None or device.type == "meta":
        return None
    number = seed.next() if isinstance(seed, SeedGenerator) else seed
    return torch.Generator(device).manual_seed(number & _LARGEST_SEED)


def _as_int(owner: object, seed: Any) -> int:
    if isinstance(seed, bool) or not hasattr(seed, "__index__"):
        raise ValueError(
            f"{type(owner).__name__}: seed must be an int, a SeedGenerator or None. Received: seed={seed!r}."
        )
    return operator.index(seed)


Seed = int | SeedGenerator | None

TRUNCATION = 2.0
"""The distance from the mean at which the normal distribution is truncated, in standard deviations."""

_MASS_WITHIN = math.erf(TRUNCATION / math.sqrt(2.0))


def draw_uniform(shape: tuple[int, ...], dtype: torch.dtype, low: float, high: float, seed: Seed) -> torch.Tensor:
    """Draw from the uniform distribution on [low, high); for an integer dtype, ints.

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
    """Draw from the normal distribution truncated at two standard deviations.

    Uniform numbers are mapped by the inverse of the distribution function. That is the same distribution as drawing
    numbers outside again, but needs one draw for each number, and no loop that depends on values.

    >>> draw_truncated_normal((1000,), torch.float32, 0.0, 1.0, seed=1).abs().max() <= 2
    tensor(True)
    """
    device = torch.get_default_device()
    drawn = torch.empty(shape, dtype=_drawing_dtype(dtype), device=device)
    drawn.uniform_(-_MASS_WITHIN, _MASS_WITHIN, generator=generator_for(seed, device))
    drawn.erfinv_().mul_(math.sqrt(2.0)).clamp_(-TRUNCATION, TRUNCATION)
    return drawn.mul_(stddev).add_(mean).to(dtype)


def as_truncated_normal(uniform: torch.Tensor) -> torch.Tensor:
    """Return numbers of the truncated normal distribution for uniform ones from 0 to 1.

    >>> as_truncated_normal(torch.tensor([0.5]))
    tensor([0.])
    """
    return torch.erfinv((2 * uniform - 1) * _MASS_WITHIN) * math.sqrt(2.0)


def check_floating(owner: object, dtype: torch.dtype) -> None:
    """Check that a dtype is a float type.

    Raises:
        ValueError: if not; the message names the class of `owner`.
    """
    if not dtype.is_floating_point:
        raise ValueError(f"{type(owner).__name__}: dtype must be a float type. Received: dtype={dtype}.")


def _drawing_dtype(dtype: torch.dtype) -> torch.dtype:
    return torch.float32 if dtype.itemsize < torch.float32.itemsize else dtype
