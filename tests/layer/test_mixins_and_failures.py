"""Do layers take mixins before them, and does what goes wrong leave nothing changed?"""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import pytest
import torch
from torch._dynamo.testing import CompileCounter

import torchkeras_layer as keras
from torchkeras_layer import layers as L

X = torch.ones(1, 3)


class Saveable(keras.Layer):
    """A mixin of the user's, itself a layer."""


def test_a_mixin_before_a_model():
    class Net(Saveable, keras.Model):
        def __init__(self):
            super().__init__()
            self.head = L.Dense(2)

        def call(self, x):
            return self.head(x)

    assert Net()(X).shape == (1, 2)


def test_a_mixin_before_a_sequential():
    class Chain(Saveable, keras.Sequential):
        pass

    assert Chain([keras.Input((3,)), L.Masking(), L.Dense(2)])(X).shape == (1, 2)


@pytest.mark.parametrize("base", [L.Add, L.Dense, L.LSTM, L.BatchNormalization, L.GlobalAveragePooling1D])
def test_a_mixin_changes_nothing_that_is_known_of_a_built_in_layer(base):
    mixed: Any = type(base.__name__, (Saveable, base), {})
    facts, plain = mixed._torchkeras_facts, base._torchkeras_facts
    for name in ("creates_weights", "defines_mask", "only_merges_masks", "adds_losses", "adds_updates", "declared"):
        assert getattr(facts, name) == getattr(plain, name)


def test_what_a_mixin_declares_counts():
    class Masked(keras.Layer):
        supports_masking = True

    class Both(Masked, L.Flatten):
        pass

    assert Both().supports_masking
    assert not L.Flatten().supports_masking


def test_options_of_the_users_own_class_statement_are_the_users():
    seen = {}

    class Registers:
        def __init_subclass__(cls, adds_losses=None, **kwargs):
            super().__init_subclass__(**kwargs)
            seen["adds_losses"] = adds_losses

    class Own(keras.Layer, Registers, adds_losses="mine"):  # type: ignore[call-arg]
        def call(self, inputs):
            return inputs

    assert seen == {"adds_losses": "mine"}
    assert Own()(X).shape == (1, 3)


class Fails(keras.Layer):
    """A layer that holds a chain, and fails in its call once."""

    def __init__(self) -> None:
        super().__init__()
        self.chain = keras.Sequential([L.Dense(2)])
        self.fails = True

    def call(self, x: torch.Tensor) -> torch.Tensor:
        outputs = self.chain(x)
        if self.fails:
            raise RuntimeError("once")
        return outputs


def test_a_chain_in_a_build_that_fails_stays_as_it_was():
    layer = Fails()
    with pytest.raises(RuntimeError, match="once"):
        keras.build(layer, X)
    assert layer.chain.get_build_config() is None
    assert not hasattr(layer.chain, "output_shape")
    assert not copy.deepcopy(layer.chain).built
    layer.chain.build((None, 5))
    assert layer.chain.layers[0].kernel.shape == (5, 2)


def test_the_weights_of_a_constructor_that_do_not_fit_leave_a_chain_unbuilt():
    chain = keras.Sequential([L.Dense(2)], weights=[[1.0]])
    with pytest.raises(ValueError, match="expected 2 arrays"):
        chain.build((None, 3))
    assert (chain.built, chain.get_build_config()) == (False, None)


def test_a_call_may_take_its_inputs_apart():
    """The dict or list is the layer's own: the caller's stays as it was, as in Keras."""

    class Pops(keras.Model):
        def call(self, batch):
            return batch.pop("labels") + batch["x"]

    batch, model = {"x": X, "labels": X}, Pops()
    for _ in range(3):
        assert model(batch).tolist() == [[2.0, 2.0, 2.0]]
    assert list(batch) == ["x", "labels"]


def test_a_nested_list_is_the_layers_own_too():
    class Takes(keras.Layer):
        def call(self, inputs):
            return inputs["pair"].pop() + inputs["pair"][0]

    pair = [X, X]
    Takes()({"pair": pair})
    assert len(pair) == 2


def test_what_a_replica_finds_out_stays_with_it():
    chain = keras.Sequential([L.Dense(2)])
    chain.layers[0].build((None, 3))
    replica = chain._replicate_for_data_parallel()
    replica._modules = {"0": copy.copy(chain.layers[0])}
    replica(X)
    assert chain.get_build_config() is None


def test_a_build_config_of_a_copy_is_its_own():
    layer = L.Dense(2)
    layer.build((None, 3))
    copy.deepcopy(layer).get_build_config()["input_shape"] = (1, 1)
    assert layer.get_build_config() == {"input_shape": (None, 3)}


def test_a_layer_that_is_not_made_says_so_in_the_users_words():
    class Early(keras.Layer):
        def __init__(self):
            self.add_weight("w", (2,))

    with pytest.raises(RuntimeError, match=r"Early: call super\(\).__init__\(\).*Until then, a layer cannot be used"):
        Early()


def test_nodes_are_read_and_emptied_by_keras_s_name():
    layer = L.Dense(2)
    layer(keras.Input((3,)))
    assert layer._inbound_nodes == layer.inbound_nodes
    layer._inbound_nodes = []
    assert layer.inbound_nodes == []


@pytest.mark.parametrize("way", ["called", "built"])
def test_a_chain_without_an_input_casts_as_any_layer(way):
    chain = keras.Sequential([torch.nn.Linear(3, 2)])
    chain(X) if way == "called" else chain.build((None, 3))
    for _ in range(2):
        assert chain(X.double().numpy()).dtype is torch.float32
        assert chain(X.double(), training=False).dtype is torch.float32


def test_dicts_of_classes_of_their_own_are_rebuilt_entry_by_entry():
    class Fixed(dict):
        def update(self, *args):
            raise TypeError("cannot update")

    class Takes(keras.Layer):
        def call(self, inputs):
            return inputs["a"]

    assert Takes()(Fixed(a=X.double())).dtype is torch.float32
    assert Takes()(Counter({"a": X.double()})).dtype is torch.float32


def test_the_name_of_an_input_spec_counts_for_a_dict_of_one():
    layer = keras.Layer()
    layer.input_spec = keras.InputSpec(shape=(None, 3), name="x")
    layer({"x": X})
    with pytest.raises(ValueError, match="no input 'x'"):
        layer({"z": X})


def test_constructors_may_run_twice_or_in_each_others_place():
    class Twice(keras.Sequential):
        def __init__(self):
            super().__init__([L.Dense(2)])
            keras.Model.__init__(self)

    class Short(keras.Model):
        def __init__(self):
            keras.Layer.__init__(self)
            self.head = L.Dense(2)

        def call(self, inputs):
            return self.head(inputs)

    inputs = keras.Input((3,))
    functional = keras.Model(inputs, L.Dense(2)(inputs))
    keras.Layer.__init__(functional)
    for model in (Twice(), Short(), functional):
        assert model(X).shape == (1, 2)
        assert len(model.state_dict()) == 2
        assert len(model.layers) in (1, 2)


def test_a_mixed_policy_compiles_once_for_both_modes():
    counter = CompileCounter()
    layer = L.Dense(2, dtype="mixed_bfloat16")
    layer(X)
    compiled = torch.compile(layer, backend=counter)
    compiled(X)
    layer.eval()
    compiled(X)
    assert counter.frame_count == 1
