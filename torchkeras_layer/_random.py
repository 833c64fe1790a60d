"""How is all the randomness of a program fixed at once?"""

from __future__ import annotations

import operator
import random

import numpy as np
import torch

_LARGEST_SEED = 2**32 - 1


def set_random_seed(seed: int) -> None:
    """Seed Python's `random`, numpy and torch (on every device), so that a program can be repeated.

    Raises:
        ValueError: if `seed` is not an int from 0 to 2**32 - 1, the range that numpy takes.

    >>> set_random_seed(7); first = torch.rand(2); set_random_seed(7); torch.equal(first, torch.rand(2))
    True
    """
    number = None if isinstance(seed, bool) or not hasattr(seed, "__index__") else operator.index(seed)
    if number is None or not 0 <= number <= _LARGEST_SEED:
        raise ValueError(f"set_random_seed: seed must be an int from 0 to {_LARGEST_SEED}. Received: {seed!r}.")
    random.seed(number)
    np.random.seed(number)
    torch.manual_seed(number)
