"""Which labels are the likeliest of a sequence, summed over the ways in which steps can give them (CTC)?"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

_Beam = tuple[int, ...]


def search(logits: Tensor, lengths: Tensor, width: int, top: int) -> tuple[Tensor, Tensor]:
    """Return the likeliest labels of each sequence, and the logarithms of their probabilities; on the CPU.

    Args:
        logits: (batch, steps, classes); the last class is the blank.
        lengths: how many steps count, (batch,).
        width: how many sequences of labels are kept at each step.
        top: how many of them are returned.

    Returns:
        the labels, (top, batch, steps) of int64, with -1 after the last; and (batch, top).

    >>> search(torch.tensor([[[5.0, 0.0, 0.0], [0.0, 5.0, 0.0]]]), torch.tensor([2]), 10, 1)[0]
    tensor([[[0, 1]]])
    """
    rows = torch.log_softmax(logits.detach().to(torch.float64), -1).cpu().numpy()
    found = [_search(row[:length], width, top) for row, length in zip(rows, lengths.tolist(), strict=True)]
    steps = logits.shape[1]
    paths = [
        torch.stack([F.pad(torch.tensor(labels[path], dtype=torch.int64), (0, steps - len(labels[path])), value=-1)
                     for labels, _ in found])
        for path in range(top)
    ]  # fmt: skip
    scores = torch.tensor(np.array([scores for _, scores in found]), dtype=logits.dtype, device=logits.device)
    return torch.stack(paths).to(logits.device), scores


def _search(rows: np.ndarray, width: int, top: int) -> tuple[list[list[int]], np.ndarray]:
    """Return the likeliest labels for the logarithms of probabilities (steps, classes), and their own."""
    # Of each label sequence: the logarithm of the probability that it ended with a blank, or with its last label.
    beams: list[_Beam] = [()]
    ends = np.array([[0.0, -np.inf]])
    for row in rows:
        beams, ends = _step(beams, ends, row, width)
    totals = np.logaddexp(ends[:, 0], ends[:, 1])
    order = np.argsort(-totals, kind="stable")[:top]
    return [list(beams[place]) for place in order], totals[order]


def _step(beams: list[_Beam], ends: np.ndarray, row: np.ndarray, width: int) -> tuple[list[_Beam], np.ndarray]:
    totals, labels = np.logaddexp(ends[:, 0], ends[:, 1]), row[:-1]
    last = np.array([beam[-1] if beam else -1 for beam in beams])
    grown = totals[:, None] + labels
    has_last = last >= 0
    # A label that repeats the last one is a new one only after a blank.
    grown[has_last, last[has_last]] = ends[has_last, 0] + labels[last[has_last]]
    blank = totals + row[-1]
    repeated = np.where(has_last, ends[:, 1] + labels[last], -np.inf)
    places = {beam: place for place, beam in enumerate(beams)}
    for place, beam in enumerate(beams):
        shorter = places.get(beam[:-1]) if beam else None
        if shorter is not None:
            repeated[place] = np.logaddexp(repeated[place], grown[shorter, beam[-1]])
            grown[shorter, beam[-1]] = -np.inf
    scores = np.concatenate([np.logaddexp(blank, repeated), grown.reshape(-1)])
    kept = [place for place in np.argsort(-scores, kind="stable")[:width] if scores[place] > -np.inf]
    count, classes = len(beams), len(labels)
    found = [beams[k] if k < count else (*beams[(k - count) // classes], int((k - count) % classes)) for k in kept]
    of_kept = [(blank[k], repeated[k]) if k < count else (-np.inf, scores[k]) for k in kept]
    return found, np.array(of_kept)
