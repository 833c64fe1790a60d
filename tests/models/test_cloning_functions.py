"""What do `clone_function`, `call_function` and `recursive` of `clone_model` decide?"""

from __future__ import annotations

from typing import Any

import pytest
import torch

import torchkeras_layer as keras
from tests.oracle import keras as oracle

ONES = torch.ones(2, 4)
clone = keras.models.clone_model


def nested(lib: Any, kind: str) -> Any:
    """Return a model with a model inside, which also holds a layer of the outer one."""
    shared = lib.layers.Dense(4, name="shared")
    x = lib.Input((4,))
    layers = [shared, lib.layers.Dense(4, name="own")]
    if kind == "Sequential":
        inner = lib.Sequential([lib.Input((4,)), *layers], name="inner")
    else:
        y = lib.Input((4,))
        inner = lib.Model(y, layers[1](layers[0](y)), name="inner")
    return lib.Model(x, lib.layers.Dense(2, name="head")(inner(shared(x))))


def noting(seen: list[str]) -> Any:
    def copy(layer: Any) -> Any:
        seen.append(layer.name)
        return type(layer).from_config(layer.get_config())

    return copy


@pytest.mark.parametrize("kind", ["Sequential", "Functional"])
@pytest.mark.parametrize("recursive", [True, False])
def test_which_layers_are_cloned(kind, recursive):
    ours, theirs = [], []
    twin = clone(nested(keras, kind), clone_function=noting(ours), recursive=recursive)
    oracle.models.clone_model(nested(oracle, kind), clone_function=noting(theirs), recursive=recursive)
    assert ours == theirs == (["shared", "own", "head"] if recursive else ["shared", "inner", "head"])
    assert twin(ONES).shape == (2, 2)
    assert (twin.get_layer("inner").layers[-2] is twin.get_layer("shared")) is recursive


def test_a_layer_shared_with_a_model_inside_stays_shared():
    twin = clone(nested(keras, "Functional"))
    assert twin.get_layer("inner").get_layer("shared") is twin.get_layer("shared")
    # Keras 3 makes two of it.
    assert len(twin.weights) == len(nested(keras, "Functional").weights) == 6


def test_models_inside_a_sequential():
    seen: list[str] = []
    model = keras.Sequential([keras.Input((4,)), nested(keras, "Functional"), keras.layers.Dense(1, name="last")])
    clone(model, clone_function=noting(seen), recursive=True)
    assert seen == ["shared", "own", "head", "last"]


def calls_of(lib: Any) -> list[tuple[str, int, list[str]]]:
    x = lib.Input((4,))
    merge = lib.layers.Add(name="merge")
    dropped = lib.layers.Dropout(0.5, name="drop")(x, training=True)
    model = lib.Model(x, merge([lib.layers.Dense(4, name="d")(dropped), x]))
    seen = []

    def call(layer, *args, **kwargs):
        seen.append((layer.name, len(args), [name for name, value in kwargs.items() if value is not None]))
        return layer(*args, **kwargs)

    lib.models.clone_model(model, call_function=call)
    return seen


def test_a_call_function_sees_every_call():
    assert calls_of(keras) == calls_of(oracle) == [("drop", 1, ["training"]), ("d", 1, []), ("merge", 1, [])]


def test_a_call_function_may_add_layers():
    x = keras.Input((4,))
    model = keras.Model(x, keras.layers.Dense(3, name="d")(x))

    def call(layer, tensor):
        return keras.layers.Dense(7, name="more")(layer(tensor))

    twin = clone(model, call_function=call)
    assert [layer.name for layer in twin.layers][1:] == ["d", "more"]
    assert (twin.output_shape, twin(ONES).shape) == ((None, 7), (2, 7))
    assert twin.get_layer("d") is not model.get_layer("d")


@pytest.mark.parametrize("recursive", [True, False])
def test_a_call_function_reaches_models_inside_only_if_recursive(recursive):
    seen: list[str] = []

    def call(layer, *args, **kwargs):
        seen.append(layer.name)
        return layer(*args, **kwargs)

    clone(nested(keras, "Functional"), call_function=call, recursive=recursive)
    inside = ["shared", "own"] if recursive else []
    assert seen == ["shared", *inside, "inner", "head"]


class Called(keras.Model):
    def call(self, inputs):
        return inputs


def functional():
    x = keras.Input((4,))
    return keras.Model(x, keras.layers.Dense(2, name="d")(x))


@pytest.mark.parametrize(
    ("make", "function", "error", "message"),
    [
        (functional, 3, TypeError, "call_function must be callable. Received: 3"),
        (
            functional,
            lambda layer, x: None,
            TypeError,
            "what a call of 'd' returns: 1 .* Received: None",
        ),
        (functional, lambda layer, x: [layer(x), x], TypeError, "Write `return layer"),
        (functional, lambda layer, x: ONES, TypeError, "call_function must return"),
        (Called, lambda layer, x: layer(x), ValueError, r"called \(Called\) has no graph, .* call_function=<function"),
        (
            lambda: keras.Sequential([keras.layers.Dense(2)]),
            lambda layer, x: layer(x),
            ValueError,
            "sequential is a Sequential, which takes no call_function",
        ),
    ],
    ids=["a number", "None", "too much", "a real tensor", "no graph", "a Sequential"],
)
def test_mistakes(make, function, error, message):
    with pytest.raises(error, match=message):
        clone(make(), call_function=function)


def test_a_model_without_a_graph_has_nothing_to_recurse_into():
    twin = clone(Called(), recursive=True)
    assert type(twin) is Called
