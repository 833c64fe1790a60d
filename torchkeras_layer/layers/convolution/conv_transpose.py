"""Which layers go the way of a convolution backwards?"""

from __future__ import annotations

from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.convolution.convolution_transpose import ConvolutionTranspose


@catalog.register("Convolution1DTranspose")
class Conv1DTranspose(ConvolutionTranspose):
    """Lay a kernel on the output for each value of the inputs, and add them up.

    Shapes: (batch, steps, channels) -> (batch, more steps, filters), with `kernel` (size, filters, channels).

    Args:
        filters: how many channels the output has.
        kernel_size: size of the kernel, an int.
        strides, output_padding, padding, dilation_rate, data_format: see `ConvolutionTranspose`.
        activation: name, function or layer; default none.
        use_bias: whether there is a `bias`, (filters,).
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint:
            identifiers or callables.
        activity_regularizer: on the output after the activation.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is none of these, or for inputs of other axes, of unknown channels or too small.

    >>> import torch
    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.Conv1DTranspose(1, 3, 2, kernel_initializer="ones")
    >>> layer(torch.tensor([[[1.0], [10.0]]])).flatten()
    tensor([ 1.,  1., 11., 10., 10.], grad_fn=<ViewBackward0>)
    """

    rank = 1


@catalog.register("Convolution2DTranspose")
class Conv2DTranspose(ConvolutionTranspose):
    """Lay a kernel on the output for each value of the inputs, and add them up.

    Shapes: (batch, height, width, channels) -> (batch, more height, more width, filters), with `kernel`
    (*kernel_size, filters, channels).

    Args:
        filters: how many channels the output has.
        kernel_size: size of the kernel, an int or one for each axis.
        strides, output_padding, padding, dilation_rate, data_format: see `ConvolutionTranspose`.
        activation: name, function or layer; default none.
        use_bias: whether there is a `bias`, (filters,).
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint:
            identifiers or callables.
        activity_regularizer: on the output after the activation.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is none of these, or for inputs of other axes, of unknown channels or too small.

    >>> import torch
    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.Conv2DTranspose(4, 3, strides=2, padding="same")
    >>> layer(torch.zeros(1, 5, 6, 8)).shape, layer.kernel.shape
    (torch.Size([1, 10, 12, 4]), torch.Size([3, 3, 4, 8]))
    """

    rank = 2


@catalog.register("Convolution3DTranspose")
class Conv3DTranspose(ConvolutionTranspose):
    """Lay a kernel on the output for each value of the inputs, and add them up.

    Shapes: (batch, depth, height, width, channels) -> (batch, more depth, more height, more width, filters), with
    `kernel` (*kernel_size, filters, channels).

    Args:
        filters: how many channels the output has.
        kernel_size: size of the kernel, an int or one for each axis.
        strides, output_padding, padding, dilation_rate, data_format: see `ConvolutionTranspose`.
        activation: name, function or layer; default none.
        use_bias: whether there is a `bias`, (filters,).
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint:
            identifiers or callables.
        activity_regularizer: on the output after the activation.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is none of these, or for inputs of other axes, of unknown channels or too small.

    >>> import torch
    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.Conv3DTranspose(4, 2, 2, data_format="channels_first")
    >>> layer(torch.zeros(1, 8, 2, 3, 4)).shape, layer.kernel.shape
    (torch.Size([1, 4, 4, 6, 8]), torch.Size([2, 2, 2, 4, 8]))
    """

    rank = 3
