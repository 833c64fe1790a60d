"""What does a training step cost?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

import torchkeras_layer as keras
from benchmarks.peers import BATCH, WIDTH, dense_stack, keras3, linear_stack
from benchmarks.rows import Contest, ratio_row
from benchmarks.timing import Call


def _stacks() -> Contest:
    library = keras3()
    theirs = None if library is None else sgd_step(dense_stack(library))
    return Contest(sgd_step(dense_stack(keras)), [sgd_step(linear_stack())], theirs)


def sgd_step(model: nn.Module) -> Call:
    """Return a training step of a model of 64 inputs with plain SGD."""
    inputs = torch.randn(BATCH, WIDTH)
    model(inputs)  # builds the layers, so that the optimizer gets their weights
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)

    def step(inputs: torch.Tensor) -> None:
        optimizer.zero_grad()
        model(inputs).square().mean().backward()
        optimizer.step()

    return Call(step, inputs)


def _batch_normalizations(batch: int, side: int, channels: int) -> Contest:
    images = torch.randn(batch, side, side, channels)
    channels_first = images.permute(0, 3, 1, 2).contiguous()
    in_channels_last_memory = channels_first.contiguous(memory_format=torch.channels_last)
    by_hand = [
        _gradients(nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01), layout)
        for layout in (channels_first, in_channels_last_memory)
    ]
    library = keras3()
    theirs = None if library is None else _keras_gradients(library.layers.BatchNormalization(), images)
    return Contest(_gradients(keras.layers.BatchNormalization(), images), by_hand, theirs)


def _layer_normalizations() -> Contest:
    inputs = torch.randn(32, 64, 128)
    library = keras3()
    theirs = None if library is None else _keras_gradients(library.layers.LayerNormalization(), inputs)
    by_hand = [_gradients(nn.LayerNorm(128, eps=1e-3), inputs)]
    return Contest(_gradients(keras.layers.LayerNormalization(), inputs), by_hand, theirs)


def _gradients(layer: Any, inputs: torch.Tensor) -> Call:
    layer(inputs)
    return _gradients_of(layer, list(layer.parameters()), inputs)


def _keras_gradients(layer: Any, inputs: torch.Tensor) -> Call:
    layer(inputs)
    parameters = [weight.value for weight in layer.trainable_weights]
    return _gradients_of(lambda values: layer(values, training=True), parameters, inputs)


def _gradients_of(forward: Callable[[Any], Any], parameters: list[Any], inputs: torch.Tensor) -> Call:
    """Measure forward and backward alone: an optimizer, the same on all sides, would only blur the ratio."""
    inputs = inputs.detach().requires_grad_()
    gradient = torch.randn_like(inputs)
    wanted = [inputs, *parameters]
    return Call(lambda values: torch.autograd.grad(forward(values), wanted, gradient), inputs)


ROWS = [
    ratio_row("the same 20 Dense, a training step with SGD", 1.0, _stacks),
    ratio_row("BatchNormalization training step, 32×16×16×32", 1.05, lambda: _batch_normalizations(32, 16, 32)),
    ratio_row("BatchNormalization training step, 8×8×8×16", 1.05, lambda: _batch_normalizations(8, 8, 16)),
    ratio_row("LayerNormalization training step, 32×64×128", 1.05, _layer_normalizations),
]
