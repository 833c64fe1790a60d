"""Which small layers do the tests of the contract use?"""

from __future__ import annotations

from typing import Any

import torch

import torchkeras_layer as keras


class Linear(keras.Layer):
    """`inputs @ kernel + bias`; the configuration comes from the arguments."""

    def __init__(self, units: int = 2, regularizer: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units
        self.regularizer = regularizer

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight("kernel", (input_shape[-1], self.units), regularizer=self.regularizer)
        self.bias = self.add_weight("bias", (self.units,), initializer="zeros")

    def call(self, inputs: Any) -> Any:
        return inputs @ self.kernel + self.bias


class Statistics(keras.Layer):
    """Two weights that train and two that do not, in the order of BatchNormalization."""

    def build(self, input_shape: Any) -> None:
        size = input_shape[-1:]
        self.gamma = self.add_weight("gamma", size, initializer="ones")
        self.beta = self.add_weight("beta", size, initializer="zeros")
        self.mean = self.add_weight("mean", size, initializer="zeros", trainable=False)
        self.variance = self.add_weight("variance", size, initializer="ones", trainable=False)

    def call(self, inputs: Any) -> Any:
        return (inputs - self.mean) * self.variance.rsqrt() * self.gamma + self.beta


class Stack(keras.Layer):
    """Calls the layers it was given, one after the other."""

    def __init__(self, *steps: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.steps = list(steps)

    def call(self, inputs: Any) -> Any:
        for step in self.steps:
            inputs = step(inputs)
        return inputs


class Seen(keras.Layer):
    """Keeps the mode and the mask of every call in `modes` and `masks`, and passes its inputs through."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.modes: list[Any] = []
        self.masks: list[Any] = []

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        self.modes.append(training)
        self.masks.append(mask)
        return inputs


class Adds(keras.Layer):
    """Adds a number as a loss in each call."""

    def __init__(self, loss: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.loss = loss

    def call(self, inputs: Any) -> Any:
        self.add_loss(torch.tensor(self.loss))
        return inputs


class Counter(keras.Layer):
    """Counts its calls by an update."""

    def build(self, input_shape: Any) -> None:
        self.count = self.add_weight("count", (), initializer="zeros", trainable=False)

    def call(self, inputs: Any) -> Any:
        self.add_update(lambda: self.count.add_(1))
        return inputs


class Fails(keras.Layer):
    """Raises in its build or call (`where`) until `where` is set to something else."""

    def __init__(self, where: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.where = where

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight("kernel", input_shape[-1:], initializer="ones")
        self.inner = Linear(3, name="inner")
        self.inner.build(input_shape)
        if self.where == "build":
            raise LookupError("not today")
        self.bias = self.add_weight("bias", input_shape[-1:], initializer="zeros")

    def call(self, inputs: Any, training: Any = None) -> Any:
        self.add_loss(8.0)
        if self.where == "call":
            raise LookupError("not today")
        return inputs * self.kernel + self.bias


def built(layer: Any, *shape: int) -> Any:
    """Return the layer after a call on ones of a shape; default (2, 3)."""
    layer(torch.ones(*(shape or (2, 3))))
    return layer


def names(layer: Any) -> list[str]:
    """Return the attribute paths of `layer.weights`, in their order."""
    known = {id(t): key for key, t in [*layer.named_parameters(), *layer.named_buffers()]}
    return [known[id(weight)] for weight in layer.weights]


def numbers(tensors: Any) -> list[float]:
    """Return scalars as Python numbers."""
    return [tensor.item() for tensor in tensors]


def masked(tensor: Any, mask: Any) -> Any:
    """Return the tensor with a mask on it."""
    tensor._keras_mask = mask
    return tensor


def snapshot(layer: Any) -> dict[str, Any]:
    """Return what a failure must not change: attributes by identity, weights by value."""
    state = {key: id(value) for key, value in layer.__dict__.items() if key != "_call_states"}
    for registry in ("_parameters", "_buffers", "_modules"):
        state[registry] = {key: id(value) for key, value in layer.__dict__[registry].items()}
    state["values"] = {key: value.tolist() for key, value in layer.state_dict().items()}
    return state
