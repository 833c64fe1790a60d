"""Do saving and loading go as for any torch module, into built and into unbuilt layers?"""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.honest.samples import (
    Block,
    Everything,
    Linear,
    Mixed,
    Normalization,
    WeightsInContainers,
    built,
    two_layers,
)
from torchkeras_layer import build

X = torch.linspace(-1, 1, 15).reshape(5, 3)


def _kinds():
    return pytest.mark.parametrize(
        "make",
        [
            two_layers,
            Block,
            WeightsInContainers,
            Everything,
            Mixed,
            lambda: nn.ModuleDict({"a": Linear(2)})["a"],
            lambda: nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), Normalization(), Linear(1)),
        ],
        ids=["sequential", "block", "containers", "everything", "mixed", "dict", "beside_torch"],
    )


def _same(one: nn.Module, other: nn.Module) -> bool:
    return torch.equal(one.eval()(X), other.eval()(X))


@_kinds()
def test_into_an_unbuilt_model_through_a_file_with_weights_only(make, tmp_path):
    trained, fresh = built(make()), make()
    torch.save(trained.state_dict(), tmp_path / "weights.pt")
    result = fresh.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    assert result.missing_keys == result.unexpected_keys == []
    assert list(fresh.state_dict()) == list(trained.state_dict())
    assert all(layer.built for layer in fresh.modules() if hasattr(layer, "built"))
    assert _same(trained, fresh)


@_kinds()
@pytest.mark.parametrize("assign", [False, True])
def test_into_a_built_model(make, assign):
    trained, fresh = built(make()), built(make())
    before = dict(fresh.named_parameters())
    fresh.load_state_dict(trained.state_dict(), assign=assign)
    assert _same(trained, fresh)
    assert all((before[name] is value) is not assign for name, value in fresh.named_parameters())


@_kinds()
def test_keys_are_attribute_paths(make):
    model = built(make())
    for key, value in model.state_dict(keep_vars=True).items():
        assert _walk(model, key) is value
    names = [name for name, _ in [*model.named_parameters(), *model.named_buffers()]]
    assert set(model.state_dict()) <= set(names)
    assert len(names) == len(set(names))


def _walk(module, key):
    for step in key.split("."):
        if isinstance(module, nn.Module) and hasattr(module, step):
            module = getattr(module, step)
        else:
            module = module[int(step)] if step.isdigit() else module[step]
    return module


def test_keys_of_nested_containers():
    class Deep(Linear):
        def __init__(self):
            super().__init__(2)
            self.layers = [[Linear(1), None], {"a": (Linear(1),), "b.c": Linear(1)}, "text"]

        def build(self, input_shape):
            super().build(input_shape)
            self.weights_inside = {"deep": [self.add_weight("w", (2,)), 7]}

        def call(self, inputs):
            (first, _), branches, _ = self.layers
            return first(inputs) + branches["a"][0](inputs) + branches["b.c"](inputs)

    layer = built(Deep())
    assert sorted(layer.state_dict()) == [
        "bias",
        "kernel",
        "layers.0.0.bias",
        "layers.0.0.kernel",
        "layers.1.a.0.bias",
        "layers.1.a.0.kernel",
        "layers.1.b_c.bias",
        "layers.1.b_c.kernel",
        "weights_inside.deep.0",
    ]
    fresh = Deep()
    fresh.load_state_dict(layer.state_dict())
    assert _same(layer, fresh)


def test_assign_keeps_the_collections_true():
    trained, fresh = built(WeightsInContainers()), built(WeightsInContainers())
    loaded = trained.state_dict(keep_vars=True)
    fresh.load_state_dict(loaded, assign=True)
    assert {id(w) for w in fresh.weights} == {id(w) for w in loaded.values()}
    assert fresh.kernels[0] is loaded["kernels.0"]


def test_assign_into_an_unbuilt_model():
    trained, fresh = built(two_layers()), two_layers()
    fresh.load_state_dict(trained.state_dict(), assign=True)
    assert fresh[0].kernel.data_ptr() == trained[0].kernel.data_ptr()
    assert _same(trained, fresh)


def test_assign_from_meta_and_to_meta():
    trained = built(two_layers())
    with torch.device("meta"):
        fresh = build(two_layers(), torch.empty(5, 3))
    assert all(p.is_meta for p in fresh.parameters())
    fresh.load_state_dict(trained.state_dict(), assign=True)
    assert _same(trained, fresh)


@pytest.mark.parametrize("is_built", [True, False])
def test_strict_names_missing_and_unexpected_keys(is_built):
    trained, fresh = built(two_layers()), two_layers()
    entries = trained.state_dict()
    entries["2.extra"] = entries.pop("2.bias")
    if is_built:
        built(fresh)
    with pytest.raises(RuntimeError, match=r'(?s)Missing key.*"2\.bias".*Unexpected key.*"2\.extra"'):
        fresh.load_state_dict(entries)


def test_not_strict_loads_what_fits():
    trained, fresh = built(two_layers()), two_layers()
    entries = trained.state_dict()
    entries["2.extra"] = entries.pop("2.bias")
    result = fresh.load_state_dict(entries, strict=False)
    assert result.missing_keys == ["2.bias"]
    assert result.unexpected_keys == ["2.extra"]
    assert torch.equal(fresh[2].kernel, trained[2].kernel)


def test_part_of_a_model_not_strict():
    trained, fresh = built(two_layers()), two_layers()
    entries = trained.state_dict()
    del entries["0.kernel"], entries["0.bias"]
    result = fresh.load_state_dict(entries, strict=False)
    assert result.missing_keys == ["0.kernel", "0.bias"]
    assert not result.unexpected_keys
    assert torch.equal(fresh[2].kernel, trained[2].kernel)


def test_wrong_shapes_name_the_key_and_change_nothing():
    fresh, other = built(two_layers()), built(two_layers(), 5, 7)
    before = fresh[0].kernel.detach().clone()
    with pytest.raises(RuntimeError, match=r"(?s)size mismatch for 0\.kernel.*\[7, 4\].*\[3, 4\]"):
        fresh.load_state_dict(other.state_dict())
    assert torch.equal(fresh[0].kernel, before)


def test_saved_shapes_that_a_layer_cannot_be_built_for():
    trained, fresh = built(two_layers()), nn.Sequential(Linear(9), nn.Tanh(), Linear(1))
    message = r"linear_2: cannot be built from the saved shapes.*0\.kernel has shape \(3, 9\), received \(3, 4\)"
    with pytest.raises(RuntimeError, match=message):
        fresh.load_state_dict(trained.state_dict())
    assert not fresh[0].built
    assert built(fresh[0]).kernel.shape == (3, 9)


def test_an_unbuilt_model_without_metadata_says_what_to_do():
    plain = {key: value.clone() for key, value in built(two_layers()).state_dict().items()}
    with pytest.raises(RuntimeError, match=r"(?s)linear_\d: is not built.*torchkeras_layer\.build\(model, "):
        two_layers().load_state_dict(plain)
    fresh = build(two_layers(), X)
    fresh.load_state_dict(plain)
    assert torch.equal(fresh[0].kernel, plain["0.kernel"])


def test_an_unbuilt_model_saves_and_loads_nothing():
    unbuilt = two_layers()
    assert unbuilt.state_dict() == {}
    fresh = two_layers()
    fresh.load_state_dict(unbuilt.state_dict())
    assert not fresh[0].built
    assert built(fresh)(X).shape == (5, 1)


@pytest.mark.parametrize("config", [{"input_shape": "rm -rf"}, {"input_shape": [None]}, 3, {"other": 1}])
def test_metadata_of_another_kind_is_an_error_and_never_runs(config):
    entries = built(two_layers()).state_dict()
    entries._metadata["0"] = {"build_config": config}
    with pytest.raises(RuntimeError, match="linear_2: cannot be built from the saved shapes"):
        two_layers().load_state_dict(entries)


def test_frozen_state_is_not_saved_and_not_lost():
    trained, fresh = built(two_layers()), two_layers()
    fresh[0].trainable = False
    fresh.load_state_dict(trained.state_dict())
    assert [p.requires_grad for p in fresh.parameters()] == [False, False, True, True]


def test_state_dict_hooks_and_prefix():
    model, seen = built(two_layers()), []
    model[0].register_state_dict_post_hook(lambda *args: seen.append(args[2]))
    assert list(model.state_dict(prefix="all.")) == ["all.0.kernel", "all.0.bias", "all.2.kernel", "all.2.bias"]
    assert seen == ["all.0."]


def test_a_parameter_shared_by_two_layers_is_saved_twice_and_stays_one():
    class Tied(Linear):
        def __init__(self):
            super().__init__(3)
            self.inner = Linear(3)

        def call(self, inputs):
            return self.inner(super().call(inputs))

    layer = built(Tied())
    layer.inner.kernel = layer.kernel
    assert len(list(layer.parameters())) == 3
    assert {"kernel", "inner.kernel"} <= set(layer.state_dict())
    layer.load_state_dict(layer.state_dict())
    assert layer.inner.kernel is layer.kernel
