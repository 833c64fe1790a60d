"""How does a layer turn vectors back into scores for the ints that they stand for?"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras_layer._dtypes import dtype_name, torch_dtype
from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import finite_number, resolved
from torchkeras_layer.layers.built_in_layer import is_torchs_to_cast, weight_of
from torchkeras_layer.layers.core.embedding import Embedding


@catalog.register()
class ReversibleEmbedding(Embedding):
    """An `Embedding` that, called with `reverse=True`, multiplies vectors by its table: a score for each row.

    Shapes: (batch, …) -> (batch, …, output_dim); in reverse, (batch, …, output_dim) -> (batch, …, input_dim).

    Args:
        input_dim: number of rows. output_dim: size of a row.
        tie_weights: whether both directions use `embeddings`; else the reverse one has `reverse_embeddings`, of shape
            (output_dim, input_dim).
        embeddings_initializer, embeddings_regularizer, embeddings_constraint: identifiers or callables.
        mask_zero: whether the input 0 stands for padding; the mask is then `inputs != 0`. Scores have none.
        reverse_dtype: dtype to compute scores in; default the compute dtype.
        logit_soft_cap: if given, scores become `tanh(scores / logit_soft_cap) * logit_soft_cap`.
        **kwargs: those of `Embedding` and `Layer`.

    Raises:
        ValueError: as `Embedding`; if `logit_soft_cap` is not a positive number, or `reverse_dtype` is no float
            dtype; in a reverse call, if the vectors have not `output_dim` features.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.ReversibleEmbedding(3, 2, weights=torch.tensor([[1.0, 0], [0, 1], [1, 1]]))
    >>> layer(layer(torch.tensor([2])), reverse=True)
    tensor([[1., 1., 2.]], grad_fn=<MmBackward0>)
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        tie_weights: bool = True,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        reverse_dtype: Any = None,
        logit_soft_cap: float | None = None,
        **kwargs: Any,
    ) -> None:
        self.__dict__["tie_weights"] = bool(tie_weights)
        super().__init__(
            input_dim,
            output_dim,
            embeddings_initializer,
            embeddings_regularizer,
            embeddings_constraint=embeddings_constraint,
            mask_zero=mask_zero,
            **kwargs,
        )
        dtype = None if reverse_dtype is None else resolved(self, "reverse_dtype", reverse_dtype, _float_dtype)
        self.reverse_dtype = None if dtype is None else dtype_name(dtype)
        self._reverse_dtype = dtype
        self.logit_soft_cap = None if logit_soft_cap is None else self._read_soft_cap(logit_soft_cap)

    def build(self, input_shape: Shape | None = None) -> None:
        """Create `embeddings`, and `reverse_embeddings` if it is not tied to them."""
        super().build(input_shape)
        if not self.tie_weights:
            self.reverse_embeddings = self.add_weight(
                "reverse_embeddings", (self.output_dim, self.input_dim), initializer=self.embeddings_initializer
            )

    def call(self, inputs: torch.Tensor, reverse: bool = False) -> torch.Tensor:
        """Return a row for each int; or, in reverse, a score for each row."""
        if reverse:
            return self._scores(inputs)
        outputs = super().call(inputs)
        if self.mask_zero:
            outputs._keras_mask = inputs != 0  # type: ignore[attr-defined]
        return outputs

    def compute_mask(self, inputs: torch.Tensor, mask: Any = None) -> None:
        """Return `None`: only `call` knows in which direction it went."""

    def compute_output_shape(self, input_shape: Shape, reverse: bool = False) -> Shape:
        """Return the shape of the rows or, in reverse, of the scores."""
        return (*input_shape[:-1], self.input_dim) if reverse else super().compute_output_shape(input_shape)

    def _scores(self, inputs: torch.Tensor) -> torch.Tensor:
        if inputs.dim() < 1 or inputs.shape[-1] != self.output_dim:
            raise ValueError(
                f"{self.name}: in reverse, the last axis of the inputs must have size output_dim={self.output_dim}. "
                f"Received: inputs of shape {tuple(inputs.shape)}."
            )
        matrix = weight_of(self, "embeddings") if self.tie_weights else weight_of(self, "reverse_embeddings").t()
        # The table itself is not cast for the call, so that a lookup does not cast all of it.
        dtype = self._reverse_dtype or (None if is_torchs_to_cast(inputs) else self._torchkeras.compute_dtype)
        if dtype is not None:
            inputs, matrix = inputs.to(dtype), matrix.to(dtype)
        logits = F.linear(inputs, matrix)
        cap = self.logit_soft_cap
        return logits if cap is None else torch.tanh(logits / cap) * cap

    def _read_soft_cap(self, soft_cap: Any) -> float:
        number = finite_number(self, "logit_soft_cap", soft_cap)
        if number <= 0:
            raise ValueError(
                f"{type(self).__name__}: logit_soft_cap must be above 0. Received: logit_soft_cap={soft_cap!r}."
            )
        return number


def _float_dtype(dtype: Any) -> torch.dtype:
    found = torch_dtype(dtype)
    if not found.is_floating_point:
        raise ValueError(f"Scores need a float dtype. Received: {dtype!r}.")
    return found
