"""Does every line of the first table of the design come out right? In its order, but for the symbolic and RNN ones."""

from __future__ import annotations

import gc
import sys

import pytest
import safetensors.torch
import torch
from torch import nn
from torch._dynamo.testing import CompileCounter

import torchkeras_layer as keras
from tests.honest.samples import Normalization, Penalty, Watched

layers = keras.layers
SIZES = torch.arange(6.0).reshape(2, 3)


def _python_calls(module: nn.Module) -> int:
    """Count the Python functions that one call enters: a cost that does not depend on the machine."""
    entered = []
    module(SIZES)
    gc.disable()
    sys.setprofile(lambda frame, event, _: entered.append(frame.f_code.co_name) if event == "call" else None)
    try:
        module(SIZES)
    finally:
        sys.setprofile(None)
        gc.enable()
    return len(entered)


def _model() -> nn.Sequential:
    return nn.Sequential(layers.Dense(4, activation="relu"), nn.Flatten(), layers.Dense(2))


def test_identity_layer_one_call():
    # The ratio of times is a row of the benchmarks; here, that a call enters two more functions: `call`, and the
    # question whether it is compiled.
    class Identity(nn.Module):
        def forward(self, inputs):
            return inputs

    assert _python_calls(keras.Layer()) <= _python_calls(Identity()) + 2


def test_train_and_eval_decide_for_dropout():
    dropout, ones = layers.Dropout(0.5), torch.ones(1000)
    assert (dropout.train()(ones) == 0).any()
    assert torch.equal(dropout.eval()(ones), ones)
    assert (dropout(ones, training=True) == 0).any()
    assert torch.equal(dropout.train()(ones, training=False), ones)


def test_train_and_eval_decide_for_batch_normalization():
    layer, x = layers.BatchNormalization(), torch.randn(50, 3) + 5
    assert layer.train()(x).mean().abs() < 1e-5
    assert layer.eval()(x).mean() > 1
    assert layer(x, training=True).mean().abs() < 1e-5
    assert layer.train()(x, training=False).mean() > 1


@pytest.mark.parametrize("target", ["meta", torch.float64, torch.bfloat16])
def test_to_before_the_first_call(target):
    model = _model().to(target)
    x = SIZES.to(target)
    assert model(x).dtype is x.dtype
    assert {(p.device.type, p.dtype) for p in model.parameters()} == {(x.device.type, x.dtype)}


def test_to_bfloat16_after_build():
    model = _model()
    assert model(SIZES).dtype is torch.float32
    assert model.to(torch.bfloat16)(SIZES).dtype is torch.bfloat16


def test_optimizer_over_a_layer_that_has_no_weights_yet():
    with pytest.raises(RuntimeError, match=r"dense, dense_1: not built.*torchkeras_layer\.build\(model, "):
        torch.optim.Adam(_model().parameters())


def test_load_state_dict_into_the_same_architecture_built_again():
    first, second = keras.build(_model(), SIZES), keras.build(_model(), SIZES)
    assert list(first.state_dict()) == ["0.kernel", "0.bias", "2.kernel", "2.bias"]
    assert not torch.equal(first(SIZES), second(SIZES))
    second.load_state_dict(first.state_dict())
    assert torch.equal(first(SIZES), second(SIZES))


def test_load_state_dict_into_an_unbuilt_layer():
    trained, fresh = keras.build(_model(), SIZES), _model()
    assert str(fresh.load_state_dict(trained.state_dict())) == "<All keys matched successfully>"
    assert torch.equal(trained(SIZES), fresh(SIZES))


def test_state_dict_keys_once_each():
    model = nn.Sequential(_model(), layers.BatchNormalization())
    model(SIZES)
    entries = model.state_dict()
    assert len({value.data_ptr() for value in entries.values()}) == len(entries) == 8
    assert sum(value.numel() for value in entries.values()) == 12 + 4 + 8 + 2 + 4 * 2


def test_safetensors_save_file(tmp_path):
    model = keras.build(_model(), SIZES)
    safetensors.torch.save_file(model.state_dict(), tmp_path / "weights.safetensors")
    loaded = safetensors.torch.load_file(tmp_path / "weights.safetensors")
    assert all(torch.equal(loaded[key], value) for key, value in model.state_dict().items())


def test_batch_normalization_statistics_are_buffers():
    layer = layers.BatchNormalization()
    layer(SIZES)
    assert [name for name, _ in layer.named_parameters()] == ["gamma", "beta"]
    assert [name for name, _ in layer.named_buffers()] == ["moving_mean", "moving_variance"]


def test_functional_call_respects_replaced_weights():
    layer = layers.Dense(2)
    layer(SIZES)
    replaced = {"kernel": torch.ones(3, 2), "bias": torch.full((2,), 0.5)}
    outputs = torch.func.functional_call(layer, replaced, (SIZES,))
    assert outputs.tolist() == [[3.5, 3.5], [12.5, 12.5]]


def test_one_graph_for_five_calls_of_a_layer_with_add_loss():
    torch._dynamo.reset()
    counter = CompileCounter()
    layer = Penalty()
    compiled = torch.compile(layer, backend=counter, fullgraph=True)
    for scale in range(5):
        compiled(SIZES * scale)
        assert [loss.item() for loss in layer.losses] == [pytest.approx((SIZES * scale).square().mean().item())]
    assert counter.frame_count == 1


def test_add_update_works_and_graph_accessors_tell_why_not_yet():
    layer, x = Watched(), SIZES
    layer(x)
    assert layer.calls == 1
    assert layer.inbound_nodes == layer.updates == []
    for ask in (lambda: layer.get_input_at(0), lambda: layer.get_losses_for(x), lambda: layer.get_updates_for(x)):
        with pytest.raises(RuntimeError, match="watched: .* needs a call on an `Input`"):
            ask()
    statistics = Normalization()
    statistics(x)
    assert torch.allclose(statistics.mean, 0.1 * x.mean(0))
