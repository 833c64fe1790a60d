"""Are subclassed models, whose layers are built by calls, built with the shapes that Keras's files have of them?"""

from __future__ import annotations

import numpy as np
import pytest
import torch

import torchkeras_layer as ours
from tests.oracle import keras

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")


def _nested_classes(kit):
    layers = kit.layers

    class Block(layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.first, self.last = layers.Dense(4), layers.Dense(3)

        def call(self, inputs):
            return self.last(self.first(inputs))

    class Body(kit.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.norm, self.steps = layers.BatchNormalization(), [layers.Dense(2), layers.Dense(3)]

        def call(self, inputs):
            return self.steps[1](self.steps[0](self.norm(inputs)))

    class Nested(kit.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.body, self.rest = Body(), kit.Sequential([layers.Dense(4), Block()])

        def call(self, inputs):
            return self.rest(self.body(inputs))

    return Block, Body, Nested


def _other_classes(kit):
    layers = kit.layers

    class Branches(kit.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.a, self.b = layers.Dense(2), layers.Dense(2)

        def call(self, inputs):
            return self.a(inputs["x"]) + self.b(inputs["y"])

    class Words(kit.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.words, self.read = layers.Embedding(9, 4), layers.LSTM(3)

        def call(self, inputs):
            return self.read(self.words(inputs))

    class Builds(kit.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.first = layers.Dense(3)

        def build(self, input_shape):
            self.scale = self.add_weight(shape=(input_shape[-1],), name="scale")
            self.built = True

        def call(self, inputs):
            return self.first(inputs * self.scale)

    class Pair(kit.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.a, self.b = layers.Dense(2), layers.Dense(2)

        def call(self, x, y):
            return self.a(x) + self.b(y)

    return Branches, Words, Builds, Pair


def _subclasses(kit):
    """Return classes by their registered names, which leave it to calls to build the layers inside."""
    return {f"my>{cls.__name__}": cls for cls in (*_nested_classes(kit), *_other_classes(kit))}


def _saved_by_keras(name, inputs, path, is_in_sequential=False):
    """Return a model of Keras that was called on the inputs, if there are any, and saved."""
    classes = _subclasses(keras)
    for key, cls in classes.items():
        keras.saving.register_keras_serializable("my", key.removeprefix("my>"))(cls)
    model = classes[f"my>{name}"]()
    model = keras.Sequential([model, keras.layers.Dense(2)]) if is_in_sequential else model
    if inputs:
        model(*inputs)
        draw = np.random.default_rng(4)
        model.set_weights([draw.uniform(0.1, 1, weight.shape) for weight in model.weights])
    model.save(path)
    return model


ROWS = torch.linspace(-1, 1, 10).reshape(2, 5)
KINDS = {
    "nested": ("Nested", ROWS),
    "in a sequential": ("Body", ROWS),
    "dict": ("Branches", {"x": ROWS, "y": ROWS[:, :2]}),
    "ints": ("Words", torch.tensor([[1, 2, 3], [4, 5, 6]])),
    "own build": ("Builds", ROWS),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_layers_inside_are_built_and_get_their_weights(kind, tmp_path):
    name, inputs = KINDS[kind]
    path = tmp_path / "model.keras"
    model = _saved_by_keras(name, [inputs], path, is_in_sequential=kind == "in a sequential")
    mine = ours.models.load_model(path, custom_objects=_subclasses(ours))
    assert mine.built
    torch.testing.assert_close(mine.eval()(inputs), model(inputs, training=False), rtol=1e-5, atol=1e-5)


def test_a_call_on_several_inputs_cannot_be_made_up(tmp_path):
    path = tmp_path / "model.keras"
    _saved_by_keras("Pair", [ROWS, ROWS[:, :2]], path)
    message = r"model\.keras: .*call\(x, y\) needs 'y'.*Make the model with its class, and then write model\.load_weig"
    with pytest.raises(ours.saving.ModelFileError, match=message):
        ours.models.load_model(path, custom_objects=_subclasses(ours))
    model = _subclasses(ours)["my>Pair"]()
    model(ROWS, ROWS[:, :2])
    assert len(model.load_weights(path).loaded) == 4


@pytest.mark.filterwarnings("ignore:You are saving a model that has not yet been built")
def test_a_model_that_was_saved_before_it_was_built_has_no_weights(tmp_path):
    path = tmp_path / "model.keras"
    _saved_by_keras("Body", [], path)
    model = ours.models.load_model(path, custom_objects=_subclasses(ours))
    assert (model.built, model.weights) == (False, [])
    assert model(ROWS).shape == (2, 3)
    keras.Sequential([keras.layers.Dense(3), keras.layers.Dense(2)]).save(path)
    assert ours.models.load_model(path)(ROWS).shape == (2, 2)
