"""How does a layer choose the largest of its inputs?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.merging.extreme_merge import ExtremeMerge


@catalog.register()
class Maximum(ExtremeMerge):
    """The largest of the inputs. Shapes: a list of shapes that broadcast -> the shape that they broadcast to.

    An input with fewer axes than others gets axes of size 1 behind its batch. Where the mask of an input is `False`,
    the others count. The output's mask has what counts in any input, if all inputs have a mask.

    Args:
        **kwargs: those of `Layer`.

    Raises:
        ValueError: in the build, if the inputs are not in a list, do not broadcast, or differ in their batch size.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Maximum()([torch.tensor([1.0, 4.0]), torch.tensor([3.0, 2.0])])
    tensor([3., 4.])
    """

    def _choose(self, one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        return torch.maximum(one, other)


def maximum(inputs: Any, **kwargs: Any) -> Any:
    """Return `Maximum(**kwargs)(inputs)`.

    >>> maximum([torch.tensor([1.0]), torch.tensor([3.0])])
    tensor([3.])
    """
    return Maximum(**kwargs)(inputs)
