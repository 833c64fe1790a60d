"""Which number of 64 bits stands for a string, or for several numbers together?

As TensorFlow crosses features: FarmHash64 of each string, ints as they are, joined one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from torchkeras_layer.layers.preprocessing.farm_hash import fingerprints
from torchkeras_layer.layers.preprocessing.string_layer import StringLayer
from torchkeras_layer.layers.preprocessing.strings import as_bytes, as_string_array

# Torch's ints have a sign, and multiplication wraps around.
_FACTOR = 0xC6A4A7935BD1E995 - 2**64
_START = 0xDECAFCAFFE


class StringFingerprints(StringLayer):
    """FarmHash64 of strings. A layer within `HashedCrossing`, because it is never traced, and that may be.

    >>> StringFingerprints()(["A", "B"])
    tensor([-1531450017087491052,  8703560047562643528])
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.built = True

    def call(self, inputs: Any) -> torch.Tensor:
        """Return the numbers, in a tensor of the shape of the inputs; what is above 2**63 is negative."""
        array = as_string_array(self, inputs)
        numbers = fingerprints(as_bytes(self, array)).view("int64")
        return torch.from_numpy(numbers).reshape(array.shape).to(self._pinned_device or "cpu")

    def _as_tensors(self, inputs: Any) -> Any:
        return as_string_array(self, inputs)


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
