"""Does what a first reader of the graph found stay mended?"""

from __future__ import annotations

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.oracle import keras as theirs
from torchkeras_layer.layers import BatchNormalization, Dense, Dropout, Embedding
from torchkeras_layer.registry import DeserializationError
from torchkeras_layer.symbolic import is_symbolic

X = torch.ones(2, 3)


def test_losses_of_a_layer_inside_a_called_model_are_real():
    dense, x = Dense(2, activity_regularizer="l2"), keras.Input((3,))
    model = keras.Model(x, dense(x))
    assert all(map(is_symbolic, dense.losses))
    assert dense.losses
    model(X)
    assert len(dense.losses) == 1
    assert not any(map(is_symbolic, dense.losses))


@pytest.mark.parametrize("hide", ["trainable", "training"])
def test_updates_do_not_depend_on_when_they_are_first_read(hide):
    layer = BatchNormalization()
    layer(keras.Input((2,)))
    setattr(layer, hide, False)
    assert len(layer.updates) == (0 if hide == "trainable" else 2)
    setattr(layer, hide, True)
    assert len(layer.updates) == 2


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
    with pytest.raises(TypeError, match="no layer 7 to take out, but 2 layers"):
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


@pytest.mark.parametrize(("function", "args"), [("operator.pow", [9, 9]), ("operator.mul", ["a", 3])])
def test_a_config_runs_no_function_on_values(function, args):
    x = keras.Input((3,))
    config = keras.Model(x, x + 1).get_config()
    entry = {"module": "keras.layers", "class_name": "TorchFunction", "config": {"name": "f", "function": function}}
    config["layers"].append({**entry, "name": "f", "inbound_nodes": [{"args": args, "kwargs": {}}]})
    with pytest.raises(DeserializationError, match="'f' is called on no tensor of the graph"):
        keras.Model.from_config(config)


def test_an_input_of_more_axes_than_torch_has():
    with pytest.raises(ValueError, match="at most 64 axes"):
        keras.Input((1,) * 70)


def test_a_moved_model_tells_its_new_dtype():
    x = keras.Input((3,))
    model = keras.Model(x, Dense(3)(x)).double()
    assert model(keras.Input((3,))).dtype is torch.float64


def test_layers_behind_a_dict_of_outputs_have_keras_order():
    def names(library):
        x = library.Input((3,), name="x")
        outputs = {key: library.layers.Dense(3, name=name)(x) for key, name in (("o", "first"), ("d", "second"))}
        return [layer.name for layer in library.Model(x, outputs).layers]

    assert names(keras) == names(theirs) == ["x", "second", "first"]


def test_a_sequential_of_an_input_alone():
    model = keras.Sequential([keras.Input((4,))])
    assert model(torch.ones(1, 4)).shape == (1, 4)
    assert model(keras.Input((4,))).shape == (None, 4)


@pytest.mark.parametrize("text", ["{}", '{"config": {}}', "[]", '{"class_name": 3}'])
def test_json_of_no_model(text):
    with pytest.raises(DeserializationError):
        keras.models.model_from_json(text)


def test_the_mask_that_a_model_computes():
    tokens = torch.tensor([[1, 0]])
    sequential = keras.Sequential([Embedding(10, 4, mask_zero=True), Dropout(0.1)])
    assert sequential.compute_mask(tokens).tolist() == [[True, False]]
    x = keras.Input((2,), dtype="int64")
    model = keras.Model(x, {"out": Embedding(10, 4, mask_zero=True)(x)})
    assert model.compute_mask(tokens)["out"].tolist() == [[True, False]]


def test_two_metrics_of_one_name():
    x = keras.Input((3,))
    model = keras.Model(x, Dense(2)(x))
    model.add_metric(x.mean(), name="q")
    with pytest.raises(ValueError, match="a metric 'q' already"):
        model.add_metric(x.sum(), name="q")


class Decides(keras.Layer):
    def call(self, inputs):
        return inputs if inputs.sum() > 0 else -inputs


def test_control_flow_is_told_in_words():
    with pytest.raises(NotImplementedError, match=r"d \(Decides\).*takes the value of a tensor, as `if`"):
        Decides(name="d")(keras.Input((2,)))


def test_a_wrong_size_is_told_with_the_layer_and_without_symbols():
    with pytest.raises(
        RuntimeError, match=r"w \(TorchModuleWrapper\): call\(\) fails on inputs of shape \(None, 5\)"
    ) as caught:
        keras.layers.TorchModuleWrapper(nn.Linear(4, 3), name="w")(keras.Input((5,)))
    assert "s26" not in str(caught.value)


def test_none_among_sizes_is_explained():
    x = keras.Input((3,))
    assert x.reshape((x.shape[0], 3, 1)).shape == (None, 3, 1)
    with pytest.raises((TypeError, ValueError), match="size of a free axis"):
        x.expand(x.shape[0], -1)
    assert (x == None, x != None) == (False, True)  # noqa: E711


def test_a_slice_of_a_free_axis_may_be_shorter():
    x = keras.Input((None, 4))
    assert x[:, :5].shape == (None, None, 4)
    assert x[:, 1:].shape == (None, None, 4)


def test_an_input_in_the_midst_of_a_call_of_several_outputs():
    x = keras.Input((4,))
    a, b = torch.chunk(x, 2, 1)
    model = keras.Model([a, x], a + b)
    assert model([torch.full((1, 2), 10.0), torch.full((1, 4), 20.0)]).tolist() == [[30.0, 30.0]]
