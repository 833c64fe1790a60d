"""Are the same graphs the same models here and in Keras 3: order of layers and weights, numbers, gradients, shapes?"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import torchkeras_layer as keras
from tests.models.samples import names_of
from tests.oracle import assert_close, to_numpy
from tests.oracle import keras as oracle
from torchkeras_layer._shapes import map_shapes
from torchkeras_layer._structures import leaves, map_leaves


def chain(kit):
    x = kit.Input((3,), name="x")
    y = kit.layers.Dense(4, activation="relu", name="a")(x)
    return kit.Model(x, kit.layers.Dense(2, activation="softmax", name="b")(y), name="chain")


def branches(kit):
    x, z = kit.Input((3,), name="x"), kit.Input((2,), name="z")
    long = kit.layers.Dense(4, name="l1")(x)
    long = kit.layers.BatchNormalization(name="l2")(long)
    long = kit.layers.Activation("tanh", name="l3")(long)
    short = kit.layers.Dense(4, name="s1")(z)
    joined = kit.layers.Concatenate(name="joined")([short, long])
    return kit.Model([z, x], [kit.layers.Dense(1, name="out")(joined), long])


def shared(kit):
    x, z = kit.Input((3,), name="x"), kit.Input((3,), name="z")
    deep, dense = kit.layers.Dense(3, name="deep"), kit.layers.Dense(3, activation="tanh", name="dense")
    first = dense(deep(deep(x)))
    return kit.Model({"x": x, "z": z}, {"first": first, "sum": kit.layers.Add(name="add")([first, dense(z)])})


def nested(kit):
    inner, x, z = chain(kit), kit.Input((3,), name="ox"), kit.Input((3,), name="oz")
    inner_output = kit.layers.Multiply(name="product")([inner(x), inner(z)])
    return kit.Model([x, z], kit.layers.Dense(2, name="last")(inner_output))


def tokens(kit):
    x = kit.Input((5,), dtype="int32", name="tokens")
    y = kit.layers.Embedding(7, 4, name="rows")(x)
    flat = kit.layers.Flatten(name="flat")(y)
    wide = kit.layers.Reshape((4, 5), name="wide")(flat)
    return kit.Model(x, [kit.layers.Dense(2, name="one")(flat), kit.layers.Dense(3, name="two")(wide)])


def unused(kit):
    x, z = kit.Input((3,), name="x"), kit.Input((2,), name="unused")
    return kit.Model([z, x], kit.layers.LayerNormalization(name="norm")(kit.layers.Dense(4, name="dense")(x)))


def stack(kit):
    return kit.Sequential([kit.Input((3,)), kit.layers.Dense(4, name="a"), kit.layers.Dense(2, name="b")])


def inner_tensors(kit):
    model = branches(kit)
    return kit.Model(model.inputs, [model.get_layer("l1").output, model.output[0], model.get_layer("s1").output])


GRAPHS = [chain, branches, shared, nested, tokens, unused, stack, inner_tensors]
graphs = pytest.mark.parametrize("make", GRAPHS)


def arrays_of(theirs):
    """Return Keras's weights; its own get_weights() warns under numpy 2."""
    return [to_numpy(weight) for weight in theirs.weights]


def pair(make):
    ours, theirs = make(keras), make(oracle)
    random = np.random.default_rng(1)
    arrays = [random.uniform(0.5, 1.5, tuple(weight.shape)).astype("float32") for weight in theirs.weights]
    for model in (ours, theirs):
        model.set_weights(arrays)
    return ours, theirs


def batch_for(model, size=4):
    random = np.random.default_rng(2)

    def fill(tensor):
        shape = (size, *tensor.shape[1:])
        if tensor.dtype.is_floating_point:
            return torch.from_numpy(random.standard_normal(shape).astype("float32"))
        return torch.from_numpy(random.integers(0, 7, shape).astype("int32"))

    return map_leaves(fill, model.input)


def flat(shapes):
    return leaves(map_shapes(str, shapes))


@graphs
def test_layers_and_weights_have_keras_order(make):
    ours, theirs = make(keras), make(oracle)
    assert names_of(ours) == [layer.name for layer in theirs.layers]
    for part in ("weights", "trainable_weights", "non_trainable_weights"):
        assert [tuple(weight.shape) for weight in getattr(ours, part)] == [
            tuple(weight.shape) for weight in getattr(theirs, part)
        ]


@graphs
@pytest.mark.parametrize("training", [True, False])
def test_outputs_and_gradients(make, training):
    ours, theirs = pair(make)
    batch = batch_for(ours)
    found, wanted = ours(batch, training=training), theirs(batch, training=training)
    assert_close(map_leaves(torch.Tensor.detach, found), map_leaves(torch.Tensor.detach, wanted))
    for outputs in (found, wanted):
        sum((output**2).sum() for output in leaves(outputs)).backward()
    for mine, other in zip(ours.trainable_weights, theirs.trainable_weights, strict=True):
        if mine.grad is None:
            assert other.value.grad is None
            continue
        assert_close(mine.grad, to_numpy(other.value.grad), other.path, rtol=1e-4, atol=1e-4)
    assert_close(ours.get_weights(), arrays_of(theirs), "weights after the call")


@graphs
def test_shapes(make):
    ours, theirs = make(keras), make(oracle)
    shapes = map_leaves(lambda tensor: (7, *tensor.shape[1:]), ours.input)
    assert ours.compute_output_shape(shapes) == theirs.compute_output_shape(shapes)
    # Keras 3 has lost the structure of dicts here.
    assert flat(ours.input_shape) == flat(theirs.input_shape)
    assert flat(ours.output_shape) == flat(theirs.output_shape)
    assert [tensor.shape for tensor in ours.outputs] == [tensor.shape for tensor in theirs.outputs]


@graphs
def test_counts_in_the_summary(make, capsys):
    ours, theirs = make(keras), make(oracle)
    assert ours.count_params() == theirs.count_params()
    ours.summary()
    text = capsys.readouterr().out
    frozen = sum(weight.numel() for weight in ours.non_trainable_weights)
    for number in (ours.count_params(), ours.count_params() - frozen, frozen):
        assert f"{number:,}" in text
    assert all(layer.name in text for layer in ours.layers)
    assert all(f"{layer.count_params():,}" in text for layer in ours.layers)


@graphs
def test_freezing_one_layer_moves_its_weights(make):
    ours, theirs = make(keras), make(oracle)
    for model in (ours, theirs):
        next(layer for layer in model.layers if layer.weights).trainable = False
    for part in ("trainable_weights", "non_trainable_weights"):
        found, wanted = getattr(ours, part), getattr(theirs, part)
        assert sorted(str(tuple(w.shape)) for w in found) == sorted(str(tuple(w.shape)) for w in wanted)


@settings(max_examples=30)
@given(st.data())
def test_layers_of_random_graphs_have_keras_order(data):
    steps = data.draw(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99), st.integers(0, 3)), max_size=8))
    ends = data.draw(st.lists(st.integers(0, 99), min_size=1, max_size=3))

    def build(kit):
        tensors = [kit.Input((2,), name=name) for name in ("x", "z")]
        used = []
        for number, (first, second, kind) in enumerate(steps):
            one, other = tensors[first % len(tensors)], tensors[second % len(tensors)]
            if kind == 0:
                used.append(kit.layers.Dense(2, name=f"dense{number}"))
                tensors.append(used[-1](one))
            elif kind == 1 and used:
                tensors.append(used[second % len(used)](one))
            else:
                tensors.append(kit.layers.Add(name=f"add{number}")([one, other]))
        return kit.Model(tensors[:2], [tensors[end % len(tensors)] for end in ends])

    ours, theirs = build(keras), build(oracle)
    assert names_of(ours) == [layer.name for layer in theirs.layers]
    ours.set_weights(arrays_of(theirs))
    batch = batch_for(ours)
    for found, wanted in zip(leaves(ours(batch)), leaves(theirs(batch)), strict=True):
        assert_close(found.detach(), wanted.detach())
