"""How are random numbers drawn from a seed, also where a compiler traces?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

_LARGEST_SEED = 2**32 - 1


def draw_seeded(
    draws: Tensor,
    inputs: Tensor,
    seed: int,
    shape: Sequence[int],
    distribution: str,
    dtype: torch.dtype,
    parameter: float = 0.5,
) -> Tensor:
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


def draw_by_parameters(draws: Tensor, seed: int, distribution: str, parameters: list[Tensor], shape: Any) -> Tensor:
    """Return numbers from a distribution that has a parameter for each number, and add 1 to `draws`.

    Args:
        distribution: 'gamma', 'beta', 'binomial', 'categorical' or 'integers'.
        parameters: those of the distribution: for 'integers' the lowest and the highest plus 1.
        shape: that of the numbers.

    >>> draw_by_parameters(torch.tensor(0), 3, "integers", [torch.tensor(5), torch.tensor(6)], (2,))
    tensor([5, 5])
    """
    return _draw_by_parameters(draws, seed, distribution, [x.detach() for x in parameters], list(shape))


def drawn(distribution: str, parameters: list[Tensor], shape: Any, generator: torch.Generator | None) -> Tensor:
    """Return numbers from a distribution by torch's functions; see `draw_by_parameters`.

    >>> drawn("binomial", [torch.tensor([4.0]), torch.tensor([1.0])], (1,), None)
    tensor([4.])
    """
    first, *others = parameters
    if distribution == "gamma":
        return torch.ops.aten._standard_gamma(first, generator)
    if distribution == "beta":
        return torch.ops.aten._sample_dirichlet(torch.stack([first, *others], -1), generator)[..., 0]
    if distribution == "binomial":
        return torch.ops.aten.binomial(first, *others, generator)
    if distribution == "categorical":
        return torch.multinomial(first, shape[-1], replacement=True, generator=generator)
    low, high = int(first), int(others[0])
    return torch.randint(low, high, shape, generator=generator, device=first.device)


# Custom operators of torch, because torch.compile and fake tensors do not support generators.
@torch.library.custom_op("torchkeras_layer::draw_numbers", mutates_args=("draws",))
def _draw(
    draws: Tensor,
    inputs: Tensor,
    seed: int,
    shape: Sequence[int],
    distribution: str,
    dtype: torch.dtype,
    parameter: float,
) -> Tensor:
    generator = _generator(inputs, seed, draws)
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
    draws: Tensor,
    inputs: Tensor,
    seed: int,
    shape: Sequence[int],
    distribution: str,
    dtype: torch.dtype,
    parameter: float,
) -> Tensor:
    return torch.empty(shape, dtype=dtype, device=inputs.device)


@_draw.register_vmap
def _draw_in_vmap(
    info: Any,
    in_dims: Any,
    draws: Tensor,
    inputs: Tensor,
    seed: int,
    shape: Sequence[int],
    distribution: str,
    dtype: torch.dtype,
    parameter: float,
) -> tuple[Tensor, int | None]:
    if info.randomness == "error":
        raise RuntimeError("vmap: called a layer that draws random numbers. Pass randomness='same' or 'different'.")
    if info.randomness == "same":
        return _draw(draws, inputs, seed, shape, distribution, dtype, parameter), None
    return _draw(draws, inputs, seed, [info.batch_size, *shape], distribution, dtype, parameter), 0


@torch.library.custom_op("torchkeras_layer::draw_by_parameters", mutates_args=("draws",))
def _draw_by_parameters(
    draws: Tensor, seed: int, distribution: str, parameters: Sequence[Tensor], shape: Sequence[int]
) -> Tensor:
    return drawn(distribution, list(parameters), shape, _generator(parameters[0], seed, draws)).clone()


@_draw_by_parameters.register_fake
def _draw_by_parameters_without_data(
    draws: Tensor, seed: int, distribution: str, parameters: Sequence[Tensor], shape: Sequence[int]
) -> Tensor:
    are_ints = distribution in ("categorical", "integers")
    return parameters[0].new_empty(shape, dtype=torch.int64 if are_ints else parameters[0].dtype)


def _generator(inputs: Tensor, seed: int, draws: Tensor) -> torch.Generator:
    generator = torch.Generator(inputs.device).manual_seed((seed + int(draws)) & _LARGEST_SEED)
    draws += 1
    return generator
