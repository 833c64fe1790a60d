"""What drops scores of attention?"""

from __future__ import annotations

from typing import Any

from torchkeras_layer.layers.regularization.dropout import Dropout


def score_dropout(layer: Any) -> Dropout:
    """Return the layer for the scores of a layer with `dropout` and `seed`.

    >>> import torchkeras_layer as keras
    >>> score_dropout(keras.layers.Attention(dropout=0.5)).rate
    0.5
    """
    dropout = Dropout(layer.dropout, seed=layer.seed, dtype=layer.dtype_policy, name="dropout")
    # It is not called where the kernel drops, and would be shown as one that is not ready.
    dropout.build()
    return dropout
