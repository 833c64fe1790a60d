"""Which input shapes and dtypes does a built-in layer accept?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer._shapes import is_shape
from torchkeras_layer.layer import Layer


def check_shape(layer: Layer, shape: Any) -> None:
    """Check that `shape` is the shape of one tensor: a tuple of ints and of `None` for free dimensions.

    Raises:
        ValueError: if it is not.

    >>> check_shape(Layer(), (None, 3))
    """
    if not is_shape(shape):
        way_out = (
            f" Pass one of the inputs, such as inputs[{next(iter(shape))!r}]."
            if shape and isinstance(shape, dict)
            else ""
        )
        raise ValueError(
            f"{layer.name}: expects the shape of one tensor, a tuple of ints and None. Received: input_shape={shape!r}."
            f"{way_out}"
        )


def check_rank(layer: Layer, shape: Any, rank: int) -> None:
    """Check that `shape` is the shape of one tensor of the given rank.

    Raises:
        ValueError: if it is not.

    >>> check_rank(Layer(), (None, 3), 2)
    """
    check_shape(layer, shape)
    if len(shape) != rank:
        raise ValueError(
            f"{layer.name}: expects inputs of rank {rank}. Received: input_shape={tuple(shape)}, of rank {len(shape)}."
        )


def as_real(layer: Layer, inputs: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Return the inputs in a floating-point dtype.

    Raises:
        TypeError: if they are complex: their imaginary parts would be lost.

    >>> as_real(Layer(), torch.tensor([1]), torch.float32)
    tensor([1.])
    """
    if inputs.is_complex():
        raise TypeError(
            f"{layer.name}: does not accept complex numbers. Received: inputs of dtype {inputs.dtype}. Pass "
            "`inputs.real` and `inputs.imag`, either in separate calls or concatenated as channels."
        )
    return inputs.to(dtype)
