"""Which labels does K's CTC decoding find in sequences of probabilities?"""

from __future__ import annotations

from itertools import groupby
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from torchkeras_layer._settings import epsilon
from torchkeras_layer.ops.losses import ctc_decode as decode_greedily
from torchkeras_layer.ops.values import as_float, as_tensor

_Beam = tuple[int, ...]


def ctc_decode(
    y_pred: Any, input_length: Any, greedy: bool = True, beam_width: int = 100, top_paths: int = 1
) -> tuple[list[Tensor], Tensor]:
    """Return the likeliest labels in sequences of probabilities (batch, steps, classes); the last class is the blank.

    Args:
        y_pred: the probabilities.
        input_length: the number of steps of each sequence, (batch,).
        greedy: whether the likeliest class of each step is taken; otherwise, the likeliest labels are searched for, on
            the CPU and not within torch.compile.
        beam_width: how many labels the search keeps.
        top_paths: how many of them are returned.

    Returns:
        a list of the labels, each (batch, steps) of int64 with -1 after the last label; and, if greedy, minus the sum
        of the logarithms of what was taken, (batch, 1), else the logarithms of the probabilities, (batch, top_paths).

    Raises:
        ValueError: if fewer labels are kept than are to be returned.

    >>> y = torch.tensor([[[0.9, 0.0, 0.1], [0.9, 0.0, 0.1], [0.0, 0.0, 1.0], [0.2, 0.7, 0.1]]])
    >>> ctc_decode(y, [4])[0], ctc_decode(y, [4], greedy=False)[0]
    ([tensor([[ 0,  1, -1, -1]])], [tensor([[ 0,  1, -1, -1]])])
    """
    logs = torch.log(as_float(y_pred) + epsilon())
    lengths = as_tensor(input_length).reshape(-1).to(logs.device)
    if greedy:
        labels, scores = decode_greedily(logs, lengths, mask_index=None)
        return [labels[0].to(torch.int64)], scores
    if top_paths > beam_width:
        raise ValueError(f"K.ctc_decode: beam_width must be at least top_paths. Received: {beam_width=}, {top_paths=}.")
    rows = torch.log_softmax(logs.detach().to(torch.float64), -1).cpu().numpy()
    found = [_search(row[:length], beam_width, top_paths) for row, length in zip(rows, lengths.tolist(), strict=True)]
    steps = logs.shape[1]
    paths = [
        torch.stack([F.pad(torch.tensor(labels[path], dtype=torch.int64), (0, steps - len(labels[path])), value=-1)
                     for labels, _ in found])
        for path in range(top_paths)
    ]  # fmt: skip
    paths = [path.to(logs.device) for path in paths]
    return paths, torch.tensor(np.array([scores for _, scores in found]), dtype=logs.dtype, device=logs.device)


def _search(rows: np.ndarray, width: int, top: int) -> tuple[list[list[int]], np.ndarray]:
    """Return the likeliest labels for the logarithms of probabilities (steps, classes), and their own."""
    # Of each label sequence: the logarithm of the probability that it ended with a blank, or with its last label.
    beams: list[_Beam] = [()]
    ends = np.array([[0.0, -np.inf]])
    for row in rows:
        beams, ends = _step(beams, ends, row, width)
    totals = np.logaddexp(ends[:, 0], ends[:, 1])
    order = np.argsort(-totals, kind="stable")[:top]
    # As TensorFlow does, equal labels after one another are merged once more.
    return [[label for label, _ in groupby(beams[place])] for place in order], totals[order]


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
