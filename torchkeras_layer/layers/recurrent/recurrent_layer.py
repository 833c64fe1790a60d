"""What do SimpleRNN, GRU, LSTM and the ConvLSTMs have in common?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer._autograd import is_transformed
from torchkeras_layer._shapes import map_shapes
from torchkeras_layer._structures import leaves
from torchkeras_layer.layer.dry_run import SymbolicRun
from torchkeras_layer.layers.recurrent.cells import has_built_in_call, has_hooks
from torchkeras_layer.layers.recurrent.fused_kernels import call_torch, needs_operator, torch_weights
from torchkeras_layer.layers.recurrent.recurrent_cell import RecurrentCell, implementation_config
from torchkeras_layer.layers.recurrent.rnn import RNN, in_compute_dtype
from torchkeras_layer.symbolic import TensorSpec
from torchkeras_layer.symbolic.keras_tensor import is_symbolic
from torchkeras_layer.symbolic.shape_inference import Inferred


def of_cell(name: str) -> property:
    """Return a property that reads an attribute of the layer's cell.

    >>> import torchkeras_layer as keras
    >>> keras.layers.GRU(3).units
    3
    """
    return property(lambda self: getattr(self.cell, name), doc=f"`cell.{name}`.")


def of_its_cell(name: str, kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return keyword arguments for the cell of a layer: a name that is not counted, and those that the layer shares.

    >>> of_its_cell("gru", {"dtype": "float64", "name": "gru"})
    {'name': 'gru_cell', 'dtype': 'float64'}
    """
    shared = {word: kwargs[word] for word in ("dtype", "trainable", "implementation") if word in kwargs}
    return {"name": f"{name}_cell", **shared}


class RecurrentLayer(RNN):
    """Base of the layers that create their cell themselves, and have its arguments.

    Args:
        cell, return_sequences, return_state, go_backwards, stateful, unroll: those of `RNN`.
        **kwargs: the others of `RNN` and of `Layer`; `use_cudnn=False` disables torch's fused kernel.

    Raises:
        ValueError: as `RNN`, or if `use_cudnn` is neither 'auto', `True` nor `False`.
    """

    activation = of_cell("activation")
    use_bias = of_cell("use_bias")
    kernel_initializer = of_cell("kernel_initializer")
    recurrent_initializer = of_cell("recurrent_initializer")
    bias_initializer = of_cell("bias_initializer")
    kernel_regularizer = of_cell("kernel_regularizer")
    recurrent_regularizer = of_cell("recurrent_regularizer")
    bias_regularizer = of_cell("bias_regularizer")
    kernel_constraint = of_cell("kernel_constraint")
    recurrent_constraint = of_cell("recurrent_constraint")
    bias_constraint = of_cell("bias_constraint")
    dropout = of_cell("dropout")
    recurrent_dropout = of_cell("recurrent_dropout")
    seed = of_cell("seed")

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        **kwargs: Any,
    ) -> None:
        use_cudnn = kwargs.pop("use_cudnn", "auto")
        if use_cudnn not in ("auto", True, False):
            raise ValueError(
                f"{type(self).__name__}: use_cudnn must be 'auto', True or False. Received: use_cudnn={use_cudnn!r}."
            )
        super().__init__(cell, return_sequences, return_state, go_backwards, stateful, unroll, **kwargs)
        self.use_cudnn = use_cudnn
        facts = self._torchkeras.derived
        facts.uses_fused_kernel = use_cudnn is not False
        # Or else the shortest way, which torch's kernel goes, is not taken.
        has_own_loop = "inner_loop" in self._torchkeras_facts.overrides
        facts.starts_from_zeros = type(self).get_initial_state is RNN.get_initial_state and not has_own_loop
        facts.checks_first_state = True

    def call(
        self,
        sequences: torch.Tensor,
        initial_state: Any = None,
        mask: Any = None,
        training: Any = None,
        constants: Any = None,
    ) -> Any:
        """Return the output of the last step or of all steps, and the last states if `return_state`.

        Args:
            sequences: (batch, steps, in).
            initial_state: a tensor, or a list of tensors, one for each state, (batch, units); by default zeros.
            mask: (batch, steps), false for steps that are to be ignored.
            constants: must be `None`; for user-defined cells in an `RNN` only.
        """
        wants_output_only = initial_state is None and mask is None and constants is None
        if wants_output_only and _is_one_fused_kernel(self, sequences, training):
            return _run_fused_kernel(self, sequences)
        return super().call(sequences, initial_state, mask, training, constants)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate this layer, without its weights.

        >>> import torchkeras_layer as keras
        >>> config = keras.layers.GRU(3, zero_output_for_mask=True).get_config()
        >>> config["units"], config["zero_output_for_mask"]
        (3, True)
        """
        config = super().get_config()
        config["zero_output_for_mask"] = self.zero_output_for_mask
        if isinstance(self.cell, RecurrentCell):
            config |= implementation_config(self.cell)
        return {**config, "time_major": True} if self.time_major else config

    def _torchkeras_infer(
        self, outer: Any, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Inferred, SymbolicRun | None]:
        if args or not _determines_outputs(self, inputs, kwargs):
            return super()._torchkeras_infer(outer, inputs, args, kwargs)
        shapes = self.compute_output_shape(inputs.shape)
        outputs = map_shapes(lambda shape: TensorSpec(shape, self._torchkeras.policy.compute), shapes)
        mask = inputs._mask_spec if self.return_sequences else None
        return Inferred(outputs, [mask, *[None] * (len(leaves(outputs)) - 1)]), None


def _determines_outputs(layer: RecurrentLayer, inputs: Any, kwargs: dict[str, Any]) -> bool:
    """Whether the shape and mask of symbolic sequences determine the outputs: any states given are those of the cell.

    To run the layer for its shapes takes a hundred times longer.
    """
    given = {name: value for name, value in kwargs.items() if value is not None and name != "training"}
    facts, record = layer._torchkeras_facts, layer._torchkeras
    is_built_in = facts.states_its_shapes and type(layer).compute_mask is RNN.compute_mask
    if not (is_built_in and has_built_in_call(layer.cell) and record.autocast and given.keys() <= {"initial_state"}):
        return False
    states = leaves(given.get("initial_state", []))
    if layer.time_major or not all(is_symbolic(one) and one.dtype.is_floating_point for one in (inputs, *states)):
        return False
    expected = layer._torchkeras_state_shapes(inputs.shape[0], inputs)
    return not states or [tuple(one.shape[1:]) for one in states] == [tuple(shape[1:]) for shape in expected]


def _is_one_fused_kernel(layer: RecurrentLayer, sequences: torch.Tensor, training: Any) -> bool:
    """Whether a call needs only the output of one of torch's fused kernels.

    The general path, `RNN.call`, takes 30 µs more, which is a quarter of the time of a small layer.
    """
    cell: Any = layer._modules["cell"]
    record = layer._torchkeras
    return (
        not (record.stateful or layer.return_state or layer.go_backwards or layer.time_major)
        and record.derived.uses_fused_kernel
        and record.derived.starts_from_zeros
        and not (training and (cell.dropout or cell.recurrent_dropout))
        and not needs_operator(sequences)
        and not is_transformed()
        and cell.kernel_kind() is not None
        and cell._torchkeras.compute_dtype is sequences.dtype is record.compute_dtype
        and has_built_in_call(cell)
        and not has_hooks(cell)
        and sequences.shape[1] != 0
    )


def _run_fused_kernel(layer: RecurrentLayer, sequences: torch.Tensor) -> torch.Tensor:
    cell: Any = layer._modules["cell"]
    kind = cell.kernel_kind()
    zeros = sequences.new_zeros((1, sequences.shape[0], cell.units))
    weights = torch_weights(kind, *cell.kernel_weights(sequences))
    outputs, last, *_ = call_torch(kind, sequences, [zeros] * cell.states_count, weights)
    return in_compute_dtype(layer, outputs if layer.return_sequences else last[0])
