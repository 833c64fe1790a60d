"""Which models are `Functional`, and what do `keras.Function` and `operations` give?"""

from __future__ import annotations

import abc
import copy
import pickle
from typing import Any

import pytest
import torch
from torch.utils._pytree import tree_map

import torchkeras_layer as keras
from tests.oracle import keras as oracle

ONES = torch.ones(2, 4)


class Doubles(keras.Model):
    """Made of a graph by position."""

    def __init__(self, **kwargs: Any) -> None:
        x = keras.Input((4,))
        super().__init__(x, x * 2, **kwargs)


class Named(keras.Model):
    """Made of a graph by keyword, with a `call` around it."""

    def __init__(self, **kwargs: Any) -> None:
        x = keras.Input((4,))
        super().__init__(inputs=x, outputs=x * 2, **kwargs)

    def call(self, inputs, mask=None):
        return super().call(inputs, mask) + 1


class More(Doubles):
    """Inherits the graph."""


class Mixed(abc.ABC, keras.Model):
    """Has another base and metaclass."""

    def __init__(self) -> None:
        x = keras.Input((4,))
        super().__init__(x, x * 2)


class Base(keras.Model):
    """Decides nothing."""


class Graph(Base):
    """Made of a graph."""

    def __init__(self) -> None:
        x = keras.Input((4,))
        super().__init__(x, x * 2)


class Called(Base):
    """Defines `call`."""

    def call(self, inputs):
        return inputs


@pytest.mark.parametrize("make", [Doubles, Named, More, Mixed, Graph])
def test_a_subclass_that_is_made_of_a_graph(make):
    model = make()
    assert isinstance(model, keras.Functional)
    assert issubclass(make, keras.Functional)
    assert type(model) is make
    assert model(ONES).shape == (2, 4)
    assert isinstance(copy.deepcopy(model), keras.Functional)
    assert isinstance(pickle.loads(pickle.dumps(model)), keras.Functional)


@pytest.mark.parametrize(
    "make",
    [
        Called,
        keras.Model,
        keras.Sequential,
        lambda: keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]),
        lambda: keras.layers.Dense(2),
    ],
    ids=["call", "nothing", "an empty Sequential", "a Sequential with a graph", "a layer"],
)
def test_what_is_not_made_of_a_graph(make):
    model = make()
    assert not isinstance(model, keras.Functional)
    assert not isinstance(copy.deepcopy(model), keras.Functional)


def test_classes_of_torch_made_from_it():
    class Adds:
        """As torch's FSDP and parametrizations mix in."""

    kind = type("AddsFunctional", (Adds, keras.Functional), {})
    x = keras.Input((4,))
    model = keras.Model(x, x * 2)
    model.__class__ = kind
    assert model(ONES).tolist() == (2 * ONES).tolist()


@pytest.mark.parametrize("structure", ["one", "list", "dict", "two"])
def test_a_function_keeps_structures(structure):
    def run(lib, tensor):
        a, b = lib.Input((4,), name="a"), lib.Input((4,), name="b")
        inputs, outputs, given = {
            "one": (a, a * 2, tensor),
            "list": ([a], [a * 2], [tensor]),
            "dict": ({"a": a}, {"y": [a * 2]}, {"a": tensor}),
            "two": ([a, b], (a + b, [b]), [tensor, tensor]),
        }[structure]
        function = lib.Function(inputs, outputs, name="f")
        assert (function.name, len(function.inputs)) == ("f", 2 if structure == "two" else 1)
        return function(given)

    ours, theirs = (tree_map(torch.Tensor.tolist, run(lib, ONES)) for lib in (keras, oracle))
    assert ours == theirs


def test_a_function_is_copied_and_written_like_a_model():
    x = keras.Input((4,))
    function = keras.Function([x], [x * 2])
    assert function.name == "function"
    written = keras.saving.serialize_keras_object(function)
    for twin in (keras.saving.deserialize_keras_object(written), keras.models.clone_model(function)):
        assert isinstance(twin, keras.Function)
        assert [tensor.tolist() for tensor in twin([ONES])] == [(2 * ONES).tolist()]
    y = keras.Input((4,))
    outer = keras.Model(y, function([y])[0] + 1)
    assert outer(ONES).tolist() == (2 * ONES + 1).tolist()


@pytest.mark.parametrize("ends", [(ONES, ONES), ([], []), (keras.Input((4,)), keras.Input((4,)) * 2)])
def test_what_is_no_graph(ends):
    with pytest.raises(ValueError, match="function"):
        keras.Function(*ends)


def test_a_class_without_a_constructor_is_read_from_its_arguments():
    model = Called(name="own")
    twin = Called.from_config(model.get_config())
    assert (type(twin), twin.name) == (Called, "own")


def test_operations():
    x = keras.Input((4,), name="x")
    model = keras.Model(x, torch.relu(keras.layers.Dense(3, name="head")(x)))
    assert [layer.name for layer in model.operations] == ["x", "head", "relu"]
    # A list of its own, as in Keras.
    model.operations.clear()
    assert len(model.operations) == 3
    with pytest.raises(AttributeError, match="has no operations, because it has no graph"):
        _ = Called().operations


@pytest.mark.parametrize("layers", [[keras.Input((4,)), keras.layers.Dense(3)], [keras.layers.Dense(3)]])
def test_a_model_reads_the_config_of_a_sequential(layers):
    config = keras.Sequential(layers, name="chain").get_config()
    model = keras.Model.from_config(config)
    assert type(model) is keras.Sequential
    assert (model.name, model(ONES).shape) == ("chain", (2, 3))
    with pytest.raises(ValueError, match="Functional.from_config: .* must have 'layers', 'input_layers'"):
        keras.Functional.from_config(config)
