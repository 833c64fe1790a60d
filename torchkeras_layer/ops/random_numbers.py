"""Which functions draw random numbers, with or without a seed?

An int as the seed gives the same numbers at each call, a `SeedGenerator` the next ones; without a seed, they come from
torch's generator, which `torch.manual_seed` sets. They are on torch's default device.
"""

from __future__ import annotations

import operator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer._settings import floatx
from torchkeras_layer.initializers.seeds import TRUNCATION, SeedGenerator, as_truncated_normal
from torchkeras_layer.ops.seeded_numbers import draw_by_parameters, draw_seeded, drawn
from torchkeras_layer.ops.values import as_float, as_sizes, as_tensor


def normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None) -> Tensor:
    """Return numbers from the normal distribution.

    >>> normal((2,), mean=5.0, stddev=0.0)
    tensor([5., 5.])
    """
    numbers = _numbers("normal", shape, dtype, seed)
    return (numbers * stddev + mean).to(numbers.dtype)


def uniform(shape: Any, minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Any = None) -> Tensor:
    """Return numbers that are evenly distributed from `minval` to `maxval`, without it.

    >>> uniform((2,), seed=3), uniform((2,), seed=3)
    (tensor([0.0043, 0.1056]), tensor([0.0043, 0.1056]))
    """
    numbers = _numbers("uniform", shape, dtype, seed)
    return ((maxval - minval) * numbers + minval).to(numbers.dtype)


def truncated_normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None) -> Tensor:
    """Return numbers from the normal distribution that are at most two standard deviations from its mean."""
    numbers = as_truncated_normal(_numbers("uniform", shape, dtype, seed))
    return (numbers.clamp(-TRUNCATION, TRUNCATION) * stddev + mean).to(numbers.dtype)


def randint(shape: Any, minval: Any, maxval: Any, dtype: Any = "int32", seed: Any = None) -> Tensor:
    """Return ints from `minval` to `maxval`, without it.

    >>> randint((3,), 4, 5)
    tensor([4, 4, 4], dtype=torch.int32)
    """
    sizes, target = as_sizes(shape), torch_dtype(dtype)
    if seed is None and isinstance(minval, int) and isinstance(maxval, int):
        return torch.randint(minval, maxval, sizes, dtype=target)
    bounds = [as_tensor(value) for value in (minval, maxval)]
    if any(bound.dim() for bound in bounds):
        spread = _numbers("uniform", sizes, "float64", seed) * (bounds[1] - bounds[0])
        return (torch.floor(spread) + bounds[0]).to(target)
    return _by_parameters("integers", bounds, sizes, seed).to(target)


def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: Any = None) -> Tensor:
    """Return `num_samples` classes for each row of logits, (batch, classes)."""
    probabilities = torch.softmax(as_float(logits), -1)
    shape = [*probabilities.shape[:-1], num_samples]
    return _by_parameters("categorical", [probabilities], shape, seed).to(torch_dtype(dtype))


def gamma(shape: Any, alpha: Any, dtype: Any = None, seed: Any = None) -> Tensor:
    """Return numbers from the gamma distribution with the shape parameter `alpha`."""
    return _from_parameters("gamma", shape, [alpha], dtype, seed)


def beta(shape: Any, alpha: Any, beta: Any, dtype: Any = None, seed: Any = None) -> Tensor:
    """Return numbers from the beta distribution."""
    return _from_parameters("beta", shape, [alpha, beta], dtype, seed)


def binomial(shape: Any, counts: Any, probabilities: Any, dtype: Any = None, seed: Any = None) -> Tensor:
    """Return how many of `counts` trials succeed, each with a probability.

    >>> binomial((2,), 3, 1.0)
    tensor([3., 3.])
    """
    return _from_parameters("binomial", shape, [counts, probabilities], dtype, seed)


def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: Any = None) -> Tensor:
    """Return the values divided by 1 - rate, each of them 0 instead with the probability `rate`.

    Args:
        inputs: the values.
        rate: from 0 to 1.
        noise_shape: the shape of the choice, which is broadcast; `None` in it is the size of the inputs.
        seed: see above.
    """
    inputs = as_float(inputs)
    if not isinstance(rate, (int, float)) or not 0 <= rate <= 1:
        raise ValueError(f"dropout: rate must be a number from 0 to 1. Received: rate={rate!r}.")
    if seed is None and noise_shape is None:
        return F.dropout(inputs, rate)
    if rate in (0, 1):
        return inputs if rate == 0 else torch.zeros_like(inputs)
    shape = inputs.shape if noise_shape is None else _filled_in(noise_shape, inputs)
    if seed is None:
        is_kept = torch.bernoulli(inputs.new_full(shape, 1 - rate, dtype=torch.float32)).to(torch.bool)
    else:
        is_kept = _seeded("bernoulli", shape, torch.bool, seed, inputs, 1 - rate)
    return torch.where(is_kept, inputs / (1 - rate), 0)


def shuffle(x: Any, axis: int = 0, seed: Any = None) -> Tensor:
    """Return the slices along an axis in random order.

    >>> sorted(shuffle([3, 1, 2]).tolist())
    [1, 2, 3]
    """
    x = as_tensor(x)
    return torch.index_select(x, axis, torch.argsort(_numbers("uniform", (x.shape[axis],), "float32", seed, x)))


def _filled_in(noise_shape: Any, inputs: Tensor) -> list[int]:
    sizes = as_sizes(noise_shape)
    return [inputs.shape[axis] if size is None else size for axis, size in enumerate(sizes)]


def _numbers(distribution: str, shape: Any, dtype: Any, seed: Any, like: Tensor | None = None) -> Tensor:
    sizes, target = as_sizes(shape), torch_dtype(dtype or floatx())
    if seed is None:
        draw = torch.randn if distribution == "normal" else torch.rand
        return draw(sizes, dtype=target, device=None if like is None else like.device)
    return _seeded(distribution, sizes, target, seed, torch.empty(()) if like is None else like)


def _seeded(
    distribution: str, shape: Any, dtype: torch.dtype, seed: Any, like: Tensor, parameter: float = 0.5
) -> Tensor:
    draws, number = _state_of(seed)
    return draw_seeded(draws, like, number, shape, distribution, dtype, parameter)


def _from_parameters(distribution: str, shape: Any, parameters: list[Any], dtype: Any, seed: Any) -> Tensor:
    sizes, target = as_sizes(shape), torch_dtype(dtype or floatx())
    exact = target if target.itemsize >= torch.float32.itemsize else torch.float32
    found = [as_tensor(value, exact).expand(sizes).contiguous() for value in parameters]
    return _by_parameters(distribution, found, sizes, seed).to(target)


def _by_parameters(distribution: str, parameters: list[Tensor], shape: Any, seed: Any) -> Tensor:
    if seed is None:
        return drawn(distribution, parameters, shape, None)
    draws, number = _state_of(seed)
    return draw_by_parameters(draws, number, distribution, parameters, shape)


def _state_of(seed: Any) -> tuple[Tensor, int]:
    """Return how often a seed was drawn from, a tensor that is counted up, and the first seed."""
    if isinstance(seed, SeedGenerator):
        return seed.draws, seed.first
    if isinstance(seed, bool) or not hasattr(seed, "__index__"):
        raise ValueError(f"seed must be an int, a SeedGenerator or None. Received: seed={seed!r}.")
    return torch.zeros((), dtype=torch.int64, device="cpu"), operator.index(seed)
