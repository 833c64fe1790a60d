"""How does a layer run a convolutional LSTM over sequences of images?"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

import torch

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layer.context import per_thread
from torchkeras_layer.layers.recurrent.cell_contract import has_hooks
from torchkeras_layer.layers.recurrent.conv_lstm_cell import ConvLSTMCell
from torchkeras_layer.layers.recurrent.recurrent_layer import RecurrentLayer, of_cell
from torchkeras_layer.layers.recurrent.states import read_batch, tensors_of_shapes


class ConvLSTM(RecurrentLayer):
    """Base of the layers that run a `ConvLSTMCell` of `rank` spatial axes over the steps of sequences.

    Args:
        filters, kernel_size, strides, padding, data_format, dilation_rate, activation, recurrent_activation, use_bias,
            kernel_initializer, recurrent_initializer, bias_initializer, unit_forget_bias, kernel_regularizer,
            recurrent_regularizer, bias_regularizer, kernel_constraint, recurrent_constraint, bias_constraint, dropout,
            recurrent_dropout, seed: those of `ConvLSTMCell`.
        activity_regularizer: on the output.
        return_sequences, return_state, go_backwards, stateful: those of `RNN`.
        **kwargs: the others of `RNN` and of `Layer`.

    Raises:
        ValueError: as `ConvLSTMCell` and `RNN`, or if the inputs have another number of axes.

    >>> import torchkeras_layer as keras
    >>> keras.layers.ConvLSTM2D.__mro__[1] is ConvLSTM
    True
    """

    rank: ClassVar[int]

    filters = of_cell("filters")
    kernel_size = of_cell("kernel_size")
    strides = of_cell("strides")
    padding = of_cell("padding")
    data_format = of_cell("data_format")
    dilation_rate = of_cell("dilation_rate")
    recurrent_activation = of_cell("recurrent_activation")
    unit_forget_bias = of_cell("unit_forget_bias")

    # Keras 2 and 3 disagree on the order of the arguments from `dropout` on: none is taken by its position.
    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        *,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        **kwargs: Any,
    ) -> None:
        arguments = dict(locals())
        cell_class = partial(ConvLSTMCell, self.rank)
        super().__init__(cell_class, arguments)  # pyright: ignore[reportArgumentType]

    def _check_can_keep(self, shape: Shape, batch_size: int | None) -> None:
        super()._check_can_keep(shape, batch_size)
        self.cell.first_state((batch_size, *shape[2:]), "meta")

    def _run_cell(self, run: Any, sequences: torch.Tensor, state: list[Any]) -> tuple[torch.Tensor, list[Any]]:
        if per_thread.context.is_tracing or has_hooks(self.cell) or sequences.shape[1] == 0:
            return super()._run_cell(run, sequences, state)
        return self.cell.run(sequences, state, run.mask, run.training)

    def get_initial_state(self, batch_size: Any = None, inputs: Any = None) -> list[Any]:
        """Return zeros, for a batch given by its size or by inputs.

        Raises:
            ValueError: if no inputs are given, and the size of the images was not known at the build.
        """
        size, like = read_batch(batch_size, inputs)
        if like is None:
            return self.cell.get_initial_state(size)
        return self.cell.first_state((size, *like.shape[2:]), like.device)

    def _read_state(self, given: Any, sequences: torch.Tensor, dtype: torch.dtype) -> list[Any]:
        shape, _ = self.cell.compute_output_shape((sequences.shape[0], *sequences.shape[2:]))
        return self._as_states(given, shape, sequences.device, dtype)

    def _as_state(self, states: Any, like: torch.Tensor) -> list[Any]:
        return self._as_states(states, like.shape, like.device, like.dtype)

    def _as_states(self, given: Any, shape: Any, device: Any, dtype: torch.dtype) -> list[Any]:
        return tensors_of_shapes(self.name, given, [tuple(shape)] * 2, device, dtype)

    def compute_output_shape(self, input_shape: Any, initial_state_shape: Any = None) -> Any:
        """Return the shape of the output, and of both states if `return_state`."""
        shape = self._read_shape(input_shape)
        batch_size = shape[1 if self.time_major else 0]
        state, _ = self.cell.compute_output_shape((batch_size, *shape[2:]))
        output = (*(shape[:2] if self.return_sequences else (batch_size,)), *state[1:])
        return (output, state, state) if self.return_state else output
