"""Are vectors of the same class close together, and those of different ones apart?"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from torchkeras_layer.losses._catalog import catalog
from torchkeras_layer.losses.arguments import read
from torchkeras_layer.losses.loss import Loss
from torchkeras_layer.ops.values import as_float


def circle(
    y_true: Any,
    y_pred: Any,
    ref_labels: Any = None,
    ref_embeddings: Any = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
) -> Tensor:
    """Return the circle loss of each vector: 0 if those of its class are close to it, and all others apart.

    The result has a mask of those above 0, by which a mean leaves the others out.

    Args:
        y_true: classes as ints, (batch,) or (batch, 1).
        y_pred: vectors of length 1, (batch, features).
        ref_labels, ref_embeddings: classes and vectors to compare with; default: `y_true` and `y_pred`.
        remove_diagonal: whether vectors are not compared with those at the same place in `ref_embeddings`.
        gamma: by how much distances are multiplied.
        margin: the distance below which the same class, and above which another, counts less.

    Raises:
        ValueError: if the number of classes is not that of the vectors.

    >>> circle([0, 0, 1], [[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]]).round(decimals=2)
    tensor([0.0000, 6.4000, 0.0000])
    """
    y_pred = as_float(read("circle: y_pred", y_pred))
    references = y_pred if ref_embeddings is None else as_float(read("circle: ref_embeddings", ref_embeddings))
    labels = _labels("y_true", y_true, y_pred)
    others = labels if ref_labels is None else _labels("ref_labels", ref_labels, references)
    distances = (1 - y_pred @ references.mT).clamp(min=0.0)
    is_same = labels.unsqueeze(1) == others
    is_other = ~is_same
    if remove_diagonal:
        is_same = is_same & ~torch.eye(*is_same.shape, dtype=torch.bool, device=is_same.device)
    near = -gamma * (margin + distances).clamp(min=0.0) * (margin - distances)
    far = gamma * (1 + margin - distances).clamp(min=0.0) * (1 - margin - distances)
    near, far = torch.where(is_same, near, -torch.inf), torch.where(is_other, far, -torch.inf)
    losses = F.softplus(torch.logsumexp(near, 1) + torch.logsumexp(far, 1))
    losses._keras_mask = losses > 0  # type: ignore[attr-defined]
    return losses


@catalog.register()
class Circle(Loss):
    """The circle loss: 0 if vectors of the same class are close together, and those of different ones apart.

    Args:
        gamma: by how much distances are multiplied.
        margin: the distance below which the same class, and above which another, counts less.
        remove_diagonal: whether vectors are not compared with themselves.
        reduction, name, dtype: see `Loss`.

    Targets are classes as ints, predictions vectors of length 1. Vectors without a loss do not count in a mean.

    >>> Circle()([0, 0, 1], [[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]])
    tensor(3.2008)
    """

    _torchkeras_arguments = ("gamma", "margin", "remove_diagonal")
    _torchkeras_keeps_targets = True

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "circle",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.gamma = gamma
        self.margin = margin
        self.remove_diagonal = remove_diagonal

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the `circle` of each sample."""
        return circle(y_true, y_pred, remove_diagonal=self.remove_diagonal, gamma=self.gamma, margin=self.margin)


def _labels(name: str, labels: Any, embeddings: Tensor) -> Tensor:
    labels = read(f"circle: {name}", labels).reshape(-1).to(embeddings.device, torch.int64)
    if embeddings.dim() != 2 or labels.shape[0] != embeddings.shape[0]:
        raise ValueError(
            f"circle: {name} must have one class for each vector, and the vectors the shape (batch, features). "
            f"Received: {labels.shape[0]} classes, vectors of shape {tuple(embeddings.shape)}."
        )
    return labels
