"""Which number of 64 bits stands for several numbers together, and in which bin is it?

As TensorFlow crosses features: their numbers joined one after the other, which are ints or FarmHash64 of strings.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

# Torch's ints have a sign, and multiplication wraps around.
_FACTOR = 0xC6A4A7935BD1E995 - 2**64
_START = 0xDECAFCAFFE


def joined(features: Sequence[torch.Tensor]) -> torch.Tensor:
    """Return one number for those that several int64 tensors of one shape have in each place.

    >>> joined([torch.tensor([1, 2]), torch.tensor([3, 3])])
    tensor([-4414022627321047965, -3561642829149741032])
    """
    result = torch.full_like(features[0], _START)
    for feature in features:
        result = result ^ _FACTOR ^ _mix_down(feature * _FACTOR) * _FACTOR
        result = _mix_down(result * _FACTOR) * _FACTOR
        result = _mix_down(result)
    return result


def unsigned_remainder(numbers: torch.Tensor, divisor: int) -> torch.Tensor:
    """Return the remainder of numbers that are meant without a sign, from 0 to 2**64 - 1.

    >>> unsigned_remainder(torch.tensor([-1]), 10), (2**64 - 1) % 10
    (tensor([5]), 5)
    """
    # Half of the number has no sign; what is left may still have one more divisor in it, and be above 2**63.
    half = (numbers >> 1) & (2**63 - 1)
    rest = numbers - torch.div(half, divisor, rounding_mode="floor") * 2 * divisor
    return torch.where((rest < 0) | (rest >= divisor), rest - divisor, rest)


def _mix_down(numbers: torch.Tensor) -> torch.Tensor:
    # Torch repeats the sign in a shift to the right.
    return numbers ^ ((numbers >> 47) & (2**17 - 1))
