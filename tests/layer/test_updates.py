"""When does an update run? (contract §3.7)"""

from __future__ import annotations

import warnings

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
