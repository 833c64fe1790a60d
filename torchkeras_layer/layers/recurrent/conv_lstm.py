"""How does a layer run a convolutional LSTM over sequences of 1D, 2D or 3D images?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch

from torchkeras_layer.layer.context import per_thread
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.recurrent.cells import has_hooks
from torchkeras_layer.layers.recurrent.conv_lstm_cell import ConvLSTMCell
from torchkeras_layer.layers.recurrent.initial_states import device_for_states, read_batch
from torchkeras_layer.layers.recurrent.recurrent_layer import RecurrentLayer, of_cell, of_its_cell
from torchkeras_layer.layers.recurrent.sequences import sequence_shapes, swap_axes


class ConvLSTM(RecurrentLayer):
    """Base of the layers that run a `ConvLSTMCell` with `rank` spatial dimensions over the steps of sequences.

    Shapes: (batch, steps, spatial …, channels) -> (batch, windows …, filters); with `return_sequences` (batch, steps,
    windows …, filters); with `return_state` a tuple of that, h and c, both without steps. With channels_first the
    channels come before the spatial dimensions. The weights are those of `cell`.

    Args:
        filters, kernel_size, strides, padding, data_format, dilation_rate, activation, recurrent_activation, use_bias,
            kernel_initializer, recurrent_initializer, bias_initializer, unit_forget_bias, kernel_regularizer,
            recurrent_regularizer, bias_regularizer, kernel_constraint, recurrent_constraint, bias_constraint, dropout,
            recurrent_dropout, seed: those of `ConvLSTMCell`. The default of `recurrent_activation` is 'sigmoid', as in
            Keras 3; in TF-Keras it is 'hard_sigmoid'.
        activity_regularizer: regularizer of the output.
        return_sequences, return_state, go_backwards, stateful: those of `RNN`.
        **kwargs: the others of `RNN` and of `Layer`.

    Raises:
        ValueError: as `ConvLSTMCell` and `RNN`, or if the inputs have another rank.

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

    # From `dropout` on, the order of the arguments differs between Keras 2 and 3, so they are keyword-only.
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
        cell = ConvLSTMCell(
            self.rank, filters, kernel_size, strides, padding, data_format, dilation_rate, activation,
            recurrent_activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer,
            unit_forget_bias, kernel_regularizer, recurrent_regularizer, bias_regularizer, kernel_constraint,
            recurrent_constraint, bias_constraint, dropout, recurrent_dropout, seed, **of_its_cell("conv_lstm", kwargs),
        )  # fmt: skip
        kwargs["activity_regularizer"] = activity_regularizer
        super().__init__(cell, return_sequences, return_state, go_backwards, stateful, **kwargs)

    def build(self, input_shape: Any) -> None:
        """Build the cell, and set the state to zeros if the layer is stateful.

        Raises:
            ValueError: if it is stateful, and the size of the batch or of the images is not known.
        """
        shape = sequence_shapes(self, input_shape)
        batch_size = shape[1 if self.time_major else 0]
        if self._torchkeras.stateful and batch_size is not None:
            # Raises an error if a size is not known, before anything is built.
            self.cell.first_state((batch_size, *shape[2:]), "meta")
        super().build(input_shape)

    def _torchkeras_run_cell(
        self, run: Any, sequences: torch.Tensor, state: list[Any]
    ) -> tuple[torch.Tensor, list[Any]]:
        goes_by_calls = has_hooks(self.cell) or not self.cell._torchkeras_facts.is_built_in
        if per_thread.context.is_tracing or goes_by_calls or sequences.shape[1] == 0:
            return super()._torchkeras_run_cell(run, sequences, state)
        return self.cell.run(sequences, state, run.mask, run.training)

    def _torchkeras_state_shapes(self, batch_size: Any, sequences: torch.Tensor) -> list[tuple[Any, ...]]:
        shape, _ = self.cell.compute_output_shape((batch_size, *sequences.shape[2:]))
        return [tuple(shape)] * 2

    def get_initial_state(self, batch_size: Any = None, inputs: Any = None) -> list[Any]:
        """Return the state before the first step, zeros, for a batch given by its size or by inputs.

        Args:
            batch_size: number of samples; it may be left out if `inputs` are given.
            inputs: sequences, (batch, steps, …); without them, the images have the sizes of the build.

        Raises:
            ValueError: if no inputs are given, and the size of the images was not known at the build.
        """
        size, like = read_batch(batch_size, inputs, 1 if self.time_major else 0)
        if like is None:
            return self.cell.get_initial_state(size)
        by_batch = swap_axes(like) if self.time_major else like
        return self.cell.first_state((size, *like.shape[2:]), device_for_states(self, like), None, by_batch)

    def compute_output_shape(self, input_shape: Any, initial_state_shape: Any = None) -> Any:
        """Return the shape of the output, and of both states if `return_state`."""
        shape = sequence_shapes(self, input_shape)
        batch_size = shape[1 if self.time_major else 0]
        state, _ = self.cell.compute_output_shape((batch_size, *shape[2:]))
        output = (*(shape[:2] if self.return_sequences else (batch_size,)), *state[1:])
        return (output, state, state) if self.return_state else output


@catalog.register()
class ConvLSTM1D(ConvLSTM):
    """Convolutional LSTM over sequences of 1D images: a `ConvLSTMCell` of rank 1. Arguments: see `ConvLSTM`.

    Shapes: (batch, steps, length, channels) -> (batch, windows, filters). With channels_first the channels come before
    the length.

    >>> import torch
    >>> ConvLSTM1D(4, 3, return_sequences=True)(torch.ones(2, 5, 8, 3)).shape
    torch.Size([2, 5, 6, 4])
    """

    rank = 1


@catalog.register()
class ConvLSTM2D(ConvLSTM):
    """Convolutional LSTM over sequences of images: a `ConvLSTMCell` of rank 2. Arguments: see `ConvLSTM`.

    Shapes: (batch, steps, rows, columns, channels) -> (batch, rows', columns', filters). With channels_first the
    channels come before the rows.

    >>> import torch
    >>> layer = ConvLSTM2D(4, 3, padding="same", return_state=True)
    >>> [tuple(part.shape) for part in layer(torch.ones(2, 5, 8, 7, 3))], list(layer.state_dict())
    ([(2, 8, 7, 4), (2, 8, 7, 4), (2, 8, 7, 4)], ['cell.kernel', 'cell.recurrent_kernel', 'cell.bias'])
    """

    rank = 2


@catalog.register()
class ConvLSTM3D(ConvLSTM):
    """Convolutional LSTM over sequences of volumes: a `ConvLSTMCell` of rank 3. Arguments: see `ConvLSTM`.

    Shapes: (batch, steps, depth, rows, columns, channels) -> (batch, depth', rows', columns', filters). With
    channels_first the channels come before the depth.

    >>> import torch
    >>> ConvLSTM3D(4, 2, strides=2)(torch.ones(2, 3, 6, 8, 8, 1)).shape
    torch.Size([2, 3, 4, 4, 4])
    """

    rank = 3
