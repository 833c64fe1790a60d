"""How does a layer mark the steps of a sequence that hold no data?"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.zoo_layer import ZooLayer


@catalog.register()
class Masking(ZooLayer):
    """Mask the steps in which every feature has a certain value, and set those features to 0.

    Shapes: (batch, steps, …, features) -> the same; the mask has all axes but the last, and is `False` where masked.

    Args:
        mask_value: the value, or one for each feature as an array or tensor.
        **kwargs: those of `Layer`.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Masking(9.0)(torch.tensor([[[1.0, 9.0], [9.0, 9.0]]]))
    tensor([[[1., 9.],
             [0., 0.]]])
    """

    def __init__(self, mask_value: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        is_array = isinstance(mask_value, (np.ndarray, list, tuple))
        self.mask_value = torch.as_tensor(mask_value) if is_array else mask_value
        self.supports_masking = True

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the inputs with masked steps set to 0, and the mask on them."""
        mask = self.compute_mask(inputs)
        outputs = torch.where(mask.unsqueeze(-1), inputs, 0)
        outputs._keras_mask = mask  # type: ignore[attr-defined]
        return outputs

    def compute_mask(self, inputs: torch.Tensor, mask: Any = None) -> torch.Tensor:
        """Return which steps have a feature that differs from `mask_value`."""
        value = self.mask_value
        value = value.to(inputs.device) if isinstance(value, torch.Tensor) else value
        return torch.any(torch.ne(inputs, value), dim=-1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs."""
        return tuple(input_shape)
