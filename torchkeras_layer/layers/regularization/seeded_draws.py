"""How does a layer draw random numbers from a seed of its own?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

_LARGEST_SEED = 2**32 - 1


def draw_mask(
    draws: torch.Tensor, inputs: torch.Tensor, seed: int, shape: Sequence[int], probability: float
) -> torch.Tensor:
    """Return a boolean tensor that is true with the given probability, and add 1 to `draws`, an int tensor of shape ().

    Each draw has a generator of its own, seeded with `seed` plus the number of draws before it: that is what Keras 3
    does on torch, so the numbers are the same. The count is all that there is to copy and to pickle.

    Args:
        inputs: what the mask is for: it is drawn on their device, and in `vmap` for each of them if asked to.

    >>> draws = torch.tensor(0)
    >>> draw_mask(draws, torch.ones(4), 4, (4,), 0.5), draws
    (tensor([False, False,  True,  True]), tensor(1))
    """
    return _draw(draws, inputs.detach(), seed, list(shape), probability)


# An operator of torch's, because torch.compile and fake tensors, which know no generators, take it as it is.
@torch.library.custom_op("torchkeras_layer::draw_mask", mutates_args=("draws",))
def _draw(
    draws: torch.Tensor, inputs: torch.Tensor, seed: int, shape: Sequence[int], probability: float
) -> torch.Tensor:
    generator = torch.Generator(inputs.device).manual_seed((seed + int(draws)) & _LARGEST_SEED)
    draws += 1
    return torch.bernoulli(torch.full(shape, probability, device=inputs.device), generator=generator).bool()


@_draw.register_fake
def _draw_without_data(
    draws: torch.Tensor, inputs: torch.Tensor, seed: int, shape: Sequence[int], probability: float
) -> torch.Tensor:
    return torch.empty(shape, dtype=torch.bool, device=inputs.device)


@_draw.register_vmap
def _draw_in_vmap(
    info: Any,
    in_dims: Any,
    draws: torch.Tensor,
    inputs: torch.Tensor,
    seed: int,
    shape: Sequence[int],
    probability: float,
) -> tuple[torch.Tensor, int | None]:
    if info.randomness == "error":
        raise RuntimeError("vmap: called a layer that draws random numbers. Pass randomness='same' or 'different'.")
    if info.randomness == "same":
        return _draw(draws, inputs, seed, shape, probability), None
    return _draw(draws, inputs, seed, [info.batch_size, *shape], probability), 0
