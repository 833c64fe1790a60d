"""Which keys may each query attend to, how well do they fit, and what comes out?"""

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


def read_mask(layer: Layer, name: str, mask: Any, like: torch.Tensor, ndims: Sequence[int]) -> torch.Tensor:
    """Return a mask, given as a tensor or array of any dtype, as booleans on the device of `like`.

    Raises:
        ValueError: if it holds no numbers, or its number of axes is none of `ndims`.

    >>> read_mask(Layer(), "query_mask", [[1, 0]], torch.ones(1, 2, 3), [2])
    tensor([[ True, False]])
    """
    try:
        tensor = mask if isinstance(mask, torch.Tensor) else torch.as_tensor(mask, device=like.device)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(
            f"{layer.name}: {name} must be a tensor or an array of booleans. Received: {name}={mask!r}."
        ) from error
    if tensor.dim() not in ndims:
        wanted = f"{ndims[0]}" if len(ndims) == 1 else f"{ndims[0]} to {ndims[-1]}"
        raise ValueError(
            f"{layer.name}: {name} must have rank {wanted} here. Received: {name} of shape {tuple(tensor.shape)}."
        )
    return tensor if tensor.dtype is torch.bool else tensor.bool()


def check_broadcast(layer: Layer, name: str, mask: torch.Tensor, what: str, shape: Sequence[int]) -> None:
    """Check that a mask broadcasts to the shape of something, of which it has all axes.

    Raises:
        ValueError: if it does not.
    """
    if any(one != 1 and one != size for one, size in zip(mask.shape, shape, strict=True)):
        raise ValueError(
            f"{layer.name}: {name} must broadcast to the {what}, of shape {tuple(shape)}. "
            f"Received: one that has shape {tuple(mask.shape)} there."
        )


def merged(masks: Iterable[torch.Tensor | None]) -> torch.Tensor | None:
    """Return a mask that is true where all are, `None` if there is none.

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
    """Return (…, heads, query steps, size): for each query the mean of the values, weighted by the softmax of scores.

    A query whose keys are all masked gets the plain mean of the values. There may be fewer heads of keys and values,
    each for as many neighbouring heads of queries.

    Args:
        query, key, value: (…, heads, steps, size).
        mask: boolean, broadcast to the scores (…, heads, query steps, key steps); not together with `is_causal`.

    >>> ones = torch.ones(1, 1, 2, 3)
    >>> mask = torch.tensor([[True, False], [False, False]])
    >>> attend(ones, ones, torch.tensor([[[[1.0], [3.0]]]]), mask, 1.0).flatten()
    tensor([1., 2.])
    """
    # Where there are no keys, there is nothing to mask, and no mean: the kernel gives 0.
    if mask is None or mask.shape[-1] == 0:
        return _run_kernel(query, key, value, None, scale, is_causal, dropout)
    # Torch's kernels differ in what they give for a query without keys: NaN, zeros, or wrong gradients.
    has_keys = mask.any(-1, keepdim=True)
    attended = _run_kernel(query, key, value, mask | ~has_keys, scale, False, dropout)
    mean = value.mean(-2, keepdim=True)
    if value.shape[-3] != query.shape[-3]:
        mean = mean.repeat_interleave(query.shape[-3] // value.shape[-3], -3)
    return torch.where(has_keys, attended, mean)


def scores_of(query: torch.Tensor, key: torch.Tensor, scale: float) -> torch.Tensor:
    """Return the scores (…, heads, query steps, key steps): `scale` times the products of queries and keys.

    >>> scores_of(torch.ones(1, 4, 3, 2), torch.ones(1, 2, 5, 2), 0.5).shape
    torch.Size([1, 4, 3, 5])
    """
    heads, shared_heads = query.shape[-3], key.shape[-3]
    if heads == shared_heads:
        return (query * scale) @ key.transpose(-1, -2)
    # The queries that share a key are put below each other, so that no key is copied.
    stacked = (query * scale).unflatten(-3, (shared_heads, heads // shared_heads)).flatten(-3, -2)
    scores = stacked @ key.transpose(-1, -2)
    return scores.unflatten(-2, (heads // shared_heads, query.shape[-2])).flatten(-4, -3)


def weighted(weights: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    """Return (…, heads, query steps, size): the sums of values (…, heads, key steps, size) with weights.

    >>> weighted(torch.ones(1, 4, 3, 5), torch.ones(1, 2, 5, 2)).shape
    torch.Size([1, 4, 3, 2])
    """
    heads, shared_heads = weights.shape[-3], value.shape[-3]
    if heads == shared_heads:
        return weights @ value
    sums = weights.unflatten(-3, (shared_heads, heads // shared_heads)).flatten(-3, -2) @ value
    return sums.unflatten(-2, (heads // shared_heads, weights.shape[-2])).flatten(-4, -3)


def masked_softmax(scores: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
    """Return weights of the keys: 0 where `mask` is false, also where that is so for all keys.

    >>> masked_softmax(torch.zeros(2, 2), torch.tensor([[True, True], [False, False]]))
    tensor([[0.5000, 0.5000],
            [0.0000, 0.0000]])
    """
    if mask is None:
        return torch.softmax(scores, -1)
    return torch.where(mask, torch.softmax(torch.where(mask, scores, large_negative(scores.dtype)), -1), 0)


def large_negative(dtype: torch.dtype) -> float:
    """Return what stands for the score of a masked key: finite, so that nothing is NaN where all keys are masked.

    >>> large_negative(torch.float32)
    -1000000000.0
    """
    return -3e4 if dtype is torch.float16 else -1e9


def zero_where_all_masked(attended: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return (…, steps, size) with zeros for queries whose keys are all masked.

    >>> zero_where_all_masked(torch.ones(2, 1), torch.tensor([[True, False], [False, False]])).flatten()
    tensor([1., 0.])
    """
    return torch.where(mask.any(-1, keepdim=True), attended, 0)


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
        # While `torch.jit.trace` looks on, sizes are tensors.
        is_grouped = bool(query.shape[-3] != key.shape[-3])
        return F.scaled_dot_product_attention(
            query, key, value, mask, dropout, is_causal, scale=scale, enable_gqa=is_grouped
        )
    # Torch's kernel knows neither vmap, under which it runs once for each of them, nor forward derivatives.
    scores = scores_of(query, key, scale)
    if is_causal:
        mask = causal_mask(query.shape[-2], key.shape[-2], query.device)
    if mask is not None:
        scores = torch.where(mask, scores, -torch.inf)
    weights = torch.softmax(scores, -1)
    return weighted(F.dropout(weights, dropout) if dropout else weights, value)
