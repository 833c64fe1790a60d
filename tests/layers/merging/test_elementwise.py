"""How do inputs of any shapes line up, in values, gradients and free sizes, and which do not?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from tests.oracle import assert_close, keras
from torchkeras_layer import layers

NAMES = ["Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract"]
every_layer = pytest.mark.parametrize("name", NAMES)


@st.composite
def _shapes(draw: Any, count: int = 2) -> list[tuple[int, ...]]:
    """Draw shapes with one batch size that broadcast, of ranks 1 to 4."""
    batch = draw(st.integers(1, 3))
    full = draw(st.lists(st.integers(1, 3), min_size=0, max_size=3))
    shapes = []
    for _ in range(count):
        inner = full[draw(st.integers(0, len(full))) :]
        shapes.append((batch, *(draw(st.sampled_from([size, 1])) for size in inner)))
    return shapes


def _tensors(shapes: Any) -> list[torch.Tensor]:
    random = np.random.default_rng(1)
    return [torch.tensor(random.normal(size=shape), dtype=torch.float32, requires_grad=True) for shape in shapes]


def _results(layer: Any, inputs: list[torch.Tensor]) -> dict[str, Any]:
    outputs = layer(inputs)
    direction = torch.linspace(-1, 2, outputs.numel()).reshape(outputs.shape)
    return {"outputs": outputs, "gradients": list(torch.autograd.grad((outputs * direction).sum(), inputs))}


@given(name=st.sampled_from(NAMES), shapes=_shapes())
def test_random_shapes_that_broadcast(name, shapes):
    mine, theirs = getattr(layers, name)(), getattr(keras.layers, name)()
    inputs = _tensors(shapes)
    found = _results(mine, inputs)
    assert_close(found, _results(theirs, inputs), f"{name} of {shapes}")
    assert mine.compute_output_shape(shapes) == tuple(found["outputs"].shape)


@given(shapes=_shapes(3), hidden=st.lists(st.booleans(), min_size=12, max_size=12))
def test_free_sizes_are_keras_s_or_the_known_ones_beside_them(shapes, hidden):
    hides = iter(hidden)
    actual = layers.Add().compute_output_shape(shapes)
    shapes = [tuple(None if next(hides) else size for size in shape) for shape in shapes]
    mine, theirs = (library.Add().compute_output_shape(shapes) for library in (layers, keras.layers))
    assert len(mine) == len(theirs)
    for size, keras_size, actual_size in zip(mine, theirs, actual, strict=True):
        assert size == keras_size or (keras_size is None and size == actual_size)


@given(shapes=st.lists(st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple), min_size=1, max_size=3))
def test_keras_and_we_refuse_the_same_shapes(shapes):
    refused = []
    for layer in (layers.Add(), keras.layers.Add()):
        try:
            layer.build(shapes)
            refused.append(False)
        except ValueError:
            refused.append(True)
    assert refused[0] == refused[1]


@every_layer
def test_the_shapes_may_be_others_after_the_build(name):
    mine, theirs = getattr(layers, name)(), getattr(keras.layers, name)()
    for layer in (mine, theirs):
        layer(_tensors([(2, 4, 3), (2, 3)]))
    inputs = _tensors([(2, 1, 3), (2, 5, 3)])
    assert_close(mine(inputs), theirs(inputs))
    assert mine(_tensors([(2, 5, 4, 3), (2, 3)])).shape == (2, 5, 4, 3)


def test_single_numbers_are_merged_without_a_batch():
    layer = layers.Add()
    assert layer([torch.tensor(1.0), torch.tensor(2.0)]).item() == 3
    assert layer.compute_output_shape([(), ()]) == ()
    with pytest.raises(ValueError, match=r"^add: the inputs must have the same batch size .*=\[\(\), \(2,\)\]"):
        layer.compute_output_shape([(), (2,)])


def test_one_input_is_the_output():
    inputs = torch.ones(2, 3)
    assert layers.Add()([inputs]) is inputs


def test_tuples_and_arrays_are_lists_of_tensors_too():
    assert layers.Add()((np.ones((1, 2), "float32"), torch.ones(1, 2))).tolist() == [[2, 2]]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (torch.int32, torch.int64, torch.int64),
        (torch.int64, torch.float32, torch.float32),
        (torch.float64, torch.float32, torch.float32),
    ],
)
def test_dtypes(one, other, expected):
    inputs = [torch.ones(2, 3, dtype=one), torch.ones(2, 3, dtype=other)]
    for name in ("Add", "Multiply", "Maximum", "Subtract"):
        assert getattr(layers, name)()(inputs).dtype is expected
    assert layers.Average()([inputs[0].int(), inputs[1].int()]).dtype is torch.float32


@every_layer
@pytest.mark.parametrize("shapes", [[(2, 3), (2, 4)], [(2, 3, 4), (2, 3)]])
def test_shapes_that_do_not_broadcast(name, shapes):
    layer = getattr(layers, name)(name="merge")
    with pytest.raises(ValueError, match=r"^merge: the shapes of the inputs do not broadcast: .* input_shape=\[\(2, 3"):
        layer(_tensors(shapes))
    assert not layer.built


def test_batches_of_different_sizes():
    with pytest.raises(ValueError, match=r"^add: the inputs must have the same batch size .*=\[\(1, 3\), \(2, 3\)\]"):
        layers.Add()([torch.ones(1, 3), torch.ones(2, 3)])
    assert layers.Add().compute_output_shape([(None, 3), (2, 3)]) == (2, 3)


@every_layer
@pytest.mark.parametrize("inputs", [torch.ones(2, 3), [], {"a": torch.ones(2)}, None, [torch.ones(2), "text"]])
def test_what_is_no_list_of_tensors(name, inputs):
    layer = getattr(layers, name)(name="merge")
    with pytest.raises(ValueError, match=r"^merge: expects a list of .* tensor.*Received: .*Write `merge\(\[a, b"):
        layer(inputs)
    assert not layer.built
    with pytest.raises(ValueError, match="^merge: expects a list of"):
        layer.build((2, 3))


@every_layer
def test_a_tensor_in_place_of_the_list_is_no_list_after_the_build_either(name):
    layer = getattr(layers, name)(name="merge")
    layer([torch.ones(2, 3)] * 2)
    with pytest.raises(ValueError, match=r"^merge: expects a list of .* Received: Tensor\."):
        layer(torch.ones(2, 3))


@pytest.mark.parametrize("count", [1, 3])
def test_subtract_takes_two(count):
    layer = layers.Subtract()
    with pytest.raises(ValueError, match=r"^subtract: expects a list of 2 tensors\. Received: input_shape="):
        layer([torch.ones(2)] * count)
    layer([torch.ones(2)] * 2)
    with pytest.raises(ValueError, match=rf"^subtract: expects a list of 2 tensors\. Received: {count} in a list"):
        layer([torch.ones(2)] * count)


@every_layer
def test_the_functional_form(name):
    inputs = [torch.tensor([[4.0, 2.0]]), torch.tensor([[1.0, 3.0]])]
    function = getattr(layers, name.lower())
    assert torch.equal(function(inputs, dtype="float64"), getattr(layers, name)(dtype="float64")(inputs))
    assert_close(function(inputs), getattr(keras.layers, name.lower())(inputs))


def test_a_merge_has_no_weights_that_an_optimizer_waits_for():
    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Linear(3, 3)
            self.merge = layers.Add()

        def forward(self, x):
            return self.merge([x, self.inner(x)])

    model = Residual()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    before = model.inner.weight.detach().clone()
    model(torch.ones(2, 3)).sum().backward()
    optimizer.step()
    assert torch.equal(model.inner.weight, before - 1)
    assert list(model.state_dict()) == ["inner.weight", "inner.bias"]
    twin = Residual()
    twin.load_state_dict(model.state_dict())
    assert torch.equal(twin(torch.ones(2, 3)), model(torch.ones(2, 3)))


def test_a_subclass_may_define_what_keras_s_would():
    class Weighted(layers.Add):
        def _merge_function(self, inputs):
            return inputs[0] + 2 * inputs[1]

    class WithWeight(layers.Add):
        def build(self, input_shape):
            super().build(input_shape)
            self.scale = self.add_weight(shape=(), initializer="ones")

    assert Weighted()([torch.ones(1), torch.ones(1)]).tolist() == [3]
    layer = WithWeight()
    assert len(list(layer.parameters())) == 1
    layer([torch.ones(1), torch.ones(1)])
    assert [name for name, _ in layer.named_parameters()] == ["scale"]


def test_what_a_new_merge_must_define():
    from torchkeras_layer.layers.merging.merge import Merge

    with pytest.raises(NotImplementedError, match=r"^Merge: define compute_output_shape"):
        Merge().build([(2,)])
    layer = Merge()
    layer.built = True
    with pytest.raises(NotImplementedError, match=r"^Merge: define _merge_function"):
        layer([torch.ones(2)])
