"""Do `reset_parameters()` and `device=` do what they do in torch's modules? (contract §1a, §1d)"""

from __future__ import annotations

import inspect

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.layer.samples import Stack, Statistics, built
from torchkeras_layer import layers as L

X = torch.linspace(-1, 1, 12).reshape(4, 3)

MADE = {
    "dense": (lambda: L.Dense(4), (4, 3)),
    "convolution": (lambda: L.Conv2D(4, 3), (2, 8, 8, 3)),
    "local": (lambda: L.LocallyConnected1D(2, 3), (2, 8, 3)),
    "norm": (lambda: L.BatchNormalization(), (4, 3)),
    "lstm": (lambda: L.Bidirectional(L.LSTM(3)), (2, 4, 3)),
    "attention": (lambda: Stack(L.EinsumDense("abc,cd->abd", (None, 2)), L.LayerNormalization()), (2, 4, 3)),
    "spectral": (lambda: L.SpectralNormalization(L.Dense(4)), (4, 3)),
    "given moments": (lambda: L.Normalization(mean=[1.0, 2.0, 3.0], variance=[1.0, 4.0, 9.0]), (4, 3)),
    "adapted": (lambda: L.Normalization(), (4, 3)),
}


@pytest.mark.parametrize("kind", MADE)
def test_from_meta_to_the_first_values(kind):
    """As in torch's recipe for large models."""
    make, shape = MADE[kind]
    torch.manual_seed(3)
    expected = built(make().eval(), *shape)
    model = make()
    with torch.device("meta"):
        model.to("meta")(torch.ones(*shape))
    assert all(tensor.is_meta for tensor in [*model.parameters(), *model.buffers()])
    model.to_empty(device="cpu")
    with torch.no_grad():
        for tensor in [*model.parameters(), *model.buffers()]:
            tensor.fill_(77)
    identities = [id(parameter) for parameter in model.parameters()]
    torch.manual_seed(3)
    for module in model.modules():
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()
    assert [id(parameter) for parameter in model.parameters()] == identities
    assert {k: tuple(v.shape) for k, v in model.state_dict().items()} == {
        k: tuple(v.shape) for k, v in expected.state_dict().items()
    }
    assert not any((tensor == 77).any() for tensor in [*model.parameters(), *model.buffers()])
    if kind != "spectral":
        torch.testing.assert_close(model.eval()(torch.ones(*shape)), expected(torch.ones(*shape)))


def test_only_own_weights():
    inner = built(L.Dense(3))
    outer = Stack(inner, Statistics())
    built(outer)
    before = inner.kernel.clone()
    outer.reset_parameters()
    assert torch.equal(inner.kernel, before)
    outer.apply(lambda module: module.reset_parameters() if hasattr(module, "reset_parameters") else None)
    assert not torch.equal(inner.kernel, before)


def test_weights_in_containers_and_buffers():
    layer = keras.Layer()
    layer.held = [layer.add_weight("a", (2,), initializer="ones"), {"b": layer.add_weight("b", (), initializer="ones")}]
    layer.steps = layer.add_weight("steps", (), dtype="int64", initializer="zeros")
    layer.raw = nn.Parameter(torch.zeros(1))
    with torch.no_grad():
        for tensor in layer.state_dict().values():
            tensor.fill_(5)
    layer.reset_parameters()
    assert [layer.held[0].tolist(), layer.held[1]["b"].item(), layer.steps.item()] == [[1, 1], 1, 0]
    assert layer.raw.item() == 5, "made by hand"


def test_what_does_not_change():
    layer = L.Dense(2, trainable=False)
    layer.reset_parameters()
    assert not layer.built
    layer = built(layer).to(torch.bfloat16)
    layer.reset_parameters()
    assert (layer.kernel.dtype, layer.kernel.requires_grad) == (torch.bfloat16, False)
    mixed = built(L.Dense(2, dtype="mixed_bfloat16"))
    mixed.reset_parameters()
    assert mixed.kernel.dtype is torch.float32


def test_a_wrong_initializer_is_named():
    shapes = iter([(3, 2), (1,)])
    layer = built(L.Dense(2, use_bias=False, kernel_initializer=lambda shape, dtype=None: torch.zeros(next(shapes))))
    with pytest.raises(ValueError, match=r"'kernel': the initializer must return a tensor of shape \(3, 2\)"):
        layer.reset_parameters()


def test_a_computed_weight_stays():
    layer = built(L.Dense(2))
    nn.utils.parametrizations.weight_norm(layer, "kernel")
    before = layer.kernel.clone()
    layer.reset_parameters()
    assert torch.equal(layer.kernel, before)


@pytest.mark.parametrize("device", ["meta", torch.device("meta")])
def test_device(device):
    layer = L.Dense(8, device=device)
    assert next(layer.parameters()).is_meta
    layer.build((None, 3))
    assert layer.kernel.is_meta
    assert "device" not in layer.get_config()


@pytest.mark.parametrize("cls", [L.Dense, L.LSTM, L.MultiHeadAttention, keras.Layer])
def test_the_signature_shows_it(cls):
    assert inspect.signature(cls).parameters["device"].default is None


def test_device_of_a_layer_of_ones_own():
    class Scale(keras.Layer):
        def __init__(self, factor, **kwargs):
            super().__init__(**kwargs)
            self.factor = factor

        def build(self, input_shape):
            self.inner = L.Dense(2)
            self.inner.build(input_shape)
            self.scale = self.add_weight("scale", (), initializer="ones")

        def call(self, inputs):
            return self.inner(inputs) * self.scale * self.factor

    layer = Scale(2.0, device="meta")
    layer.build((None, 3))
    assert all(parameter.is_meta for parameter in layer.parameters())
    assert Scale.from_config(layer.get_config()).factor == 2.0
    assert next(L.Dense(2, device="cpu").parameters()).device.type == "cpu"


def test_skip_init():
    layer = torch.nn.utils.skip_init(L.Dense, 8)
    assert built(layer).kernel.device.type == "cpu"
    with pytest.raises(ValueError, match="device must be a device of torch"):
        L.Dense(2, device="moon")


@pytest.mark.parametrize("make", [lambda: keras.Sequential([L.Dense(2)], device="meta")])
def test_a_model_takes_no_device(make):
    with pytest.raises(TypeError, match="a model takes no device"):
        make()


def test_a_sharded_weight():
    distributed = pytest.importorskip("torch.distributed.tensor")
    import torch.distributed as dist

    if not dist.is_available() or dist.is_initialized():
        pytest.skip("needs a process group of its own")
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    try:
        mesh = dist.device_mesh.init_device_mesh("cpu", (1,))
        layer = built(L.Dense(2, kernel_initializer="ones"))
        layer.kernel = nn.Parameter(distributed.distribute_tensor(torch.zeros(3, 2), mesh, [distributed.Shard(0)]))
        layer.reset_parameters()
        assert torch.equal(layer.kernel.full_tensor(), torch.ones(3, 2))
    finally:
        dist.destroy_process_group()
