"""How are categories, given as ints, encoded as one-hot, multi-hot or count vectors?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layer import Layer
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import one_of, positive_int
from torchkeras_layer.layers.preprocessing.data_layer import DataLayer

# The names of output modes in Keras 1 and 2.
_OLD_NAMES = {"binary": "multi_hot", "tf-idf": "tf_idf"}


@catalog.register()
class CategoryEncoding(DataLayer):
    """Encode ints from 0 to `num_tokens - 1` as vectors of length `num_tokens`.

    Shapes: (…, length) -> (…, num_tokens); with 'one_hot' any -> the same followed by num_tokens, which replaces a last
    axis of size 1. For rank 3 and higher, Keras 3 says the same, but with data it counts over the second axis.

    Args:
        num_tokens: number of categories.
        output_mode: 'multi_hot' (for each row, which categories are in it), 'count' (how many times) or 'one_hot' (a
            vector for each int).
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `num_tokens` is not a positive int, `output_mode` is unknown or `sparse` is given; in a call, if
            an int is out of range, or `count_weights` do not fit.

    >>> import torchkeras_layer as keras
    >>> keras.layers.CategoryEncoding(4)([[0, 1], [3, 3]])
    tensor([[1., 1., 0., 0.],
            [0., 0., 0., 1.]])
    >>> keras.layers.CategoryEncoding(4, "count")([[0, 1], [3, 3]], count_weights=[[0.1, 0.2], [0.3, 0.4]])
    tensor([[0.1000, 0.2000, 0.0000, 0.0000],
            [0.0000, 0.0000, 0.0000, 0.7000]])
    """

    _torchkeras_unsupported = {"sparse": False}

    def __init__(self, num_tokens: int | None = None, output_mode: str = "multi_hot", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.num_tokens = positive_int(self, "num_tokens", num_tokens)
        self.output_mode = read_output_mode(self, output_mode, "multi_hot", "count", "one_hot")
        # Ints beyond 256 are not exact in bfloat16.
        self._torchkeras.autocast = False

    def call(self, inputs: torch.Tensor, count_weights: Any = None) -> torch.Tensor:
        """Return the vectors.

        Args:
            inputs: ints from 0 to `num_tokens - 1`.
            count_weights: with 'count', the number that each int adds, in the shape of the inputs; by default 1.
        """
        dtype = self._torchkeras.policy.variable
        weights = None if count_weights is None else _read_count_weights(self, inputs, count_weights)
        try:
            return encode(inputs, self.output_mode, self.num_tokens, dtype, weights)
        except RuntimeError as error:
            if "out of bounds" not in str(error):
                raise
            raise ValueError(
                f"{self.name}: the inputs must be ints from 0 to {self.num_tokens - 1} (num_tokens={self.num_tokens}). "
                f"Received: values from {inputs.min()} to {inputs.max()}."
            ) from None

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the vectors."""
        return encoded_shape(self.output_mode, self.num_tokens, input_shape)


def _read_count_weights(layer: CategoryEncoding, inputs: torch.Tensor, count_weights: Any) -> torch.Tensor:
    if layer.output_mode != "count":
        raise ValueError(
            f"{layer.name}: count_weights are for output_mode='count'. Received: output_mode={layer.output_mode!r}."
        )
    weights = torch.as_tensor(count_weights, dtype=layer._torchkeras.compute_dtype, device=inputs.device)
    if weights.shape != inputs.shape:
        raise ValueError(
            f"{layer.name}: count_weights must have the shape of the inputs, {tuple(inputs.shape)}. "
            f"Received: count_weights of shape {tuple(weights.shape)}."
        )
    return weights


def read_output_mode(layer: Layer, value: Any, *accepted: str) -> str:
    """Return an argument `output_mode`, with names of Keras 1 and 2 replaced by the current ones.

    Raises:
        ValueError: if it is not one of the accepted modes.

    >>> read_output_mode(Layer(), "binary", "int", "multi_hot")
    'multi_hot'
    """
    return one_of(layer, "output_mode", _OLD_NAMES.get(value, value) if isinstance(value, str) else value, *accepted)


def encode(
    indices: torch.Tensor, mode: str, depth: int, dtype: torch.dtype, weights: torch.Tensor | None = None
) -> torch.Tensor:
    """Return vectors of length `depth` for int indices from 0 to `depth - 1`.

    With 'one_hot', there is a vector for each index; with 'multi_hot', one for each row, which shows which indices are
    in it; with 'count', one for each row, with the number of times that each index is in it, or the sum of its weights.

    Raises:
        RuntimeError: or an assertion of the device, for an index that is out of range.

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


def encoded_shape(mode: str, depth: int | None, shape: Shape) -> Shape:
    """Return the shape of the result of `encode` for indices of a given shape.

    >>> encoded_shape("count", 5, (None, 3)), encoded_shape("one_hot", 5, (None, 1))
    ((None, 5), (None, 5))
    """
    shape = tuple(shape)
    if mode == "one_hot":
        return (*(shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape), depth)
    return (*shape[:-1], depth)


def _without_single_axis(indices: torch.Tensor) -> torch.Tensor:
    return indices.squeeze(-1) if indices.dim() > 1 and indices.shape[-1] == 1 else indices
