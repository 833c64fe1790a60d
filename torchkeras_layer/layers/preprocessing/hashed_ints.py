"""How are ints hashed where torch traces, or has no data?

By one operator: traced through, the hashes that Python computes would become constants of the program.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from torchkeras_layer.layers.preprocessing.string_bins import bins_of

# Defined by its schema: the wrapper of torch.library.custom_op takes longer than a small tensor of ints.
_LIBRARY = torch.library.Library("torchkeras_layer", "FRAGMENT")
_NAME = "torchkeras_layer::hash_ints"
_LIBRARY.define("hash_ints(Tensor numbers, int bins, int[]? salt) -> Tensor")


def bins_of_ints(numbers: torch.Tensor, bins: int, salt: Sequence[int] | None) -> torch.Tensor:
    """Do as `bins_of` for the digits of each number, in a tensor of the same shape, on the same device.

    >>> bins_of_ints(torch.tensor([[12, -3]]), 100, None), bins_of([b"12", b"-3"], 100, None)
    (tensor([[88, 99]]), array([88, 99]))
    """
    # Of a key only 64 bits count, and torch's ints have a sign.
    key = None if salt is None else [(number + 2**63) % 2**64 - 2**63 for number in salt]
    return torch.ops.torchkeras_layer.hash_ints.default(numbers.detach().to(torch.int64), bins, key)


def _hash(numbers: torch.Tensor, bins: int, salt: Sequence[int] | None) -> torch.Tensor:
    digits = [str(number).encode() for number in numbers.flatten().tolist()]
    return torch.from_numpy(bins_of(digits, bins, salt)).reshape(numbers.shape).to(numbers.device)


def _hash_without_data(numbers: torch.Tensor, bins: int, salt: Sequence[int] | None) -> torch.Tensor:
    return numbers.new_empty(numbers.shape)


def _hash_in_vmap(
    info: Any, in_dims: Any, numbers: torch.Tensor, bins: int, salt: Sequence[int] | None
) -> tuple[torch.Tensor, int | None]:
    return torch.ops.torchkeras_layer.hash_ints.default(numbers, bins, salt), in_dims[0]


_LIBRARY.impl(_NAME, _hash, "CompositeExplicitAutograd")
torch.library.register_fake(_NAME, _hash_without_data, lib=_LIBRARY)
torch.library.register_vmap(_NAME, _hash_in_vmap, lib=_LIBRARY)
