"""Which losses has Keras's K, as values for each prediction?"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from torchkeras_layer._settings import epsilon
from torchkeras_layer.ops.values import as_float, as_tensor


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Tensor:
    """Return the cross-entropy of each probability, or of each logit.

    >>> binary_crossentropy([1.0], [0.5])
    tensor([0.6931])
    """
    output = as_float(output)
    target = as_tensor(target).to(output.dtype)
    if from_logits:
        return F.binary_cross_entropy_with_logits(output, target, reduction="none")
    output = _probabilities(output)
    return -(target * torch.log(output + epsilon()) + (1 - target) * torch.log(1 - output + epsilon()))


def binary_focal_crossentropy(
    target: Any,
    output: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
) -> Tensor:
    """Return the cross-entropy of each probability, times (1 - probability of what is right) ** gamma.

    With `apply_class_balancing` it counts `alpha` where the target is 1, and `1 - alpha` where it is 0.
    """
    output = as_float(output)
    target = as_tensor(target).to(output.dtype)
    chance = torch.sigmoid(output) if from_logits else output
    right = target * chance + (1 - target) * (1 - chance)
    found = (1 - right) ** gamma * binary_crossentropy(target, output, from_logits)
    return (target * alpha + (1 - target) * (1 - alpha)) * found if apply_class_balancing else found


def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Tensor:
    """Return the cross-entropy of probabilities, or of logits, along an axis.

    >>> categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]])
    tensor([0.6931])
    """
    output = as_float(output)
    target = as_tensor(target).to(output.dtype)
    if from_logits:
        return -torch.sum(target * torch.log_softmax(output, axis), axis)
    return -torch.sum(target * torch.log(_probabilities(output / torch.sum(output, axis, keepdim=True))), axis)


def categorical_focal_crossentropy(
    target: Any, output: Any, alpha: float = 0.25, gamma: float = 2.0, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """Return alpha * (1 - probability) ** gamma times the cross-entropy, summed along an axis."""
    output = as_float(output)
    target = as_tensor(target).to(output.dtype)
    output = torch.softmax(output, axis) if from_logits else output
    output = _probabilities(output / torch.sum(output, axis, keepdim=True))
    return torch.sum(alpha * (1 - output) ** gamma * -target * torch.log(output), axis)


def sparse_categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1, ignore_class: int | None = None
) -> Tensor:
    """Return the cross-entropy of probabilities, or of logits, along an axis, for classes as ints.

    It is 0 where the target is `ignore_class`.

    >>> sparse_categorical_crossentropy([1, 0], [[0.5, 0.5], [0.5, 0.5]], ignore_class=0)
    tensor([0.6931, 0.0000])
    """
    output = as_float(output)
    target = as_tensor(target).to(torch.int64)
    scores = output if from_logits else torch.log(_probabilities(output))
    logs = torch.log_softmax(scores.movedim(axis, -1), -1)
    target = target.reshape(logs.shape[:-1])
    is_ignored = None if ignore_class is None else target == ignore_class
    chosen = target if is_ignored is None else torch.where(is_ignored, 0, target)
    found = -torch.gather(logs, -1, chosen.unsqueeze(-1)).squeeze(-1)
    return found if is_ignored is None else torch.where(is_ignored, 0.0, found)


def ctc_batch_cost(y_true: Any, y_pred: Any, input_length: Any, label_length: Any) -> Tensor:
    """Return the CTC loss of each sequence of probabilities (batch, steps, classes); the last class is the blank.

    Args:
        y_true: the labels, (batch, longest label).
        y_pred: the probabilities.
        input_length: the number of steps of each sequence, (batch, 1).
        label_length: the number of labels of each sequence, (batch, 1).

    Returns:
        a tensor (batch, 1).
    """
    y_pred = as_float(y_pred)
    logs = torch.log_softmax(torch.log(y_pred.transpose(0, 1) + epsilon()), -1)
    target, steps, labels = (
        as_tensor(given).to(logs.device, torch.int64) for given in (y_true, input_length, label_length)
    )
    steps, labels = steps.reshape(-1), labels.reshape(-1)
    loss = F.ctc_loss(logs, target, steps, labels, blank=y_pred.shape[-1] - 1, reduction="none")
    return loss.unsqueeze(1)


def ctc_label_dense_to_sparse(labels: Any, label_lengths: Any) -> Tensor:
    """Return the labels (batch, longest label) within the given lengths, as a sparse tensor of torch."""
    labels = as_tensor(labels)
    lengths = as_tensor(label_lengths).reshape(-1, 1).to(labels.device)
    places = torch.nonzero(torch.arange(labels.shape[1], device=labels.device) < lengths).T
    return torch.sparse_coo_tensor(places, labels[places[0], places[1]], labels.shape, check_invariants=True).coalesce()


def _probabilities(output: Tensor) -> Tensor:
    return torch.clamp(output, epsilon(), 1 - epsilon())
