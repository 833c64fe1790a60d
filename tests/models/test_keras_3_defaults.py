"""Does a model from Keras 3's JSON pass masks and train as it does there?"""

from __future__ import annotations

import inspect

import pytest
import torch

import torchkeras_layer as ours
from tests.oracle import assert_close, keras, to_numpy
from torchkeras_layer.models.configs import keras_3_operations

INDICES = torch.tensor([[1, 2, 0, 0, 0], [3, 4, 5, 6, 0]])
ONES = torch.ones(1, 5, 3)


def read(theirs):
    mine = ours.models.model_from_json(theirs.to_json())
    mine.set_weights([to_numpy(weight.value) for weight in theirs.weights])
    return mine


def test_a_mask_goes_on_behind_an_inner_model():
    make = keras.layers
    inside, outside = keras.Input((5,)), keras.Input((5,))
    embedded = keras.Model(inside, make.Embedding(9, 3, mask_zero=True)(inside))(outside)
    theirs = keras.Model(outside, make.LSTM(2)(embedded))
    assert_close(read(theirs)(INDICES, training=False), theirs(INDICES, training=False))


@pytest.mark.parametrize("explicit", [None, True])
def test_dropout_drops_in_training(explicit):
    inputs = keras.Input((5, 3))
    outputs = keras.layers.Dropout(0.5)(inputs, training=explicit)
    mine = read(keras.Model(inputs, outputs))
    assert (mine(ONES) == 0).any()
    assert (mine(ONES, training=True) == 0).any()
    assert bool((mine.eval()(ONES) == 0).any()) is (explicit is True)


def test_recurrent_dropout_drops_in_training():
    inputs = keras.Input((5, 3))
    mine = read(keras.Model(inputs, keras.layers.LSTM(8, dropout=0.5)(inputs)))
    assert not torch.equal(mine(ONES), mine(ONES))
    assert torch.equal(mine.eval()(ONES), mine(ONES))


def test_a_batch_normalization_that_only_infers():
    inputs = keras.Input((3,))
    mine = read(keras.Model(inputs, keras.layers.BatchNormalization()(inputs, training=False)))
    mine(torch.linspace(1, 9, 12).reshape(4, 3), training=True)
    assert not mine.layers[1].moving_mean.any()


def test_what_was_written_here_stays():
    inputs = ours.Input((5, 3))
    model = ours.Model(inputs, ours.layers.Dropout(0.5)(inputs, training=False))
    again = ours.models.model_from_json(model.to_json())
    assert torch.equal(again(ONES, training=True), ONES)


def test_the_layers_that_infer_by_default_are_keras_s():
    by_default = {
        name
        for name, layer in vars(keras.layers).items()
        if inspect.isclass(layer) and issubclass(layer, keras.layers.Layer) and name in ours.layers.__all__
        for parameter in [inspect.signature(layer.call).parameters.get("training")]
        if parameter is not None and parameter.default is False and not name.endswith(("Cell", "Cells"))
    }
    assert by_default == keras_3_operations._INFER_BY_DEFAULT


class Join(ours.Layer):
    """Takes a dict."""

    def call(self, inputs):
        return inputs["a"] - 2 * inputs["b"]


class TheirJoin(keras.layers.Layer):
    """Keras's."""

    def call(self, inputs):
        return inputs["a"] - 2 * inputs["b"]


def test_layers_before_a_dict_stand_by_its_sorted_keys():
    def make(kit, join):
        one, other = kit.Input((3,), name="one"), kit.Input((3,), name="other")
        first, second = kit.layers.Dense(2, name="first")(one), kit.layers.Dense(2, name="second")(other)
        return kit.Model([one, other], join({"b": first, "a": second}))

    mine, theirs = make(ours, Join()), make(keras, TheirJoin())
    assert [layer.name for layer in mine.layers[:4]] == [layer.name for layer in theirs.layers[:4]]
    mine.set_weights([to_numpy(weight.value) for weight in theirs.weights])
    inputs = [torch.ones(1, 3), torch.arange(3.0).reshape(1, 3)]
    assert_close(mine(inputs), theirs(inputs))
