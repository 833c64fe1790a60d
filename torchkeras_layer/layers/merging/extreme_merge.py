"""How does a layer choose the largest or smallest of its inputs, where some of them are masked?"""

from __future__ import annotations

import functools
from typing import Any

import torch

from torchkeras_layer.layers.merging.elementwise_merge import ElementwiseMerge


class ExtremeMerge(ElementwiseMerge):
    """Base of the layers that choose one of the inputs, value by value.

    >>> from torchkeras_layer import layers
    >>> layers.Minimum()([torch.tensor([1.0, 5.0]), torch.tensor([3.0, 4.0])])
    tensor([1., 4.])
    """

    def call(self, inputs: Any, mask: Any = None) -> torch.Tensor:
        """Return the chosen values; a masked value stands back behind that of the inputs before and after it."""
        tensors = self._of_one_rank(inputs)
        if mask is None:
            return self._merge_function(tensors)
        chosen, *others = tensors
        mask_of_chosen, *masks = self._masks_of_values(inputs, mask)
        for tensor, one in zip(others, masks, strict=True):
            if one is not None:
                tensor = torch.where(one, tensor, chosen)
            if mask_of_chosen is not None:
                chosen = torch.where(mask_of_chosen, chosen, tensor)
                mask_of_chosen = None if one is None else mask_of_chosen | one
            chosen = self._choose(chosen, tensor)
        return chosen

    def _merge_function(self, inputs: Any) -> torch.Tensor:
        return functools.reduce(self._choose, inputs)

    def _choose(self, one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        """Return the one or the other, value by value. Override it."""
        raise NotImplementedError(f"{type(self).__name__}: define _choose(one, other) in the class.")
