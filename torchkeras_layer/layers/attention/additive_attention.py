"""How does a sequence look at another one, by sums of their values?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import known_sizes
from torchkeras_layer.layers.attention.attention import Attention
from torchkeras_layer.layers.attention.score_dropout import score_dropout
from torchkeras_layer.layers.built_in_layer import weight_of


@catalog.register()
class AdditiveAttention(Attention):
    """`Attention` with scores that are the sum of `scale * tanh(query + key)` over the features (Bahdanau).

    Called as `Attention` is. Shapes: query (batch, …, steps, features), value (batch, …, other steps, size), key
    (batch, …, other steps, features) -> (batch, …, steps, size), and scores (batch, …, steps, other steps).

    Args:
        use_scale: whether there is a weight `scale`, of shape (features,).
        dropout: probability with which a weight of a value is dropped in training.
        seed: int for the numbers that `dropout` draws, as in `Dropout`.
        **kwargs: those of `Layer`, and Keras 2's `causal`, for `use_causal_mask` in each call.

    Raises:
        ValueError: as `Attention`, and if the number of features is not known.

    >>> import torchkeras_layer as keras
    >>> query, value = torch.ones(1, 1, 2), torch.tensor([[[1.0, 3.0], [3.0, 1.0]]])
    >>> keras.layers.AdditiveAttention(use_scale=False)([query, value])
    tensor([[[2., 2.]]])
    """

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(use_scale, "concat", dropout, seed, **kwargs)

    def build(self, input_shape: Any) -> None:
        """Create `scale`.

        Raises:
            ValueError: if the shapes do not fit together.
        """
        query, _, _ = self._read_shapes(input_shape)
        scale = None
        if self.use_scale:
            scale = self.add_weight("scale", known_sizes(self, query, [-1]), initializer="glorot_uniform")
        self.scale = scale
        self._dropout_layer = score_dropout(self)

    def _calculate_scores(self, query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
        fits = torch.tanh(query.unsqueeze(-2) + key.unsqueeze(-3))
        # A product with the weight, which needs no second tensor of this size.
        return fits @ weight_of(self, "scale") if self.use_scale else fits.sum(-1)
