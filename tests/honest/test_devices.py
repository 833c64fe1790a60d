"""Do layers go where `.to()`, `torch.device` and their like send them, before and after they are built?"""

from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.honest.samples import Everything, Linear, Mixed, Switch, Watched, WeightsInContainers, built, two_layers
from torchkeras_layer import build

X = torch.linspace(-1, 1, 15).reshape(5, 3)
META = torch.empty(5, 3, device="meta")
_kinds = pytest.mark.parametrize("make", [two_layers, Everything, WeightsInContainers, Mixed])


def _tensors(module):
    return [*module.parameters(), *module.buffers()]


def _floats(module):
    return [t for t in _tensors(module) if t.is_floating_point()]


@_kinds
def test_made_built_and_called_on_meta(make):
    with torch.device("meta"):
        model = make()
        output = model(torch.empty(5, 3))
    assert output.is_meta
    assert all(tensor.is_meta for tensor in _tensors(model))


@_kinds
def test_made_on_meta_and_built_on_a_real_input_stays_on_meta(make):
    with torch.device("meta"):
        model = make()
    build(model, META)
    assert all(tensor.is_meta for tensor in _tensors(model))


@_kinds
def test_to_empty_and_load_brings_a_meta_model_to_life(make):
    with torch.device("meta"):
        model = build(make(), torch.empty(5, 3))
    trained = built(make()).eval()
    model = model.to_empty(device="cpu").eval()
    model.load_state_dict(trained.state_dict())
    assert torch.equal(model(X), trained(X))


def test_to_empty_before_the_build_has_weights_made_there():
    with torch.device("meta"):
        model = two_layers()
    model.to_empty(device="cpu")
    assert model(X).device.type == "cpu"
    assert all(p.device.type == "cpu" for p in model.parameters())
    assert model[0].kernel.abs().sum() > 0


@_kinds
def test_default_device(make):
    torch.set_default_device("meta")
    model = make()
    assert model(torch.empty(5, 3)).is_meta
    assert all(tensor.is_meta for tensor in _tensors(model))


def test_default_device_at_the_call_does_not_move_a_layer_made_for_the_input():
    layer = Linear()
    torch.set_default_device("meta")
    assert layer(torch.empty(5, 3, device="cpu")).device.type == "cpu"
    assert layer.kernel.device.type == "cpu"


@_kinds
def test_to_meta_before_and_after_the_build(make):
    for model in (make(), built(make())):
        model.to(device="meta")
        assert model(META).is_meta
        assert all(tensor.is_meta for tensor in _tensors(model))


def test_weights_are_made_where_the_input_is():
    layer = Linear()
    layer(META)
    assert layer.kernel.is_meta


_dtypes = pytest.mark.parametrize(
    ("move", "dtype"),
    [
        (lambda module: module.half(), torch.float16),
        (lambda module: module.double(), torch.float64),
        (lambda module: module.bfloat16(), torch.bfloat16),
        (lambda module: module.to(torch.float64), torch.float64),
        (lambda module: module.to("cpu", torch.float64), torch.float64),
        (lambda module: module.to(torch.empty(0, dtype=torch.bfloat16)), torch.bfloat16),
        (lambda module: module.type(torch.float64), torch.float64),
        (lambda module: module.double().float(), torch.float32),
    ],
    ids=["half", "double", "bfloat16", "to", "to_with_device", "to_tensor", "type", "back"],
)


@_kinds
@_dtypes
@pytest.mark.parametrize("is_built", [True, False])
def test_dtype_before_and_after_the_build(make, move, dtype, is_built):
    model = built(make()) if is_built else make()
    move(model)
    x = X.to(dtype)
    assert model(x).dtype is dtype
    states = {id(state) for module in model.modules() for m in getattr(module, "metrics", []) for state in m.buffers()}
    assert {t.dtype for t in _floats(model) if id(t) not in states} == {dtype}
    assert {layer.compute_dtype for layer in model.modules() if hasattr(layer, "compute_dtype")} == {
        str(dtype).removeprefix("torch.")
    }


def test_integer_weights_keep_their_dtype():
    layer = built(Watched()).half()
    layer(X.half())
    assert layer.calls.dtype is torch.int64
    assert layer.calls == 2


def test_a_layer_without_weights_follows_a_model():
    model = nn.Sequential(nn.Linear(3, 3), Switch(), Linear()).bfloat16()
    assert model(X.bfloat16()).dtype is torch.bfloat16
    assert model[1].compute_dtype == "bfloat16"
    assert model.float()(X).dtype is torch.float32


def test_parameters_keep_their_identity_where_torch_keeps_it():
    layer, twin = built(Linear(2)), nn.Linear(3, 2)
    before, twin_before = layer.kernel, twin.weight
    layer.double()
    twin.double()
    assert (layer.kernel is before) is (twin.weight is twin_before)


def test_idioms_that_ask_an_unbuilt_model_where_it_is():
    model = nn.Sequential(Linear(2), nn.ReLU(), Linear(1)).double()
    assert next(model.parameters()).device == torch.device("cpu")
    assert {p.dtype for p in model.parameters()} == {torch.float64}
    assert {p.device.type for p in nn.Sequential(Linear(2)).to("meta").parameters()} == {"meta"}
    assert next(model.parameters()).is_cuda is False


def test_requires_grad_and_zero_grad_before_the_build():
    model = two_layers()
    model.requires_grad_(False)
    model.zero_grad()
    assert not any(p.requires_grad for p in built(model).parameters())
    model.requires_grad_(True)
    model(X).sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    model.zero_grad()
    assert all(p.grad is None for p in model.parameters())


def test_requires_grad_for_a_part_before_the_build():
    model = two_layers()
    model[0].requires_grad_(False)
    assert [p.requires_grad for p in built(model).parameters()] == [False, False, True, True]
    assert [len(model[0].trainable_weights), len(model[2].trainable_weights)] == [0, 2]


def test_names_before_and_after_the_build():
    model = nn.Sequential(Linear(2), Watched())
    assert [name for name, _ in model.named_buffers()] == ["1.seen.total"]
    assert len([name for name, _ in model.named_parameters() if not name.startswith("0.")]) <= 1
    built(model)
    assert [name for name, _ in model.named_parameters()] == ["0.kernel", "0.bias"]
    assert [name for name, _ in model.named_buffers()][:1] == ["1.calls"]
    assert sum(p.numel() for p in model.parameters()) == 8


def test_counting_the_parameters_of_an_unbuilt_model_names_its_layers():
    with pytest.raises(RuntimeError, match=r"linear: not built.*torchkeras_layer\.build\(model, "):
        sum(p.numel() for p in two_layers().parameters())


def test_share_memory_and_cpu():
    model = built(two_layers()).cpu().share_memory()
    assert all(p.is_shared() for p in model.parameters())
    two_layers().share_memory()
