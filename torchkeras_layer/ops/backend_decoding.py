"""Which labels does K's CTC decoding find in sequences of probabilities?"""

from __future__ import annotations

from itertools import groupby
from typing import Any

import torch
from torch import Tensor

from torchkeras_layer._settings import epsilon
from torchkeras_layer.ops.beam_search import search
from torchkeras_layer.ops.losses import ctc_decode as decode_greedily
from torchkeras_layer.ops.values import as_float, as_tensor


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
    paths, scores = search(logs, lengths, beam_width, top_paths)
    return [_merged(path) for path in paths], scores


def _merged(labels: Tensor) -> Tensor:
    """Return labels (batch, steps) with equal ones after one another as one, as TensorFlow 1 does once more."""
    rows = [[label for label, _ in groupby(row)] for row in labels.tolist()]
    return torch.tensor([row + [-1] * (labels.shape[1] - len(row)) for row in rows], device=labels.device)
