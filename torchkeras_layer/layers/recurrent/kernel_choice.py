"""Which way do tensors take through torch's kernels for recurrent layers?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer.layers.recurrent.kernel_operator import run_recurrence
from torchkeras_layer.layers.recurrent.kernels import State, run_directly


def run_kernel(
    kind: str, sequences: torch.Tensor, state: State, kernel: torch.Tensor, recurrent_kernel: torch.Tensor, bias: Any
) -> tuple[torch.Tensor, State]:
    """Do as `kernels.run_directly`, as one operator where something looks on that would take the kernel apart.

    >>> ones = torch.ones(1, 1)
    >>> run_kernel("relu", torch.ones(1, 1, 1), [ones], ones, ones, None)
    (tensor([[[2.]]]), [tensor([[2.]])])
    """
    weights = (kernel, recurrent_kernel, bias)
    if takes_apart(sequences):
        outputs, *last = run_recurrence(kind, sequences, state, *weights)
        return outputs, last
    return run_directly(kind, sequences, state, *weights)


def takes_apart(sequences: torch.Tensor) -> bool:
    """Whether something looks on that would take a kernel apart: the compiler, or tensors without data.

    >>> takes_apart(torch.ones(1)), takes_apart(torch.ones(1, device="meta"))
    (False, True)
    """
    if torch.compiler.is_exporting():
        # Torch's own operator can be read without this library, but has a fixed number of steps.
        return not isinstance(sequences.shape[1], int)
    return torch.compiler.is_compiling() or sequences.is_meta or type(sequences) is not torch.Tensor
