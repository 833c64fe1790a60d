"""Which functions of Keras's K draw random numbers in another way than `keras.random`?"""

from __future__ import annotations

from typing import Any

from torch import Tensor

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer._settings import floatx
from torchkeras_layer.ops import random_numbers


def random_uniform(shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: Any = None) -> Tensor:
    """Return numbers that are evenly distributed from `minval` to `maxval`, without it; of an int dtype, ints.

    >>> random_uniform((3,), 4, 5, dtype="int32")
    tensor([4, 4, 4], dtype=torch.int32)
    """
    if torch_dtype(dtype or floatx()).is_floating_point:
        return random_numbers.uniform(shape, minval, maxval, dtype, seed)
    return random_numbers.randint(shape, int(minval), int(maxval), dtype, seed)


def random_bernoulli(shape: Any, p: float = 0.0, dtype: Any = None, seed: Any = None) -> Tensor:
    """Return 1 with probability `p`, else 0.

    >>> random_bernoulli((2,), p=1.0)
    tensor([1., 1.])
    """
    return (random_numbers.uniform(shape, seed=seed) < p).to(torch_dtype(dtype or floatx()))
