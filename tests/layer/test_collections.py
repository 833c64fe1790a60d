"""Which weights does a layer list, in which order? (contract §3.1)"""

from __future__ import annotations

import collections

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.layer.samples import Counter, Linear, Seen, Stack, Statistics, built, names

Pair = collections.namedtuple("Pair", "left right")


class Own(keras.Layer):
    """Four weights of its own, created in the order NT, T, NT, T."""

    def build(self, input_shape):
        for name, trainable in (("n", False), ("w", True), ("m", False), ("v", True)):
            setattr(self, name, self.add_weight(name, (), trainable=trainable))


def test_trainable_weights_come_first():
    """[31]"""
    layer = built(Own())
    assert names(layer) == ["w", "v", "n", "m"]
    assert [id(w) for w in layer.weights] == [id(w) for w in layer.trainable_weights + layer.non_trainable_weights]


def test_all_that_train_come_before_all_others():
    """[31] Depth first, in the order in which attributes were assigned."""
    layer = Own()
    layer.second, layer.first = built(Statistics()), built(Linear(2))
    built(layer)
    trainable = ["w", "v", "second.gamma", "second.beta", "first.kernel", "first.bias"]
    assert names(layer) == [*trainable, "n", "m", "second.mean", "second.variance"]


ALIASES = [
    ("variables", "weights"),
    ("trainable_variables", "trainable_weights"),
    ("non_trainable_variables", "non_trainable_weights"),
]


@pytest.mark.parametrize(("alias", "name"), ALIASES)
def test_aliases(alias, name):
    layer = built(Statistics())
    assert [id(w) for w in getattr(layer, alias)] == [id(w) for w in getattr(layer, name)]
    assert len(getattr(layer, alias)) > 0


def test_the_lists_are_fresh():
    layer = built(Linear(2))
    layer.weights.clear()
    layer.trainable_weights.clear()
    assert len(layer.weights) == len(layer.trainable_weights) == 2


def line(name):
    return built(Linear(1, name=name), 1, 1)


CONTAINERS = [
    ("list", lambda: [line("a"), line("b")], ["held.0.kernel", "held.1.kernel"]),
    ("tuple", lambda: (line("a"), [line("b")]), ["held.0.kernel", "held.1.0.kernel"]),
    ("named tuple", lambda: Pair(line("a"), line("b")), ["held.0.kernel", "held.1.kernel"]),
    ("dict", lambda: {"q": line("a"), "b": line("b")}, ["held.q.kernel", "held.b.kernel"]),
    ("nested", lambda: {"x": [(line("a"), {3: line("b")})]}, ["held.x.0.0.kernel", "held.x.0.1.3.kernel"]),
    ("ordered dict", lambda: collections.OrderedDict(q=line("a"), b=line("b")), ["held.q.kernel", "held.b.kernel"]),
    ("torch", lambda: nn.ModuleList([line("a"), line("b")]), ["held.0.kernel", "held.1.kernel"]),
]


@pytest.mark.parametrize(("make", "keys"), [case[1:] for case in CONTAINERS], ids=[case[0] for case in CONTAINERS])
def test_layers_in_containers_count(make, keys):
    """[31] [52] Dicts in insertion order; all that is listed is also a parameter for torch."""
    layer = built(keras.Layer())
    layer.held = make()
    assert [key for key in names(layer) if key.endswith("kernel")] == keys
    assert len(layer.weights) == len(list(layer.parameters())) == len(layer.state_dict()) == 4


def test_weights_equal_parameters_and_state_for_a_mixed_layer():
    """[52]"""
    layer = built(Own())
    layer.held = [built(Statistics()), {"a": (built(Linear(2)), nn.Linear(2, 2))}]
    layer.shared = layer.held[0]
    everything = [*layer.parameters(), *layer.buffers()]
    assert {id(w) for w in layer.weights} == {id(w) for w in everything}
    assert len(layer.weights) == len(everything) == len(layer.state_dict()) - 4


class Holder:
    def __init__(self, layer):
        self.layer = layer


@pytest.mark.parametrize("value", [Linear, Holder(Linear(2)), {"text": 1}, {1, 2}, "text"])
def test_what_is_not_tracked(value):
    layer = keras.Layer()
    layer.held = value
    assert layer.held is value
    assert layer.weights == list(layer.children()) == []


def test_plain_torch_state_counts_by_requires_grad():
    layer = keras.Layer()
    layer.raw = nn.Parameter(torch.ones(1))
    layer.fixed = nn.Parameter(torch.ones(1), requires_grad=False)
    layer.register_buffer("buffer", torch.ones(1))
    layer.register_buffer("passing", torch.ones(1), persistent=False)
    layer.plain = nn.BatchNorm1d(2)
    assert names(layer)[:3] == ["raw", "plain.weight", "plain.bias"]
    statistics = ["plain.running_mean", "plain.running_var", "plain.num_batches_tracked"]
    assert names(layer)[3:] == ["fixed", "buffer", *statistics]
    layer.fixed.requires_grad_(True)
    assert names(layer)[:2] == ["raw", "fixed"]


def test_a_layer_in_a_plain_module_in_a_layer():
    layer = Stack(nn.Sequential(Linear(2), nn.ReLU(), Statistics()))
    built(layer)
    assert names(layer)[:2] == ["steps.0.0.kernel", "steps.0.0.bias"]
    assert len(layer.weights) == 6


def test_a_shared_layer_counts_once():
    shared = Linear(3)
    layer = Stack(shared, Stack(shared, Linear(3)), shared)
    layer.again = {"x": shared}
    built(layer)
    assert len(layer.weights) == 4
    assert len(list(layer.parameters())) == 4


def test_a_weight_of_two_owners_counts_once_at_its_first_place():
    """`layer.tied = child.kernel`"""
    layer, child = keras.Layer(), built(Linear(2))
    layer.tied, layer.child = child.kernel, child
    assert [id(w) for w in layer.weights] == [id(child.kernel), id(child.bias)]


@pytest.mark.parametrize("collection", ["weights", "losses", "metrics", "submodules", "updates", "dynamic", "stateful"])
def test_a_cycle_ends(collection):
    first, second = built(Linear(2, name="a")), built(Linear(2, name="b"))
    first.other, second.other = second, first
    assert getattr(first, collection) is not None
    assert len(first.weights) == 4


def test_metric_state_is_no_weight():
    layer = built(Linear(2))
    layer.seen = keras.metrics.Mean(name="seen")
    assert len(layer.weights) == len(layer.state_dict()) == 2
    assert [tuple(state.shape) for state in layer.metrics_variables] == [(), ()]


def test_a_dropout_has_no_weights():
    assert built(keras.layers.Dropout(0.5)).weights == []


def test_submodules_are_listed_level_by_level():
    outer = keras.Layer(name="outer")
    outer.z = Stack(Linear(1, name="zq"), name="z")
    outer.a = Seen(name="a")
    outer.steps = [Linear(1, name="l0"), {"k": Linear(1, name="lk")}]
    outer.met = keras.metrics.Mean(name="met")
    outer.plain = nn.ReLU()
    outer.z.back = outer
    known = [getattr(module, "name", "relu") for module in outer.submodules]
    assert isinstance(outer.submodules, tuple)
    assert set(known[:6]) == {"z", "a", "l0", "lk", "met", "relu"}
    assert known[6:] == ["zq"]


def test_submodules_of_the_page():
    a, b, c = keras.Layer(), keras.Layer(), keras.Layer()
    a.b = b
    b.c = c
    assert (list(a.submodules), list(b.submodules), list(c.submodules)) == ([b, c], [c], [])


def test_losses_and_flags_come_in_definition_order():
    """[55] Also at depth 2."""

    class Regularized(Linear):
        def __init__(self, factor):
            super().__init__(1, regularizer=lambda weight: torch.tensor(factor))

    tree = Stack(Stack(Regularized(1.0), Stack(Regularized(2.0), Regularized(3.0))), Regularized(4.0))
    built(tree)
    assert [loss.item() for loss in tree.losses] == [1.0, 2.0, 3.0, 4.0]


def test_stateful_holds_for_the_layers_around():
    outer, inner = Stack(), Counter()
    outer.steps = [inner]
    inner.stateful = True
    assert (outer.stateful, inner.stateful) == (True, True)
    outer.stateful = False
    assert outer.stateful, "the setter is for the layer's own flag"


def test_a_thousand_layers_inside_each_other():
    layer = inner = keras.Layer()
    for _ in range(1000):
        inner.inner = built(Linear(1), 1, 1)
        inner = inner.inner
    assert len(layer.weights) == 2000
    assert len(layer.submodules) == 1000
