"""Which shapes do torch's recurrent modules give?

Without data, torch runs some of them step by step, which takes seconds.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


def runs_step_by_step(module: nn.Module, inputs: Any) -> bool:
    """Whether a module is one that torch cannot run without data but step by step.

    >>> runs_step_by_step(nn.GRU(3, 4), torch.ones(2, 3)), runs_step_by_step(nn.LSTM(3, 4), torch.ones(2, 3))
    (True, False)
    """
    return isinstance(module, (nn.RNN, nn.GRU)) and isinstance(inputs, torch.Tensor) and inputs.dim() in (2, 3)


def empty_outputs(module: Any, inputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return tensors of the shapes of the output and of the last state.

    >>> [tuple(part.shape) for part in empty_outputs(nn.GRU(3, 4, batch_first=True), torch.ones(5, 2, 3))]
    [(5, 2, 4), (1, 5, 4)]
    """
    directions = 2 if module.bidirectional else 1
    batch = [] if inputs.dim() == 2 else [inputs.shape[0 if module.batch_first else 1]]
    output = inputs.new_empty([*inputs.shape[:-1], directions * module.hidden_size])
    state = inputs.new_empty([module.num_layers * directions, *batch, module.hidden_size])
    return output, state
