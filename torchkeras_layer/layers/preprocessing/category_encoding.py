"""How does a layer turn categories that are ints into vectors?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import positive_int
from torchkeras_layer.layers.preprocessing.data_layer import DataLayer
from torchkeras_layer.layers.preprocessing.encoding import check_rows, encode, encoded_shape, read_output_mode


@catalog.register()
class CategoryEncoding(DataLayer):
    """Vectors of length `num_tokens` for ints from 0 to `num_tokens - 1`.

    Shapes: (batch, length) or (length,) -> (batch, num_tokens) or (num_tokens,); with 'one_hot' any -> the same and,
    after it (or instead of a last axis of size 1), num_tokens.

    Args:
        num_tokens: how many categories there are.
        output_mode: 'multi_hot' (which categories are in a row), 'count' (how many times) or 'one_hot' (a vector for
            each).
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `num_tokens` is not a positive int, `output_mode` is unknown or `sparse` is given; in a call, if
            an int is out of range, the inputs have more than two axes (except with 'one_hot'), or there are
            `count_weights` that do not fit.

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
        """Return the vectors; `count_weights`, of the shape of the inputs, are summed up instead of ones."""
        check_rows(self, self.output_mode, inputs.shape)
        dtype = self._torchkeras.policy.variable
        weights = None if count_weights is None else self._read_weights(inputs, count_weights)
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
        """Return the shape of the vectors.

        Raises:
            ValueError: if the inputs have too many axes.
        """
        return encoded_shape(self, self.output_mode, self.num_tokens, input_shape)

    def _read_weights(self, inputs: torch.Tensor, count_weights: Any) -> torch.Tensor:
        if self.output_mode != "count":
            raise ValueError(
                f"{self.name}: count_weights are for output_mode='count'. Received: output_mode={self.output_mode!r}."
            )
        weights = torch.as_tensor(count_weights, dtype=self._torchkeras.compute_dtype, device=inputs.device)
        if weights.shape != inputs.shape:
            raise ValueError(
                f"{self.name}: count_weights must have the shape of the inputs, {tuple(inputs.shape)}. "
                f"Received: count_weights of shape {tuple(weights.shape)}."
            )
        return weights
