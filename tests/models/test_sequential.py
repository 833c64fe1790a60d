"""What does a stack of layers do as a model, and as torch's `nn.Sequential`? (contract §6.3)"""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.models.samples import Doubles, Penalty, chain, names_of
from torchkeras_layer.layers import Dense

X = torch.ones(2, 3)


def dense(units, **arguments):
    return keras.layers.Dense(units, **arguments)


def two(**arguments):
    return keras.Sequential([keras.Input((3,)), dense(4, name="a"), dense(2, name="b")], **arguments)


ONES = torch.ones(2, 3)
KEYS = ["0.kernel", "0.bias", "1.kernel", "1.bias"]


def test_what_it_is():
    model = two()
    assert isinstance(model, keras.Model)
    assert isinstance(model, nn.Module)
    assert model.name == "sequential"
    assert keras.Sequential().name == "sequential_1"
    assert keras.Sequential(name="mine").name == "mine"
    assert keras.models.Sequential is keras.Sequential


WITH_SHAPE = {
    "Input": lambda: [keras.Input((3,)), dense(4), dense(2)],
    "InputLayer": lambda: [keras.layers.InputLayer((3,)), dense(4), dense(2)],
    "input_shape": lambda: [dense(4, input_shape=(3,)), dense(2)],
    "input_dim": lambda: [dense(4, input_dim=3), dense(2)],
    "batch_input_shape": lambda: [dense(4, batch_input_shape=(None, 3)), dense(2)],
    "a symbolic tensor's own": lambda: [keras.Input(batch_shape=(None, 3)), dense(4), dense(2)],
}


@pytest.mark.parametrize("layers", WITH_SHAPE.values(), ids=WITH_SHAPE)
def test_with_an_input_shape_it_is_built_at_once(layers):
    model = keras.Sequential(layers())
    assert model.built
    assert (model.input_shape, model.output_shape) == ((None, 3), (None, 2))
    assert names_of(model) == ["dense", "dense_1"]
    assert list(model.state_dict()) == KEYS
    assert [tuple(weight.shape) for weight in model.weights] == [(3, 4), (4,), (4, 2), (2,)]
    assert model.count_params() == 26
    assert model(ONES).shape == (2, 2)
    assert model.outputs[0] is model.output
    assert model.inputs[0] is model.input
    assert model.layers[0].input is model.input


def test_without_an_input_shape_it_is_built_by_the_first_call(capsys):
    model = keras.Sequential([dense(4), dense(2)], name="late")
    assert not model.built
    assert names_of(model) == ["dense", "dense_1"]
    with pytest.raises(ValueError, match="late"):
        model.count_params()
    model.summary()
    assert "not built" in capsys.readouterr().out
    for name in ("input", "output", "input_shape", "output_shape", "inputs", "outputs"):
        with pytest.raises(AttributeError, match=rf"late.*{name}"):
            getattr(model, name)
    assert model(ONES).shape == (2, 2)
    assert model.built
    assert list(model.state_dict()) == KEYS
    assert model.count_params() == 26
    assert model(torch.ones(7, 3)).shape == (7, 2)


@pytest.mark.parametrize("start", ["build", "symbolic", "compute_output_shape", "eager"])
def test_ways_to_build(start):
    model = keras.Sequential([dense(4), dense(2)])
    if start == "build":
        model.build((None, 3))
    elif start == "symbolic":
        assert model(keras.Input((3,))).shape == (None, 2)
    elif start == "compute_output_shape":
        assert model.compute_output_shape((None, 3)) == (None, 2)
    else:
        model(ONES)
    assert model.built
    assert [tuple(weight.shape) for weight in model.weights] == [(3, 4), (4,), (4, 2), (2,)]


def test_compute_output_shape():
    assert two().compute_output_shape((7, 3)) == (7, 2)


def test_add_and_pop():
    model = two()
    model.add(dense(5, name="c"))
    assert (names_of(model), model.output_shape, len(model)) == (["a", "b", "c"], (None, 5), 3)
    assert model(ONES).shape == (2, 5)
    assert model.pop().name == "c"
    assert model.pop().name == "b"
    assert (names_of(model), model.output_shape) == (["a"], (None, 4))
    assert model(ONES).shape == (2, 4)
    assert list(model.state_dict()) == KEYS[:2]
    model.add(dense(1, name="d"))
    assert model(ONES).shape == (2, 1)
    assert list(model.state_dict()) == KEYS


def test_add_before_it_is_built():
    model = keras.Sequential()
    assert (len(model), model.layers) == (0, [])
    model.add(keras.Input((3,)))
    assert len(model) == 0
    model.add(dense(4))
    assert model.output_shape == (None, 4)
    late = keras.Sequential()
    late.add(dense(4))
    late.add(dense(2))
    assert not late.built
    assert late(ONES).shape == (2, 2)
    late.add(dense(1))
    assert late(ONES).shape == (2, 1)


def test_the_last_layer_popped():
    model = keras.Sequential([keras.Input((3,)), dense(4)])
    model.pop()
    assert model.layers == []
    model.add(dense(2))
    assert model(ONES).shape == (2, 2)


def test_it_behaves_as_torchs_sequential_does():
    model = two()
    first, second = model
    assert (first.name, second.name, len(model)) == ("a", "b", 2)
    assert model[0] is first
    assert model[-1] is second
    assert list(model) == model.layers == [first, second]
    assert [name for name, _ in model.named_children()] == ["0", "1"]
    with pytest.raises(IndexError):
        model[2]


def test_slices_share_layers():
    model = keras.Sequential([keras.Input((3,)), dense(4), dense(2), nn.ReLU(), dense(1)])
    head, tail = model[:2], model[1:3]
    assert isinstance(head, keras.Sequential)
    assert isinstance(tail, keras.Sequential)
    assert head[0] is model[0]
    assert [layer is other for layer, other in zip(tail, model.layers[1:3], strict=True)] == [True, True]
    torch.testing.assert_close(tail(head[:1](ONES)), head(ONES).relu())
    assert list(tail.state_dict()) == ["0.kernel", "0.bias"]
    assert len(model) == 4
    assert len(model[4:]) == 0


def test_plain_modules_are_wrapped():
    model = keras.Sequential([dense(4), nn.BatchNorm1d(4), nn.Linear(4, 2), nn.Dropout(0.5)])
    assert model(ONES).shape == (2, 2)
    assert all(isinstance(layer, keras.Layer) for layer in model.layers)
    assert isinstance(model[1], keras.layers.TorchModuleWrapper)
    assert list(model.state_dict()) == [
        "0.kernel",
        "0.bias",
        "1.module.weight",
        "1.module.bias",
        "1.module.running_mean",
        "1.module.running_var",
        "1.module.num_batches_tracked",
        "2.module.weight",
        "2.module.bias",
    ]
    assert len(model.trainable_weights) == 6
    assert not torch.equal(model.train()(ONES), model(ONES))
    assert torch.equal(model.eval()(ONES), model(ONES))
    assert not model[3].module.training


def test_a_sequence_of_sequences():
    inner = two(name="inner")
    model = keras.Sequential([inner, keras.Sequential([dense(1)], name="late")])
    assert model(ONES).shape == (2, 1)
    assert list(model.state_dict()) == [f"0.{key}" for key in KEYS] + ["1.0.kernel", "1.0.bias"]
    assert model.built


@pytest.mark.parametrize("first", [two, chain])
def test_a_model_that_comes_first_tells_the_input_shape(first):
    model = keras.Sequential([first(), dense(5)])
    assert model.built
    assert (model.input_shape, model.output_shape) == ((None, 3), (None, 5))
    assert model(ONES).shape == (2, 5)


def test_inside_a_functional_model():
    x = keras.Input((3,), name="x")
    late = keras.Sequential([dense(4), nn.ReLU()], name="late")
    model = keras.Model(x, late(x) + 1)
    assert names_of(model) == ["x", "late", "add"]
    torch.testing.assert_close(model(ONES), late(ONES) + 1)
    assert list(model.state_dict()) == ["late.0.kernel", "late.0.bias"]


def test_feature_extraction():
    model = two()
    features = keras.Model(model.input, model.get_layer("a").output)
    assert features.layers[1] is model[0]
    torch.testing.assert_close(features(ONES), model[0](ONES))
    wide = keras.Model(model.inputs, [layer.output for layer in model.layers])
    assert [tuple(output.shape) for output in wide(ONES)] == [(2, 4), (2, 2)]


def test_masks_and_training_reach_the_layers():
    model = keras.Sequential([Doubles(), keras.Sequential([Doubles()])])
    assert model(ONES, training=True).tolist() == (4 * ONES).tolist()
    assert model(ONES, training=False).tolist() == ONES.tolist()
    assert model.eval()(ONES).tolist() == ONES.tolist()
    masking = keras.Sequential([keras.layers.Embedding(5, 2, mask_zero=True), keras.layers.Dropout(0.5)])
    for _ in range(2):
        assert masking(torch.tensor([[1, 0]]))._keras_mask.tolist() == [[True, False]]


def test_losses_and_freezing():
    model = keras.Sequential([Penalty(), dense(2, kernel_regularizer="l2")])
    for _ in range(2):
        model(ONES)
        assert [loss.shape for loss in model.losses] == [(), ()]
    model.trainable = False
    assert model.trainable_weights == []
    assert len(model.non_trainable_weights) == 2
    assert not any(p.requires_grad for p in model.parameters())


def test_a_copy_is_independent():
    model = two()
    other = copy.deepcopy(model)
    with torch.no_grad():
        other[0].kernel.zero_()
        other[1].kernel.zero_()
    assert (other(ONES) == 0).all()
    assert not (model(ONES) == 0).all()


def test_a_build_binds_no_sizes_but_those_of_layers():
    class Within(keras.Layer):
        def __init__(self):
            super().__init__()
            self.inner = keras.Sequential([keras.layers.Dense(3)])

        def build(self, input_shape):
            self.inner.build(input_shape)

        def call(self, inputs):
            return self.inner(inputs)

    layer = Within()
    assert [tuple(layer(torch.ones(batch, 4)).shape) for batch in (2, 5)] == [(2, 3), (5, 3)]
    assert (layer.inner.input_shape, layer.inner.output_shape) == ((2, 4), (2, 3))
    steps = keras.Sequential([keras.layers.Conv1D(2, 2)])
    steps.build((3, 5, 4))
    assert steps(torch.ones(2, 9, 4)).shape == (2, 8, 2)
    with pytest.raises(ValueError, match="(?s)conv1d.*4.*7"):
        steps(torch.ones(3, 5, 7))
    stateful = keras.Sequential([keras.layers.LSTM(3, stateful=True)])
    stateful.build((2, 5, 4))
    with pytest.raises(ValueError, match="(?s)lstm.*2.*3"):
        stateful(torch.ones(3, 5, 4))


def test_weights_may_depend_on_the_batch_size_of_a_build():
    model = keras.Sequential([keras.layers.BatchNormalization(axis=0), keras.layers.LayerNormalization(axis=[0, 1])])
    model.build((3, 4))
    assert [tuple(weight.shape) for weight in model.weights] == [(3,)] * 4 + [(3, 4)] * 2
    assert model(torch.ones(3, 4)).shape == (3, 4)


def test_looking_at_a_deferred_sequential_changes_nothing():
    model = keras.Sequential([Dense(3)])
    model(torch.ones(1, 4))
    config, names = model.get_config(), [node.layer.name for node in model.layers[0].inbound_nodes]
    assert model.output_shape == (None, 3)
    assert "dense" in model.code or "self" in model.code
    assert model.get_config() == config
    assert [node.layer.name for node in model.layers[0].inbound_nodes] == names
    assert model(torch.ones(1, 2, 4)).shape == (1, 2, 3)


def test_a_replaced_layer_of_a_sequential_is_gone():
    model = keras.Sequential([keras.Input((3,)), Dense(4, name="a"), Dense(2, name="b")])
    assert model.output_shape == (None, 2)
    new = Dense(5, name="c")
    setattr(model, "1", new)
    assert model.output_shape == (None, 5)
    assert [layer.name for layer in model.layers] == ["a", "c"]
    assert list(model.state_dict()) == ["0.kernel", "0.bias", "1.kernel", "1.bias"]
    setattr(model, "1", nn.Linear(4, 6))
    assert model(X).shape == (2, 6)
    assert model.output_shape == (None, 6)


def test_a_pop_that_fails_changes_nothing():
    model = keras.Sequential([keras.Input((4,)), Dense(3), Dense(2)])
    with pytest.raises(ValueError, match="axis -1"):
        model.pop(0)
    assert len(model) == 2
    assert model(torch.ones(1, 4)).shape == (1, 2)
    assert "return" in model.code
    with pytest.raises(TypeError, match="there are 2 layers. Received: index=7"):
        model.pop(7)


def test_symbolic_losses_of_a_sequential_are_kept_or_refused():
    model = keras.Sequential([keras.Input((4,)), Dense(3)])
    model.add_loss(model.output.mean())
    model.add(Dense(2))
    model(torch.ones(1, 4))
    assert len(model.losses) == 1
    with pytest.raises(NotImplementedError, match=r"Model\(model\.inputs"):
        model.get_config()
    with pytest.raises(ValueError, match="symbolic losses"):
        model.pop()
    with pytest.raises(ValueError, match="symbolic losses"):
        keras.models.clone_model(model)


def test_a_sequential_of_an_input_alone():
    model = keras.Sequential([keras.Input((4,))])
    assert model(torch.ones(1, 4)).shape == (1, 4)
    assert model(keras.Input((4,))).shape == (None, 4)
