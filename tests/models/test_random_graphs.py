"""Is any graph the calls that it was made of, and so are its copies? (hypothesis)"""

from __future__ import annotations

import copy
import json
import pickle

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import fx

import torchkeras_layer as keras
from tests.models.random_graphs import SIZES, modules_of, programs
from tests.models.samples import OWN
from tests.oracle import assert_close
from torchkeras_layer._structures import leaves, map_leaves
from torchkeras_layer.symbolic import is_symbolic

pytestmark = pytest.mark.filterwarnings("ignore:.*does not support masking:UserWarning")
# A graph takes some 100 ms to be made: fewer of them than of other examples.
graphs = settings(
    max_examples=settings.default.max_examples // 2,  # type: ignore[union-attr]
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


def made(program):
    """Return the parts of a program and the model of them, in inference mode."""
    parts = program.make_parts()
    return parts, program.model(parts).eval()


def inference(parts):
    for module in modules_of(parts):
        module.eval()
    return parts


def assert_same(found, wanted, what="result"):
    """Fail unless two structures hold the same numbers, dtypes and masks."""
    for one, other in zip(leaves(found), leaves(wanted), strict=True):
        assert one.dtype == other.dtype
        mask = getattr(other, "_keras_mask", None)
        assert (getattr(one, "_keras_mask", None) is None) is (mask is None)
        if mask is not None:
            assert torch.equal(one._keras_mask, mask)
    assert_close(map_leaves(torch.Tensor.detach, found), map_leaves(torch.Tensor.detach, wanted), what)


def gradients(outputs, tensors):
    """Return the gradients of the outputs' squares by each tensor, zeros where there is none."""
    total = sum(leaf.double().square().sum() for leaf in leaves(outputs) if leaf.requires_grad)
    if not isinstance(total, torch.Tensor):
        return []
    found = torch.autograd.grad(total, tensors, allow_unused=True)
    return [torch.zeros_like(t) if g is None else g for t, g in zip(tensors, found, strict=True)]


def with_gradients(data):
    return map_leaves(lambda t: t.clone().requires_grad_() if t.is_floating_point() else t, data)


def assert_foretold(symbolic, one, other):
    """Fail unless a symbolic tensor has the dtype of two real ones, and is free where and only where they differ."""
    shape = tuple(a if a == b else None for a, b in zip(one.shape, other.shape, strict=True))
    assert symbolic.shape == shape
    assert symbolic.dtype == one.dtype == other.dtype
    assert (symbolic._mask_spec is None) is (getattr(one, "_keras_mask", None) is None)


@graphs
@given(programs())
def test_a_model_is_the_calls_that_it_was_made_of(program):
    """Shapes, dtypes, masks, numbers and gradients; in both modes, unless numbers are drawn."""
    parts, model = made(program)
    inference(parts)
    batches = [program.data(size) for size in SIZES]
    results = [model(batch) for batch in batches]
    for symbolic, one, other in zip(model.outputs, *map(leaves, results), strict=True):
        assert_foretold(symbolic, one, other)
    for is_training in (False,) if program.is_random() else (False, True):
        for module in [model, *modules_of(parts)]:
            module.train(is_training)
        data = with_gradients(batches[0])
        ours, theirs = model(data), program.run(parts, data)
        assert_same(ours, theirs)
        sources = [*filter(lambda t: t.requires_grad, leaves(data)), *model.parameters()]
        assert_close(gradients(ours, sources), gradients(theirs, sources), "gradients", rtol=1e-3, atol=1e-4)


@graphs
@given(programs())
def test_a_model_that_is_made_of_the_config_is_the_same(program):
    """Through JSON, with the weights of the first."""
    _, model = made(program)
    data = program.data(SIZES[1])
    twin = keras.models.model_from_json(model.to_json(), custom_objects=OWN).eval()
    twin.load_state_dict(model.state_dict())
    assert_same(twin(data), model(data))
    assert [t.spec for t in twin.outputs] == [t.spec for t in model.outputs]
    assert json.loads(twin.to_json()) == json.loads(model.to_json())
    assert [layer.name for layer in twin.layers] == [layer.name for layer in model.layers]


@graphs
@given(programs())
def test_copies_are_the_same(program):
    """Of `deepcopy`, `pickle`, `clone_model` with the weights, fx, and the same program once more."""
    _, model = made(program)
    data = program.data(SIZES[0])
    wanted = model(data)
    with keras.utils.custom_object_scope(OWN):
        clone = keras.models.clone_model(model).eval()
    clone.set_weights(model.get_weights())
    again = program.model(program.make_parts()).eval()
    again.load_state_dict(model.state_dict())
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model)), clone, again):
        assert_same(twin(data), wanted)
        assert list(twin.state_dict()) == list(model.state_dict())
        assert not {id(p) for p in twin.parameters()} & {id(p) for p in model.parameters()}
        assert twin.code == model.code
    assert_same(fx.GraphModule(model, model.graph)(*leaves(data)), wanted)


@graphs
@given(programs(), st.integers(0, 8))
def test_a_model_is_its_two_halves(program, cut):
    """All that there is after some steps is the output of the one and the input of the other."""
    parts, inputs = program.make_parts(), program.symbolic_inputs()
    values = program.values(parts, inputs)
    outputs = map_leaves(values.__getitem__, program.outputs)
    middle = values[: len(program.entries) + cut]
    whole = keras.Model(inputs, outputs).eval()
    head, tail = keras.Model(inputs, middle).eval(), keras.Model(middle, outputs).eval()
    data = program.data(SIZES[0])
    assert_same(tail(head(data)), whole(data))
    assert [t.spec for t in tail.outputs] == [t.spec for t in whole.outputs]


@graphs
@given(programs())
def test_a_model_is_a_layer_on_new_inputs(program):
    _, model = made(program)
    starts = map_leaves(lambda t: keras.Input(batch_shape=t.shape, dtype=t.dtype) + 0, model.input)
    begin = map_leaves(lambda t: t._keras_history.layer.inbound_nodes[0].call_args[0], starts)
    outer = keras.Model(begin, model(starts)).eval()
    data = program.data(SIZES[0])
    assert_same(outer(data), model(data))
    assert map_leaves(lambda t: (t.shape, t.dtype), outer.output) == map_leaves(
        lambda t: (t.shape, t.dtype), model.output
    )
    assert all(map(is_symbolic, outer.outputs))


def test_one_half_of_what_a_layer_gives_may_be_an_input():
    """The other half is computed; the given one is taken as it is."""
    x = keras.Input((4,))
    a, b = torch.chunk(x, 2, 1)
    model = keras.Model([a, x], [a + b, a * 1])
    data = [torch.full((1, 2), 10.0), torch.full((1, 4), 20.0)]
    assert_close(model(data), [torch.full((1, 2), 30.0), torch.full((1, 2), 10.0)])
    assert model.code.count("torch.chunk") == 1
