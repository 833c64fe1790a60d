"""Do the lesser idioms of nn.Module hold: registration, extra state, buffers that are not saved, loading hooks?"""

from __future__ import annotations

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.honest.samples import Block, Everything, Linear, built, two_layers

X = torch.linspace(-1, 1, 15).reshape(5, 3)


def test_registering_by_hand():
    layer = Linear(2)
    layer.register_parameter("scale", nn.Parameter(torch.ones(2)))
    layer.register_parameter("absent", None)
    layer.register_buffer("seen", torch.zeros(2))
    layer.register_buffer("cache", torch.zeros(7), persistent=False)
    layer.register_buffer("nothing", None)
    layer.add_module("inner", nn.Linear(2, 2))
    layer.register_module("other", Linear(1))
    layer(X)
    assert sorted(layer.state_dict()) == ["bias", "inner.bias", "inner.weight", "kernel", "scale", "seen"]
    assert [tuple(w.shape) for w in layer.trainable_weights] == [(2,), (3, 2), (2,), (2, 2), (2,)]
    assert {tuple(w.shape) for w in layer.non_trainable_weights} == {(2,)}
    assert layer.absent is None
    assert layer.nothing is None


def test_parameters_and_modules_set_to_none_and_deleted():
    layer = built(Linear(2))
    layer.bias = None
    assert layer.bias is None
    assert list(layer.state_dict()) == ["kernel"]
    layer.bias = nn.Parameter(torch.ones(2))
    assert torch.allclose(layer(X), X @ layer.kernel + 1)
    del layer.bias
    with pytest.raises(AttributeError, match="linear.*no attribute 'bias'"):
        _ = layer.bias


def test_parameter_lists_and_dicts_of_torch():
    class Holds(keras.Layer):
        def __init__(self):
            super().__init__()
            self.many = nn.ParameterList([torch.ones(3), torch.zeros(3)])
            self.named = nn.ParameterDict({"scale": torch.full((3,), 2.0)})

        def call(self, inputs):
            return inputs * self.many[0] * self.named["scale"] + self.many[1]

    layer = Holds()
    assert torch.equal(layer(X), 2 * X)
    assert list(layer.state_dict()) == ["many.0", "many.1", "named.scale"]
    assert len(layer.trainable_weights) == 3


def test_extra_state():
    class Remembers(Linear):
        steps = 0

        def get_extra_state(self):
            return {"steps": self.steps}

        def set_extra_state(self, state):
            self.steps = state["steps"]

    layer, fresh = built(Remembers()), Remembers()
    layer.steps = 7
    fresh.load_state_dict(layer.state_dict())
    assert fresh.steps == 7
    assert torch.equal(fresh(X), layer(X))


def test_a_loading_hook_that_renames_keys_serves_an_unbuilt_layer():
    def rename(module, state_dict, prefix, *_):
        for old, new in (("weight", "kernel"), ("offset", "bias")):
            if f"{prefix}{old}" in state_dict:
                state_dict[f"{prefix}{new}"] = state_dict.pop(f"{prefix}{old}")

    trained, fresh = built(Linear(2)), nn.Sequential(Linear(2))
    entries = nn.Sequential(trained).state_dict()
    entries["0.weight"], entries["0.offset"] = entries.pop("0.kernel"), entries.pop("0.bias")
    fresh[0].register_load_state_dict_pre_hook(rename)
    fresh.load_state_dict(entries)
    assert torch.equal(fresh(X), trained(X))


def test_hooks_after_loading_see_incompatible_keys():
    seen, fresh = [], two_layers()
    fresh[0].register_load_state_dict_post_hook(lambda module, keys: seen.append(list(keys.missing_keys)))
    entries = built(two_layers()).state_dict()
    del entries["0.bias"]
    fresh.load_state_dict(entries, strict=False)
    assert seen == [["0.bias"]]


def test_swapping_parameters_on_conversion():
    torch.__future__.set_swap_module_params_on_conversion(True)
    try:
        for model in (two_layers(), built(two_layers())):
            model.double()
            assert model(X.double()).dtype is torch.float64
            model.load_state_dict(built(two_layers()).state_dict())
            assert model[0].kernel.dtype is torch.float64
    finally:
        torch.__future__.set_swap_module_params_on_conversion(False)


def test_overwriting_parameters_on_conversion():
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    try:
        model = built(two_layers())
        model.double()
        assert model(X.double()).dtype is torch.float64
        assert len(model[0].trainable_weights) == 2
    finally:
        torch.__future__.set_overwrite_module_params_on_conversion(False)


def test_lists_on_attributes_stay_lists_for_who_reads_them():
    block = Block()
    assert len(block.steps) == 2
    assert block.steps[-1] is list(block.steps)[1]
    assert [type(step) for step in block.steps[:1]] == [Linear]
    block.steps.append(Linear(3))
    block.steps += [Linear(3)]
    assert [name for name, _ in block.steps.named_children()] == ["0", "1", "2", "3"]
    assert block.steps.pop() is not block.steps[0]
    assert set(block.branches) == {"left", "right"}
    assert dict(block.branches)["left"] is block.branches["left"]
    first, second = block.ends
    assert second is block.ends[1]


def test_layers_can_be_set_keys_and_are_compared_by_identity():
    one, other = Linear(2, name="same"), Linear(2, name="same")
    assert len({one, other, one}) == 2
    assert one != other
    assert [one, other].index(other) == 1
    held = Block().steps
    assert len({held}) == 1


def test_forward_can_be_called_as_torch_has_it():
    layer = built(Linear(2))
    assert torch.equal(layer.forward(X), layer(X))
    assert torch.equal(layer.__call__(X), layer(X))


def test_a_whole_model_prints_as_torchs_do():
    text = repr(nn.Sequential(nn.Linear(3, 4), Everything()))
    assert text.splitlines()[1] == "  (0): Linear(in_features=3, out_features=4, bias=True)"
    assert "(1): Everything(" in text
    assert "(first): Regularized(" in text
