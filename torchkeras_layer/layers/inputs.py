"""Which inputs does a built-in layer take?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer._shapes import is_shape
from torchkeras_layer.layer import Layer


def check_shape(layer: Layer, shape: Any) -> None:
    """Check that an input shape is that of one tensor.

    Raises:
        ValueError: if it is not.

    >>> check_shape(Layer(), (None, 3))
    """
    if not is_shape(shape):
        raise ValueError(
            f"{layer.name}: expects the shape of one tensor, a tuple of ints and None. Received: input_shape={shape!r}."
        )


def check_rank(layer: Layer, shape: Any, rank: int) -> None:
    """Check that an input shape is that of one tensor of a given rank.

    Raises:
        ValueError: if it is not.

    >>> check_rank(Layer(), (None, 3), 2)
    """
    check_shape(layer, shape)
    if len(shape) != rank:
        raise ValueError(f"{layer.name}: expects inputs of rank {rank}. Received: input_shape={tuple(shape)}.")


def as_real(layer: Layer, inputs: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Return inputs as floats.

    Raises:
        TypeError: if they are complex, because their imaginary parts would be lost.

    >>> as_real(Layer(), torch.tensor([1]), torch.float32)
    tensor([1.])
    """
    if inputs.is_complex():
        raise TypeError(
            f"{layer.name}: takes no complex numbers. Received: inputs of {inputs.dtype}. Call the layer on "
            "inputs.real and inputs.imag, one after the other, or put them side by side as channels."
        )
    return inputs.to(dtype)
