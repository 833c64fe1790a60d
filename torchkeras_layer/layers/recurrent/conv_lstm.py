"""Which convolutional LSTMs are there?"""

from __future__ import annotations

from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.recurrent.conv_lstm_layer import ConvLSTM


@catalog.register()
class ConvLSTM1D(ConvLSTM):
    """Long short-term memory over sequences of rows: a `ConvLSTMCell` of rank 1.

    Shapes: (batch, steps, length, channels) -> (batch, windows, filters); with `return_sequences` (batch, steps,
    windows, filters); with `return_state` a tuple of that, h and c, both (batch, windows, filters). With channels_first
    the channels come before the length. The weights are those of `cell`.

    Args:
        filters, kernel_size, strides, padding, data_format, dilation_rate, activation, recurrent_activation, use_bias,
            kernel_initializer, recurrent_initializer, bias_initializer, unit_forget_bias, kernel_regularizer,
            recurrent_regularizer, bias_regularizer, kernel_constraint, recurrent_constraint, bias_constraint, dropout,
            recurrent_dropout, seed: those of `ConvLSTMCell`. TF-Keras's `recurrent_activation` is 'hard_sigmoid' where
            none is given.
        activity_regularizer: on the output.
        return_sequences, return_state, go_backwards, stateful: those of `RNN`.
        **kwargs: the others of `RNN` and of `Layer`.

    Raises:
        ValueError: as `ConvLSTMCell` and `RNN`, or if the inputs do not have 4 axes.

    >>> import torch
    >>> ConvLSTM1D(4, 3, return_sequences=True)(torch.ones(2, 5, 8, 3)).shape
    torch.Size([2, 5, 6, 4])
    """

    rank = 1


@catalog.register()
class ConvLSTM2D(ConvLSTM):
    """Long short-term memory over sequences of images: a `ConvLSTMCell` of rank 2.

    Shapes: (batch, steps, rows, columns, channels) -> (batch, rows', columns', filters); with `return_sequences`
    (batch, steps, rows', columns', filters); with `return_state` a tuple of that, h and c, both without steps. With
    channels_first the channels come before the rows. The weights are those of `cell`.

    Args:
        filters, kernel_size, strides, padding, data_format, dilation_rate, activation, recurrent_activation, use_bias,
            kernel_initializer, recurrent_initializer, bias_initializer, unit_forget_bias, kernel_regularizer,
            recurrent_regularizer, bias_regularizer, kernel_constraint, recurrent_constraint, bias_constraint, dropout,
            recurrent_dropout, seed: those of `ConvLSTMCell`. TF-Keras's `recurrent_activation` is 'hard_sigmoid' where
            none is given.
        activity_regularizer: on the output.
        return_sequences, return_state, go_backwards, stateful: those of `RNN`.
        **kwargs: the others of `RNN` and of `Layer`.

    Raises:
        ValueError: as `ConvLSTMCell` and `RNN`, or if the inputs do not have 5 axes.

    >>> import torch
    >>> layer = ConvLSTM2D(4, 3, padding="same", return_state=True)
    >>> [tuple(part.shape) for part in layer(torch.ones(2, 5, 8, 7, 3))], list(layer.state_dict())
    ([(2, 8, 7, 4), (2, 8, 7, 4), (2, 8, 7, 4)], ['cell.kernel', 'cell.recurrent_kernel', 'cell.bias'])
    """

    rank = 2


@catalog.register()
class ConvLSTM3D(ConvLSTM):
    """Long short-term memory over sequences of volumes: a `ConvLSTMCell` of rank 3.

    Shapes: (batch, steps, depth, rows, columns, channels) -> (batch, depth', rows', columns', filters); with
    `return_sequences` the steps after the batch; with `return_state` a tuple of that, h and c, both without steps. With
    channels_first the channels come before the depth. The weights are those of `cell`.

    Args:
        filters, kernel_size, strides, padding, data_format, dilation_rate, activation, recurrent_activation, use_bias,
            kernel_initializer, recurrent_initializer, bias_initializer, unit_forget_bias, kernel_regularizer,
            recurrent_regularizer, bias_regularizer, kernel_constraint, recurrent_constraint, bias_constraint, dropout,
            recurrent_dropout, seed: those of `ConvLSTMCell`. TF-Keras's `recurrent_activation` is 'hard_sigmoid' where
            none is given.
        activity_regularizer: on the output.
        return_sequences, return_state, go_backwards, stateful: those of `RNN`.
        **kwargs: the others of `RNN` and of `Layer`.

    Raises:
        ValueError: as `ConvLSTMCell` and `RNN`, or if the inputs do not have 6 axes.

    >>> import torch
    >>> ConvLSTM3D(4, 2, strides=2)(torch.ones(2, 3, 6, 8, 8, 1)).shape
    torch.Size([2, 3, 4, 4, 4])
    """

    rank = 3
