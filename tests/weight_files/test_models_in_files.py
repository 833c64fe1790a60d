"""Do models with layers in lists, shared layers and partly frozen models inside come out of Keras's files?"""

from __future__ import annotations

import functools
import zipfile

import numpy as np
import pytest
import torch

import torchkeras_layer as ours
from tests.oracle import keras

pytestmark = [
    pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file"),
    # Keras gives its variables to h5py, which asks numpy to convert them.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"),
]


def _with_random_weights(model):
    draw = np.random.default_rng(4)
    model.set_weights([draw.normal(size=weight.shape) for weight in model.weights])
    return model


def _assert_same(mine, theirs, x):
    torch.testing.assert_close(mine.eval()(x).detach(), theirs(x, training=False).detach(), rtol=1e-5, atol=1e-5)


def _stack(kit):
    """A model whose list is filled after another layer was made; Keras lists layers as it gets them."""

    class Stack(kit.Model):
        def __init__(self):
            super().__init__()
            self.stack = []
            self.out = kit.layers.Dense(4)
            self.stack.append(kit.layers.Dense(4))
            self.norm = kit.layers.LayerNormalization()

        def call(self, inputs):
            return self.norm(self.out(self.stack[0](inputs)))

    return Stack()


def _replaced(kit):
    """A model in which one layer is replaced by a later one."""

    class Replaced(kit.Model):
        def __init__(self):
            super().__init__()
            self.x = kit.layers.Dense(4)
            self.y = kit.layers.Dense(4)
            self.x = kit.layers.Dense(4)

        def call(self, inputs):
            return self.y(self.x(inputs))

    return Replaced()


def _shared(kit):
    """A model with one layer on an attribute and in a list."""

    class Shared(kit.Model):
        def __init__(self):
            super().__init__()
            self.first = kit.layers.Dense(4)
            self.rest = [self.first, kit.layers.Dense(4)]

        def call(self, inputs):
            return self.rest[1](self.rest[0](self.first(inputs)))

    return Shared()


def _late(kit):
    """A model whose layers have names and are in other orders than they were made in, but for the first."""

    class Late(kit.Model):
        def __init__(self):
            super().__init__()
            dense = functools.partial(kit.layers.Dense, 4)
            first, second = dense(name="a"), dense(name="b")
            self.steps, self.by_name = [], {}
            self.head = dense(name="head")
            self.steps.append(second)
            self.tail = first
            self.by_name["k"] = dense()
            self.steps.insert(0, dense(name="c"))

        def call(self, inputs):
            for layer in (*self.steps, self.by_name["k"], self.tail):
                inputs = layer(inputs)
            return self.head(inputs)

    return Late()


def _nested(kit):
    """Lists in lists and dicts, all of one shape, in a model and in a layer; some with names of their own."""

    class Rows(kit.layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            dense = functools.partial(kit.layers.Dense, 3)
            self.rows = [[dense(name="q"), dense()], {"z": dense(), "a": dense()}, [1, 2], [dense(name="p")]]

        def call(self, inputs):
            for layer in (*self.rows[0], *self.rows[1].values(), *self.rows[3]):
                inputs = layer(inputs)
            return inputs

    class Nested(kit.Model):
        def __init__(self):
            super().__init__()
            self.blocks = [[Rows(), Rows(name="second")], Rows()]
            self.steps = [kit.layers.Dense(3, name="one"), kit.layers.Dense(3)]

        def call(self, inputs):
            for layer in (*self.blocks[0], self.blocks[1], *self.steps):
                inputs = layer(inputs)
            return inputs

    return Nested()


@pytest.mark.parametrize("make", [_stack, _replaced, _shared, _late, _nested])
@pytest.mark.filterwarnings("ignore:`build..` was called on layer 'replaced'")
def test_weights_of_subclassed_models(make, tmp_path):
    x = torch.linspace(-1, 1, 12).reshape(3, 4)
    theirs, mine = make(keras), make(ours)
    theirs(x), mine(x)
    _with_random_weights(theirs).save_weights(tmp_path / "model.weights.h5")
    mine.load_weights(tmp_path / "model.weights.h5")
    _assert_same(mine, theirs, x)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("frozen", [(), ("inner",), ("inner", "first"), ("first",), ("norm",)])
def test_models_inside_that_are_partly_frozen(frozen, suffix, tmp_path):
    dense, norm = (lambda name: keras.layers.Dense(4, name=name)), keras.layers.BatchNormalization(name="norm")
    inner = keras.Sequential([keras.Input((4,)), dense("first"), norm, dense("last")], name="inner")
    inner.trainable = "inner" not in frozen
    if "inner" in frozen and "first" in frozen:
        inner.get_layer("last").trainable = True
    elif "first" in frozen:
        inner.get_layer("first").trainable = False
    norm.trainable = norm.trainable and "norm" not in frozen
    x = keras.Input((4,))
    theirs = keras.Model(x, keras.layers.Dense(2, name="head")(inner(x)))
    draw = np.random.default_rng(4)
    for weight in theirs.weights:
        weight.assign(draw.uniform(0.5, 1.5, size=weight.shape))
    theirs.save(tmp_path / f"model{suffix}")
    mine = ours.saving.load_model(tmp_path / f"model{suffix}")
    _assert_same(mine, theirs, torch.linspace(-1, 1, 12).reshape(3, 4))


def test_an_archive_without_its_weights_is_refused(tmp_path):
    model = ours.Sequential([ours.Input((2,)), ours.layers.Dense(1)])
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        archive.writestr("config.json", model.to_json())
    with pytest.raises(ValueError, match=r"has no 'model\.weights\.h5'"):
        ours.models.load_model(tmp_path / "m.keras")


def test_weights_on_the_meta_device_take_no_values(tmp_path):
    model = ours.Sequential([ours.Input((2,)), ours.layers.Dense(1)])
    model.save_weights(tmp_path / "m.weights.h5")
    with pytest.raises(ValueError, match=r"meta device.*to_empty.*0\.kernel, 0\.bias"):
        model.to("meta").load_weights(tmp_path / "m.weights.h5")


def test_an_interrupt_leaves_the_weights_as_they_were(tmp_path):
    class Interrupted(ours.layers.Layer):
        def call(self, inputs):
            return inputs

        def load_own_variables(self, store):
            raise KeyboardInterrupt

        def build(self, input_shape):
            self.scale = self.add_weight(shape=(), name="scale")

    model = ours.Sequential([ours.Input((2,)), ours.layers.Dense(1), Interrupted()])
    model.save_weights(tmp_path / "m.weights.h5")
    model.layers[0].set_weights([[[5.0], [6.0]], [7.0]])
    with pytest.raises(KeyboardInterrupt):
        model.load_weights(tmp_path / "m.weights.h5")
    assert model.layers[0].kernel.tolist() == [[5.0], [6.0]]
