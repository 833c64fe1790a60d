"""How does a layer bring values into another range?"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from torchkeras_layer._settings import image_data_format
from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.preprocessing.data_layer import DataLayer


@catalog.register()
class Rescaling(DataLayer):
    """`inputs * scale + offset`, in floats. Shapes: any -> the same.

    Args:
        scale: a number; or an array that broadcasts over the inputs, such as one number for each channel.
        offset: likewise.
        **kwargs: those of `Layer`.

    Raises:
        TypeError: if one is not made of numbers.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Rescaling(1 / 127.5, offset=-1)(torch.tensor([0, 255], dtype=torch.uint8))
    tensor([-1.,  1.])
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = self._read_numbers("scale", scale)
        self.offset = self._read_numbers("offset", offset)
        self.supports_masking = True

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the inputs in their new range."""
        dtype = self._policy.compute
        if isinstance(self.scale, float) and isinstance(self.offset, float):
            scaled = inputs.to(dtype) * self.scale
            return scaled + self.offset if self.offset else scaled
        scale, offset = (torch.tensor(x, dtype=dtype, device=inputs.device) for x in (self.scale, self.offset))
        if scale.dim() and image_data_format() == "channels_first":
            scale = scale.reshape(*scale.shape, *(1,) * (3 - scale.dim()))
        return inputs.to(dtype) * scale + offset

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs."""
        return tuple(input_shape)

    def _read_numbers(self, name: str, value: Any) -> Any:
        plain = value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else value
        try:
            return np.asarray(plain, dtype="float64").tolist()
        except (TypeError, ValueError):
            raise TypeError(
                f"{type(self).__name__}: {name} must be a number or an array of numbers. Received: {name}={value!r}."
            ) from None
