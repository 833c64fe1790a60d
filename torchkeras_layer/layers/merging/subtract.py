"""How does a layer subtract one input from another?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.merging.elementwise_merge import ElementwiseMerge


@catalog.register()
class Subtract(ElementwiseMerge):
    """The first of two inputs minus the second. Shapes: two that broadcast -> the shape that they broadcast to.

    An input with fewer axes than the other gets axes of size 1 behind its batch. The output's mask has what counts in
    either input, if both have a mask.

    Args:
        **kwargs: those of `Layer`.

    Raises:
        ValueError: in the build, if the inputs are not two in a list, do not broadcast, or differ in their batch size.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Subtract()([torch.tensor([1.0, 2.0]), torch.tensor([3.0, 1.0])])
    tensor([-2.,  1.])
    """

    _input_count = 2

    def _merge_function(self, inputs: Any) -> torch.Tensor:
        return inputs[0] - inputs[1]


def subtract(inputs: Any, **kwargs: Any) -> Any:
    """Return `Subtract(**kwargs)(inputs)`.

    >>> subtract([torch.tensor([1.0]), torch.tensor([3.0])])
    tensor([-2.])
    """
    return Subtract(**kwargs)(inputs)
