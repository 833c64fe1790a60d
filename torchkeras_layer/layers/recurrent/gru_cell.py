"""How does a GRU go from one step to the next?"""

from __future__ import annotations

from typing import Any

import torch
from typing_extensions import Self

from torchkeras_layer import activations
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.built_in_layer import add_parameter, weight_of
from torchkeras_layer.layers.recurrent.recurrent_cell import RecurrentCell, State

_TANH = (activations.tanh, torch.tanh)
_SIGMOID = (activations.sigmoid, torch.sigmoid)


@catalog.register()
class GRUCell(RecurrentCell):
    """One step of a GRU: `h = z * h + (1 - z) * candidate`.

    The gates z and r are `recurrent_activation(inputs @ kernel + h @ recurrent_kernel + bias)`; the last axis is in the
    order z, r, candidate. The candidate is `activation` of what the inputs add, plus `r * (h @ recurrent_kernel)` with
    `reset_after`, else `(r * h) @ recurrent_kernel`.

    Shapes: inputs (batch, in), states [h] of (batch, units) -> h, [h]. `bias` is (2, 3 * units) with `reset_after`, for
    inputs and state, else (3 * units,).

    Args:
        units: size of the output and of the state.
        activation, recurrent_activation: names, functions or layers.
        use_bias: whether there is a `bias`.
        kernel_initializer, recurrent_initializer, bias_initializer, kernel_regularizer, recurrent_regularizer,
            bias_regularizer, kernel_constraint, recurrent_constraint, bias_constraint: identifiers or callables.
        dropout, recurrent_dropout: share of the inputs, and of the state, that is dropped in training.
        reset_after: whether r is applied after the multiplication; in configs without it, it is false.
        seed: of what is dropped, as in `Dropout`.
        **kwargs: those of `Layer`; `implementation=1` gives each gate a mask of its own, as `recurrent_dropout` does.

    Raises:
        ValueError: if an argument is not of that kind, the inputs do not have 2 axes, or the states do not fit.

    >>> cell = GRUCell(2, kernel_initializer="zeros")
    >>> cell(torch.ones(1, 3), cell.get_initial_state(1))[0]
    tensor([[0., 0.]], grad_fn=<AddBackward0>)
    """

    gates = 3
    recurrent_activation: Any
    reset_after: bool

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        reset_after: bool = True,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(dict(locals()))

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make the cell from a config; one without `reset_after` is of a time when it was `False`.

        >>> GRUCell.from_config({"units": 3}).reset_after
        False
        """
        return super().from_config({"reset_after": False, **config} if isinstance(config, dict) else config)

    def _add_bias(self, width: int) -> torch.Tensor:
        return add_parameter(self, "bias", (2, width) if self.reset_after else (width,))

    def _input_bias(self) -> Any:
        bias = super()._input_bias()
        return bias[0] if self.reset_after and bias is not None else bias

    def _recurrent_weights(self) -> tuple[torch.Tensor, Any]:
        has_own = self.reset_after and self.use_bias
        return weight_of(self, "recurrent_kernel"), weight_of(self, "bias")[1] if has_own else None

    def _advance(self, projected: torch.Tensor, state: State, kernel: torch.Tensor, bias: Any, masks: Any) -> State:
        (h,) = state
        open_by, split = self.recurrent_activation, 2 * self.units
        if self.reset_after:
            added = self._recur(h, kernel, bias, masks)
            keep, reset = open_by(projected[:, :split] + added[:, :split]).chunk(2, -1)
            from_state = reset * added[:, split:]
        else:
            added = self._recur(h, kernel[:, :split], None, None if masks is None else masks[:2])
            keep, reset = open_by(projected[:, :split] + added).chunk(2, -1)
            from_state = (reset * (h if masks is None else h * masks[2])) @ kernel[:, split:]
        candidate = self.activation(projected[:, split:] + from_state)
        return [candidate + keep * (h - candidate)]

    def kernel_kind(self) -> str | None:
        """Return which of torch's kernels computes the cell, or `None` if none does."""
        is_standard = self.activation in _TANH and self.recurrent_activation in _SIGMOID
        return "gru" if is_standard and self.reset_after else None
