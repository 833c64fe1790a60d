"""When does an update run? (contract §3.7)"""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

import torchkeras_layer as keras
from tests.layer.samples import Counter, Stack, built

ONE = torch.ones(1)


def test_a_callable_runs_in_the_call():
    """[29] Whatever `training` is; not when the layer is frozen."""
    layer = Counter()
    for training, expected in ((True, 1.0), (False, 2.0), (None, 3.0)):
        layer(ONE, training=training)
        assert layer.count == expected
    layer.trainable = False
    layer(ONE)
    assert layer.count == 3.0
    layer.trainable = True
    layer(ONE)
    assert layer.count == 4.0


def test_what_happened_already_is_not_undone():
    """[29]"""

    class Writes(Counter):
        def call(self, inputs):
            self.add_update(self.count.add_(1))
            return inputs

    layer = Writes(trainable=False)
    layer(ONE)
    assert layer.count == 1.0


def test_the_innermost_layer_decides():
    inner = Counter()

    class Outer(keras.Layer):
        def __init__(self):
            super().__init__()
            self.inner = inner

        def call(self, inputs):
            return self.inner(inputs)

    outer = Outer()
    outer.trainable = False
    outer.inner.trainable = True
    outer(ONE)
    assert inner.count == 1.0
    inner.trainable = False
    outer(ONE)
    assert inner.count == 1.0


def test_a_structure_of_updates():
    ran = []

    class Several(keras.Layer):
        def call(self, inputs):
            self.add_update([lambda: ran.append(1), None, (lambda: ran.append(2), inputs)])
            return inputs

    Several()(ONE)
    assert ran == [1, 2]


@pytest.mark.parametrize("trainable", [True, False])
def test_outside_a_call_it_runs_at_once(trainable):
    layer, ran = keras.Layer(trainable=trainable), []
    layer.add_update(lambda: ran.append(1), inputs=ONE)
    assert ran == [1]


def test_a_frozen_parent_freezes_updates():
    inner = Counter()
    model = Stack(Stack(inner))
    model.trainable = False
    model(ONE)
    assert inner.count == 0.0


def test_updates_lists_nothing_after_calls_on_real_tensors():
    layer = built(Stack(Counter()))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert layer.updates == []


@pytest.mark.parametrize("through", ["itself", "its model"])
def test_a_frozen_batch_normalization_keeps_its_statistics(through):
    layer = keras.layers.BatchNormalization()
    model = built(Stack(layer), 4, 3)
    (layer if through == "itself" else model).trainable = False
    before = [array.copy() for array in layer.get_weights()]
    model(torch.randn(8, 3) + 5, training=True)
    assert all((one == other).all() for one, other in zip(before, layer.get_weights(), strict=True))


def test_batch_normalization_asks_for_training():
    layer = built(keras.layers.BatchNormalization(), 4, 3)
    before = layer.moving_mean.clone()
    layer(torch.randn(8, 3) + 5, training=False)
    assert torch.equal(layer.moving_mean, before)
    layer(torch.randn(8, 3) + 5, training=True)
    assert not torch.equal(layer.moving_mean, before)


def test_updates_do_not_run_where_only_shapes_are_asked_for():
    layer = built(Counter())
    layer.compute_output_shape((None, 3))
    keras.build(Stack(layer), torch.ones(2, 3))
    assert layer.count == 1.0


def test_an_update_under_a_mixed_policy_reaches_the_weight():
    """Though `call` reads weights in the compute dtype (seen in tf_keras 2.21)."""
    layer = Counter(dtype="mixed_float16")
    for expected in (1.0, 2.0):
        layer(ONE)
        assert layer.count == expected


class Assigns(keras.Layer):
    """Assigns as layers of Keras 2 did; `pairs` makes the argument of `add_update` of a layer and its inputs."""

    def __init__(self, pairs, **kwargs):
        super().__init__(**kwargs)
        self.pairs = pairs

    def build(self, input_shape):
        self.count = self.add_weight(name="count", shape=(), initializer="zeros", trainable=False)
        self.mean = self.add_weight(name="mean", shape=(input_shape[-1],), initializer="zeros")

    def call(self, inputs):
        self.add_update(self.pairs(self, inputs), inputs)
        return inputs


PAIRS = {
    "one": lambda self, x: (self.count, self.count + 1),
    "a list": lambda self, x: [(self.count, self.count + 1)],
    "a tuple of tuples": lambda self, x: ((self.count, self.count + 1), (self.mean, x)),
    "a dict": lambda self, x: {"count": (self.count, self.count + 1)},
    "beside others": lambda self, x: [None, (self.count, self.count + 1), lambda: self.mean.detach().add_(1), x.sum()],
    "a number": lambda self, x: (self.count, self.count.item() + 1),
    "an array": lambda self, x: (self.count, (self.count + 1).numpy()),
    "a number of numpy": lambda self, x: (self.count, np.float64(self.count.item() + 1)),
    "another dtype": lambda self, x: (self.count, (self.count + 1).double()),
}


@pytest.mark.parametrize("kind", PAIRS)
def test_a_variable_with_its_new_value_is_an_assignment(kind):
    """[29]"""
    layer = Assigns(PAIRS[kind])
    for expected in (1.0, 2.0):
        layer(ONE + 1)
        assert layer.count == expected
        assert layer.count.dtype is torch.float32
    layer.trainable = False
    layer(ONE)
    assert layer.count == 2.0


def test_an_assignment_has_no_gradient_and_keeps_the_parameter():
    layer = Assigns(lambda self, x: (self.mean, 0.5 * self.mean + x.mean(0)))
    x = torch.ones(4, 2, requires_grad=True)
    layer(x)
    kept = layer.mean
    layer(x)
    assert layer.mean is kept
    assert layer.mean.is_leaf
    assert layer.mean.tolist() == [1.5, 1.5]


def test_a_list_of_results_is_no_assignment():
    layer = Assigns(lambda self, x: [self.count.add_(1), self.count + 7])
    layer(ONE)
    assert layer.count == 1.0


def test_the_shapes_of_an_assignment_must_be_the_same():
    layer = Assigns(lambda self, x: (self.mean, x.sum()), name="totals")
    with pytest.raises(
        ValueError, match=r"^totals: add_update: .* the shape of the variable, \(2,\)\. Received: a value"
    ):
        layer(torch.ones(1, 2))


def test_a_symbolic_call_lists_an_assignment_and_a_model_runs_it():
    layer = Assigns(lambda self, x: [(self.mean, x.mean(0)), (self.count, self.count + 1)])
    x = keras.Input((3,))
    model = keras.Model(x, layer(x))
    assert len(model.updates) == 2
    assert len(layer.get_updates_for(x)) == 1
    assert len(layer.get_updates_for(None)) == 1
    assert layer.count == 0
    model(torch.ones(2, 3))
    assert layer.count == 1
    assert layer.mean.tolist() == [1, 1, 1]


def test_an_assignment_to_the_copy_of_a_weight_is_refused():
    layer = Assigns(lambda self, x: (self.count, self.count + 1), name="mixed", dtype="mixed_bfloat16")
    with pytest.raises(ValueError, match=r"^mixed: add_update: under the policy 'mixed_bfloat16', `call` reads copies"):
        layer(ONE)
    layer.pairs = lambda self, x: (self._buffers["count"], self.count + 1)
    layer(ONE)
    assert layer.count == 1


def test_a_compiled_assignment():
    layer = built(Assigns(lambda self, x: (self.count, self.count + 1)), 4, 3)
    torch._dynamo.reset()
    compiled = torch.compile(layer, backend="eager", fullgraph=True)
    before = layer.count.item()
    for _ in range(3):
        compiled(torch.ones(4, 3))
    assert layer.count == before + 3
