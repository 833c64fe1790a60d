"""How does a layer draw random numbers from a seed of its own?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

_LARGEST_SEED = 2**32 - 1


@torch.library.custom_op("torchkeras_layer::draw_mask", mutates_args=("draws",))
def draw_mask(
    draws: torch.Tensor, seed: int, shape: Sequence[int], probability: float, device: torch.device
) -> torch.Tensor:
    """Return a boolean tensor that is true with the given probability, and count the draw.

    Each draw has a generator of its own, seeded with `seed` plus the number of draws before it: that is what Keras 3 on
    torch does, so the numbers are the same. What there is to copy, pickle or move is the count: an int tensor of shape ().

    It is an operator of torch's because torch.compile and fake tensors, which know nothing of generators, take it as it is.

    >>> draws = torch.tensor(0)
    >>> draw_mask(draws, 3, (4,), 0.5, torch.device("cpu")), draws
    (tensor([ True,  True, False,  True]), tensor(1))
    """
    if device.type == "meta":
        return torch.empty(shape, dtype=torch.bool, device=device)
    generator = torch.Generator(device).manual_seed((seed + int(draws)) & _LARGEST_SEED)
    draws += 1
    return torch.bernoulli(torch.full(tuple(shape), probability, device=device), generator=generator).bool()


@draw_mask.register_fake
def _without_data(
    draws: torch.Tensor, seed: int, shape: Sequence[int], probability: float, device: torch.device
) -> torch.Tensor:
    return torch.empty(shape, dtype=torch.bool, device=device)


@draw_mask.register_vmap
def _in_vmap(
    info: Any,
    in_dims: Any,
    draws: torch.Tensor,
    seed: int,
    shape: Sequence[int],
    probability: float,
    device: torch.device,
) -> tuple[torch.Tensor, int | None]:
    if info.randomness == "error":
        raise RuntimeError("vmap: called a layer that draws random numbers. Pass randomness='same' or 'different'.")
    if info.randomness == "same":
        return draw_mask(draws, seed, shape, probability, device), None
    return draw_mask(draws, seed, (info.batch_size, *shape), probability, device), 0
