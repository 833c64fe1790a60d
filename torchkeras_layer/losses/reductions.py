"""How do the losses of single samples become one number, with weights and masks?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from torchkeras_layer._ranks import broadcast, same_rank
from torchkeras_layer.losses.arguments import read
from torchkeras_layer.ops.arithmetic import divide_no_nan
from torchkeras_layer.ops.values import as_tensor

MEANS = frozenset({"sum_over_batch_size", "mean", "mean_with_sample_weight"})
"""The reductions that are a mean where there are no weights."""
_OVER_BATCH = frozenset({"sum_over_batch_size", "mean"})
_KNOWN = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)


class Reduction:
    """Keras 2's names of the reductions.

    >>> Reduction.SUM, Reduction.NONE
    ('sum', 'none')
    """

    AUTO = "auto"
    NONE = "none"
    SUM = "sum"
    SUM_OVER_BATCH_SIZE = "sum_over_batch_size"

    @classmethod
    def all(cls) -> tuple[str, ...]:
        """Return all names."""
        return cls.AUTO, cls.NONE, cls.SUM, cls.SUM_OVER_BATCH_SIZE

    @classmethod
    def validate(cls, key: str) -> None:
        """Check a name.

        Raises:
            ValueError: if there is no such reduction.
        """
        if key not in cls.all():
            raise ValueError(f"Reduction: expected one of {cls.all()}. Received: {key!r}.")


def in_order(owner: str, args: Sequence[Any], name: Any, reduction: Any, dtype: Any) -> tuple[Any, Any, Any]:
    """Return the name, the reduction and the dtype of a loss, some of which were given without their names.

    Keras 2 has the reduction before the name; one argument that is a reduction of Keras 2 is that.

    Raises:
        TypeError: if there are more than three.

    >>> in_order("loss", ("none", "distance"), None, "auto", None), in_order("loss", ("distance",), None, "sum", None)
    (('distance', 'none', None), ('distance', 'sum', None))
    """
    if len(args) > 3:
        raise TypeError(f"{owner}: expected at most a name, a reduction and a dtype. Received: {args}.")
    given = (*args, *(name, reduction, dtype)[len(args) :])
    is_of_keras_2 = args[0] in Reduction.all() and (len(args) == 1 or args[1] not in _KNOWN)
    if not is_of_keras_2:
        return given[0], given[1], given[2]
    return (args[1] if len(args) > 1 else name), args[0], given[2]


def read_reduction(owner: str, reduction: Any) -> str | None:
    """Return a reduction; 'auto' of Keras 2 is 'sum_over_batch_size'.

    Raises:
        ValueError: if there is no such reduction; the message begins with `owner`.

    >>> read_reduction("loss", "auto")
    'sum_over_batch_size'
    """
    if reduction is not None and reduction not in _KNOWN and reduction != Reduction.AUTO:
        raise ValueError(f"{owner}: reduction must be one of {_KNOWN}. Received: reduction={reduction!r}.")
    return Reduction.SUM_OVER_BATCH_SIZE if reduction == Reduction.AUTO else reduction


def reduced(owner: str, losses: Tensor, sample_weight: Any, mask: Any, reduction: str | None) -> Tensor:
    """Return losses as one number, or as they are if the reduction is 'none' or `None`.

    Args:
        owner: what messages begin with.
        losses: the loss of each sample, or each part of it.
        sample_weight: weights, in the shape of the losses or one that broadcasts to it; `None` for 1.
        mask: which losses count, likewise; `None` for all. A mean is the mean of those.
        reduction: one of Keras's.

    Raises:
        ValueError: if the shapes do not fit, or there is no such reduction.

    >>> reduced("loss", torch.tensor([1.0, 3.0, 5.0]), None, torch.tensor([True, True, False]), "mean")
    tensor(2.)
    """
    reduction = read_reduction(owner, reduction)
    weights = _weights(owner, losses, sample_weight, mask, reduction)
    if weights is not None:
        losses, weights = same_rank(losses, weights)
        _check(owner, "sample_weight or a mask", weights, "the losses", losses)
        losses = losses * weights
    if reduction is None or reduction == "none" or not losses.dim():
        return losses
    if reduction == "sum" or not losses.numel():
        return torch.sum(losses)
    if reduction == "mean_with_sample_weight" and weights is not None:
        return divide_no_nan(torch.sum(losses), torch.sum(weights))
    return torch.mean(losses)


def _weights(owner: str, losses: Tensor, sample_weight: Any, mask: Any, reduction: str | None) -> Tensor | None:
    weights = None if sample_weight is None else read(f"{owner}: sample_weight", sample_weight).to(losses)
    if mask is None:
        return weights
    mask = as_tensor(mask).to(losses.device, torch.bool)
    kept = mask.to(losses.dtype)
    if reduction in _OVER_BATCH:
        # The mean over all is then the mean over those that count.
        kept = torch.where(mask, divide_no_nan(kept.new_tensor(kept.numel()), torch.sum(kept)), 0.0)
    if weights is None:
        return kept
    kept, weights = same_rank(kept, weights)
    _check(owner, "sample_weight", weights, "the mask", kept)
    return weights * kept


def _check(owner: str, name: str, weights: Tensor, what: str, values: Tensor) -> None:
    if weights.shape != values.shape and not broadcast(weights, values):
        raise ValueError(
            f"{owner}: the shape of {name} does not fit that of {what}. Received: {tuple(weights.shape)} for "
            f"{tuple(values.shape)}. For one weight a sample, write sample_weight.reshape(-1, 1)."
        )
