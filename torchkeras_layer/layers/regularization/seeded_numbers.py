"""How does a layer draw numbers of a distribution, from a seed of its own if it has one?"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import torch

from torchkeras_layer._autograd import in_backward
from torchkeras_layer.layer import Layer

_LARGEST_SEED = 2**32 - 1
_FILL = {"normal": torch.Tensor.normal_, "uniform": torch.Tensor.uniform_}


def read_seed(layer: Layer, seed: Any) -> int | None:
    """Return a `seed` argument: an int or `None`.

    Raises:
        ValueError: if it is neither.

    >>> read_seed(Layer(), 3)
    3
    """
    if seed is not None and (isinstance(seed, bool) or not hasattr(seed, "__index__")):
        raise ValueError(f"{type(layer).__name__}: seed must be an int or None. Received: seed={seed!r}.")
    return None if seed is None else operator.index(seed)


def draw(
    layer: Layer,
    draws: torch.Tensor,
    inputs: torch.Tensor,
    seed: int | None,
    shape: Sequence[int],
    distribution: str,
    dtype: torch.dtype,
) -> torch.Tensor:
    """Return numbers of a distribution: 'normal' (mean 0, deviation 1) or 'uniform' (from 0 to 1).

    Without a seed they come from torch's generator. With one, each draw has a generator of its own, seeded with `seed`
    plus the number of draws before it, as in Keras 3 on torch; `draws`, an int tensor of shape (), counts them.

    Args:
        inputs: what the numbers are for: they are drawn on their device, and in `vmap` for each of them if asked to.

    Raises:
        RuntimeError: if a checkpoint repeats a call of a layer with a seed.

    >>> draw(Layer(), torch.tensor(0), torch.ones(2), 4, (2,), "uniform", torch.float32)
    tensor([0.5596, 0.5591])
    """
    if seed is None:
        # Made like the inputs, so that vmap draws for each of them.
        return _FILL[distribution](inputs.new_empty(shape, dtype=dtype))
    if in_backward():
        raise RuntimeError(
            f"{layer.name}: a checkpoint runs it again in the backward pass, where its seed gives other numbers than "
            f"in the forward pass. Received: seed={seed}. Leave the seed out, and call torch.manual_seed instead."
        )
    return _draw(draws, inputs.detach(), seed, list(shape), distribution, dtype)


# An operator of torch's, because torch.compile and fake tensors, which know no generators, take it as it is.
@torch.library.custom_op("torchkeras_layer::draw_numbers", mutates_args=("draws",))
def _draw(
    draws: torch.Tensor, inputs: torch.Tensor, seed: int, shape: Sequence[int], distribution: str, dtype: torch.dtype
) -> torch.Tensor:
    generator = torch.Generator(inputs.device).manual_seed((seed + int(draws)) & _LARGEST_SEED)
    draws += 1
    return _FILL[distribution](torch.empty(shape, dtype=dtype, device=inputs.device), generator=generator)


@_draw.register_fake
def _draw_without_data(
    draws: torch.Tensor, inputs: torch.Tensor, seed: int, shape: Sequence[int], distribution: str, dtype: torch.dtype
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
) -> tuple[torch.Tensor, int | None]:
    if info.randomness == "error":
        raise RuntimeError("vmap: called a layer that draws random numbers. Pass randomness='same' or 'different'.")
    if info.randomness == "same":
        return _draw(draws, inputs, seed, shape, distribution, dtype), None
    return _draw(draws, inputs, seed, [info.batch_size, *shape], distribution, dtype), 0
