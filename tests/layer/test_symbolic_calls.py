"""What does a call of a layer on symbolic tensors do, and what does it leave alone? (contract §2.3)"""

from __future__ import annotations

import numpy as np
import pytest
import torch

import torchkeras_layer as keras
from tests.layer.samples import Adds, Counter, Linear, Seen, Stack, Statistics, numbers
from tests.models.samples import Doubles, Halves, MaskedMean, Mixes, Report, Scale


def symbolic(*shape, **arguments):
    return keras.Input(shape or (3,), **arguments)


def run(inputs, outputs, *data):
    return keras.Model(list(inputs), outputs)(list(data))


class CountsBuilds(keras.Layer):
    builds = 0

    def build(self, input_shape):
        self.builds += 1
        self.shape_at_build = input_shape
        self.kernel = self.add_weight("kernel", (input_shape[-1],), initializer="ones")

    def call(self, inputs):
        return inputs * self.kernel


def test_a_symbolic_call_builds_once():
    """[1] Whichever call comes first."""
    layer = CountsBuilds()
    layer(torch.ones(2, 3))
    layer(torch.ones(9, 3))
    layer(symbolic())
    assert layer.builds == 1
    other = CountsBuilds()
    other(symbolic())
    other(symbolic())
    other(torch.ones(2, 3))
    assert (other.builds, other.built) == (1, True)


def test_build_gets_free_dimensions():
    """[3]"""
    layer = CountsBuilds()
    layer(symbolic(None, 3))
    assert layer.shape_at_build == (None, None, 3)

    class Nested(keras.Layer):
        def build(self, input_shape):
            self.shapes = input_shape

        def call(self, inputs):
            return inputs["b"]

    nested = Nested()
    nested({"b": symbolic(4), "a": [symbolic(2, None), (symbolic(),)]})
    assert nested.shapes == {"b": (None, 4), "a": [(None, 2, None), ((None, 3),)]}
    assert list(nested.shapes) == ["b", "a"]


def test_weights_made_by_a_symbolic_call_are_real():
    layer = Stack(Linear(4), Statistics())
    y = layer(symbolic())
    assert y.shape == (None, 4)
    assert all(type(weight) in (torch.nn.Parameter, torch.Tensor) for weight in layer.weights)
    assert layer(torch.ones(2, 3)).shape == (2, 4)


def test_several_calls():
    """[44] Three calls with two shapes."""
    layer = Linear(2, name="l")
    inputs = [symbolic(), symbolic(), symbolic(5, 3)]
    outputs = [layer(x) for x in inputs]
    assert layer.input is inputs[0]
    assert layer.output is outputs[0]
    assert layer.get_input_at(1) is inputs[1]
    assert layer.get_output_at(-1) is outputs[2]
    assert layer.get_input_shape_at(2) == (None, 5, 3)
    assert layer.get_output_shape_at(2) == (None, 5, 2)
    assert layer.get_input_mask_at(0) is layer.get_output_mask_at(0) is layer.input_mask is layer.output_mask is None
    with pytest.raises(ValueError, match="l: there is no input of call 3, because .* 3 calls.* Received: node_index=3"):
        layer.get_input_at(3)
    for name in ("input_shape", "output_shape"):
        with pytest.raises(AttributeError, match=rf"l: has no single {name}.*get_{name}_at"):
            getattr(layer, name)


def test_calls_of_one_shape_have_a_common_shape():
    layer = Linear(2)
    layer(symbolic())
    layer(symbolic())
    assert (layer.input_shape, layer.output_shape) == ((None, 3), (None, 2))


def test_a_list_of_one():
    class First(keras.Layer):
        def call(self, inputs):
            return [inputs[0]]

    layer, x = First(), symbolic()
    (y,) = layer([x])
    assert layer.input is layer.get_input_at(0) is x
    assert layer.output is y
    assert layer.input_shape == (None, 3)


def test_an_identity_layer():
    """[45] The output is a tensor of its own, and the history of the input stays."""
    layer, x = keras.Layer(name="identity"), symbolic()
    y = layer(x)
    assert y is not x
    assert y._keras_history.layer is layer
    assert x._keras_history.layer is not layer
    assert run([x], [y, layer(y)], torch.ones(1, 3))[1].tolist() == [[1.0, 1.0, 1.0]]


def test_a_tensor_that_is_returned_twice():
    """[45]"""

    class Twice(keras.Layer):
        def call(self, inputs):
            doubled = inputs * 2
            return doubled, doubled

    layer, x = Twice(), symbolic()
    first, second = layer(x)
    assert first is not second
    assert [y._keras_history for y in (first, second)] == [(layer, 0, 0), (layer, 0, 1)]
    one, other = run([x], [first, second], torch.ones(1, 3))
    assert one.tolist() == other.tolist() == [[2.0, 2.0, 2.0]]


def test_no_output():
    """[46]"""

    class Nothing(keras.Layer):
        def call(self, inputs):
            pass

    layer, x = Nothing(name="nothing"), symbolic(name="x")
    for inputs in (x, torch.ones(2, 3)):
        with pytest.raises(ValueError, match=r"nothing: call\(\) of Nothing must return a tensor"):
            layer(inputs)
    assert layer.inbound_nodes == x._keras_history.layer.outbound_nodes == []


def test_nested_structures_and_constants():
    x, other = symbolic(), symbolic()
    layer = Mixes()
    y = layer(x, other, scale=3.0, more=[other, 1.0, torch.tensor([1.0, 2.0, 3.0]), np.float32(2.0)])
    found = run([x, other], y, torch.ones(1, 3), 10 * torch.ones(1, 3))
    assert found.tolist() == [[27.0, 28.0, 29.0]]


def test_a_symbolic_tensor_in_a_keyword_alone():
    """Contract §2.3: the first argument may be a real tensor."""
    x, layer = symbolic(batch_size=1), Mixes()
    y = layer(torch.ones(1, 3), other=x)
    assert y._keras_history.layer is layer
    assert run([x], y, 2 * torch.ones(1, 3)).tolist() == [[3.0, 3.0, 3.0]]


def test_real_and_symbolic_tensors_in_one_list():
    x, add = symbolic(), keras.layers.Add()
    y = add([x, torch.tensor([[1.0, 2.0, 3.0]]), np.ones((1, 3), dtype="float32")])
    assert run([x], y, torch.ones(1, 3)).tolist() == [[3.0, 4.0, 5.0]]


def test_nested_outputs():
    x = symbolic()
    outputs = Report()(x)
    found = run([x], outputs, torch.ones(2, 3))
    assert found["total"].tolist() == [3.0, 3.0]
    assert found["parts"][0].tolist() == [[2.0] * 3] * 2
    assert isinstance(found["parts"][1], tuple)
    left, right = Halves()(symbolic(4))
    assert left.shape == right.shape == (None, 2)


def test_layers_inside_get_no_nodes():
    inner, outer = Linear(2), Stack(Linear(4))
    outer.steps.append(inner)
    x = symbolic()
    y = outer(x)
    assert len(outer.inbound_nodes) == 1
    assert inner.inbound_nodes == []
    assert [layer.name for layer in keras.Model(x, y).layers[1:]] == [outer.name]


@pytest.mark.parametrize("mode", [True, False])
def test_training_of_a_symbolic_call_is_baked_in(mode):
    """[48]"""
    x, layer = symbolic(), Doubles()
    model = keras.Model(x, layer(x, training=mode))
    for other in (None, True, False):
        assert model(torch.ones(1, 3), training=other).sum() == (6 if mode else 3)
    assert model.eval()(torch.ones(1, 3)).sum() == (6 if mode else 3)
    assert layer.inbound_nodes[0].call_kwargs == {"training": mode}


@pytest.mark.parametrize("arguments", [{}, {"training": None}])
def test_training_that_is_not_given_is_not_kept(arguments):
    """[48]"""
    x, layer = symbolic(), Doubles()
    model = keras.Model(x, layer(x, **arguments))
    assert [model(torch.ones(1, 3), training=mode).sum().item() for mode in (True, False)] == [6, 3]
    assert model.train()(torch.ones(1, 3)).sum() == 6
    assert model.eval()(torch.ones(1, 3)).sum() == 3
    assert layer.inbound_nodes[0].call_kwargs.get("training") is None


def test_masks_are_passed_on():
    tokens = symbolic(4, dtype="int64")
    embedded = keras.layers.Embedding(5, 2, mask_zero=True)(tokens)
    assert embedded._keras_mask.shape == (None, 4)
    assert embedded._keras_mask.dtype is torch.bool
    dropped = keras.layers.Dropout(0.5)(embedded)
    mean = MaskedMean()
    y = mean(dropped)
    assert y._keras_mask is None
    assert mean.inbound_nodes[0].call_kwargs == {}
    assert mean.input_mask.shape == (None, 4)
    model = keras.Model(tokens, y).eval()
    rows = model.layers[1].embeddings[torch.tensor([1, 3])]
    torch.testing.assert_close(model(torch.tensor([[1, 3, 0, 0]]))[0], rows.mean(0))


def test_an_explicit_mask():
    """[13] A symbolic one is an input like any other; None hides the mask of the inputs."""
    x, mask = symbolic(4, 2), symbolic(4, dtype="bool")
    y = MaskedMean()(x, mask=mask)
    shown = torch.tensor([[True, False, False, False]])
    assert run([x, mask], y, torch.arange(8.0).reshape(1, 4, 2), shown).tolist() == [[0.0, 1.0]]
    hides = keras.layers.Masking()(x)
    open_model = keras.Model(x, [MaskedMean()(hides), MaskedMean()(hides, mask=None)])
    data = torch.tensor([[[4.0, 4.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]])
    assert [found.tolist() for found in open_model(data)] == [[[4.0, 4.0]], [[1.0, 1.0]]]


def test_the_mask_itself_can_be_computed_with():
    tokens = symbolic(4, dtype="int64")
    embedded = keras.layers.Embedding(5, 2, mask_zero=True)(tokens)
    count = keras.Model(tokens, embedded._keras_mask.sum(-1))
    assert count(torch.tensor([[1, 2, 3, 0]])).tolist() == [3]


def test_a_mask_that_ends_is_told_once():
    x = keras.layers.Masking()(symbolic(4, 2))
    layer = Scale(name="blind")
    with pytest.warns(UserWarning, match=r"blind \(Scale\) does not support masking"):
        layer(x)
    assert layer.output_mask is None


def test_nothing_happens_but_the_node():
    """Losses, metrics and updates of eager calls stay, and those of the symbolic call are recorded, not run."""
    counter, adds, seen = Counter(), Adds(8.0), Seen()
    layer = Stack(counter, adds, seen)
    layer(torch.ones(2, 3))
    layer(symbolic())
    assert counter.count == 1
    assert numbers(layer.losses) == [8.0]
    assert layer.losses[0] is adds.losses[0]


def test_a_dynamic_layer_is_not_traced():
    class Data(keras.Layer):
        calls = 0

        def call(self, inputs):
            self.calls += 1
            return inputs if inputs.sum() > 0 else -inputs

        def compute_output_shape(self, input_shape):
            return input_shape

    x, layer = symbolic(), Data(dynamic=True)
    y = layer(x)
    assert (layer.calls, y.shape, y.dtype) == (0, (None, 3), torch.float32)
    model = keras.Model(x, y)
    assert model.dynamic
    assert model(-torch.ones(1, 3)).tolist() == [[1.0, 1.0, 1.0]]
    assert model(torch.ones(1, 3)).tolist() == [[1.0, 1.0, 1.0]]


def test_the_dtype_of_the_output():
    x = symbolic(dtype="float64")
    assert Linear(2)(x).dtype is torch.float32
    assert Linear(2, dtype="float16")(x).dtype is torch.float16
    assert Linear(2, dtype="mixed_bfloat16")(x).dtype is torch.bfloat16
    assert keras.layers.Lambda(lambda v: v.argmax(-1))(x).dtype is torch.int64
    assert keras.Layer(autocast=False)(x).dtype is torch.float64
