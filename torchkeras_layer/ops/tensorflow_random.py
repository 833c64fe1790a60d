"""Which random numbers do TensorFlow's functions draw that Keras's do not?

A function whose name begins with `stateless` gives the same numbers for the same seed, two ints; the others draw from
torch's generator, and their seeds have no effect. The numbers are not TensorFlow's.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer.ops import random_numbers
from torchkeras_layer.ops.values import as_float, as_sizes, as_tensor

# A prime, so that the two ints of a seed rarely give the sum of two others.
_FACTOR = 1_000_003
_LARGEST = 2**31 - 1


def random_normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", seed: Any = None) -> Tensor:
    """Return normally distributed random numbers of torch's generator; a seed has no effect in a graph."""
    return torch.randn(as_sizes(shape), dtype=torch_dtype(dtype)) * stddev + mean


def random_uniform(shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = "float32", seed: Any = None) -> Tensor:
    """Return random numbers between `minval` and `maxval`, by default 1, of torch's generator."""
    return _uniform(shape, minval, maxval, dtype, None)


def truncated_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", seed: Any = None
) -> Tensor:
    """Return normally distributed random numbers within two standard deviations of the mean."""
    return random_numbers.truncated_normal(shape, mean, stddev, dtype)


def random_gamma(shape: Any, alpha: Any, beta: Any = None, dtype: Any = "float32", seed: Any = None) -> Tensor:
    """Return numbers from gamma distributions, `shape` of them for each `alpha`, divided by `beta`."""
    return _gamma(shape, alpha, beta, dtype, None)


def random_poisson(shape: Any, lam: Any, dtype: Any = "float32", seed: Any = None) -> Tensor:
    """Return numbers from Poisson distributions, `shape` of them for each mean `lam`."""
    lam = as_float(lam)
    return torch.poisson(lam.expand(*as_sizes(shape), *lam.shape).contiguous()).to(torch_dtype(dtype))


def random_categorical(logits: Any, num_samples: Any, dtype: Any = "int64", seed: Any = None) -> Tensor:
    """Return classes, drawn by the logarithms of their probabilities: `num_samples` of them for each row."""
    return random_numbers.categorical(as_tensor(logits), as_sizes(num_samples)[0], dtype or "int64")


def stateless_normal(shape: Any, seed: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32") -> Tensor:
    """Return normally distributed random numbers, the same ones for the same seed."""
    return random_numbers.normal(shape, mean, stddev, dtype, _single(seed))


def stateless_uniform(shape: Any, seed: Any, minval: Any = 0, maxval: Any = None, dtype: Any = "float32") -> Tensor:
    """Return random numbers between `minval` and `maxval`, by default 1, the same ones for the same seed."""
    return _uniform(shape, minval, maxval, dtype, _single(seed))


def stateless_truncated_normal(
    shape: Any, seed: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32"
) -> Tensor:
    """Return normally distributed numbers within two standard deviations, the same ones for the same seed."""
    return random_numbers.truncated_normal(shape, mean, stddev, dtype, _single(seed))


def stateless_categorical(logits: Any, num_samples: Any, seed: Any, dtype: Any = "int64") -> Tensor:
    """Return classes, drawn by the logarithms of their probabilities, the same ones for the same seed."""
    return random_numbers.categorical(as_tensor(logits), as_sizes(num_samples)[0], dtype or "int64", _single(seed))


def stateless_gamma(shape: Any, seed: Any, alpha: Any, beta: Any = None, dtype: Any = "float32") -> Tensor:
    """Return numbers of `shape` from gamma distributions, divided by `beta`, the same ones for the same seed."""
    numbers = random_numbers.gamma(shape, alpha, dtype, _single(seed))
    return numbers if beta is None else numbers / as_tensor(beta, numbers.dtype)


def _uniform(shape: Any, minval: Any, maxval: Any, dtype: Any, seed: Any) -> Tensor:
    target = torch_dtype(dtype)
    if target.is_floating_point:
        return random_numbers.uniform(shape, minval, 1 if maxval is None else maxval, target, seed)
    if maxval is None:
        raise ValueError(f"random numbers of dtype {target} need maxval=. Received: maxval=None.")
    return random_numbers.randint(shape, minval, maxval, target, seed)


def _gamma(shape: Any, alpha: Any, beta: Any, dtype: Any, seed: Any) -> Tensor:
    alpha, beta = torch.broadcast_tensors(as_float(alpha), as_float(1.0 if beta is None else beta))
    numbers = random_numbers.gamma([*as_sizes(shape), *alpha.shape], alpha, dtype, seed)
    return numbers / beta.to(numbers.dtype)


def _single(seed: Any) -> int:
    first, second = as_sizes(seed)
    return (int(first) * _FACTOR + int(second)) % _LARGEST
