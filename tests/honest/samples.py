"""Which small layers do these tests use, and which hand-written PyTorch modules are their twins?"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

import torchkeras_layer as keras


class Linear(keras.Layer):
    """`inputs @ kernel + bias`."""

    def __init__(self, units: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight("kernel", (input_shape[-1], self.units))
        self.bias = self.add_weight("bias", (self.units,), initializer="zeros")

    def call(self, inputs: Any) -> Any:
        return inputs @ self.kernel + self.bias


class Regularized(Linear):
    """A `Linear` whose kernel has a regularizer."""

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight("kernel", (input_shape[-1], self.units), regularizer="l2")
        self.bias = self.add_weight("bias", (self.units,), initializer="zeros")


class Normalization(keras.Layer):
    """Batch normalisation without scale and offset, its statistics moved by `add_update`."""

    momentum = 0.9

    def build(self, input_shape: Any) -> None:
        self.mean = self.add_weight("mean", input_shape[-1:], initializer="zeros", trainable=False)
        self.variance = self.add_weight("variance", input_shape[-1:], initializer="ones", trainable=False)

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        if not training:
            return (inputs - self.mean) / (self.variance + 1e-3).sqrt()
        mean, variance = inputs.mean(0), inputs.var(0, unbiased=False)
        self.add_update(lambda: self._move(self.mean, mean))
        self.add_update(lambda: self._move(self.variance, variance))
        return (inputs - mean) / (variance + 1e-3).sqrt()

    def _move(self, statistic: Any, value: Any) -> None:
        statistic.copy_(statistic * self.momentum + value.detach() * (1 - self.momentum))


class Switch(keras.Layer):
    """Doubles its inputs when it trains, as a dropout without chance would."""

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        return 2 * inputs if training else inputs


class Penalty(keras.Layer):
    """Adds the mean of its squared inputs as a loss."""

    def call(self, inputs: Any) -> Any:
        self.add_loss((inputs**2).mean())
        return inputs


class Watched(keras.Layer):
    """Counts calls by an update, and watches inputs by a metric of its own and by `add_metric`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seen = keras.metrics.Sum(name="seen")

    def build(self, input_shape: Any) -> None:
        self.calls = self.add_weight("calls", (), dtype="int64", initializer="zeros", trainable=False)

    def call(self, inputs: Any) -> Any:
        self.add_update(lambda: self.calls.add_(1))
        self.seen.update_state(inputs)
        self.add_metric(inputs, name="average")
        return inputs


class HidesNegative(keras.Layer):
    """Passes its inputs with a mask that hides the rows below zero."""

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        return (inputs >= 0).all(-1)

    def call(self, inputs: Any) -> Any:
        return inputs * 1


class MaskedSum(keras.Layer):
    """Sums the rows that the mask shows."""

    def call(self, inputs: Any, mask: Any = None) -> Any:
        return inputs.sum(1) if mask is None else (inputs * mask.unsqueeze(-1)).sum(1)


class Block(keras.Layer):
    """Layers in a list, a dict and a tuple, made in `__init__`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.steps = [Linear(3), Linear(3)]
        self.branches = {"left": Linear(2), "right": Linear(2)}
        self.ends = (Switch(), Linear(1))

    def call(self, inputs: Any) -> Any:
        for step in self.steps:
            inputs = torch.tanh(step(inputs))
        inputs = self.branches["left"](inputs) * self.branches["right"](inputs)
        for end in self.ends:
            inputs = end(inputs)
        return inputs


class WeightsInContainers(keras.Layer):
    """Weights in a list, a dict and a tuple, made in `build`."""

    def build(self, input_shape: Any) -> None:
        size = input_shape[-1]
        self.kernels = [self.add_weight(f"kernel_{i}", (size, size)) for i in range(2)]
        self.by_name = {"scale": self.add_weight("scale", (size,), initializer="ones")}
        self.pair = (
            self.add_weight("shift", (size,), initializer="zeros"),
            self.add_weight("count", (), initializer="zeros", trainable=False),
        )

    def call(self, inputs: Any) -> Any:
        for kernel in self.kernels:
            inputs = inputs @ kernel
        shift, count = self.pair
        self.add_update(lambda: count.add_(1))
        return inputs * self.by_name["scale"] + shift


class Everything(keras.Layer):
    """One of each: inner layers, a loss, metrics, updates, a regularizer, a training switch."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.first = Regularized(4)
        self.inner = [Normalization(), Watched(), Penalty()]
        self.last = Linear(1)

    def call(self, inputs: Any) -> Any:
        inputs = torch.tanh(self.first(inputs))
        for layer in self.inner:
            inputs = layer(inputs)
        self.add_loss(inputs.abs().sum())
        return self.last(inputs)


class Mixed(nn.Module):
    """A plain module with layers in it, as a PyTorch user would write it."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(3, 4)
        self.heads = nn.ModuleList([Linear(2), Everything()])
        self.by_name = nn.ModuleDict({"end": Linear(1)})

    def forward(self, inputs: Any) -> Any:
        inputs = self.body(inputs).relu()
        return self.by_name["end"](self.heads[0](inputs)) + self.heads[1](inputs)


class TorchTwin(nn.Module):
    """What `nn.Sequential(Linear(4), nn.Tanh(), Linear(1))` is without Keras, in its shapes."""

    def __init__(self, layers: nn.Sequential) -> None:
        super().__init__()
        copies = {key.replace(".", "_"): value.clone() for key, value in layers.state_dict().items()}
        for key, value in copies.items():
            self.register_parameter(key, nn.Parameter(value))

    def forward(self, inputs: Any) -> Any:
        hidden = torch.tanh(inputs @ self.get_parameter("0_kernel") + self.get_parameter("0_bias"))
        return hidden @ self.get_parameter("2_kernel") + self.get_parameter("2_bias")


def two_layers() -> nn.Sequential:
    """Return the unbuilt model whose twin is `TorchTwin`."""
    return nn.Sequential(Linear(4), nn.Tanh(), Linear(1))


def built(module: Any, *shape: int) -> Any:
    """Return the module after one call on random numbers of a shape; default (5, 3)."""
    module(torch.randn(*(shape or (5, 3))))
    return module
