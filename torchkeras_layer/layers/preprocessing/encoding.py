"""How do indices become one-hot, multi-hot or counted vectors?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layer import Layer
from torchkeras_layer.layers.arguments import one_of

# How Keras 1 and 2 spelled them.
_OLD_NAMES = {"binary": "multi_hot", "tf-idf": "tf_idf"}


def read_output_mode(layer: Layer, value: Any, *accepted: str) -> str:
    """Return an `output_mode`, by its name of today.

    Raises:
        ValueError: if it is none of the accepted ones.

    >>> read_output_mode(Layer(), "binary", "int", "multi_hot")
    'multi_hot'
    """
    return one_of(layer, "output_mode", _OLD_NAMES.get(value, value) if isinstance(value, str) else value, *accepted)


def encode(
    indices: torch.Tensor, mode: str, depth: int, dtype: torch.dtype, weights: torch.Tensor | None = None
) -> torch.Tensor:
    """Return vectors of length `depth` for int indices from 0 to `depth - 1`.

    'one_hot' gives one for each index, 'multi_hot' one for each row that tells which indices are in it, and 'count' how
    many times, or the sum of their weights.

    Raises:
        RuntimeError: or an assertion of the device, for an index that is too small or large.

    >>> encode(torch.tensor([[0, 2, 2]]), "count", 3, torch.float32)
    tensor([[1., 0., 2.]])
    """
    indices = indices if indices.dtype is torch.int64 else indices.to(torch.int64)
    if mode == "one_hot":
        indices = _without_single_axis(indices).unsqueeze(-1)
    elif indices.dim() == 0:
        indices = indices.reshape(1)
    zeros = torch.zeros((*indices.shape[:-1], depth), dtype=dtype, device=indices.device)
    if mode == "count":
        ones = torch.ones_like(indices, dtype=dtype) if weights is None else weights.to(dtype).reshape(indices.shape)
        return zeros.scatter_add(-1, indices, ones)
    return zeros.scatter(-1, indices, 1)


def encoded_shape(layer: Layer, mode: str, depth: int | None, shape: Shape) -> Shape:
    """Return the shape of `encode(...)` for indices of a shape.

    Raises:
        ValueError: if the rows are not the last of at most two axes.

    >>> encoded_shape(Layer(), "count", 5, (None, 3)), encoded_shape(Layer(), "one_hot", 5, (None, 1))
    ((None, 5), (None, 5))
    """
    shape = tuple(shape)
    if mode == "one_hot":
        return (*(shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape), depth)
    check_rows(layer, mode, shape)
    return (*shape[:-1], depth)


def check_rows(layer: Layer, mode: str, shape: Any) -> None:
    """Check that indices which are summed up stand in one axis, after that of the batch.

    Keras's documentation sums over the last axis, Keras 3 over the second one, and Keras 2 refuses more than two.

    Raises:
        ValueError: if there are more axes.

    >>> check_rows(Layer(), "count", (2, 3))
    """
    if mode != "one_hot" and len(shape) > 2:
        raise ValueError(
            f"{layer.name}: output_mode={mode!r} is for inputs of shape (batch, length). "
            f"Received: inputs of shape {tuple(shape)}. Reshape them, for instance with keras.layers.Flatten()."
        )


def _without_single_axis(indices: torch.Tensor) -> torch.Tensor:
    return indices.squeeze(-1) if indices.dim() > 1 and indices.shape[-1] == 1 else indices
