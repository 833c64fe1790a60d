"""How are masks, scores and outputs of attention computed?"""

from __future__ import annotations

import functools
import operator
from collections.abc import Iterable, Sequence
from typing import Any

import torch
import torch.nn.functional as F

from torchkeras_layer._autograd import is_transformed
from torchkeras_layer.layer import Layer
from torchkeras_layer.layers.regularization.dropout import Dropout


def read_mask(layer: Layer, name: str, mask: Any, like: torch.Tensor, ranks: Sequence[int]) -> torch.Tensor:
    """Return a mask, given as a tensor or array of any dtype, as booleans on the device of `like`.

    Raises:
        ValueError: if it is not numeric, or its rank is not one of `ranks`.

    >>> read_mask(Layer(), "query_mask", [[1, 0]], torch.ones(1, 2, 3), [2])
    tensor([[ True, False]])
    """
    try:
        tensor = mask if isinstance(mask, torch.Tensor) else torch.as_tensor(mask, device=like.device)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(
            f"{layer.name}: {name} must be a tensor or an array of booleans. Received: {name}={mask!r}."
        ) from error
    if tensor.dim() not in ranks:
        wanted = f"{ranks[0]}" if len(ranks) == 1 else f"{ranks[0]} to {ranks[-1]}"
        raise ValueError(
            f"{layer.name}: {name} must have rank {wanted} here. Received: {name} of shape {tuple(tensor.shape)}."
        )
    return tensor if tensor.dtype is torch.bool else tensor.bool()


def check_broadcast(layer: Layer, name: str, mask: torch.Tensor, what: str, shape: Sequence[int]) -> None:
    """Check that a mask broadcasts to a shape of the same rank; `what` names the tensor of that shape.

    Raises:
        ValueError: if it does not.
    """
    if any(one != 1 and one != size for one, size in zip(mask.shape, shape, strict=True)):
        raise ValueError(
            f"{layer.name}: {name} must broadcast to the {what}, of shape {tuple(shape)}. "
            f"Received: {name} of shape {tuple(mask.shape)}."
        )


def merged(masks: Iterable[torch.Tensor | None]) -> torch.Tensor | None:
    """Return the conjunction of masks, ignoring `None`; `None` if there are no masks.

    >>> merged([torch.tensor([True, False]), None, torch.tensor([[True], [False]])])
    tensor([[ True, False],
            [False, False]])
    """
    known = [mask for mask in masks if mask is not None]
    return functools.reduce(operator.and_, known) if known else None


def causal_mask(query_steps: int, key_steps: int, device: torch.device) -> torch.Tensor:
    """Return the mask (query steps, key steps) that lets a query attend to the keys up to its own step.

    >>> causal_mask(2, 3, torch.device("cpu"))
    tensor([[ True, False, False],
            [ True,  True, False]])
    """
    return torch.ones(query_steps, key_steps, dtype=torch.bool, device=device).tril()


def window_mask(query_steps: int, key_steps: int, width: int, device: torch.device) -> torch.Tensor:
    """Return the mask (query steps, key steps) that lets a query attend to the keys less than `width` steps away.

    >>> window_mask(2, 3, 2, torch.device("cpu"))
    tensor([[ True,  True, False],
            [ True,  True,  True]])
    """
    distance = torch.arange(query_steps, device=device)[:, None] - torch.arange(key_steps, device=device)
    return distance.abs() < width


def attend(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor | None,
    scale: float,
    is_causal: bool = False,
    dropout: float = 0.0,
) -> torch.Tensor:
    """Return, for each query, the mean of the values weighted by the softmax of its scores.

    The shape is (…, heads, query steps, size). If all keys of a query are masked, the result is the plain mean of the
    values. There may be fewer heads of keys and values: each is used for several adjacent heads of queries.

    Args:
        query, key, value: (…, heads, steps, size).
        mask: boolean, broadcast to the scores (…, heads, query steps, key steps); not together with `is_causal`.
        scale: factor of the scores.
        is_causal: whether each query attends only to the steps up to its own.
        dropout: probability with which a weight is dropped.

    >>> ones = torch.ones(1, 1, 2, 3)
    >>> mask = torch.tensor([[True, False], [False, False]])
    >>> attend(ones, ones, torch.tensor([[[[1.0], [3.0]]]]), mask, 1.0).flatten()
    tensor([1., 2.])
    """
    # Without any keys there is nothing to mask, and no mean; the kernel returns 0.
    if mask is None or mask.shape[-1] == 0:
        return _run_kernel(query, key, value, None, scale, is_causal, dropout)
    # For a query whose keys are all masked, torch's kernels return NaN or zeros, or have wrong gradients.
    has_keys = mask.any(-1, keepdim=True)
    attended = _run_kernel(query, key, value, mask | ~has_keys, scale, False, dropout)
    mean = value.mean(-2, keepdim=True)
    if value.shape[-3] != query.shape[-3]:
        mean = mean.repeat_interleave(query.shape[-3] // value.shape[-3], -3)
    return torch.where(has_keys, attended, mean)


def scores_of(query: torch.Tensor, key: torch.Tensor, scale: float) -> torch.Tensor:
    """Return the scores (…, heads, query steps, key steps): `scale` times the dot products of queries and keys.

    >>> scores_of(torch.ones(1, 4, 3, 2), torch.ones(1, 2, 5, 2), 0.5).shape
    torch.Size([1, 4, 3, 5])
    """
    heads, shared_heads = query.shape[-3], key.shape[-3]
    if heads == shared_heads:
        return (query * scale) @ key.transpose(-1, -2)
    # The queries of heads that share keys are concatenated, so that the keys need not be copied.
    stacked = (query * scale).unflatten(-3, (shared_heads, heads // shared_heads)).flatten(-3, -2)
    scores = stacked @ key.transpose(-1, -2)
    return scores.unflatten(-2, (heads // shared_heads, query.shape[-2])).flatten(-4, -3)


def weighted(weights: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """Return the sums of values (…, heads, key steps, size) with weights, in shape (…, heads, query steps, size).

    >>> weighted(torch.ones(1, 4, 3, 5), torch.ones(1, 2, 5, 2)).shape
    torch.Size([1, 4, 3, 2])
    """
    heads, shared_heads = weights.shape[-3], value.shape[-3]
    if heads == shared_heads:
        return weights @ value
    sums = weights.unflatten(-3, (shared_heads, heads // shared_heads)).flatten(-3, -2) @ value
    return sums.unflatten(-2, (heads // shared_heads, weights.shape[-2])).flatten(-4, -3)


def masked_softmax(scores: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    """Return the softmax of scores over the keys, with 0 where `mask` is false, even if it is false for all keys.

    >>> masked_softmax(torch.zeros(2, 2), torch.tensor([[True, True], [False, False]]))
    tensor([[0.5000, 0.5000],
            [0.0000, 0.0000]])
    """
    if mask is None:
        return torch.softmax(scores, -1)
    return torch.where(mask, torch.softmax(torch.where(mask, scores, large_negative(scores.dtype)), -1), 0)


def large_negative(dtype: torch.dtype) -> float:
    """Return the score of a masked key: a finite number, so that nothing is NaN if all keys are masked.

    >>> large_negative(torch.float32)
    -1000000000.0
    """
    return -3e4 if dtype is torch.float16 else -1e9


def zero_where_all_masked(attended: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return outputs (…, steps, size) with zeros for queries whose keys are all masked.

    >>> zero_where_all_masked(torch.ones(2, 1), torch.tensor([[True, False], [False, False]])).flatten()
    tensor([1., 0.])
    """
    return torch.where(mask.any(-1, keepdim=True), attended, 0)


def score_dropout(layer: Layer) -> Dropout:
    """Return the `Dropout` for the attention weights of a layer, given its attributes `dropout` and `seed`.

    >>> import torchkeras_layer as keras
    >>> score_dropout(keras.layers.Attention(dropout=0.5)).rate
    0.5
    """
    dropout = Dropout(layer.dropout, seed=layer.seed, dtype=layer.dtype_policy, name="dropout")
    # It is not called if the kernel does the dropout, and would then be displayed as not built.
    dropout.build()
    return dropout


def _run_kernel(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor | None,
    scale: float,
    is_causal: bool,
    dropout: float,
) -> torch.Tensor:
    if not is_transformed():
        # While `torch.jit.trace` runs, sizes are tensors.
        is_grouped = bool(query.shape[-3] != key.shape[-3])
        return F.scaled_dot_product_attention(
            query, key, value, mask, dropout, is_causal, scale=scale, enable_gqa=is_grouped
        )
    # Torch's kernel supports neither vmap, under which it runs once for each sample, nor forward-mode derivatives.
    scores = scores_of(query, key, scale)
    if is_causal:
        mask = causal_mask(query.shape[-2], key.shape[-2], query.device)
    if mask is not None:
        scores = torch.where(mask, scores, -torch.inf)
    weights = torch.softmax(scores, -1)
    return weighted(F.dropout(weights, dropout) if dropout else weights, value)
