"""How are random numbers drawn from a seed?"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import torch

from torchkeras_layer.layer import Layer

_LARGEST_SEED = 2**32 - 1


def read_seed(layer: Layer, seed: Any) -> int | None:
    """Return a `seed` argument as an int or `None`.

    Raises:
        ValueError: if it is something else, or does not fit into 64 bits.

    >>> read_seed(Layer(), 3)
    3
    """
    if seed is None:
        return None
    try:
        number = 2**64 if isinstance(seed, bool) else operator.index(seed)
    except TypeError:
        number = 2**64
    if not -(2**63) <= number < 2**63:
        raise ValueError(f"{type(layer).__name__}: seed must be an int of 64 bits or None. Received: seed={seed!r}.")
    return number


def draw_seeded(
    draws: torch.Tensor,
    inputs: torch.Tensor,
    seed: int,
    shape: Sequence[int],
    distribution: str,
    dtype: torch.dtype,
    parameter: float = 0.5,
) -> torch.Tensor:
    """Return numbers from a distribution, and add 1 to `draws`, an int tensor of shape ().

    Each draw has its own generator, seeded with `seed` plus the number of earlier draws. Keras 3 does the same on
    torch, so the numbers are the same. Only the count needs to be copied, pickled and saved.

    Args:
        inputs: what the numbers are for: they are drawn on their device, and in `vmap` for each of them if asked to.
        distribution: 'normal' (mean 0, deviation 1), 'uniform' (from 0 to 1), 'bernoulli' (1 or 0) or 'gamma'.
        parameter: the probability of 1 for 'bernoulli', the shape parameter for 'gamma'.

    >>> draws = torch.tensor(0)
    >>> draw_seeded(draws, torch.ones(4), 4, (4,), "bernoulli", torch.bool), draws
    (tensor([False, False,  True,  True]), tensor(1))
    """
    return _draw(draws, inputs.detach(), seed, list(shape), distribution, dtype, parameter)


# A custom operator of torch, because torch.compile and fake tensors do not support generators.
@torch.library.custom_op("torchkeras_layer::draw_numbers", mutates_args=("draws",))
def _draw(
    draws: torch.Tensor,
    inputs: torch.Tensor,
    seed: int,
    shape: Sequence[int],
    distribution: str,
    dtype: torch.dtype,
    parameter: float,
) -> torch.Tensor:
    generator = torch.Generator(inputs.device).manual_seed((seed + int(draws)) & _LARGEST_SEED)
    draws += 1
    if distribution == "bernoulli":
        probabilities = torch.full(shape, parameter, device=inputs.device)
        return torch.bernoulli(probabilities, generator=generator).to(dtype)
    if distribution == "gamma":
        return torch.ops.aten._standard_gamma(
            torch.full(shape, parameter, dtype=dtype, device=inputs.device), generator
        )
    numbers = torch.empty(shape, dtype=dtype, device=inputs.device)
    return numbers.normal_(generator=generator) if distribution == "normal" else numbers.uniform_(generator=generator)


@_draw.register_fake
def _draw_without_data(
    draws: torch.Tensor,
    inputs: torch.Tensor,
    seed: int,
    shape: Sequence[int],
    distribution: str,
    dtype: torch.dtype,
    parameter: float,
) -> torch.Tensor:
    return torch.empty(shape, dtype=dtype, device=inputs.device)


@_draw.register_vmap
def _draw_in_vmap(
    info: Any,
    in_dims: Any,
    draws: torch.Tensor,
    inputs: torch.Tensor,
    seed: int,
    shape: Sequence[int],
    distribution: str,
    dtype: torch.dtype,
    parameter: float,
) -> tuple[torch.Tensor, int | None]:
    if info.randomness == "error":
        raise RuntimeError("vmap: called a layer that draws random numbers. Pass randomness='same' or 'different'.")
    if info.randomness == "same":
        return _draw(draws, inputs, seed, shape, distribution, dtype, parameter), None
    return _draw(draws, inputs, seed, [info.batch_size, *shape], distribution, dtype, parameter), 0
