"""How is the CTC loss computed without reading values, so that a compiler can follow?"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

# Instead of minus infinity, whose gradient would be NaN.
_IMPOSSIBLE = -1e30


def loss(logs: Tensor, target: Tensor, output_length: Tensor, target_length: Tensor, blank: int) -> Tensor:
    """Return minus the logarithm of the probability of each target, summed over its alignments.

    Args:
        logs: logarithms of probabilities, (steps, batch, classes).
        target: the classes, (batch, length), as int64.
        output_length: how many steps count, (batch,).
        target_length: how many classes count, (batch,).
        blank: the class between others.

    >>> logs = torch.log_softmax(torch.tensor([[[1.0, 2.0]], [[0.0, 1.0]]]), -1)
    >>> found = loss(logs, torch.tensor([[1]]), torch.tensor([2]), torch.tensor([1]), 0)
    >>> torch.allclose(found, F.ctc_loss(logs, torch.tensor([[1]]), [2], [1], reduction="none"))
    True
    """
    batch, length = target.shape
    # A blank before, between and after the classes.
    labels = torch.stack([torch.full_like(target, blank), target], 2).reshape(batch, 2 * length)
    labels = F.pad(labels, (0, 1), value=blank)
    may_skip = F.pad(labels[:, 2:] != labels[:, :-2], (2, 0), value=False) & (labels != blank)
    scores = torch.gather(logs, 2, labels.expand(logs.shape[0], *labels.shape))
    is_start = torch.arange(labels.shape[1], device=logs.device) < 2
    state = torch.where(is_start, scores[0], _IMPOSSIBLE)
    for step in range(1, logs.shape[0]):
        before = F.pad(state, (2, 0), value=_IMPOSSIBLE)
        reached = torch.stack([state, before[:, 1:-1], torch.where(may_skip, before[:, :-2], _IMPOSSIBLE)])
        moved = torch.logsumexp(reached, 0) + scores[step]
        state = torch.where((step < output_length).unsqueeze(1), moved, state)
    last = (2 * target_length).to(torch.int64).unsqueeze(1)
    at_blank, at_class = torch.gather(state, 1, last), torch.gather(state, 1, (last - 1).clamp(min=0))
    at_class = torch.where(last > 0, at_class, _IMPOSSIBLE)
    found = -torch.logaddexp(at_blank, at_class).squeeze(1)
    return torch.where(found > -_IMPOSSIBLE / 2, torch.inf, found)
