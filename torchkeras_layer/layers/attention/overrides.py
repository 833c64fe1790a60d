"""Which arguments do the methods take that a subclass of an attention layer overrides?"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import torch

from torchkeras_layer.layers.attention.scores import read_mask

# The arguments of `_compute_attention` in TF-Keras, with `self`.
_COUNT_IN_TF_KERAS = 6


def with_argument_for_scores(compute_attention: Callable[..., Any]) -> Callable[..., Any]:
    """Return a `_compute_attention` that takes `return_attention_scores` too, which that of TF-Keras does not.

    >>> def compute(self, query, key, value, attention_mask=None, training=None):
    ...     return query, None
    >>> with_argument_for_scores(compute)(None, 1, 2, 3, None, False, True)
    (1, None)
    """
    parameters = inspect.signature(compute_attention).parameters.values()
    kinds = {parameter.kind for parameter in parameters}
    if inspect.Parameter.VAR_POSITIONAL in kinds or len(parameters) > _COUNT_IN_TF_KERAS:
        return compute_attention

    @functools.wraps(compute_attention)
    def without_it(*args: Any, return_attention_scores: bool = False, **kwargs: Any) -> Any:
        return compute_attention(*args[:_COUNT_IN_TF_KERAS], **kwargs)

    return without_it


def own_mask(
    layer: Any,
    query: torch.Tensor,
    value: torch.Tensor,
    key: torch.Tensor,
    masks: list[Any],
    use_causal_mask: bool,
) -> torch.Tensor | None:
    """Return the mask of the scores that a subclass computes; it may have the arguments of Keras 3 or of TF-Keras.

    Raises:
        ValueError: if it is no mask of the scores.

    >>> import torchkeras_layer as keras
    >>> layer, x = keras.layers.MultiHeadAttention(1, 2), torch.ones(1, 1, 2); _ = layer(x, x)
    >>> own_mask(layer, x, x, x, [None, None, None, torch.ones(1, 1, 1)], False)
    tensor([[[True]]])
    """
    names = ("query_mask", "value_mask", "key_mask", "attention_mask")
    given = {**dict(zip(names, masks, strict=True)), "use_causal_mask": use_causal_mask}
    parameters = inspect.signature(layer._compute_attention_mask).parameters
    if not any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values()):
        given = {name: value for name, value in given.items() if name in parameters}
    given |= {"key": key} if "key" in parameters else {}
    mask = layer._compute_attention_mask(query, value, **given)
    axes = layer._torchkeras.derived.axes
    ranks = range(2 * axes.count, len(axes.batch) + 2 + 2 * axes.count)
    return None if mask is None else read_mask(layer, "the mask of _compute_attention_mask", mask, query, ranks)
