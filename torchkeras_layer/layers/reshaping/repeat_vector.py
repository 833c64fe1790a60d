"""How does a layer make a sequence of one vector?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import positive_int
from torchkeras_layer.layers.built_in_layer import BuiltInLayer
from torchkeras_layer.symbolic import InputSpec


@catalog.register()
class RepeatVector(BuiltInLayer):
    """The inputs `n` times, one after the other. Shapes: (batch, features) -> (batch, n, features).

    The output is a view that holds the inputs once, as of `torch.expand`: to write into it, clone it.

    Args:
        n: how many times.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `n` is not a positive int; in a call, if the inputs have not two axes.

    >>> import torchkeras_layer as keras
    >>> keras.layers.RepeatVector(2)(torch.tensor([[1.0, 2.0]]))
    tensor([[[1., 2.],
             [1., 2.]]])
    """

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = positive_int(self, "n", n)
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the inputs `n` times."""
        return inputs.unsqueeze(1).expand(-1, self.n, -1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return (batch, n, features)."""
        return (input_shape[0], self.n, input_shape[1])
