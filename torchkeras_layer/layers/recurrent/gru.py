"""How does a GRU compute one step, and how does a layer run it over sequences?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from typing_extensions import Self

from torchkeras_layer import activations
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import resolved
from torchkeras_layer.layers.built_in_layer import add_parameter
from torchkeras_layer.layers.recurrent.recurrent_cell import RecurrentCell, State, add_from_state, has_standard_gates
from torchkeras_layer.layers.recurrent.recurrent_layer import RecurrentLayer, of_cell, of_its_cell


@catalog.register()
class GRUCell(RecurrentCell):
    """One step of a GRU: `h = z * h + (1 - z) * candidate`.

    The gates z and r are `recurrent_activation(inputs @ kernel + h @ recurrent_kernel + bias)`; the last axis is in the
    order z, r, candidate. The candidate is `activation(inputs @ kernel + r * (h @ recurrent_kernel) + bias)` with
    `reset_after`, and else `activation(inputs @ kernel + (r * h) @ recurrent_kernel + bias)`.

    Shapes: inputs (batch, in), states [h] of (batch, units) -> h, [h]. `bias` is (2, 3 * units) with `reset_after`, for
    inputs and state, else (3 * units,).

    Args:
        units: number of features of the output and of the state.
        activation, recurrent_activation: names, functions or layers.
        use_bias: whether there is a `bias`.
        kernel_initializer, recurrent_initializer, bias_initializer, kernel_regularizer, recurrent_regularizer,
            bias_regularizer, kernel_constraint, recurrent_constraint, bias_constraint: identifiers or callables.
        dropout, recurrent_dropout: fraction of the inputs, and of the state, that is dropped in training.
        reset_after: whether r is applied after the matrix product. A config without it means false.
        seed: int for the dropout masks, as in `Dropout`.
        **kwargs: those of `Layer`; `implementation=1`, implied by `recurrent_dropout`, gives each gate its own mask.

    Raises:
        ValueError: for an invalid argument; if the inputs do not have rank 2, or the states do not fit.

    >>> cell = GRUCell(2, kernel_initializer="zeros")
    >>> cell(torch.ones(1, 3), cell.get_initial_state(1))[0]
    tensor([[0., 0.]], grad_fn=<AddBackward0>)
    """

    gates = 3

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
        super().__init__(
            units, activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer,
            kernel_regularizer, recurrent_regularizer, bias_regularizer, kernel_constraint, recurrent_constraint,
            bias_constraint, dropout, recurrent_dropout, seed, **kwargs,
        )  # fmt: skip
        self.recurrent_activation = resolved(self, "recurrent_activation", recurrent_activation, activations.get)
        self.reset_after = reset_after

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Create the cell from a config. Old configs do not have `reset_after`, which was `False` then.

        >>> GRUCell.from_config({"units": 3}).reset_after
        False
        """
        return super().from_config({"reset_after": False, **config} if isinstance(config, dict) else config)

    def _torchkeras_add_bias(self, width: int) -> torch.Tensor:
        return add_parameter(self, "bias", (2, width) if self.reset_after else (width,))

    def _torchkeras_step(
        self, projected: torch.Tensor, state: State, kernel: torch.Tensor, bias: Any, masks: Any
    ) -> State:
        (h,) = state
        activate, split = self.recurrent_activation, 2 * self.units
        if self.reset_after:
            added = add_from_state(h, kernel, bias, masks)
            update, reset = activate(projected[:, :split] + added[:, :split]).chunk(2, -1)
            from_state = reset * added[:, split:]
        else:
            added = add_from_state(h, kernel[:, :split], None, None if masks is None else masks[:2])
            update, reset = activate(projected[:, :split] + added).chunk(2, -1)
            from_state = (reset * (h if masks is None else h * masks[2])) @ kernel[:, split:]
        candidate = self.activation(projected[:, split:] + from_state)
        return [candidate + update * (h - candidate)]

    def kernel_kind(self) -> str | None:
        """Return the kind of torch's kernel that computes the cell, or `None` if there is none."""
        return "gru" if self.reset_after and has_standard_gates(self) else None


@catalog.register()
class GRU(RecurrentLayer):
    """Gated recurrent unit: a `GRUCell` over the steps of sequences.

    Shapes: (batch, steps, in) -> (batch, units); with `return_sequences` (batch, steps, units); with `return_state` a
    tuple of that and the state, (batch, units). The weights are those of `cell`.

    With the default activations and `reset_after`, and without `recurrent_dropout`, torch's fused kernel computes the
    whole sequence, with and without a mask; otherwise, a loop over the steps computes the same numbers.

    Args:
        units, activation, recurrent_activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer,
            kernel_regularizer, recurrent_regularizer, bias_regularizer, kernel_constraint,
            recurrent_constraint, bias_constraint, dropout, recurrent_dropout, reset_after, seed: those of `GRUCell`.
        activity_regularizer: regularizer of the output.
        return_sequences, return_state, go_backwards, stateful, unroll: those of `RNN`.
        **kwargs: the others of `RNN` and of `Layer`; `use_cudnn=False` disables torch's fused kernel.

    Raises:
        ValueError: as `GRUCell` and `RNN`, or if the inputs do not have rank 3.
        TypeError: in a call, for a `PackedSequence`.

    >>> import torch
    >>> layer = GRU(4, return_sequences=True, return_state=True)
    >>> [tuple(part.shape) for part in layer(torch.ones(2, 5, 3))], list(layer.state_dict())
    ([(2, 5, 4), (2, 4)], ['cell.kernel', 'cell.recurrent_kernel', 'cell.bias'])
    """

    units = of_cell("units")
    implementation = of_cell("implementation")
    recurrent_activation = of_cell("recurrent_activation")
    reset_after = of_cell("reset_after")

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
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        *,
        reset_after: bool = True,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        **kwargs: Any,
    ) -> None:
        cell = GRUCell(
            units, activation, recurrent_activation, use_bias, kernel_initializer, recurrent_initializer,
            bias_initializer, kernel_regularizer, recurrent_regularizer, bias_regularizer, kernel_constraint,
            recurrent_constraint, bias_constraint, dropout, recurrent_dropout, reset_after, seed,
            **of_its_cell("gru", kwargs),
        )  # fmt: skip
        super().__init__(
            cell, return_sequences, return_state, go_backwards, stateful, unroll,
            activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        """Create the layer from a config. Old configs do not have `reset_after`, which was `False` then.

        >>> GRU.from_config({"units": 3}).reset_after
        False
        """
        return super().from_config(
            {"reset_after": False, **config} if isinstance(config, dict) else config, custom_objects
        )


@catalog.register()
class CuDNNGRU(GRU):
    """`GRU` under the name of its GPU version in Keras 2, whose configs do not have `reset_after`, which was `True`.

    Shapes: as `GRU`.

    Args:
        units, activation, recurrent_activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer,
            kernel_regularizer, recurrent_regularizer, bias_regularizer, activity_regularizer, kernel_constraint,
            recurrent_constraint, bias_constraint, dropout, recurrent_dropout, reset_after, seed, return_sequences,
            return_state, go_backwards, stateful, unroll, **kwargs: those of `GRU`.

    Raises:
        ValueError: as `GRU`.

    >>> CuDNNGRU.from_config({"units": 3}).reset_after
    True
    """

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        """Create the layer from a config without `reset_after`.

        >>> CuDNNGRU.from_config({"units": 3}).units
        3
        """
        return super().from_config(
            {"reset_after": True, **config} if isinstance(config, dict) else config, custom_objects
        )
