"""Which layers and graphs do the tests of models use?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional

import torchkeras_layer as keras


class Scale(keras.Layer):
    """Multiplies by a factor, which may come with the call."""

    def __init__(self, factor: float = 2.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs: Any, factor: Any = None) -> Any:
        return inputs * (self.factor if factor is None else factor)


class Halves(keras.Layer):
    """Returns the two halves of the last axis."""

    def call(self, inputs: Any) -> Any:
        return inputs.chunk(2, -1)


class Report(keras.Layer):
    """Returns a nested structure, and one tensor twice."""

    def call(self, inputs: Any) -> Any:
        total = inputs.sum(-1)
        return {"total": total, "parts": [inputs * 2, (total,)]}


class Mixes(keras.Layer):
    """Takes tensors and constants by position, by keyword and inside a list."""

    def call(self, inputs: Any, other: Any = None, *, scale: float = 1.0, more: Any = ()) -> Any:
        result = inputs * scale
        if other is not None:
            result = result + other
        for item in more:
            result = result + item
        return result


class MaskedMean(keras.Layer):
    """Averages over axis 1 what the mask shows."""

    def call(self, inputs: Any, mask: Any = None) -> Any:
        weights = torch.ones_like(inputs[..., :1]) if mask is None else mask.unsqueeze(-1).to(inputs.dtype)
        return (inputs * weights).sum(1) / weights.sum(1).clamp(min=1.0)


class Doubles(keras.Layer):
    """Doubles its inputs while it trains."""

    def call(self, inputs: Any, training: Any = None) -> Any:
        return inputs * 2 if training else inputs


class Penalty(keras.Layer):
    """Adds the mean of its inputs as a loss."""

    def call(self, inputs: Any) -> Any:
        self.add_loss(inputs.mean())
        return inputs


OWN = {cls.__name__: cls for cls in (Scale, Halves, Report, Mixes, MaskedMean, Doubles, Penalty)}


def chain() -> Any:
    x = keras.Input((3,), name="x")
    y = keras.layers.Dense(4, activation="relu", name="hidden")(x)
    return keras.Model(x, keras.layers.Dense(2, name="head")(y))


def shared() -> Any:
    left, right = keras.Input((3,), name="left"), keras.Input((3,), name="right")
    dense = keras.layers.Dense(4, name="dense")
    return keras.Model([left, right], [dense(left), dense(right), left + right])


def on_itself() -> Any:
    x, dense = keras.Input((3,), name="x"), keras.layers.Dense(3, activation="tanh", name="dense")
    return keras.Model(x, dense(dense(dense(x))))


def diamond() -> Any:
    x = keras.Input((4,), name="x")
    middle = keras.layers.Dense(4, name="middle")(x)
    a, b = Scale(3.0, name="a")(middle), keras.layers.Dense(4, name="b")(middle)
    return keras.Model(x, Mixes(name="join")(a, b, scale=0.5, more=[x, 1.0]))


def several() -> Any:
    x, y = keras.Input((4,), name="x"), keras.Input((2,), name="y")
    left, right = Halves(name="halves")(x)
    report = Report(name="report")(left + y)
    outputs = {"report": report, "rest": (right, [keras.layers.Dense(1, name="score")(right)])}
    return keras.Model({"first": x, "second": [y]}, outputs)


def nested() -> Any:
    inner = chain()
    x, y = keras.Input((3,), name="outer_x"), keras.Input((3,), name="outer_y")
    return keras.Model([x, y], keras.layers.Dense(1, name="last")(torch.cat([inner(x), inner(y)], -1)))


def torch_functions() -> Any:
    x = keras.Input((3, 4), name="x")
    y = functional.softmax(torch.relu(x) @ x.mT, dim=-1)
    z = torch.where(y > 0.1, y, 0.0).sum(1) * 2 - 1
    top = torch.topk(z, 2)
    return keras.Model(x, [z, top.indices, x[:, 1:, ::2].reshape(x.shape[0], -1), torch.stack([z, -z], dim=1)])


def constants() -> Any:
    x = keras.Input((3,), name="x")
    y = Mixes(name="mixes")(x, scale=3.0, more=[x, [1.0, 2.0][0]])
    return keras.Model(x, Scale(name="scale")(y, factor=-1.0))


def masked() -> Any:
    x = keras.Input((5,), dtype="int64", name="tokens")
    y = keras.layers.Embedding(7, 4, mask_zero=True, name="embedding")(x)
    return keras.Model(x, MaskedMean(name="mean")(keras.layers.Dropout(0.5, name="dropout")(y)))


def normalized() -> Any:
    x = keras.Input((4,), name="x")
    y = keras.layers.BatchNormalization(name="norm")(keras.layers.Dense(4, name="dense")(x))
    return keras.Model(x, keras.layers.Activation("relu", name="relu")(y))


def baked() -> Any:
    x = keras.Input((3,), name="x")
    doubles = Doubles(name="doubles")
    return keras.Model(x, [doubles(x), doubles(x, training=True), doubles(x, training=False)])


GRAPHS: dict[str, Callable[[], Any]] = {
    make.__name__: make
    for make in (
        chain,
        shared,
        on_itself,
        diamond,
        several,
        nested,
        torch_functions,
        constants,
        masked,
        normalized,
        baked,
    )
}


def batch_of(tensor: Any, size: int = 4) -> Any:
    """Return random data for a symbolic input."""
    shape = [size if dimension is None else dimension for dimension in tensor.shape]
    return torch.randint(0, 5, shape) if not tensor.dtype.is_floating_point else torch.randn(shape)


def batch_for(model: Any, size: int = 4) -> Any:
    """Return random data for all inputs of a functional model, in their structure."""
    return _fill(model.input, size)


def _fill(structure: Any, size: int) -> Any:
    if isinstance(structure, dict):
        return {key: _fill(value, size) for key, value in structure.items()}
    if isinstance(structure, (list, tuple)):
        return type(structure)(_fill(value, size) for value in structure)
    return batch_of(structure, size)


def names_of(model: Any) -> list[str]:
    """Return the names of a model's layers, in their order."""
    return [layer.name for layer in model.layers]
