"""How does a layer run a GRU over sequences?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from typing_extensions import Self

from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.recurrent.gru_cell import GRUCell
from torchkeras_layer.layers.recurrent.recurrent_layer import RecurrentLayer, of_cell


@catalog.register()
class GRU(RecurrentLayer):
    """Gated recurrent unit: a `GRUCell` over the steps of sequences.

    Shapes: (batch, steps, in) -> (batch, units); with `return_sequences` (batch, steps, units); with `return_state` a
    tuple of that and the state, (batch, units). The weights are those of `cell`.

    With the default activations and `reset_after`, and without `recurrent_dropout`, torch's own kernel runs the whole
    sequence, whatever the mask is; otherwise a loop over the steps gives the same numbers.

    Args:
        units, activation, recurrent_activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer,
            kernel_regularizer, recurrent_regularizer, bias_regularizer, kernel_constraint,
            recurrent_constraint, bias_constraint, dropout, recurrent_dropout, reset_after, seed: those of `GRUCell`.
        activity_regularizer: on the output.
        return_sequences, return_state, go_backwards, stateful, unroll: those of `RNN`.
        **kwargs: the others of `RNN` and of `Layer`; `use_cudnn=False` keeps torch's kernel out.

    Raises:
        ValueError: as `GRUCell` and `RNN`, or if the inputs do not have 3 axes.
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
        super().__init__(GRUCell, dict(locals()))

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        """Make the layer from a config; one without `reset_after` is of a time when it was `False`.

        >>> GRU.from_config({"units": 3}).reset_after
        False
        """
        return super().from_config(
            {"reset_after": False, **config} if isinstance(config, dict) else config, custom_objects
        )


@catalog.register()
class CuDNNGRU(GRU):
    """`GRU` under the name that Keras 2 had for it on GPUs: its configs do not say that `reset_after` is true.

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
        """Make the layer from a config, in which `reset_after` does not stand.

        >>> CuDNNGRU.from_config({"units": 3}).units
        3
        """
        return super().from_config(
            {"reset_after": True, **config} if isinstance(config, dict) else config, custom_objects
        )
