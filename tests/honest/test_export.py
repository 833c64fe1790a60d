"""Do torch.export, torch.jit.trace and torch.fx get a whole program out of a layer?"""

from __future__ import annotations

import copy
import io

import pytest
import torch
from torch import fx, nn

from tests.honest.samples import (
    Block,
    Everything,
    HidesNegative,
    Linear,
    MaskedSum,
    Mixed,
    Normalization,
    WeightsInContainers,
    built,
    two_layers,
)
from torchkeras_layer import Layer, build

X = torch.linspace(-1, 1, 15).reshape(5, 3)
_kinds = pytest.mark.parametrize(
    "make",
    [
        two_layers,
        Block,
        WeightsInContainers,
        Normalization,
        Everything,
        Mixed,
        lambda: nn.Sequential(nn.Unflatten(1, (3, 1)), HidesNegative(), MaskedSum()),
    ],
    ids=["sequential", "block", "containers", "normalization", "everything", "mixed", "masks"],
)
# In strict mode, which is not the default, torch notes that a layer writes down that it is in a call.
_strict = pytest.mark.filterwarnings("ignore:While compiling, we found certain side effects")
_ways = pytest.mark.parametrize("strict", [pytest.param(True, marks=_strict), False])


@pytest.fixture(autouse=True)
def _nothing_compiled():
    torch._dynamo.reset()


@_kinds
@_ways
def test_a_program_for_any_batch_size_has_the_weights_and_computes_the_same(make, strict):
    model = built(make()).eval()
    batch = torch.export.Dim("batch", min=2, max=64)
    program = torch.export.export(model, (X,), dynamic_shapes=({0: batch},), strict=strict)
    assert {name for name, _ in model.named_parameters()} <= set(program.state_dict)
    computes = program.module()
    for x in (2 * X, torch.randn(2, 3), torch.randn(17, 3)):
        assert torch.allclose(computes(x), model(x), atol=1e-5)


# Loading gives this warning in torch 2.11 and before.
@pytest.mark.filterwarnings("ignore:The given buffer is not writable")
@_ways
def test_a_program_is_saved_and_loaded(strict):
    model, file = built(Everything()).eval(), io.BytesIO()
    torch.export.save(torch.export.export(model, (X,), strict=strict), file)
    file.seek(0)
    assert torch.allclose(torch.export.load(file).module()(X), model(X), atol=1e-6)


@_kinds
@_ways
def test_exporting_leaves_the_layer_as_it_was(make, strict):
    model = built(make()).eval()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    torch.export.export(model, (X,), strict=strict)
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    assert not any("Fake" in type(loss).__name__ for m in model.modules() for loss in getattr(m, "losses", []))
    copy.deepcopy(model)
    assert torch.isfinite(model.train()(X)).all()


@_ways
def test_updates_are_part_of_the_program_for_training(strict):
    model = built(Normalization()).train()
    program = torch.export.export(model, (X,), strict=strict)
    exported = program.module()
    twin = copy.deepcopy(model)
    for _ in range(3):
        assert torch.allclose(exported(X + 1), twin(X + 1), atol=1e-6)
    assert torch.allclose(exported.state_dict()["mean"], twin.mean, atol=1e-6)


@_ways
def test_an_unbuilt_model_says_what_to_do(strict):
    model = two_layers().eval()
    with pytest.raises(Exception, match=r"linear.*not built.*torchkeras_layer\.build\(model, "):
        torch.export.export(model, (X,), strict=strict)
    program = torch.export.export(build(model, X), (X,), strict=strict)
    assert torch.allclose(program.module()(X), model(X), atol=1e-6)


@pytest.mark.filterwarnings("ignore:`torch.jit.trace.*` is deprecated:DeprecationWarning")
@pytest.mark.parametrize("make", [two_layers, Block, WeightsInContainers, Everything, Mixed])
def test_jit_trace(make):
    model = built(make()).eval()
    traced = torch.jit.trace(model, (X,))
    assert torch.allclose(traced(2 * X), model(2 * X), atol=1e-6)


class LeafTracer(fx.Tracer):
    def is_leaf_module(self, module, qualified_name):
        return isinstance(module, Layer) or super().is_leaf_module(module, qualified_name)


def test_symbolic_trace_with_layers_as_leaves():
    model = Mixed().eval()
    built(model)
    graph = LeafTracer().trace(model)
    called = [node.target for node in graph.nodes if node.op == "call_module"]
    assert called == ["body", "heads.0", "by_name.end", "heads.1"]
    module = fx.GraphModule(model, graph)
    assert torch.equal(module(X), model(X))
    assert set(module.state_dict()) == set(model.state_dict())


def test_symbolic_trace_around_an_unbuilt_layer():
    model = nn.Sequential(nn.Linear(3, 4), Linear(2))
    module = fx.GraphModule(model, LeafTracer().trace(model))
    assert module(X).shape == (5, 2)
    assert module.get_submodule("1").built


def test_make_fx():
    from torch.fx.experimental.proxy_tensor import make_fx

    layer = built(Linear(2))
    graph = make_fx(layer)(X)
    assert torch.equal(graph(2 * X), layer(2 * X))


@pytest.mark.parametrize("make", [Linear, Everything])
def test_every_attribute_can_be_asked_for(make):
    layer = make()
    for _ in ("unbuilt", "built"):
        present = {name for name in dir(layer) if hasattr(layer, name)}
        assert {"call", "build", "weights", "losses", "trainable"} <= present
        assert not present & {"graph", "input", "output"}
        built(layer)
