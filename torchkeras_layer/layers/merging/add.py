"""How does a layer add its inputs?"""

from __future__ import annotations

import functools
import operator
from typing import Any

import torch

from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.merging.elementwise_merge import ElementwiseMerge


@catalog.register()
class Add(ElementwiseMerge):
    """The sum of the inputs. Shapes: a list of shapes that broadcast -> the shape that they broadcast to.

    An input with fewer axes than others gets axes of size 1 behind its batch. The output's mask has what counts in any
    input, if all inputs have a mask.

    Args:
        **kwargs: those of `Layer`.

    Raises:
        ValueError: in the build, if the inputs are not in a list, do not broadcast, or differ in their batch size.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Add()([torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])])
    tensor([4., 6.])
    """

    def _merge_function(self, inputs: Any) -> torch.Tensor:
        return functools.reduce(operator.add, inputs)


def add(inputs: Any, **kwargs: Any) -> Any:
    """Return `Add(**kwargs)(inputs)`.

    >>> add([torch.tensor([1.0]), torch.tensor([3.0])])
    tensor([4.])
    """
    return Add(**kwargs)(inputs)
