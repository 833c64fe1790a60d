"""How does a layer multiply its inputs value by value?"""

from __future__ import annotations

import functools
import operator
from typing import Any

import torch

from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.merging.elementwise_merge import ElementwiseMerge


@catalog.register()
class Multiply(ElementwiseMerge):
    """The product of the inputs. Shapes: a list of shapes that broadcast -> the shape that they broadcast to.

    An input with fewer axes than others gets axes of size 1 behind its batch. Where the mask of an input is `False`,
    the input counts as 1. The output's mask has what counts in any input, if all inputs have a mask; the output is
    then 0 elsewhere.

    Args:
        **kwargs: those of `Layer`.

    Raises:
        ValueError: in the build, if the inputs are not in a list, do not broadcast, or differ in their batch size.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Multiply()([torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])])
    tensor([3., 8.])
    """

    def call(self, inputs: Any, mask: Any = None) -> torch.Tensor:
        """Return the product of the inputs."""
        factors = self._of_one_rank(inputs)
        if mask is None:
            return self._merge_function(factors)
        masks = self._masks_of_values(inputs, mask)
        pairs = zip(factors, masks, strict=True)
        product = self._merge_function(
            [factor if one is None else torch.where(one, factor, 1) for factor, one in pairs]
        )
        found = [one for one in masks if one is not None]
        if len(found) < len(masks):
            return product
        return torch.where(functools.reduce(torch.logical_or, found), product, 0)

    def _merge_function(self, inputs: Any) -> torch.Tensor:
        return functools.reduce(operator.mul, inputs)


def multiply(inputs: Any, **kwargs: Any) -> Any:
    """Return `Multiply(**kwargs)(inputs)`.

    >>> multiply([torch.tensor([2.0]), torch.tensor([3.0])])
    tensor([6.])
    """
    return Multiply(**kwargs)(inputs)
