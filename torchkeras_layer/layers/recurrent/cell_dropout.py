"""What does a cell drop of its inputs and of its state while it trains?"""

from __future__ import annotations

import dataclasses
from typing import Any

import torch
import torch.nn.functional as F

from torchkeras_layer.layers.arguments import number_between
from torchkeras_layer.layers.regularization.seeded_layer import SeededLayer


@dataclasses.dataclass
class _Drawn:
    """The masks that were drawn for the sequence under way."""

    of_inputs: Any = None
    of_state: Any = None


class CellDropout(SeededLayer):
    """Base of the cells that drop the same values in all steps of a sequence.

    `_take_dropout` and `_begin_dropout` are for the `__init__` of a cell.
    A mask holds 0 for what is dropped, else `1 / (1 - rate)`. With a seed, the numbers are those of Keras 3 on torch,
    but that this counts calls in inference as draws too.
    """

    dropout: float
    recurrent_dropout: float

    def _take_dropout(self, dropout: Any, recurrent_dropout: Any, seed: Any) -> None:
        """Keep the rates and the seed."""
        self.dropout = number_between(self, "dropout", dropout, 0, 1)
        self.recurrent_dropout = number_between(self, "recurrent_dropout", recurrent_dropout, 0, 1)
        self._take_seed(seed)

    def _begin_dropout(self, count: int | None = None) -> None:
        """Prepare for masks: `count` of them in a list, one a gate, or a single one for all gates if it is `None`."""
        self._mask_count = count
        self._drawn = _Drawn()

    def get_dropout_mask(self, step_input: torch.Tensor) -> Any:
        """Return the mask for the inputs, (batch, in), or a list with one for each gate; `None` if none are dropped.

        It stays the same until `reset_dropout_mask()`.

        >>> import torchkeras_layer as keras
        >>> keras.layers.LSTMCell(2, dropout=0.5, seed=4).get_dropout_mask(torch.ones(1, 4))
        tensor([[0., 0., 2., 2.]])
        """
        if self._drawn.of_inputs is None:
            self._drawn.of_inputs = self._draw_masks(step_input, self.dropout)
        return self._drawn.of_inputs

    def get_recurrent_dropout_mask(self, step_input: torch.Tensor) -> Any:
        """Do as `get_dropout_mask` for the state, (batch, units).

        >>> import torchkeras_layer as keras
        >>> keras.layers.SimpleRNNCell(2, recurrent_dropout=0.5, seed=4).get_recurrent_dropout_mask(torch.ones(1, 4))
        tensor([[0., 0., 2., 2.]])
        """
        if self._drawn.of_state is None:
            self._drawn.of_state = self._draw_masks(step_input, self.recurrent_dropout)
        return self._drawn.of_state

    def reset_dropout_mask(self) -> None:
        """Forget the mask for the inputs, so that the next sequence gets another one."""
        self._drawn.of_inputs = None

    def reset_recurrent_dropout_mask(self) -> None:
        """Forget the mask for the state."""
        self._drawn.of_state = None

    def _draw_masks(self, values: torch.Tensor, rate: float) -> Any:
        if rate == 0:
            return None
        if self._mask_count is None:
            return self._draw_mask(values, rate)
        return [self._draw_mask(values, rate) for _ in range(self._mask_count)]

    def _draw_mask(self, values: torch.Tensor, rate: float) -> torch.Tensor:
        ones = torch.ones_like(values)
        if self.seed is None or rate == 1:
            return F.dropout(ones, rate)
        return torch.where(self._draw_kept(values, values.shape, rate), ones / (1 - rate), 0)
