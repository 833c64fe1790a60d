"""Which shapes and signatures does a layer foretell? (contract §1c)"""

from __future__ import annotations

import pytest
import torch

import torchkeras_layer as keras
from tests.layer.samples import Adds, Counter, Linear, Seen, Stack, built

Spec = keras.TensorSpec


class Makes(keras.Layer):
    """Applies a function."""

    def __init__(self, function, **kwargs):
        super().__init__(**kwargs)
        self.function = function

    def call(self, inputs):
        return self.function(inputs)


CALLS = [
    (keras.Layer, (2, 3), (2, 3)),
    (lambda: Linear(4), (None, 3), (None, 4)),
    (lambda: Linear(4), (None, None, 3), (None, None, 4)),
    (lambda: Stack(Linear(4), Linear(5)), (None, 3), (None, 5)),
    (keras.Layer, [(2, 3), (None, 4)], [(2, 3), (None, 4)]),
    (keras.Layer, {"b": (2, 3), "a": ()}, {"b": (2, 3), "a": ()}),
    (lambda: Makes(lambda x: (x, [x.sum(0)])), (None, 3), ((None, 3), [(3,)])),
    (lambda: Makes(lambda x: torch.cat([x, x])), (None, 3), (None, 3)),
    (lambda: Makes(lambda x: torch.cat([x, x], 1)), (None, 3), (None, 6)),
    (lambda: Makes(lambda x: x.flatten(1)), (None, 2, 3), (None, 6)),
    (lambda: Makes(lambda x: x.reshape(-1, 2)), (4, 3), (6, 2)),
    (lambda: Makes(lambda xy: xy[0] + xy[1]), [(None, 3), (None, 1)], (None, 3)),
    (lambda: Makes(lambda x: torch.zeros(7)), (None, 3), (7,)),
    (lambda: Makes(lambda x: x.new_zeros(x.shape[0], 2)), (None, 3), (None, 2)),
]


@pytest.mark.parametrize(("make", "inputs", "outputs"), CALLS, ids=[str(case[1:]) for case in CALLS])
def test_output_shapes_are_traced_from_call(make, inputs, outputs):
    layer = make()
    assert layer.compute_output_shape(inputs) == outputs
    assert layer.built, "an unbuilt layer is built (TF 2.0 page)"
    assert layer.compute_output_shape(inputs) == outputs
    assert layer.get_input_shape_for(inputs) == layer._compute_output_shape(inputs) == outputs


def test_tracing_computes_nothing_and_leaves_nothing():
    seen, counter, adds = Seen(), Counter(), Adds(8.0)
    layer = Stack(seen, counter, adds, keras.layers.Dropout(0.5))
    layer.compute_output_shape((None, 3))
    assert set(seen.modes) == {False}
    assert layer.losses == layer.metrics == []
    assert counter.count == 0
    assert all(not isinstance(weight, torch._subclasses.FakeTensor) for weight in layer.weights)
    layer(torch.ones(2, 3))
    assert counter.count == 1


def test_losses_of_the_last_call_survive_it():
    layer = built(Adds(8.0))
    layer.compute_output_shape((None, 3))
    assert [loss.item() for loss in layer.losses] == [8.0]


def test_a_call_that_looks_at_values():
    layer = Makes(lambda x: x if x.sum() > 0 else -x, name="looks")
    with pytest.raises(NotImplementedError, match=r"(?s)looks \(Makes\).*Define compute_output_shape\(input_shape\)"):
        layer.compute_output_shape((None, 3))


def test_a_dynamic_layer_is_not_traced():
    layer = keras.Layer(dynamic=True, name="tree")
    with pytest.raises(NotImplementedError, match=r"tree \(Layer\): a dynamic .* traced.* Define compute_output_shape"):
        layer.compute_output_shape((2, 3))
    outer = Stack(layer, name="around")
    with pytest.raises(NotImplementedError, match="Define compute_output_shape"):
        outer.compute_output_shape((2, 3))


@pytest.mark.parametrize("shape", [3, "ab", (2.5,), object()])
def test_what_is_no_shape(shape):
    with pytest.raises(TypeError, match="Received"):
        keras.Layer().compute_output_shape(shape)


def test_inputs_that_do_not_fit():
    layer = built(Linear(2, name="head"))
    layer.input_spec = keras.InputSpec(axes={-1: 3})
    with pytest.raises((ValueError, NotImplementedError), match="head.*axis -1"):
        layer.compute_output_shape((None, 4))


SIGNATURES = [
    (lambda: Linear(4), Spec((None, 3)), Spec((None, 4))),
    (lambda: Linear(4, dtype="float16"), Spec((None, 3), "float64"), Spec((None, 4), "float16")),
    (lambda: Makes(lambda x: x.argmax(-1).int()), Spec((None, 3)), Spec((None,), "int32")),
    (keras.Layer, [Spec((2,)), Spec((3,), "int64")], [Spec((2,)), Spec((3,), "int64")]),
    (lambda: Makes(lambda x: {"a": x}), Spec((2,)), {"a": Spec((2,))}),
]


@pytest.mark.parametrize(("make", "inputs", "outputs"), SIGNATURES, ids=[str(case[1:]) for case in SIGNATURES])
def test_output_signatures(make, inputs, outputs):
    assert make().compute_output_signature(inputs) == outputs


class OwnShape(keras.Layer):
    def compute_output_shape(self, input_shape):
        return (*input_shape, 7)


def test_a_signature_from_the_layers_own_output_shape():
    assert OwnShape(dtype="float64").compute_output_signature(Spec((2,))) == Spec((2, 7), "float64")
    assert OwnShape(dynamic=True).compute_output_signature(Spec((2,))) == Spec((2, 7))


@pytest.mark.parametrize("signature", [2, (None, 3), [Spec((2,)), 2]])
def test_a_signature_of_something_else(signature):
    with pytest.raises(TypeError, match="layer: compute_output_signature takes TensorSpecs. Received: "):
        keras.Layer().compute_output_signature(signature)


def test_a_failed_build_of_a_module_leaves_nothing():
    model = torch.nn.Sequential(Linear(4), torch.nn.Linear(5, 1))
    with pytest.raises(RuntimeError, match="build: calling Sequential on inputs without data failed"):
        keras.build(model, torch.ones(2, 3))
    assert not model[0].built
    model[1] = torch.nn.Linear(4, 1)
    keras.build(model, torch.ones(2, 7))
    assert model(torch.ones(2, 7)).shape == (2, 1)


def test_build_of_a_plain_module_builds_all_inside():
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), Stack(Linear(2)), Counter())
    assert keras.build(model, torch.ones(2, 3)) is model
    assert [tuple(p.shape) for p in model.parameters()] == [(4, 3), (4,), (4, 2), (2,)]
    assert model[2].count == 0
    with pytest.raises(TypeError, match="build: expected an nn.Module. Received: 3"):
        keras.build(3)
