"""Are the symbolic losses and updates of a model read off its graph: each once, and without running layers again?"""

from __future__ import annotations

import copy
import functools

import pytest
import torch

import torchkeras_layer as keras
from torchkeras_layer.layer import symbolic_calls
from torchkeras_layer.models import graphs

L = keras.layers


class Adds(keras.Layer):
    """Adds a loss of its inputs, one that depends on nothing, and an update; counts how often its `call` runs."""

    runs = 0

    def build(self, input_shape):
        self.seen = self.add_weight("seen", (), initializer="zeros", trainable=False)

    def call(self, inputs):
        type(self).runs += 1
        self.add_loss(inputs.mean(), inputs=inputs)
        self.add_loss(torch.ones(()))
        self.add_update(lambda: self.seen.add_(1))
        return inputs * 1


def sparse(units=3, **kwargs):
    return L.Dense(units, activity_regularizer="l1", **kwargs)


def nested(depth, make=sparse):
    x = keras.Input((3,))
    model = keras.Model(x, make()(x))
    for _ in range(depth):
        x = keras.Input((3,))
        model = keras.Model(x, make()(model(x)))
    return model


def counts(model, *inputs):
    return [len(model.losses), *(len(model.get_losses_for(x)) for x in inputs)]


@pytest.fixture
def no_runs(monkeypatch):
    """Refuse that a layer is run on tensors without data."""

    def refuse(layer, *_):
        raise AssertionError(f"{layer.name} was run again")

    def refuse_all():
        monkeypatch.setattr(symbolic_calls, "_run_symbolically", refuse)

    return refuse_all


def _chain(layers):
    x = y = keras.Input((3, 4))
    for layer in layers:
        y = layer(y)
    return keras.Model(x, y)


def _attention():
    x = keras.Input((3, 4))
    return keras.Model(x, L.MultiHeadAttention(2, 4)(x, x))


KNOWN = {
    "normalizations": (lambda: _chain([L.BatchNormalization() for _ in range(5)]), 0),
    "activity": (lambda: _chain([sparse(activation="relu"), L.LSTM(2, activity_regularizer="l2")]), 2),
    "attention": (_attention, 0),
    "recurrent": (lambda: _chain([L.RNN([L.GRUCell(2), L.LSTMCell(3)], return_sequences=True)]), 0),
    "both directions": (lambda: _chain([L.Bidirectional(L.LSTM(2, kernel_regularizer="l2"))]), 2),
    "functional": (lambda: nested(4), 5),
    "of layers that add losses": (lambda: nested(4, Adds), 10),
    "sequential": (lambda: keras.Sequential([keras.Input((3,)), keras.Sequential([sparse(), sparse()]), sparse()]), 3),
}


@pytest.mark.parametrize("kind", KNOWN)
def test_the_first_read_runs_nothing(kind, no_runs):
    make, count = KNOWN[kind]
    model = make()
    no_runs()
    assert len(model.losses) == count


UPDATES = {
    "normalizations": (lambda: _chain([L.BatchNormalization() for _ in range(5)]), 10, 10),
    "averages": (lambda: _chain([L.BatchNormalization(momentum=None)]), 3, 2),
    "of a kernel": (lambda: _chain([L.SpectralNormalization(L.Dense(4)), L.BatchNormalization()]), 3, 2),
    "in inference": (lambda: _chain([functools.partial(L.BatchNormalization(), training=False)]), 0, 0),
    "none": (lambda: _chain([L.LSTM(2, return_sequences=True), L.Dense(2), L.Dropout(0.5)]), 0, 0),
}


@pytest.mark.parametrize("kind", UPDATES)
def test_the_first_read_of_updates_runs_nothing(kind, no_runs):
    make, count, of_inputs = UPDATES[kind]
    model = make()
    no_runs()
    assert (len(model.updates), len(model.get_updates_for(model.input))) == (count, of_inputs)


def test_updates_of_a_layer_that_was_frozen_at_the_first_read_are_there_later():
    model = _chain([L.BatchNormalization()])
    model.trainable = False
    assert model.updates == []
    model.trainable = True
    assert len(model.updates) == 2


def test_an_update_that_needs_no_inputs_can_be_run():
    layer = L.SpectralNormalization(L.Dense(1, kernel_initializer="ones"), power_iterations=9)
    layer(keras.Input((2,)))
    [update] = layer.updates
    update()
    torch.testing.assert_close(layer.kernel, torch.full((2, 1), 0.5**0.5))


def test_a_subclass_with_statistics_of_its_own_is_run():
    class Counting(L.BatchNormalization):
        def _calculate_mean_and_var(self, *args):
            self.add_update(lambda: None)
            return super()._calculate_mean_and_var(*args)

    assert len(_chain([Counting()]).updates) == 3


def test_a_read_walks_the_graph_as_often_for_many_layers_as_for_few(monkeypatch):
    walks = []
    walk = graphs.nodes_between
    monkeypatch.setattr(graphs, "nodes_between", lambda *ends: walks.append(1) or walk(*ends))
    counts = []
    for number in (2, 20):
        x = y = keras.Input((4,))
        for _ in range(number):
            y = keras.layers.BatchNormalization(beta_regularizer="l2")(y)
        model = keras.Model(x, y)
        walks.clear()
        assert len(model.losses) == number
        counts.append(len(walks))
    assert counts[0] == counts[1]


def test_layers_that_add_losses_run_once_for_each_symbolic_call():
    Adds.runs = 0
    model = nested(6, Adds)
    runs = Adds.runs
    assert counts(model, model.input, None) == [14, 7, 7]
    assert len(model.updates) == len(model.get_updates_for(None)) == 7
    assert Adds.runs == runs


@pytest.mark.parametrize("kind", ["functional", "sequential", "of layers that add losses"])
def test_symbolic_losses_are_those_of_a_call(kind):
    make, count = KNOWN[kind]
    model = make()
    assert len(model.losses) == count
    model(torch.ones(2, 3))
    assert len(model.losses) == count


def test_each_input_has_the_losses_that_are_computed_from_it():
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    inner = keras.Model({"a": a, "b": b}, [sparse()(a), sparse()(sparse()(b))])
    x, y, z = (keras.Input((3,)) for _ in range(3))
    outer = keras.Model([x, y, z], inner({"a": x, "b": y + z}))
    assert counts(outer, x, y, z, [x, y]) == [3, 1, 2, 2, 3]
    assert counts(inner, a, b, x, y) == [3, 1, 2, 1, 2]


def test_a_model_that_is_called_twice_has_its_losses_twice():
    inner = nested(1)
    x, y = keras.Input((3,)), keras.Input((3,))
    outer = keras.Model([x, y], [inner(x), inner(inner(y))])
    assert counts(outer, x, y) == [6, 2, 4]
    assert counts(inner, x, y) == [2, 2, 4]


def test_a_loss_that_was_added_to_a_model_inside_counts_once():
    inner = nested(1)
    inner.add_loss(inner.output.mean())
    x = keras.Input((3,))
    outer = keras.Model(x, inner(x))
    assert counts(outer, x) == [3, 3]


def test_updates_of_a_model_inside_count_once():
    x = keras.Input((3,))
    inner = keras.Model(x, L.BatchNormalization()(x))
    y = keras.Input((3,))
    outer = keras.Model(y, L.BatchNormalization()(inner(y)))
    assert len(outer.updates) == len(outer.get_updates_for(y)) == 4
    assert len(inner.updates) == 2
    inner.trainable = False
    assert len(outer.updates) == 2


def test_a_call_in_inference_mode_has_no_updates():
    inner = _chain([L.BatchNormalization()])
    x = keras.Input((3, 4))
    outer = keras.Model(x, inner(x, training=False))
    assert outer.updates == []
    assert len(inner.updates) == 2


def test_models_in_evaluation_mode_have_the_same_losses():
    x = keras.Input((3,))
    layer = Adds().eval()
    inner = keras.Model(x, layer(x)).eval()
    y = keras.Input((3,))
    outer = keras.Model(y, inner(y))
    assert counts(outer, y) == [2, 1]


@pytest.mark.parametrize("make_again", [copy.deepcopy, keras.models.clone_model])
def test_copies(make_again):
    model = nested(3, Adds)
    other = make_again(model)
    assert counts(other, other.input, model.input) == [8, 4, 0]
    assert len(other.updates) == 4
    assert {id(loss) for loss in other.losses}.isdisjoint(id(loss) for loss in model.losses)


def test_a_layer_in_another_ones_place_is_run():
    inner = nested(0)
    inner.dense = Adds()
    x = keras.Input((3,))
    outer = keras.Model(x, inner(x))
    assert counts(outer, x) == [2, 1]


def test_a_call_of_ones_own_is_run():
    class Own(keras.Model):
        def call(self, inputs):
            self.add_loss(inputs.sum(), inputs=inputs)
            return super().call(inputs)

    x = keras.Input((3,))
    own = Own(x, sparse()(x))
    y = keras.Input((3,))
    assert counts(keras.Model(y, own(y)), y) == [2, 2]


def test_a_real_tensor_among_the_inputs():
    a, b = keras.Input((3,)), keras.Input((3,))
    inner = keras.Model([a, b], [sparse()(a), sparse()(b)])
    x = keras.Input((3,))
    outer = keras.Model(x, inner([x, torch.ones(1, 3)]))
    assert counts(outer, x) == [2, 1]


def test_other_sizes_than_those_of_the_model():
    x = keras.Input((None, 3))
    inner = keras.Model(x, sparse()(x))
    y = keras.Input((5, 3))
    assert counts(keras.Model(y, inner(y)), y) == [1, 1]


def test_a_loss_of_the_activity_has_the_dtype_of_the_output():
    x = keras.Input((3,))
    for layer in (sparse(dtype="float64"), L.Dense(2, activity_regularizer=lambda y: y.float().sum(), dtype="float64")):
        layer(x)
        (loss,) = layer.losses
        assert loss.shape == ()
        assert loss.dtype == (torch.float64 if layer.units == 3 else torch.float32)


def test_a_regularizer_of_ones_own_is_asked_for_the_dtype():
    class Own(keras.regularizers.Regularizer):
        def __call__(self, x):
            return x.double().abs().sum()

    layer, x = L.Dense(2, activity_regularizer=Own()), keras.Input((3,))
    layer(x)
    assert layer.losses[0].dtype == torch.float64
