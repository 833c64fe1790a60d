"""How does a layer convolve sequences, images and volumes?"""

from __future__ import annotations

from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.convolution.convolution import Convolution


@catalog.register("Convolution1D")
class Conv1D(Convolution):
    """Convolve sequences. Shapes: (batch, steps, channels) -> (batch, windows, filters).

    `kernel` is (kernel_size, channels / groups, filters).

    Args:
        filters: how many channels the output has.
        kernel_size: how many steps the kernel has, an int; strides: how far it moves.
        padding: 'valid' for no padding, 'same' for an output step in every `strides` steps, or 'causal' for zeros
            before the first step only.
        data_format: 'channels_last', or 'channels_first' for (batch, channels, steps). Default
            `backend.image_data_format()`.
        dilation_rate: how far apart the steps are that the kernel takes; it and `strides` cannot both be above 1.
        groups: into how many parts channels and filters are divided, each part by itself.
        activation: name, function or layer; default none.
        use_bias: whether there is a `bias`, (filters,).
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint:
            identifiers or callables.
        activity_regularizer: on the output after the activation.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is none of these, or `groups` divides not `filters` or not the channels; for inputs
            of another rank, of unknown channels, or too short.

    >>> import torch, torchkeras_layer as keras
    >>> layer = keras.layers.Conv1D(1, 2, padding="causal", kernel_initializer="ones")
    >>> layer(torch.tensor([[[1.0], [2.0], [4.0]]])).flatten().tolist()
    [1.0, 3.0, 6.0]
    """

    rank = 1
    _paddings = ("valid", "same", "causal")


@catalog.register("Convolution2D")
class Conv2D(Convolution):
    """Convolve images. Shapes: (batch, height, width, channels) -> the same with windows, and filters for channels.

    `kernel` is (height, width, channels / groups, filters).

    Args:
        filters: how many channels the output has.
        kernel_size: height and width of the kernel, or an int for both; strides: how far it moves, likewise.
        padding: 'valid' for no padding, or 'same' for an output value in every `strides` values.
        data_format: 'channels_last', or 'channels_first' for (batch, channels, height, width). Default
            `backend.image_data_format()`.
        dilation_rate: how far apart the values are that the kernel takes, an int or one for each spatial axis; it and
            `strides` cannot both be above 1.
        groups: into how many parts channels and filters are divided, each part by itself.
        activation: name, function or layer; default none.
        use_bias: whether there is a `bias`, (filters,).
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint:
            identifiers or callables.
        activity_regularizer: on the output after the activation.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is none of these, or `groups` divides not `filters` or not the channels; for inputs
            of another rank, of unknown channels, or too small.

    >>> import torch, torchkeras_layer as keras
    >>> layer = keras.layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")
    >>> layer(torch.ones(1, 28, 28, 3)).shape, layer.kernel.shape
    (torch.Size([1, 14, 14, 8]), torch.Size([3, 3, 3, 8]))
    """

    rank = 2


@catalog.register("Convolution3D")
class Conv3D(Convolution):
    """Convolve volumes. Shapes: (batch, a, b, c, channels) -> the same with windows, and filters for channels.

    `kernel` is (a, b, c, channels / groups, filters).

    Args:
        filters: how many channels the output has.
        kernel_size: the three sizes of the kernel, or an int for all; strides: how far it moves, likewise.
        padding: 'valid' for no padding, or 'same' for an output value in every `strides` values.
        data_format: 'channels_last', or 'channels_first' for (batch, channels, a, b, c). Default
            `backend.image_data_format()`.
        dilation_rate: how far apart the values are that the kernel takes, an int or one for each spatial axis; it and
            `strides` cannot both be above 1.
        groups: into how many parts channels and filters are divided, each part by itself.
        activation: name, function or layer; default none.
        use_bias: whether there is a `bias`, (filters,).
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint:
            identifiers or callables.
        activity_regularizer: on the output after the activation.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is none of these, or `groups` divides not `filters` or not the channels; for inputs
            of another rank, of unknown channels, or too small.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Conv3D(2, (1, 2, 3)).compute_output_shape((None, 4, 4, None, 1))
    (None, 4, 3, None, 2)
    """

    rank = 3
