"""How does a layer apply a function to each value?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer import activations
from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import resolved
from torchkeras_layer.layers.built_in_layer import BuiltInLayer


@catalog.register()
class Activation(BuiltInLayer):
    """An activation function as a layer. Shapes: any -> the same.

    Args:
        activation: name, function or layer; `None` is `linear`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if there is no such function.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Activation("relu")(torch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = resolved(self, "activation", activation, activations.get)
        self.supports_masking = True

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return `activation(inputs)`."""
        return self.activation(inputs)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs."""
        return tuple(input_shape)
