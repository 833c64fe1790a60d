"""How likely is a sequence of labels, wherever in a longer sequence of predictions they are?"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor

from torchkeras_layer.losses._catalog import catalog
from torchkeras_layer.losses.arguments import read
from torchkeras_layer.losses.loss import Loss
from torchkeras_layer.ops import losses as operations
from torchkeras_layer.ops.values import as_float


def ctc(y_true: Any, y_pred: Any) -> Tensor:
    """Return the CTC loss (connectionist temporal classification) of each sequence.

    Args:
        y_true: the classes of each sequence as ints, (batch, longest label); 0 is the blank, and ends shorter ones.
        y_pred: logits, (batch, steps, classes).

    Raises:
        ValueError: for other ranks, or a class that does not exist.

    >>> ctc([[1, 0]], [[[0.0, 0.0], [0.0, 0.0]]])
    tensor([0.2877])
    """
    y_true, y_pred = read("ctc: y_true", y_true), as_float(read("ctc: y_pred", y_pred))
    for name, x, shape in (("y_true", y_true, "(batch, longest label)"), ("y_pred", y_pred, "(batch, steps, classes)")):
        if x.dim() != shape.count(",") + 1:
            raise ValueError(f"ctc: {name} must have the shape {shape}. Received: {name} of shape {tuple(x.shape)}.")
    y_true = y_true.to(y_pred.device, torch.int64)
    batch, steps, classes = y_pred.shape
    if not (torch.compiler.is_compiling() or isinstance(y_true, FakeTensor) or y_true.is_meta):
        # Torch's function would read what is beside the tensor.
        wrong = y_true[(y_true < 0) | (y_true >= classes)]
        if wrong.numel():
            raise ValueError(
                f"ctc: y_true must have classes from 0, the blank, to {classes - 1}. Received: {wrong[0].item()}."
            )
    lengths = torch.full((batch,), steps, dtype=torch.int32, device=y_pred.device)
    label_lengths = torch.sum(y_true != 0, -1).to(torch.int32)
    return operations.ctc_loss(y_true, y_pred, label_lengths, lengths)


@catalog.register()
class CTC(Loss):
    """The CTC loss (connectionist temporal classification) of sequences of labels.

    Args:
        reduction, name, dtype: see `Loss`.

    Targets are the classes of each sequence as ints, (batch, longest label), where 0 is the blank; predictions are
    logits, (batch, steps, classes).

    >>> CTC()([[1, 0]], [[[0.0, 0.0], [0.0, 0.0]]])
    tensor(0.2877)
    """

    _torchkeras_keeps_targets = True

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "ctc", dtype: Any = None
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """Return the `ctc` of each sample."""
        return ctc(y_true, y_pred)
