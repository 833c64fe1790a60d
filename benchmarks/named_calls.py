"""Which calls of the library can be timed by their names, so that two checkouts can be compared?"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import torch

import torchkeras_layer as keras
from benchmarks.layer_comparison.comparison import BATCHES
from benchmarks.layer_comparison.entry import our_side
from benchmarks.layer_comparison.table import ENTRIES
from benchmarks.timing import Call

layers = keras.layers


class _Identity(keras.Layer):
    def call(self, inputs: Any) -> Any:
        return inputs


class _AddsLoss(keras.Layer):
    def call(self, inputs: Any) -> Any:
        self.add_loss(inputs.sum())
        return inputs


class _Nested(keras.Layer):
    def __init__(self) -> None:
        super().__init__()
        self.parts = [layers.Dense(8) for _ in range(5)]

    def call(self, inputs: Any) -> Any:
        for part in self.parts:
            inputs = part(inputs)
        return inputs


def _rows() -> torch.Tensor:
    return torch.ones(4, 8)


def _sequence() -> torch.Tensor:
    return torch.ones(4, 3, 8)


def _masked() -> Any:
    tensor = _sequence()
    tensor._keras_mask = torch.ones(4, 3, dtype=torch.bool)  # type: ignore[attr-defined]
    return tensor


def _sequential(depth: int = 20) -> Any:
    return keras.Sequential([keras.Input((8,)), *(layers.Dense(8, activation="relu") for _ in range(depth))])


def _functional(depth: int = 20) -> Any:
    inputs = outputs = keras.Input((8,))
    for _ in range(depth):
        outputs = layers.Dense(8, activation="relu")(outputs)
    return keras.Model(inputs, outputs)


def _call_of(make: Callable[[], Any], inputs: Callable[[], Any] = _rows, **arguments: Any) -> Call:
    layer, given = make(), inputs()
    layer(given)
    return Call(torch.no_grad()(lambda values: layer(values, **arguments)), given)


def _of_built(make: Callable[[], Any], function: Callable[[Any], Any]) -> Call:
    layer = make()
    layer(_rows())
    return Call(function, layer)


def _train(model: Any) -> Call:
    def step(inputs: torch.Tensor) -> None:
        model(inputs).sum().backward()

    return Call(step, _rows())


def _make(count: int, is_built: bool) -> None:
    for layer in [layers.Dense(4) for _ in range(count)]:
        if is_built:
            layer.build((None, 4))


def _through_pickle(layer: Any) -> Any:
    return pickle.loads(pickle.dumps(layer))


_CORE: dict[str, Callable[[], Call]] = {
    "identity": lambda: _call_of(_Identity),
    "Dense": lambda: _call_of(lambda: layers.Dense(8)),
    "Dense, training given": lambda: _call_of(lambda: layers.Dense(8), training=False),
    "Dense, mixed precision": lambda: _call_of(lambda: layers.Dense(8, dtype="mixed_bfloat16")),
    "masked Dense": lambda: _call_of(lambda: layers.Dense(8), _masked),
    "masked Dropout": lambda: _call_of(lambda: layers.Dropout(0.5), _masked, training=False),
    "masked Add": lambda: _call_of(layers.Add, lambda: [_masked(), _masked()]),
    "masked LSTM": lambda: _call_of(lambda: layers.LSTM(8), _masked),
    "add_loss": lambda: _call_of(_AddsLoss),
    "layers in a layer": lambda: _call_of(_Nested),
    "Sequential of 20": lambda: _call_of(_sequential),
    "functional of 20": lambda: _call_of(_functional),
    "training step of 20": lambda: _train(_sequential()),
    "100 Dense made": lambda: Call(lambda count: _make(count, False), 100),
    "100 Dense built": lambda: Call(lambda count: _make(count, True), 100),
    "functional of 100 made": lambda: Call(_functional, 100),
    "copy of Dense": lambda: _of_built(lambda: layers.Dense(8), copy.copy),
    "deepcopy of Dense": lambda: _of_built(lambda: layers.Dense(8), copy.deepcopy),
    "deepcopy of Sequential": lambda: _of_built(_sequential, copy.deepcopy),
    "deepcopy of functional": lambda: _of_built(_functional, copy.deepcopy),
    "pickle of Dense": lambda: _of_built(lambda: layers.Dense(8), _through_pickle),
    "pickle of Sequential": lambda: _of_built(_sequential, _through_pickle),
    "pickle of functional": lambda: _of_built(_functional, _through_pickle),
    "state_dict": lambda: _of_built(_sequential, lambda model: model.state_dict()),
    "weights": lambda: _of_built(_sequential, lambda model: model.weights),
    "losses": lambda: _of_built(_sequential, lambda model: model.losses),
}
_OF_ENTRIES = {
    f"{entry.layer}, {'step' if training else 'forward'} {batch}": (entry, batch, training)
    for entry in ENTRIES
    for training in (False, True)
    for batch in BATCHES
}
NAMES = [*_CORE, *_OF_ENTRIES]


def is_there(name: str) -> bool:
    """Return whether the library has the layer that a call is of; an older checkout may lack it."""
    return name in _CORE or hasattr(layers, _OF_ENTRIES[name][0].layer)


def make(name: str) -> Call | None:
    """Make the call of that name, ready to be timed; `None` if there is nothing to train in a training step."""
    if name in _CORE:
        return _CORE[name]()
    entry, batch, training = _OF_ENTRIES[name]
    side = our_side(entry, batch, training)
    if training:
        return side.step()
    forward = side.forward()
    return Call(torch.no_grad()(forward.function), forward.argument)
