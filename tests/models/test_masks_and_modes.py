"""How do masks and the training mode go through models, nested ones included? (contract §2.5, §2.6)"""

from __future__ import annotations

import pytest
import torch

import torchkeras_layer as keras
from tests.layer.samples import Seen
from tests.models.samples import Doubles, MaskedMean
from torchkeras_layer.layers import Dropout, Embedding

TOKENS = torch.tensor([[1, 3, 0, 0], [2, 0, 0, 0]])
SHOWN = TOKENS != 0


def embedder(**arguments):
    x = keras.Input((4,), dtype="int64", name="tokens")
    rows = keras.layers.Embedding(5, 2, mask_zero=True, name="rows")(x)
    return keras.Model(x, rows, **arguments)


def masked_mean_of(model, tokens=TOKENS):
    rows = model.get_layer("rows").embeddings
    return torch.stack([rows[row[row != 0]].mean(0) for row in tokens])


def test_the_output_of_a_model_carries_its_mask():
    assert torch.equal(embedder()(TOKENS)._keras_mask, SHOWN)
    assert embedder().output._keras_mask.shape == (None, 4)


def test_a_mask_leaves_a_nested_model_and_enters_another():
    inner = embedder(name="inner")
    y = keras.Input((4, 2), name="y")
    tail = keras.Model(y, MaskedMean(name="mean")(keras.layers.Activation("linear")(y)), name="tail")
    x = keras.Input((4,), dtype="int64")
    outer = keras.Model(x, tail(keras.layers.Dropout(0.5)(inner(x))))
    torch.testing.assert_close(outer.eval()(TOKENS), masked_mean_of(inner))


def test_a_mask_for_a_model():
    """Given with the call, or on the tensor."""
    x = keras.Input((4, 2), name="x")
    model = keras.Model(x, MaskedMean()(x))
    data = torch.randn(2, 4, 2)
    wanted = torch.stack([row[shown].mean(0) for row, shown in zip(data, SHOWN, strict=True)])
    torch.testing.assert_close(model(data, mask=SHOWN), wanted)
    torch.testing.assert_close(model(data), data.mean(1))
    data._keras_mask = SHOWN
    torch.testing.assert_close(model(data), wanted)
    torch.testing.assert_close(model(data, mask=None), data.mean(1))


def test_masks_for_several_inputs():
    x, z = keras.Input((4, 2), name="x"), keras.Input((4, 2), name="z")
    model = keras.Model([x, z], [MaskedMean()(x), MaskedMean()(z)])
    data = torch.randn(2, 4, 2)
    first, second = model([data, data], mask=[SHOWN, None])
    torch.testing.assert_close(first[1], data[1, 0])
    torch.testing.assert_close(second, data.mean(1))


def test_a_shared_layer_gets_the_mask_of_each_call():
    tokens, x = keras.Input((4,), dtype="int64"), keras.Input((4, 2))
    seen = Seen()
    model = keras.Model([tokens, x], [seen(keras.layers.Embedding(5, 2, mask_zero=True)(tokens)), seen(x)])
    seen.masks.clear()
    model([TOKENS, torch.ones(2, 4, 2)])
    assert torch.equal(seen.masks[0], SHOWN)
    assert seen.masks[1] is None


def test_a_torch_function_ends_a_mask():
    model = embedder()
    mean = keras.Model(model.input, MaskedMean()(model.output * 1.0))
    torch.testing.assert_close(mean(TOKENS), model(TOKENS).mean(1))


def test_masks_of_list_inputs():
    x = keras.Input((4,), dtype="int64")
    rows = keras.layers.Embedding(5, 2, mask_zero=True)(x)
    layer = keras.layers.Add()
    layer([rows, keras.Input((4, 2))])
    first, second = layer.input_mask
    assert first.shape == (None, 4)
    assert second is None


MODES = [(None, True), (None, False), (True, True), (True, False), (False, True), (False, False)]


@pytest.mark.parametrize(("given", "flag"), MODES)
@pytest.mark.parametrize("kind", ["functional", "nested", "sequential", "inside a layer"])
def test_the_mode_reaches_all_layers(kind, given, flag):
    """[9] What is given wins over the flag."""
    x, doubles = keras.Input((3,)), Doubles()
    model = keras.Model(x, doubles(x))
    if kind == "nested":
        z = keras.Input((3,))
        model = keras.Model(z, model(z))
    elif kind == "sequential":
        model = keras.Sequential([keras.Input((3,)), model])
    elif kind == "inside a layer":

        class Holds(keras.Layer):
            def __init__(self, inner):
                super().__init__()
                self.inner = inner

            def call(self, inputs):
                return self.inner(inputs)

        model = Holds(model)
    model.train(flag)
    arguments = {} if given is None else {"training": given}
    expected = flag if given is None else given
    assert model(torch.ones(1, 3), **arguments).sum() == (6 if expected else 3)


def test_a_part_may_be_in_another_mode():
    """`model.train(); model.backbone.eval()` (contract, Decisions)."""
    x = keras.Input((3,))
    inner = keras.Model(x, Doubles(name="in")(x), name="inner")
    z = keras.Input((3,))
    model = keras.Model(z, Doubles(name="out")(inner(z)))
    model.train()
    inner.eval()
    assert model(torch.ones(1, 3)).sum() == 6
    model.eval()
    inner.get_layer("in").train()
    assert model(torch.ones(1, 3)).sum() == 6
    assert model(torch.ones(1, 3), training=True).sum() == 12


def test_the_mode_baked_into_a_nested_model():
    """[48]"""
    x = keras.Input((3,))
    inner = keras.Model(x, Doubles()(x))
    z = keras.Input((3,))
    model = keras.Model(z, inner(z, training=True) + inner(z))
    assert model(torch.ones(1, 3), training=False).sum() == 9
    assert model.eval()(torch.ones(1, 3)).sum() == 9


def test_dropout_that_always_drops():
    """[48]"""
    x = keras.Input((100,))
    model = keras.Model(x, keras.layers.Dropout(0.5)(x, training=True)).eval()
    assert 0 < (model(torch.ones(1, 100), training=False) == 0).sum() < 100
    off = keras.Model(x, keras.layers.Dropout(0.5)(x)).eval()
    assert (off(torch.ones(1, 100)) == 1).all()


def test_plain_modules_follow_the_flag():
    x = keras.Input((100,))
    model = keras.Model(x, keras.layers.TorchModuleWrapper(torch.nn.Dropout(0.5))(x))
    assert (model.eval()(torch.ones(1, 100)) == 1).all()
    assert (model.train()(torch.ones(1, 100)) == 0).any()


def test_batch_normalization_inside_a_frozen_model():
    x, normalization = keras.Input((3,)), keras.layers.BatchNormalization(momentum=0.0)
    model = keras.Model(x, normalization(x)).train()
    model.trainable = False
    model(torch.full((2, 3), 5.0))
    assert normalization.moving_mean.tolist() == [0.0] * 3
    model.trainable = True
    model(torch.full((2, 3), 5.0))
    assert normalization.moving_mean.tolist() == [5.0] * 3


def test_freezing_a_model():
    """Contract §6.3: thawing one layer of a frozen model does not thaw it for the model."""
    x = keras.Input((3,))
    model = keras.Model(x, keras.layers.Dense(2, name="b")(keras.layers.Dense(2, name="a")(x)))
    model.trainable = False
    assert not any(layer.trainable for layer in model.layers[1:])
    assert (model.trainable_weights, len(model.non_trainable_weights)) == ([], 4)
    model.get_layer("a").trainable = True
    assert len(model.trainable_weights) == len(model.get_layer("a").trainable_weights) == 2
    model.trainable = True
    assert len(model.trainable_weights) == 4
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_the_mask_that_a_model_computes():
    tokens = torch.tensor([[1, 0]])
    sequential = keras.Sequential([Embedding(10, 4, mask_zero=True), Dropout(0.1)])
    assert sequential.compute_mask(tokens).tolist() == [[True, False]]
    x = keras.Input((2,), dtype="int64")
    model = keras.Model(x, {"out": Embedding(10, 4, mask_zero=True)(x)})
    assert model.compute_mask(tokens)["out"].tolist() == [[True, False]]
