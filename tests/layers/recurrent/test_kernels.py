"""Do torch's kernels, the operator around them and the loop give the same numbers and gradients?"""

from __future__ import annotations

import warnings

import pytest
import torch
from torch._dynamo.testing import CompileCounterWithBackend
from torch.autograd import forward_ad

import torchkeras_layer as ours
from tests.layers.recurrent.pairs import needs_bfloat16_kernels
from torchkeras_layer.layers.recurrent.fused_kernels import run_recurrence, run_torch_kernel

layers = ours.layers
KINDS = {"lstm": (4, (16,)), "gru": (3, (2, 12)), "tanh": (1, (4,)), "relu": (1, (4,))}
NAMES = {"SimpleRNN": {"activation": "relu"}, "GRU": {}, "LSTM": {}}
by_name = pytest.mark.parametrize("name", NAMES)
HOLES = torch.tensor([[False, True, True, False, True], [True, True, False, False, False], [False] * 5])


def _operands(kind, has_bias, dtype=torch.float64):
    torch.manual_seed(0)
    gates, bias_shape = KINDS[kind]
    shapes = [(3, 4, 2), *[(3, 4)] * (2 if kind == "lstm" else 1), (2, 4 * gates), (4, 4 * gates)]
    shapes += [bias_shape] if has_bias else []
    sequences, *others = [torch.randn(shape, dtype=dtype, requires_grad=True) for shape in shapes]
    state, weights = others[: 2 if kind == "lstm" else 1], others[2 if kind == "lstm" else 1 :]
    return [kind, sequences, state, *weights, *([] if has_bias else [None])]


@pytest.mark.parametrize("has_bias", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_the_operator_has_the_gradients_of_torchs_kernel(kind, has_bias):
    operands = _operands(kind, has_bias)
    wanted = [part for part in (operands[1], *operands[2], *operands[3:]) if part is not None]
    outputs, last = run_torch_kernel(*operands)
    found = run_recurrence(*operands)
    torch.testing.assert_close(found, [outputs, *last])
    losses = [sum((part * part.detach().cos()).sum() for part in results) for results in ([outputs, *last], found)]
    expected, gradients = (torch.autograd.grad(loss, wanted) for loss in losses)
    torch.testing.assert_close(gradients, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_the_operator_is_one_in_torchs_eyes(kind):
    found = torch.library.opcheck(torch.ops.torchkeras_layer.run_recurrence.default, _operands(kind, True))
    assert set(found.values()) == {"SUCCESS"}


@by_name
def test_double_precision_and_second_derivatives_by_the_loop(name):
    layer = getattr(layers, name)(2, dtype="float64", return_state=True, use_cudnn=False, **NAMES[name])
    x = torch.randn(3, 5, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: layer(x, mask=HOLES), x)
    if name != "SimpleRNN":
        assert torch.autograd.gradgradcheck(lambda x: layer(x)[0], x)


@by_name
def test_double_precision_by_the_kernel(name):
    layer = getattr(layers, name)(2, dtype="float64", return_state=True, return_sequences=True, **NAMES[name])
    x = torch.randn(3, 5, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: layer(x, mask=HOLES), x)
    slow = type(layer).from_config(layer.get_config())
    slow._torchkeras.derived.uses_fused_kernel = False
    slow.build(x.shape)
    slow.set_weights(layer.get_weights())
    for mask in (None, HOLES):
        torch.testing.assert_close(layer(x, mask=mask), slow(x, mask=mask), rtol=1e-12, atol=1e-12)


@by_name
def test_transforms_take_the_loop(name):
    layer = getattr(layers, name)(4, return_sequences=True, **NAMES[name])
    x = torch.randn(2, 3, 5, 2)
    expected = torch.stack([layer(one, mask=HOLES) for one in x])
    torch.testing.assert_close(torch.vmap(lambda one: layer(one, mask=HOLES))(x), expected)
    weights = dict(layer.named_parameters())
    gradients = torch.func.grad(lambda w: torch.func.functional_call(layer, w, (x[0],)).sum())(weights)
    layer(x[0]).sum().backward()
    torch.testing.assert_close(gradients, {key: weight.grad for key, weight in weights.items()})
    with forward_ad.dual_level():
        assert forward_ad.unpack_dual(layer(forward_ad.make_dual(x[0], x[1]))).tangent.shape == (3, 5, 4)


@pytest.mark.parametrize(("name", "backend"), [("SimpleRNN", "eager"), ("GRU", "aot_eager"), ("LSTM", "eager")])
def test_compiled_transforms_take_the_loop(name, backend):
    torch._dynamo.reset()
    layer = getattr(layers, name)(4, **NAMES[name])
    x = torch.randn(2, 3, 3, 2)
    layer(x[0])

    def gradients(weights):
        return torch.func.grad(lambda w: torch.func.functional_call(layer, w, (x[0],)).sum())(weights)

    weights = dict(layer.named_parameters())
    compiled = torch.compile(gradients, backend=backend, fullgraph=True)
    torch.testing.assert_close(compiled(weights), gradients(weights))
    over_rows = torch.compile(torch.vmap(layer), backend=backend, fullgraph=True)
    torch.testing.assert_close(over_rows(x), torch.stack([layer(one) for one in x]))


@by_name
def test_tensors_without_data_have_shapes(name):
    layer = getattr(layers, name)(4, return_sequences=True, return_state=True, **NAMES[name])
    layer(torch.ones(3, 5, 2))
    outputs, *states = layer.to("meta")(torch.ones(3, 5, 2, device="meta"), mask=HOLES.to("meta"))
    assert outputs.shape == (3, 5, 4)
    assert {tuple(state.shape) for state in states} == {(3, 4)}


@by_name
@pytest.mark.parametrize("steps", ["fixed", "free"])
def test_an_exported_program_takes_any_batch_and_any_number_of_steps(name, steps):
    layer = getattr(layers, name)(4, return_sequences=True, **NAMES[name]).eval()
    x = torch.randn(3, 5, 2)
    layer(x)
    free = {0: torch.export.Dim("batch"), **({1: torch.export.Dim("steps")} if steps == "free" else {})}
    program = torch.export.export(layer, (x,), dynamic_shapes=(free,))
    other = torch.randn(7, 9 if steps == "free" else 5, 2)
    torch.testing.assert_close(program.module()(other), layer(other))
    operators = {str(node.target) for node in program.graph.nodes}
    assert any("run_recurrence" in target for target in operators) == (steps == "free")


MODELS = {
    "Masking": lambda: [layers.Masking(), layers.LSTM(3, return_sequences=True), layers.GRU(2)],
    "Embedding": lambda: [layers.Embedding(6, 3, mask_zero=True), layers.GRU(4)],
    "loop": lambda: [layers.Masking(), layers.GRU(3, reset_after=False, recurrent_activation="hard_sigmoid")],
    "stack": lambda: [layers.Masking(), layers.RNN([layers.LSTMCell(3), layers.SimpleRNNCell(2)])],
    "dropout": lambda: [layers.Masking(), layers.LSTM(3, dropout=0.3, recurrent_dropout=0.2, seed=3)],
    "stateful": lambda: [layers.LSTM(3, stateful=True), layers.Dense(2)],
}


@pytest.mark.parametrize("kind", MODELS)
def test_one_graph_serves_every_mask(kind):
    torch._dynamo.reset()
    model, twin = (ours.Sequential(MODELS[kind]()) for _ in range(2))
    ids = torch.tensor([[1, 2, 0, 0, 0], [0, 0, 3, 4, 5], [0, 0, 0, 0, 0], [1, 0, 2, 0, 3]])
    features = torch.randn(4, 5, 2)
    model(ids if kind == "Embedding" else features), twin(ids if kind == "Embedding" else features)
    twin.set_weights(model.get_weights())
    for one in (model, twin):
        for layer in one.layers:
            if hasattr(layer, "reset_state"):
                layer.reset_state()
    for layer, other in zip(model.layers, twin.layers, strict=True):
        if hasattr(layer, "cell") and hasattr(layer.cell, "draws"):
            layer.cell.draws.copy_(other.cell.draws)
    counter = CompileCounterWithBackend("aot_eager")
    compiled = torch.compile(model, backend=counter, fullgraph=True)
    for turn in range(3):
        rows = ids.roll(turn, 0).roll(turn, 1)
        x = rows if kind == "Embedding" else torch.where((rows != 0).unsqueeze(-1), features, 0.0)
        found, expected = compiled(x), twin(x)
        torch.testing.assert_close(found, expected)
        found.square().sum().backward(), expected.square().sum().backward()
        gradients = [[weight.grad for weight in one.parameters()] for one in (model, twin)]
        torch.testing.assert_close(*gradients)
    assert counter.frame_count == 1
    operators = [str(node.target) for graph in counter.graphs for node in graph.graph.nodes]
    assert any("run_recurrence" in operator for operator in operators) == (kind not in ("loop", "dropout"))


@needs_bfloat16_kernels
def test_autocast_computes_as_torchs_layers_do():
    x = torch.randn(3, 5, 2)
    for name in NAMES:
        layer = getattr(layers, name)(4, return_sequences=True, **NAMES[name])
        expected = layer(x)
        with torch.autocast("cpu", torch.bfloat16), warnings.catch_warnings():
            warnings.simplefilter("error")
            torch.testing.assert_close(layer(x).float(), expected, rtol=0.05, atol=0.05)
            layer(x, mask=HOLES).float().sum().backward()
