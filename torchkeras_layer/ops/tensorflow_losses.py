"""What are the losses of TensorFlow 1, `tf.compat.v1.losses`: single numbers, with weights that broadcast?"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from torchkeras_layer.ops.arithmetic import divide_no_nan
from torchkeras_layer.ops.tensorflow_layers import softmax_cross_entropy, sparse_softmax_cross_entropy
from torchkeras_layer.ops.values import as_float, as_tensor

_BY_NONZERO_WEIGHTS = "weighted_sum_by_nonzero_weights"
_REDUCTIONS = ("none", "weighted_sum", "weighted_mean", "weighted_sum_over_batch_size", _BY_NONZERO_WEIGHTS)


def weighted_loss(losses: Any, weights: Any = 1.0, reduction: str = _BY_NONZERO_WEIGHTS) -> Tensor:
    """Return losses times weights as one number.

    Args:
        losses: the losses.
        weights: a number, or weights with the rank of the losses that broadcast to them.
        reduction: 'weighted_sum_by_nonzero_weights' divides the sum by the number of weights that are not 0,
            'weighted_mean' by the sum of the weights, 'weighted_sum_over_batch_size' by the number of losses;
            'weighted_sum' does not divide, 'none' returns the losses times the weights.

    Raises:
        ValueError: for another reduction, or weights that do not broadcast.

    >>> weighted_loss([1.0, 3.0, 5.0], [1.0, 1.0, 0.0])
    tensor(2.)
    """
    losses = as_float(losses)
    weights = as_tensor(weights).to(losses)
    is_wrong = any(size not in (1, other) for size, other in zip(weights.shape, losses.shape, strict=False))
    if weights.dim() not in (0, losses.dim()) or is_wrong:
        raise ValueError(
            "tf.losses: weights must be a number, or broadcast to the losses in their rank. Received: weights of shape "
            f"{tuple(weights.shape)}, losses of shape {tuple(losses.shape)}."
        )
    if reduction not in _REDUCTIONS:
        raise ValueError(f"tf.losses: reduction must be one of {_REDUCTIONS}. Received: {reduction!r}.")
    weighted = losses * weights
    if reduction == "none":
        return weighted
    total, weights = torch.sum(weighted), weights.broadcast_to(losses.shape)
    if reduction == "weighted_sum":
        return total
    if reduction == "weighted_mean":
        return divide_no_nan(total, torch.sum(weights))
    counted = weights != 0 if reduction == _BY_NONZERO_WEIGHTS else torch.ones_like(weights)
    return divide_no_nan(total, torch.sum(counted.to(weights.dtype)))


def absolute_difference(
    labels: Any, predictions: Any, weights: Any = 1.0, reduction: str = _BY_NONZERO_WEIGHTS
) -> Tensor:
    """Return the loss of |predictions - labels|."""
    labels, predictions = _pair(labels, predictions)
    return weighted_loss(torch.abs(predictions - labels), weights, reduction)


def squared_error(labels: Any, predictions: Any, weights: Any = 1.0, reduction: str = _BY_NONZERO_WEIGHTS) -> Tensor:
    """Return the loss of (predictions - labels)².

    >>> squared_error([1.0, 2.0], [1.0, 4.0])
    tensor(2.)
    """
    labels, predictions = _pair(labels, predictions)
    return weighted_loss(torch.square(predictions - labels), weights, reduction)


def huber_loss(
    labels: Any, predictions: Any, weights: Any = 1.0, delta: float = 1.0, reduction: str = _BY_NONZERO_WEIGHTS
) -> Tensor:
    """Return the loss of e² / 2 where the error e is at most `delta`, and of a line beyond it."""
    labels, predictions = _pair(labels, predictions)
    return weighted_loss(F.huber_loss(predictions, labels, reduction="none", delta=delta), weights, reduction)


def hinge_loss(labels: Any, logits: Any, weights: Any = 1.0, reduction: str = _BY_NONZERO_WEIGHTS) -> Tensor:
    """Return the loss of max(1 - logits * label, 0), for labels 0 and 1, which stand for -1 and 1."""
    labels, logits = _pair(labels, logits)
    return weighted_loss(torch.relu(1 - (2 * labels - 1) * logits), weights, reduction)


def log_loss(
    labels: Any, predictions: Any, weights: Any = 1.0, epsilon: float = 1e-7, reduction: str = _BY_NONZERO_WEIGHTS
) -> Tensor:
    """Return the loss of the cross-entropy of single probabilities."""
    labels, predictions = _pair(labels, predictions)
    losses = -labels * torch.log(predictions + epsilon) - (1 - labels) * torch.log(1 - predictions + epsilon)
    return weighted_loss(losses, weights, reduction)


def cosine_distance(
    labels: Any, predictions: Any, axis: int, weights: Any = 1.0, reduction: str = _BY_NONZERO_WEIGHTS
) -> Tensor:
    """Return the loss of 1 - the product of vectors of length 1 along an axis."""
    labels, predictions = _pair(labels, predictions)
    return weighted_loss(1 - torch.sum(predictions * labels, axis, keepdim=True), weights, reduction)


def pairwise_squared_error(labels: Any, predictions: Any, weights: Any = 1.0) -> Tensor:
    """Return the mean, over pairs of values in a sample, of the square of the difference of their errors.

    Args:
        labels, predictions: (batch, …).
        weights: a number, or one for each sample, (batch,) or (batch, 1, …).
    """
    labels, predictions = _pair(labels, predictions)
    errors = (predictions - labels).flatten(1)
    weights = as_tensor(weights).to(errors).reshape(-1, 1).broadcast_to(errors.shape[0], 1)
    count = torch.where(weights == 0, 0.0, errors.shape[1])
    squares = 2 * divide_no_nan(torch.square(errors).sum(1, keepdim=True), (count - 1).clamp(min=0))
    means = 2 * divide_no_nan(torch.square(errors.sum(1, keepdim=True)), (count * (count - 1)).clamp(min=0))
    return torch.sum((squares - means) * weights)


def sigmoid_loss(
    multi_class_labels: Any,
    logits: Any,
    weights: Any = 1.0,
    label_smoothing: float = 0,
    reduction: str = _BY_NONZERO_WEIGHTS,
) -> Tensor:
    """Return the loss of the cross-entropy of single logits."""
    labels, logits = _pair(multi_class_labels, logits)
    labels = labels * (1 - label_smoothing) + 0.5 * label_smoothing
    return weighted_loss(F.binary_cross_entropy_with_logits(logits, labels, reduction="none"), weights, reduction)


def softmax_loss(
    onehot_labels: Any,
    logits: Any,
    weights: Any = 1.0,
    label_smoothing: float = 0,
    reduction: str = _BY_NONZERO_WEIGHTS,
) -> Tensor:
    """Return the loss of the cross-entropy of logits along the last axis, for vectors with 1 at the right class."""
    labels, logits = _pair(onehot_labels, logits)
    labels = labels.detach() * (1 - label_smoothing) + label_smoothing / labels.shape[-1]
    return weighted_loss(softmax_cross_entropy(labels, logits), weights, reduction)


def sparse_softmax_loss(labels: Any, logits: Any, weights: Any = 1.0, reduction: str = _BY_NONZERO_WEIGHTS) -> Tensor:
    """Return the loss of the cross-entropy of logits along the last axis, for classes as ints, (…) or (…, 1)."""
    logits, labels, weights = as_float(logits), as_tensor(labels).to(torch.int64), as_tensor(weights)
    labels = labels.squeeze(-1) if labels.dim() == logits.dim() else labels
    losses = sparse_softmax_cross_entropy(labels, logits)
    weights = weights.squeeze(-1) if weights.dim() == losses.dim() + 1 else weights
    return weighted_loss(losses, weights, reduction)


def _pair(labels: Any, predictions: Any) -> tuple[Tensor, Tensor]:
    predictions, labels = as_float(predictions), as_tensor(labels)
    labels = labels.to(predictions)
    if labels.shape != predictions.shape:
        raise ValueError(
            "tf.losses: labels and predictions must have the same shape. Received: labels of shape "
            f"{tuple(labels.shape)}, predictions of shape {tuple(predictions.shape)}."
        )
    return labels, predictions
