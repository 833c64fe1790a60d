"""Which losses and metrics can be added to a model, and when are they computed? (contract §6.3)"""

from __future__ import annotations

import copy

import pytest
import torch

import torchkeras_layer as keras
from tests.layer.samples import numbers
from tests.models.samples import Penalty, names_of
from torchkeras_layer.layers import BatchNormalization, Dense
from torchkeras_layer.symbolic import is_symbolic

ONES = torch.ones(2, 3)


def model_with_hidden(units=4):
    x = keras.Input((3,), name="x")
    hidden = keras.layers.Dense(units, kernel_initializer="ones", name="hidden")(x)
    return keras.Model(x, keras.layers.Dense(2, name="head")(hidden), name="model"), hidden


def test_a_symbolic_loss_is_computed_in_each_call():
    """[49]"""
    model, hidden = model_with_hidden()
    model.add_loss(hidden.mean())
    assert len(model.losses) <= 1
    for factor in (1.0, 2.0):
        for _ in range(2):
            model(factor * ONES)
            assert numbers(model.losses) == [3.0 * factor]
    model.losses[0].backward()
    assert model.get_layer("hidden").kernel.grad is not None
    assert model.get_layer("head").kernel.grad is None


def test_what_computes_the_loss_joins_the_layers():
    model, hidden = model_with_hidden()
    before = names_of(model)
    model.add_loss(torch.mean(hidden))
    assert set(names_of(model)) == {*before, "mean", "add_loss"}
    assert len(model.weights) == 4
    assert list(model.state_dict()) == ["hidden.kernel", "hidden.bias", "head.kernel", "head.bias"]


def test_layers_behind_the_outputs_join_with_their_weights():
    model, _ = model_with_hidden()
    extra = keras.layers.Dense(1, kernel_initializer="ones", name="extra")
    model.add_loss(extra(model.output).sum())
    assert model.get_layer("extra") is extra
    assert len(model.weights) == 6
    assert "extra.kernel" in model.state_dict()
    outputs = model(ONES)
    torch.testing.assert_close(model.losses[0], outputs.sum())


def test_several_losses():
    model, hidden = model_with_hidden()
    model.add_loss([hidden.mean(), hidden.sum() * 0.5])
    model.add_loss(lambda: torch.tensor(7.0))
    model(ONES)
    assert sorted(numbers(model.losses)) == [3.0, 7.0, 12.0]


def test_a_callable_follows_the_weights():
    model, _ = model_with_hidden()
    kernel = model.get_layer("hidden").kernel
    model.add_loss(lambda: kernel.sum())
    assert numbers(model.losses) == [12.0]
    with torch.no_grad():
        kernel.zero_()
    assert numbers(model.losses) == [0.0]


def test_losses_of_layers_and_regularizers_are_there_too():
    x = keras.Input((3,))
    dense = keras.layers.Dense(2, kernel_initializer="ones", kernel_regularizer=keras.regularizers.L2(1.0))
    model = keras.Model(x, dense(Penalty()(x)))
    model.add_loss(model.output.sum())
    model(2 * ONES)
    assert sorted(numbers(model.losses)) == [2.0, 6.0, 24.0]


def test_the_loss_of_a_nested_model_counts_once_a_call():
    inner, hidden = model_with_hidden()
    inner.add_loss(hidden.mean())
    x = keras.Input((3,))
    outer = keras.Model(x, inner(x) + inner(2 * x))
    for _ in range(2):
        outer(ONES)
        assert sorted(numbers(outer.losses)) == [3.0, 6.0]
    inner(ONES)
    assert numbers(inner.losses) == [3.0]


def test_the_loss_of_a_part_stays_with_the_part():
    """A model over inner tensors of another one has its layers, not what was added to that one."""
    model, hidden = model_with_hidden()
    model.add_loss(hidden.mean())
    features = keras.Model(model.input, hidden)
    features(ONES)
    assert features.losses == []


def test_a_sequential_model():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, kernel_initializer="ones")])
    model.add_loss(model.output.mean())
    for factor in (1.0, 2.0):
        model(factor * ONES)
        assert numbers(model.losses) == [3.0 * factor]


def test_a_symbolic_loss_inside_a_symbolic_call_of_the_model():
    model, hidden = model_with_hidden()
    model.add_loss(hidden.mean())
    z = keras.Input((3,), name="z")
    model(z)
    (loss,) = model.get_losses_for(z)
    assert keras.backend.is_keras_tensor(loss)


def test_copies_have_losses_of_their_own():
    model, hidden = model_with_hidden()
    model.add_loss(hidden.mean())
    other = copy.deepcopy(model)
    with torch.no_grad():
        other.get_layer("hidden").kernel.zero_()
    model(ONES)
    other(ONES)
    assert (numbers(model.losses), numbers(other.losses)) == ([3.0], [0.0])


def test_a_symbolic_metric_is_a_running_mean():
    model, hidden = model_with_hidden()
    model.add_metric(hidden.mean(), aggregation="mean", name="level")
    assert [metric.name for metric in model.metrics] == ["level"]
    assert "add_metric" in names_of(model)
    model(ONES)
    model(3 * ONES)
    assert model.metrics[0].result() == 6.0
    model.metrics[0].reset_state()
    model(ONES)
    assert model.metrics[0].result() == 3.0
    assert len(model.weights) == 4


def test_symbolic_calls_leave_metrics_and_losses_alone():
    model, hidden = model_with_hidden()
    model.add_loss(hidden.mean())
    model.add_metric(hidden.mean(), name="level")
    model(ONES)
    model(keras.Input((3,)))
    assert numbers(model.losses) == [3.0]
    assert model.metrics[0].result() == 3.0


def test_training_with_added_losses():
    model, hidden = model_with_hidden()
    model.add_loss((hidden**2).mean())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    seen = []
    for _ in range(20):
        optimizer.zero_grad()
        outputs = model(ONES)
        loss = (outputs**2).mean() + sum(model.losses)
        loss.backward()
        optimizer.step()
        seen.append(loss.item())
    assert seen[-1] < 0.5 * seen[0]


def test_losses_of_a_layer_inside_a_called_model_are_real():
    dense, x = Dense(2, activity_regularizer="l2"), keras.Input((3,))
    model = keras.Model(x, dense(x))
    assert all(map(is_symbolic, dense.losses))
    assert dense.losses
    model(ONES)
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


def test_two_metrics_of_one_name():
    x = keras.Input((3,))
    model = keras.Model(x, Dense(2)(x))
    model.add_metric(x.mean(), name="q")
    with pytest.raises(ValueError, match="there already is a metric of this name. Received: name='q'"):
        model.add_metric(x.sum(), name="q")
