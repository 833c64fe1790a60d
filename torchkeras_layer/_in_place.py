"""Which of the tensors that were given to a call has it changed in place?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer._structures import leaves

Versions = list[tuple[torch.Tensor, int]]


def versions_of(given: Any) -> Versions:
    """Return the tensors in a structure, each with torch's count of the changes in place of its memory.

    Tensors of inference mode have no such count, and are left out.

    >>> tensor = torch.ones(2)
    >>> tensor += 1
    >>> [version for _, version in versions_of({"x": tensor, "axis": 1})]
    [1]
    """
    tensors = [leaf for leaf in leaves(given) if isinstance(leaf, torch.Tensor)]
    return [(tensor, tensor._version) for tensor in tensors if not tensor.is_inference()]


def changes_since(before: Versions, known: set[tuple[int, int]]) -> bool:
    """Whether one of the tensors was changed in place, by more than changes that are known; all are known then.

    Args:
        before: what `versions_of` returned.
        known: ids and versions of tensors whose last change was found in a call inside this one.

    >>> tensor = torch.ones(2)
    >>> before, known = versions_of(tensor), set()
    >>> tensor += 1
    >>> changes_since(before, known), changes_since(before, known)
    (True, False)
    """
    found = {(id(tensor), tensor._version) for tensor, version in before if tensor._version != version}
    is_new = not found <= known
    known |= found
    return is_new
