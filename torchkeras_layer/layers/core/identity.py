"""How does a layer do nothing?"""

from __future__ import annotations

from typing import Any

from torchkeras_layer._shapes import map_shapes
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.built_in_layer import BuiltInLayer


@catalog.register()
class Identity(BuiltInLayer):
    """The inputs, with their masks. Shapes: any, also a structure of tensors -> the same.

    Args:
        **kwargs: those of `Layer`.

    >>> import torch
    >>> import torchkeras_layer as keras
    >>> keras.layers.Identity()(torch.tensor([1.0, 2.0]))
    tensor([1., 2.])
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """Return the inputs."""
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the inputs, or the structure of their shapes."""
        return map_shapes(tuple, input_shape)
