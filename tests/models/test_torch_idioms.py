"""Is a model of a graph a module like any other: hooks, devices, dtypes, optimizers, state, replicas, transforms?"""

from __future__ import annotations

import copy
import io

import pytest
import torch
from safetensors.torch import load_file, save_file, save_model
from torch import nn

import torchkeras_layer as keras
from tests.models.samples import GRAPHS, Penalty, Scale, batch_for, chain
from tests.models.test_compiling import KINDS, batch
from torchkeras_layer._structures import leaves

every_kind = pytest.mark.parametrize("kind", KINDS)


def close(found, wanted):
    torch.testing.assert_close(found, wanted)


def total(outputs):
    return sum(leaf.double().square().mean() for leaf in leaves(outputs) if leaf.requires_grad)


@every_kind
def test_state_goes_from_one_to_another(kind, tmp_path):
    one, other = KINDS[kind]().eval(), KINDS[kind]().eval()
    data = batch(one, 4)
    assert set(one.state_dict()) == {*dict(one.named_parameters()), *dict(one.named_buffers())} - set(unsaved(one))
    assert not any("input" in key for key in one.state_dict() if "input" not in kind)
    other.load_state_dict(one.state_dict())
    close(other(data), one(data))
    other, buffer = KINDS[kind]().eval(), io.BytesIO()
    torch.save(one.state_dict(), buffer)
    buffer.seek(0)
    other.load_state_dict(torch.load(buffer, weights_only=True), assign=True)
    close(other(data), one(data))
    other, file = KINDS[kind]().eval(), str(tmp_path / "weights.safetensors")
    save_file(one.state_dict(), file)
    other.load_state_dict(load_file(file))
    close(other(data), one(data))


def unsaved(model):
    return {
        f"{path}.{name}".lstrip(".")
        for path, module in model.named_modules()
        for name in module._non_persistent_buffers_set
    }


def test_each_weight_is_there_once():
    for kind, make in KINDS.items():
        model = make()
        addresses = [tensor.data_ptr() for tensor in model.state_dict().values() if tensor.numel()]
        assert len(addresses) == len(set(addresses)), kind
        assert len(list(model.parameters())) == len(list(model.named_parameters(remove_duplicate=False))), kind


def test_keys_of_nested_models():
    x = keras.Input((3,), name="x")
    inner = keras.Sequential([keras.layers.Dense(4), nn.ReLU(), nn.Linear(4, 3)], name="inner")
    model = keras.Model(x, chain()(inner(x)) @ nn.Parameter(torch.ones(2, 2)), name="outer")
    assert list(model.state_dict()) == [
        "operand",
        *("inner.0.kernel", "inner.0.bias", "inner.2.module.weight", "inner.2.module.bias"),
        *("model.hidden.kernel", "model.hidden.bias", "model.head.kernel", "model.head.bias"),
    ]


@every_kind
def test_a_training_step_changes_what_trains(kind):
    model = KINDS[kind]().train()
    if not list(model.parameters()):
        return
    before = copy.deepcopy(model.state_dict())
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    (total(model(batch(model, 4))) + sum(model.losses)).backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    optimizer.step()
    assert any(not torch.equal(before[key], value) for key, value in model.state_dict().items())


def test_hooks_on_children_see_each_call():
    model, seen = GRAPHS["on_itself"](), []
    dense = model.get_layer("dense")
    dense.register_forward_hook(lambda module, args, output: seen.append((args[0], output)))
    dense.register_forward_pre_hook(lambda module, args: (args[0] + 1,))
    data = torch.randn(2, 3)
    output = model(data)
    assert len(seen) == 3
    close(seen[0][0], data + 1)
    close(seen[1][0], seen[0][1] + 1)
    assert seen[2][1] is output


def test_backward_hooks_on_children():
    model, seen = chain(), []
    model.hidden.register_full_backward_hook(lambda module, grads_in, grads_out: seen.append(grads_out[0].shape))
    model(torch.randn(2, 3, requires_grad=True)).sum().backward()
    assert seen == [(2, 4)]


def test_a_hook_may_change_what_goes_on():
    model = chain()
    model.hidden.register_forward_hook(lambda module, args, output: output * 0)
    close(model(torch.randn(2, 3)), model.head.bias.expand(2, 2))


@every_kind
def test_replicas_of_data_parallel(kind):
    model = KINDS[kind]().eval()
    data = batch(model, 4)
    replica = model._replicate_for_data_parallel()
    # As torch does then: the copies on another device are not parameters.
    for name, parameter in model._parameters.items():
        setattr(replica, name, parameter.clone())
    assert replica is not model
    close(replica(data), model(data))


@every_kind
def test_functional_call_with_other_weights(kind):
    model, other = KINDS[kind]().eval(), KINDS[kind]().eval()
    data = batch(model, 4)
    weights = {**dict(other.named_parameters()), **{k: v for k, v in other.named_buffers() if k not in unsaved(other)}}
    close(torch.func.functional_call(model, weights, (data,)), other(data))


def test_gradients_and_batches_by_transforms():
    model = chain()
    weights, data = dict(model.named_parameters()), torch.randn(5, 3)

    def loss(weights, row):
        return torch.func.functional_call(model, weights, (row[None],)).square().sum()

    each = torch.func.vmap(torch.func.grad(loss), (None, 0))(weights, data)
    model(data).square().sum().backward()
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(each[name].sum(0), parameter.grad, rtol=1e-4, atol=1e-5)
    jacobian = torch.func.jacrev(lambda row: model(row[None])[0])(data[0])
    assert jacobian.shape == (2, 3)


@pytest.mark.parametrize(
    "kind", ["chain", "shared", "diamond", "nested", "normalized", "masked", "sequential", "wrapped"]
)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64], ids=str)
def test_moved_to_another_dtype(kind, dtype):
    model = KINDS[kind]().eval()
    reference = copy.deepcopy(model)
    data = batch(model, 4)
    assert model.to(dtype) is model
    assert {tensor.dtype for tensor in model.parameters()} <= {dtype}
    for found, wanted in zip(leaves(model(data)), leaves(reference(data)), strict=True):
        assert found.dtype is dtype
        torch.testing.assert_close(found.float(), wanted, rtol=0.1, atol=0.1)
    as_moved = [t.to(dtype) if t.is_floating_point() else t for t in leaves(data)]
    assert all(leaf.dtype is dtype for leaf in leaves(model(as_moved if len(as_moved) > 1 else as_moved[0])))


def test_on_the_meta_device():
    model = chain().to("meta")
    assert model(torch.ones(2, 3, device="meta")).device.type == "meta"
    model = model.to_empty(device="cpu")
    model.load_state_dict(chain().state_dict())
    assert torch.isfinite(model(torch.ones(2, 3))).all()
    with torch.device("meta"):
        model = chain()
    assert {parameter.device.type for parameter in model.parameters()} == {"meta"}


@pytest.mark.parametrize("kind", ["chain", "nested", "several", "normalized", "losses", "sequential_inside"])
def test_autocast(kind):
    model = KINDS[kind]().train()
    with torch.autocast("cpu", torch.bfloat16):
        outputs = model(batch(model, 4))
    assert torch.bfloat16 in {leaf.dtype for leaf in leaves(outputs)}
    (total(outputs) + sum(model.losses)).backward()
    assert {parameter.grad.dtype for parameter in model.parameters() if parameter.grad is not None} == {torch.float32}


def test_modes():
    x = keras.Input((4,), name="x")
    inner = keras.Sequential([keras.layers.Dropout(0.5), keras.layers.BatchNormalization()], name="inner")
    model = keras.Model(x, keras.layers.Dropout(0.5, name="drop")(inner(x)))
    assert model.training
    assert inner.training
    data = torch.ones(8, 4)
    assert model.eval() is model
    assert not any(module.training for module in model.modules())
    close(model(data), model(data))
    assert not torch.equal(model.train()(data), model(data))
    close(model(data, training=False), model.eval()(data))
    model.eval()
    assert not torch.equal(model(data, training=True), model(data, training=True))


def test_freezing():
    model = GRAPHS["nested"]()
    inner = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    inner.trainable = False
    assert len(model.trainable_weights) == 2
    assert len(model.non_trainable_weights) == 4
    model(batch_for(model)).sum().backward()
    assert [p.grad is None for p in inner.parameters()] == [True] * 4
    model.trainable = False
    assert model.trainable_weights == []
    assert not any(parameter.requires_grad for parameter in model.parameters())
    model.trainable = True
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert len(model.trainable_weights) == 6


def test_torch_freezes_too():
    model = chain().requires_grad_(False)
    assert not model(torch.ones(1, 3)).requires_grad
    assert model.requires_grad_(True)(torch.ones(1, 3)).requires_grad


def test_inside_a_plain_module():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.body, self.end = chain(), nn.Linear(2, 1)

        def forward(self, inputs):
            return self.end(self.body(inputs))

    net = Net()
    assert list(net.state_dict())[:2] == ["body.hidden.kernel", "body.hidden.bias"]
    net(torch.randn(4, 3)).sum().backward()
    assert all(parameter.grad is not None for parameter in net.parameters())
    twin = Net()
    twin.load_state_dict(net.state_dict())
    close(twin(torch.ones(1, 3)), net(torch.ones(1, 3)))


def test_checkpointing():
    model = GRAPHS["diamond"]()
    data = torch.randn(2, 4, requires_grad=True)
    wanted = torch.autograd.grad(model(data).sum(), data)
    again = torch.utils.checkpoint.checkpoint(model, data, use_reentrant=False)
    close(torch.autograd.grad(again.sum(), data), wanted)


class Doubled(nn.Module):
    """Twice the weight."""

    def forward(self, weight):
        return 2 * weight


def test_a_parametrized_child_counts():
    x, dense = keras.Input((3,)), keras.layers.Dense(2, use_bias=False, name="dense")
    model = keras.Model(x, Scale(2.0)(dense(x)))
    wanted = 2 * model(torch.ones(1, 3))
    nn.utils.parametrize.register_parametrization(dense, "kernel", Doubled())
    close(model(torch.ones(1, 3)), wanted)
    assert list(model.state_dict()) == ["dense.parametrizations.kernel.original"]


def test_losses_of_children_and_of_the_model():
    x = keras.Input((3,), name="x")
    y = keras.layers.Dense(2, kernel_regularizer="l2", name="dense")(Penalty(name="penalty")(x))
    model = keras.Model(x, y)
    model.add_loss(y.abs().mean())
    data = torch.randn(4, 3)
    for _ in range(2):
        output = model(data)
        found = sorted(loss.item() for loss in model.losses)
        kernel = model.get_layer("dense").kernel
        wanted = [data.mean(), 0.01 * kernel.square().sum(), output.abs().mean()]
        assert found == pytest.approx(sorted(loss.item() for loss in wanted), abs=1e-6)


def test_save_model_of_safetensors(tmp_path):
    model = GRAPHS["nested"]()
    save_model(model, str(tmp_path / "model.safetensors"))
    assert set(load_file(str(tmp_path / "model.safetensors"))) == set(model.state_dict())


def test_a_module_in_a_wrapper_may_be_replaced():
    x = keras.Input((4,), name="x")
    wrapper = keras.layers.TorchModuleWrapper(nn.Linear(4, 4), name="wrapper")
    model = keras.Model(x, torch.relu(wrapper(x)))
    data = torch.randn(3, 4)
    wanted = model(data)
    wrapper.module = nn.Sequential(nn.Identity(), wrapper.module)
    close(model(data), wanted)
    assert list(model.state_dict()) == ["wrapper.module.1.weight", "wrapper.module.1.bias"]
