"""Is a model of a graph one program for torch.compile and torch.export, for any batch?"""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch._dynamo.testing import CompileCounterWithBackend
from torch.nn import functional

import torchkeras_layer as keras
from tests.models.samples import GRAPHS, MaskedMean, Penalty, Scale, batch_for
from torchkeras_layer._structures import leaves, map_leaves


def dicts():
    x, y = keras.Input((4,), name="x"), keras.Input((4,), dtype="int64", name="y")
    rows = keras.layers.Embedding(5, 4, mask_zero=True, name="rows")(y)
    return keras.Model({"x": x, "y": y}, {"score": keras.layers.Dense(1, name="score")(x), "rows": [rows]})


def losses():
    x = keras.Input((4,), name="x")
    dense = keras.layers.Dense(4, kernel_regularizer="l2", activity_regularizer="l2", name="dense")
    y = Penalty(name="penalty")(dense(dense(x)))
    model = keras.Model(x, keras.layers.Dense(2, name="head")(y))
    model.add_loss((y * 2).mean())
    return model


def free_length():
    x = keras.Input((None, 4), name="x")
    y = keras.layers.Masking(name="masking")(x)
    z = keras.layers.Dense(3, activation="relu", name="dense")(y)
    scores = functional.softmax(torch.einsum("btf,bsf->bts", z, z), dim=-1)
    return keras.Model(x, [MaskedMean(name="mean")(keras.layers.Dropout(0.5, name="dropout")(z)), scores.sum(-1)])


def wrapped():
    x = keras.Input((4,), name="x")
    block = keras.layers.TorchModuleWrapper(nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Tanh()), name="block")
    weight = nn.Parameter(torch.linspace(-1, 1, 12).reshape(4, 3))
    return keras.Model(x, functional.linear(block(block(x)) @ weight, torch.ones(2, 3)))


def sequential():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, activation="relu"), nn.LayerNorm(4), Scale(2.0)])


def deferred():
    model = keras.Sequential([keras.layers.Dense(4), nn.Dropout(0.5), keras.layers.Dense(2)])
    model(torch.ones(1, 3))
    return model


def sequential_inside():
    x = keras.Input((4,), name="x")
    inner = sequential()
    return keras.Model(x, [inner(inner(x)), GRAPHS["diamond"]()(x)])


KINDS = {**GRAPHS} | {
    make.__name__: make for make in (dicts, losses, free_length, wrapped, sequential, deferred, sequential_inside)
}
every_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(autouse=True)
def _nothing_compiled():
    torch._dynamo.reset()


def batch(model, size):
    """Return random inputs; a free length is 5."""
    data = batch_for(model, size)
    return torch.cat([data, data, data], 1)[:, :5] if model.inputs[0].shape == (None, None, 4) else data


def close(found, wanted):
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


@every_kind
def test_one_graph_for_all_calls_and_batch_sizes(kind):
    model = KINDS[kind]().eval()
    eager, counter = copy.deepcopy(model), CompileCounterWithBackend("eager")
    compiled = torch.compile(model, backend=counter, fullgraph=True)
    for size in (4, 7, 7, 3):
        data = batch(model, size)
        for leaf in leaves(data):
            torch._dynamo.mark_dynamic(leaf, 0)
        close(compiled(data), eager(data))
        assert len(model.losses) == len(eager.losses)
        close(model.losses, eager.losses)
    assert counter.frame_count == 1


@pytest.mark.parametrize("kind", ["chain", "masked", "losses", "free_length"])
def test_batch_sizes_that_nobody_marked_recompile_once(kind):
    model = KINDS[kind]().eval()
    counter = CompileCounterWithBackend("eager")
    compiled = torch.compile(model, backend=counter, fullgraph=True)
    for size in (4, 7, 3, 9):
        compiled(batch(model, size))
    assert counter.frame_count == 2


@pytest.mark.parametrize("kind", ["several", "normalized", "losses", "wrapped", "sequential_inside"])
def test_training_compiled_is_training(kind):
    model = KINDS[kind]().train()
    eager, counter = copy.deepcopy(model), CompileCounterWithBackend("aot_eager")
    compiled = torch.compile(model, backend=counter, fullgraph=True)
    for step in range(3):
        data = batch(model, 4)
        for run, module in ((compiled, model), (eager, eager)):
            module.zero_grad()
            total = sum(leaf.square().mean() for leaf in leaves(run(data)) if leaf.is_floating_point())
            (total + sum(module.losses)).backward()
            with torch.no_grad():
                for weight in module.parameters():
                    weight -= 0.01 * weight.grad
        close(dict(model.state_dict()), dict(eager.state_dict()))
        assert counter.frame_count == 1, step


def test_inductor_gives_the_numbers_of_eager():
    model = KINDS["several"]().eval()
    data = batch(model, 4)
    close(torch.compile(model, fullgraph=True)(data), model(data))


def test_a_mask_from_outside_goes_through():
    model = KINDS["free_length"]().eval()
    x, mask = torch.randn(2, 3, 4), torch.tensor([[True, False, True], [True, True, False]])
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    close(compiled(x, mask=mask), model(x, mask=mask))


def test_modes_are_two_graphs():
    model = KINDS["normalized"]()
    counter = CompileCounterWithBackend("eager")
    compiled = torch.compile(model, backend=counter, fullgraph=True)
    data = batch(model, 4)
    for _ in range(2):
        model.train()
        compiled(data)
        model.eval()
        close(compiled(data), model(data))
    assert counter.frame_count == 2


def test_module_compile_is_that_of_torch():
    model = KINDS["diamond"]()
    wanted = model(batch(model, 4).fill_(0.5))
    assert model.compile(backend="eager", fullgraph=True) is None
    close(model(torch.full((4, 4), 0.5)), wanted)
    twin = copy.deepcopy(model)
    assert twin._compiled_call_impl is None
    close(twin(torch.full((4, 4), 0.5)), wanted)


@pytest.mark.filterwarnings("ignore:While compiling, we found certain side effects")
@pytest.mark.parametrize(
    ("kind", "strict"),
    [*((kind, False) for kind in KINDS), *((kind, True) for kind in ("several", "dicts", "losses", "sequential"))],
)
def test_export_for_any_batch(kind, strict):
    model = KINDS[kind]().eval()
    data = batch(model, 4)
    size = torch.export.Dim("size", min=2, max=64)
    dynamic = map_leaves(lambda _: {0: size}, data)
    program = torch.export.export(model, (data,), dynamic_shapes=(dynamic,), strict=strict)
    computes = program.module()
    for other in (data, batch(model, 9)):
        close(computes(other), model(other))
    assert set(program.state_dict) >= set(model.state_dict())


def test_export_of_a_free_length():
    model = KINDS["free_length"]().eval()
    dims = {0: torch.export.Dim("batch", min=2), 1: torch.export.Dim("length", min=2)}
    program = torch.export.export(model, (torch.randn(4, 5, 4),), dynamic_shapes=(dims,))
    x = torch.randn(3, 8, 4)
    close(program.module()(x), model(x))


@pytest.mark.filterwarnings("ignore:`torch.jit.trace.*` is deprecated:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:Converting a tensor to a Python boolean:torch.jit.TracerWarning")
@pytest.mark.parametrize("kind", ["diamond", "nested", "normalized", "wrapped"])
def test_jit_trace(kind):
    model = KINDS[kind]().eval()
    data = batch(model, 4)
    traced = torch.jit.trace(model, (data,))
    other = batch(model, 7)
    close(list(leaves(traced(other))), leaves(model(other)))
