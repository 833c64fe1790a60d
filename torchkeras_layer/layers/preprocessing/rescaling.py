"""How does a layer scale and shift values?"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from torchkeras_layer._settings import image_data_format
from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.preprocessing.data_layer import DataLayer, in_compute_dtype
from torchkeras_layer.layers.preprocessing.numeric_data import read_numbers


@catalog.register()
class Rescaling(DataLayer):
    """Compute `inputs * scale + offset`, in floating point. Shapes: any -> the same.

    Args:
        scale: a number; or an array that broadcasts over the inputs, such as one number for each channel.
        offset: likewise.
        **kwargs: those of `Layer`.

    Raises:
        TypeError: if `scale` or `offset` is not numeric.
        ValueError: in a call, if `scale` or `offset` does not broadcast over the inputs.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Rescaling(1 / 127.5, offset=-1)(torch.tensor([0, 255], dtype=torch.uint8))
    tensor([-1.,  1.])
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = read_numbers(self, "scale", scale).tolist()
        self.offset = read_numbers(self, "offset", offset).tolist()
        self.supports_masking = True

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the inputs, scaled and shifted."""
        values = in_compute_dtype(self, inputs)
        if isinstance(self.scale, float) and isinstance(self.offset, float):
            scaled = values * self.scale
            return scaled + self.offset if self.offset else scaled
        _check_shape(self, values.shape)
        scale, offset = (torch.tensor(x, dtype=values.dtype, device=values.device) for x in (self.scale, self.offset))
        return values * scale.reshape(_shape_of_scale(self)) + offset

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs.

        Raises:
            ValueError: if `scale` or `offset` does not broadcast over it.
        """
        _check_shape(self, input_shape)
        return tuple(input_shape)


def _shape_of_scale(layer: Rescaling) -> tuple[int, ...]:
    """Return the shape in which `scale` broadcasts over the inputs: channels come first if images have them first."""
    shape = np.shape(layer.scale)
    is_first = shape and image_data_format() == "channels_first"
    return (*shape, *(1,) * (3 - len(shape))) if is_first else shape


def _check_shape(layer: Rescaling, shape: Any) -> None:
    for name, sizes in (("scale", _shape_of_scale(layer)), ("offset", np.shape(layer.offset))):
        pairs = zip(reversed(sizes), reversed(tuple(shape)), strict=False)
        if 0 in sizes or not all(own == 1 or size in (own, 1, None) for own, size in pairs):
            raise ValueError(
                f"{layer.name}: {name}, an array of shape {sizes}, must broadcast over the inputs. "
                f"Received: inputs of shape {tuple(shape)}."
            )
