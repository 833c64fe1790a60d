"""Which operations compare predictions with what is right?"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor

from torchkeras_layer._settings import epsilon
from torchkeras_layer.ops import beam_search, connectionist
from torchkeras_layer.ops.values import as_float, as_tensor

NO_CLASS = -(2**62)
"""An `ignore_index` of torch's that is no class."""


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Tensor:
    """Return the cross-entropy of each probability, or of each logit.

    >>> binary_crossentropy([1.0], [0.5])
    tensor([0.6931])
    """
    output = as_float(output)
    target = as_tensor(target).to(output.dtype)
    if from_logits:
        return F.binary_cross_entropy_with_logits(output, target, reduction="none")
    return F.binary_cross_entropy(output.clamp(epsilon(), 1 - epsilon()), target, reduction="none")


def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Tensor:
    """Return the cross-entropy of probabilities, or of logits, along an axis."""
    target, logs = as_float(target), _log_probabilities(output, from_logits, axis)
    return -torch.sum(target * logs, axis)


def sparse_categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Tensor:
    """Return the cross-entropy of probabilities, or of logits, along an axis, for classes as ints."""
    output, target = as_float(output), as_tensor(target).to(torch.int64)
    if target.dim() == output.dim() and target.dim() and target.shape[axis] == 1:
        target = target.squeeze(axis)
    if from_logits:
        # Torch has the classes on axis 1, and would ignore class -100.
        output = output.movedim(axis, 1) if output.dim() > 1 else output
        return F.cross_entropy(output, target, ignore_index=NO_CLASS, reduction="none")
    chances = torch.gather(output, axis, target.unsqueeze(axis)).squeeze(axis) / torch.sum(output, axis)
    return -torch.log(chances.clamp(epsilon(), 1 - epsilon()))


def ctc_loss(target: Any, output: Any, target_length: Any, output_length: Any, mask_index: int = 0) -> Tensor:
    """Return the CTC loss of each sequence of logits (batch, steps, classes); class `mask_index` is the blank."""
    logs, target = torch.log_softmax(as_float(output).transpose(0, 1), -1), as_tensor(target)
    lengths = as_tensor(output_length), as_tensor(target_length)
    if torch.compiler.is_compiling() or isinstance(logs, FakeTensor) or logs.is_meta:
        # Torch's function reads values, which compilers do not know.
        return connectionist.loss(logs, target.to(torch.int64), *lengths, mask_index)
    return F.ctc_loss(logs, target, *lengths, blank=mask_index, reduction="none")


def ctc_decode(
    inputs: Any,
    sequence_lengths: Any,
    strategy: str = "greedy",
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
    mask_index: int | None = 0,
) -> tuple[Tensor, Tensor]:
    """Return the likeliest classes of each sequence of logits (batch, steps, classes), then -1, and their scores.

    Args:
        inputs: the logits.
        sequence_lengths: how many steps count, (batch,).
        strategy: 'greedy' takes the likeliest class of each step, and scores by minus the sum of their logits;
            'beam_search', which does not run in compiled functions, by the logarithms of probabilities.
        beam_width: how many sequences the search keeps.
        top_paths: how many of them are returned, in results of shapes (top_paths, batch, steps) and (batch, top_paths).
        merge_repeated: whether equal classes after one another count once; for 'greedy'.
        mask_index: the class that is left out; `None` for the last one.

    Raises:
        ValueError: for another strategy, or if fewer sequences are kept than are to be returned.
    """
    if strategy == "beam_search":
        return _decoded_by_search(as_float(inputs), as_tensor(sequence_lengths), beam_width, top_paths, mask_index)
    if strategy != "greedy":
        raise ValueError(f"ctc_decode: strategy must be 'greedy' or 'beam_search'. Received: strategy={strategy!r}.")
    inputs, lengths = as_float(inputs), as_tensor(sequence_lengths)
    blank = inputs.shape[-1] - 1 if mask_index is None else mask_index
    scores, classes = torch.max(inputs, -1)
    is_after = torch.arange(inputs.shape[1], device=inputs.device) >= lengths.unsqueeze(1)
    classes = torch.where(is_after, blank, classes)
    is_blank = classes == blank
    if merge_repeated:
        is_blank = is_blank | F.pad(classes[:, 1:] == classes[:, :-1], (1, 0), value=False)
    order = torch.argsort(is_blank.to(torch.uint8), dim=-1, stable=True)
    decoded = torch.gather(torch.where(is_blank, -1, classes), -1, order).to(torch.int32)
    return decoded.unsqueeze(0), -torch.sum(torch.where(is_after, 0.0, scores), 1, keepdim=True)


def _decoded_by_search(
    inputs: Tensor, lengths: Tensor, beam_width: int, top_paths: int, mask_index: int | None
) -> tuple[Tensor, Tensor]:
    if top_paths > beam_width:
        raise ValueError(f"ctc_decode: beam_width must be at least top_paths. Received: {beam_width=}, {top_paths=}.")
    classes = inputs.shape[-1]
    blank = classes - 1 if mask_index is None else mask_index % classes
    # The search takes the blank last.
    order = [*range(blank), *range(blank + 1, classes), blank]
    labels, scores = beam_search.search(inputs[..., order], lengths, beam_width, top_paths)
    return torch.where(labels >= blank, labels + 1, labels).to(torch.int32), scores


def psnr(x1: Any, x2: Any, max_val: float) -> Tensor:
    """Return the peak signal-to-noise ratio of two tensors, in decibels."""
    x1, x2 = as_float(x1), as_float(x2)
    mean_square = torch.mean((x1 - x2) ** 2)
    return 20 * torch.log10(torch.tensor(max_val, dtype=x1.dtype)) - 10 * torch.log10(mean_square)


def dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    bias: Any = None,
    mask: Any = None,
    scale: float | None = None,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
) -> Tensor:
    """Return attention of queries to keys, (batch, steps, heads, features); fewer heads of keys are repeated.

    True in `mask` attends, `bias` is added to the scores. `flash_attention` has no effect: torch chooses the kernel.
    """
    query, key, value = (as_float(x).transpose(1, 2) for x in (query, key, value))
    added = None if bias is None else as_float(bias).to(query.dtype)
    if mask is not None:
        added = as_tensor(mask).to(torch.bool) if added is None else torch.where(as_tensor(mask), added, -torch.inf)
    if attn_logits_soft_cap is not None:
        return _capped_attention(query, key, value, added, scale, is_causal, attn_logits_soft_cap).transpose(1, 2)
    is_grouped = key.shape[1] != query.shape[1]
    if is_causal and added is not None:
        allowed = torch.ones(query.shape[2], key.shape[2], dtype=torch.bool, device=query.device).tril()
        added = added & allowed if added.dtype is torch.bool else torch.where(allowed, added, -torch.inf)
        is_causal = False
    result = F.scaled_dot_product_attention(
        query, key, value, attn_mask=added, is_causal=is_causal, scale=scale, enable_gqa=is_grouped
    )
    return result.transpose(1, 2)


def _capped_attention(
    query: Tensor, key: Tensor, value: Tensor, added: Tensor | None, scale: float | None, is_causal: bool, cap: float
) -> Tensor:
    repeats = query.shape[1] // key.shape[1]
    key, value = (torch.repeat_interleave(x, repeats, 1) if repeats > 1 else x for x in (key, value))
    scores = query @ key.transpose(-1, -2) * (query.shape[-1] ** -0.5 if scale is None else scale)
    scores = cap * torch.tanh(scores / cap)
    if added is not None:
        scores = scores.masked_fill(~added, -torch.inf) if added.dtype is torch.bool else scores + added
    if is_causal:
        allowed = torch.ones(scores.shape[-2:], dtype=torch.bool, device=query.device).tril()
        scores = scores.masked_fill(~allowed, -torch.inf)
    return torch.softmax(scores, -1) @ value


def _log_probabilities(output: Any, from_logits: bool, axis: int) -> Tensor:
    output = as_float(output)
    if from_logits:
        return torch.log_softmax(output, axis)
    output = output / torch.sum(output, axis, keepdim=True)
    return torch.log(output.clamp(epsilon(), 1 - epsilon()))
