"""Which windows and losses of neural networks does TensorFlow have in addition to Keras's?"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from torchkeras_layer.ops.tensorflow_layers import _spatial, conv
from torchkeras_layer.ops.values import as_float, as_sizes, as_tensor


def atrous_conv2d(value: Any, filters: Any, rate: int, padding: str = "VALID") -> Tensor:
    """Return the convolution with `rate` - 1 gaps between the values that a filter sees."""
    return conv(value, filters, 1, padding, None, rate)


def _same(size: int, window: int, step: int, rate: int = 1) -> tuple[int, int]:
    total = max((-(-size // step) - 1) * step + (window - 1) * rate + 1 - size, 0)
    return total // 2, total - total // 2


def max_pool_with_argmax(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: str = "VALID",
    data_format: str = "NHWC",
    output_dtype: Any = "int64",
    include_batch_in_index: bool = False,
) -> tuple[Tensor, Tensor]:
    """Return the greatest value of each window, and its index among all values of its image, channels last."""
    x = as_float(input)
    size, step = _spatial(ksize, 2, None), _spatial(strides, 2, None)
    batch, height, width, channels = x.shape
    margins = [_same(length, *one) if padding.upper() == "SAME" else (0, 0)
               for length, *one in zip((height, width), size, step, strict=True)]  # fmt: skip
    padded = F.pad(x.movedim(-1, 1), (*margins[1], *margins[0]), value=float("-inf"))
    values, places = F.max_pool2d(padded, size, step, return_indices=True)
    wide = padded.shape[-1]
    row, column = places // wide - margins[0][0], places % wide - margins[1][0]
    index = (row * width + column) * channels + torch.arange(channels, device=x.device).reshape(-1, 1, 1)
    if include_batch_in_index:
        number = torch.arange(batch, device=x.device).reshape(-1, 1, 1, 1)
        index = index + number * (height * width * channels)
    target = torch.int32 if "32" in str(output_dtype) else torch.int64
    return values.movedim(1, -1), index.movedim(1, -1).to(target)


def dilation2d(
    input: Any, filters: Any, strides: Any, padding: str, data_format: str = "NHWC", dilations: Any = None
) -> Tensor:
    """Return the greatest sum of the values of each window and the filter of their channel."""
    x, filters = as_float(input), as_float(filters)
    step, rate = _spatial(strides, 2, None), _spatial(dilations, 2, None)
    high, wide, channels = filters.shape
    if padding.upper() == "SAME":
        top, bottom = _same(x.shape[1], high, step[0], rate[0])
        left, right = _same(x.shape[2], wide, step[1], rate[1])
        x = F.pad(x, (0, 0, left, right, top, bottom), value=float("-inf"))
    rows = (x.shape[1] - (high - 1) * rate[0] - 1) // step[0] + 1
    columns = (x.shape[2] - (wide - 1) * rate[1] - 1) // step[1] + 1
    parts = [
        x[
            :,
            i * rate[0] : i * rate[0] + rows * step[0] : step[0],
            j * rate[1] : j * rate[1] + columns * step[1] : step[1],
        ]
        + filters[i, j]
        for i in range(high)
        for j in range(wide)
    ]
    return torch.amax(torch.stack([part[:, :rows, :columns] for part in parts]), 0)


def erosion2d(
    value: Any, filters: Any, strides: Any, padding: str, data_format: str = "NHWC", dilations: Any = None
) -> Tensor:
    """Return the least difference of the values of each window and the filter, turned around, of their channel."""
    turned = torch.flip(as_float(filters), (0, 1))
    return -dilation2d(-as_float(value), turned, strides, padding, data_format, dilations)


def crelu(features: Any, axis: int = -1) -> Tensor:
    """Return the positive parts of values, and those of their negatives after them."""
    x = as_float(features)
    return torch.relu(torch.cat([x, -x], axis))


def weighted_cross_entropy(labels: Any, logits: Any, pos_weight: Any) -> Tensor:
    """Return the cross-entropy of each logit, in which positive labels have a weight."""
    logits = as_float(logits)
    labels, weight = as_tensor(labels, logits.dtype), as_tensor(pos_weight, logits.dtype)
    return F.binary_cross_entropy_with_logits(logits, labels, reduction="none", pos_weight=weight)


def log_poisson_loss(targets: Any, log_input: Any, compute_full_loss: bool = False) -> Tensor:
    """Return the negative log-likelihood of counts, given the logarithm of the mean of a Poisson distribution."""
    log_input = as_float(log_input)
    targets = as_tensor(targets, log_input.dtype)
    loss = torch.exp(log_input) - log_input * targets
    if not compute_full_loss:
        return loss
    rest = targets * torch.log(targets.clamp(min=1)) - targets + 0.5 * torch.log(2 * torch.pi * targets.clamp(min=1))
    return loss + torch.where((targets >= 0) & (targets <= 1), torch.zeros_like(rest), rest)


def ctc_loss(
    labels: Any,
    logits: Any,
    label_length: Any,
    logit_length: Any,
    logits_time_major: bool = True,
    unique: Any = None,
    blank_index: int | None = None,
) -> Tensor:
    """Return the CTC loss of each sequence, from dense labels and logits (steps, batch, classes)."""
    logits = as_float(logits)
    logits = logits if logits_time_major else logits.transpose(0, 1)
    blank = (blank_index or 0) % logits.shape[-1]
    lengths = [as_tensor(length).to(torch.int64) for length in (logit_length, label_length)]
    targets = as_tensor(labels).to(torch.int64)
    return F.ctc_loss(torch.log_softmax(logits, -1), targets, *lengths, blank=blank, reduction="none")


def compute_average_loss(per_example_loss: Any, sample_weight: Any = None, global_batch_size: Any = None) -> Tensor:
    """Return the sum of losses divided by their number, or by `global_batch_size`."""
    losses = as_float(per_example_loss)
    count = losses.shape[0] if losses.dim() and global_batch_size is None else as_sizes(global_batch_size or 1)[0]
    weighted = losses if sample_weight is None else losses * as_tensor(sample_weight, losses.dtype)
    return torch.sum(weighted) / count


def weighted_moments(x: Any, axes: Any, frequency_weights: Any, keepdims: bool = False) -> tuple[Tensor, Tensor]:
    """Return the mean and the variance along axes, of values with weights."""
    x = as_float(x)
    weights = as_tensor(frequency_weights, x.dtype).expand(x.shape)
    along = as_sizes(axes)
    total = torch.sum(weights, along, keepdim=True)
    middle = torch.sum(weights * x, along, keepdim=True) / total
    spread = torch.sum(weights * torch.square(x - middle), along, keepdim=True) / total
    return (middle, spread) if keepdims else (middle.squeeze(along), spread.squeeze(along))


def sufficient_statistics(x: Any, axes: Any, shift: Any = None, keepdims: bool = False) -> tuple[Any, ...]:
    """Return the number of values along axes, their sum and that of their squares, after a shift."""
    x, along = as_float(x), as_sizes(axes)
    moved = x if shift is None else x - as_tensor(shift, x.dtype)
    count = torch.full((), torch.Size([x.shape[axis] for axis in along]).numel(), dtype=x.dtype)
    sums = [torch.sum(values, along, keepdim=keepdims) for values in (moved, torch.square(moved))]
    return count, *sums, None if shift is None else as_tensor(shift, x.dtype)


def normalize_moments(counts: Any, mean_ss: Any, variance_ss: Any, shift: Any = None) -> tuple[Tensor, Tensor]:
    """Return the mean and the variance, from what `sufficient_statistics` gives."""
    middle = as_float(mean_ss) / counts
    spread = as_float(variance_ss) / counts - torch.square(middle)
    return middle if shift is None else middle + as_tensor(shift), spread


def scale_regularization_loss(regularization_loss: Any) -> Tensor:
    """Return the sum of losses."""
    return torch.sum(as_float(regularization_loss))


def embedding_lookup(params: Any, ids: Any, max_norm: float | None = None) -> Tensor:
    """Return the rows of a matrix at indices, shortened to `max_norm` if it is given."""
    from torchkeras_layer.ops.tensorflow_math import clip_by_norm

    rows = as_tensor(params)[as_tensor(ids).to(torch.int64)]
    return rows if max_norm is None else clip_by_norm(rows, max_norm, list(range(as_tensor(ids).dim(), rows.dim())))


def xw_plus_b(x: Any, weights: Any, biases: Any) -> Tensor:
    """Return x @ weights + biases."""
    return torch.addmm(as_tensor(biases), as_tensor(x), as_tensor(weights))


def relu_layer(x: Any, weights: Any, biases: Any) -> Tensor:
    """Return relu(x @ weights + biases)."""
    return torch.relu(xw_plus_b(x, weights, biases))
