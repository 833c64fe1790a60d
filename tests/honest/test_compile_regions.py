"""Do compiled and eager parts of a model go together, and with torch's other tools?"""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from torch import nn
from torch._dynamo.testing import CompileCounter
from torch.nn.modules.utils import consume_prefix_in_state_dict_if_present
from torch.utils.checkpoint import checkpoint

import torchkeras_layer as keras
from tests.honest.samples import (
    Block,
    Everything,
    HidesNegative,
    Linear,
    MaskedSum,
    Normalization,
    Penalty,
    Watched,
    built,
    two_layers,
)

X = torch.linspace(-1, 1, 15).reshape(5, 3)
_starts = pytest.mark.parametrize("start", ["unbuilt", "built"])


# The compiler means to hide this warning of its own, and does not where warnings are errors.
_no_grad_warning = pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")


@pytest.fixture(autouse=True)
def _nothing_compiled():
    torch._dynamo.reset()


@pytest.fixture
def counter():
    return CompileCounter()


def made(make, start):
    return built(make()) if start == "built" else make()


@_starts
def test_in_place(start, counter):
    layer = made(Block, start)
    layer.compile(backend=counter, fullgraph=True)
    for scale in (1, 2, 3):
        assert torch.allclose(layer(scale * X), copy.copy(layer)(scale * X), atol=1e-6)
    assert counter.frame_count == 1
    assert not any("_orig_mod" in key for key in layer.state_dict())


@_no_grad_warning
def test_a_plain_module_in_place(counter):
    model = built(two_layers())
    model.compile(backend=counter, fullgraph=True)
    for scale in (1, 2, 3):
        assert torch.allclose(model(scale * X), copy.copy(model)(scale * X), atol=1e-6)
    assert counter.frame_count == 2


@_no_grad_warning
def test_a_plain_module_in_place_with_unbuilt_layers(counter):
    # torch compiles each layer in such a module by itself, and a full graph leaves no room to build.
    refused, model = two_layers(), two_layers()
    refused.compile(backend=counter, fullgraph=True)
    with pytest.raises(torch._dynamo.exc.Unsupported, match="run_untraced"):
        refused(X)
    model.compile(backend=counter)
    assert torch.allclose(model(X), copy.copy(model)(X), atol=1e-6)


@_starts
def test_copies_of_a_layer_compiled_in_place_are_not_compiled(start, counter):
    layer = made(Linear, start)
    layer.compile(backend=counter, fullgraph=True)
    for twin in (copy.deepcopy(layer), copy.copy(layer), pickle.loads(pickle.dumps(layer))):
        twin(X)
        assert counter.frame_count == 0
    layer(X)
    assert counter.frame_count == 1


def test_a_compiled_function_that_calls_layers(counter):
    layer, model = built(Penalty()), built(two_layers())

    @torch.compile(backend=counter, fullgraph=True)
    def step(x):
        return model(layer(x)).sum() + sum(keras.collect_losses(layer))

    for scale in (1, 2, 3):
        assert torch.allclose(step(scale * X), model(scale * X).sum() + (scale * X).square().mean(), atol=1e-6)
    assert counter.frame_count == 1


@_starts
def test_regions_inside_an_eager_layer(start, counter):
    class Outer(keras.Layer):
        def __init__(self):
            super().__init__()
            self.blocks = [Everything() for _ in range(3)]
            for block in self.blocks:
                block.compile(backend=counter, fullgraph=True)

        def call(self, inputs):
            return sum(block(inputs) for block in self.blocks)

    outer = made(Outer, start)
    for _ in range(3):
        assert outer(X).shape == (5, 1)
        assert len(outer.losses) == 9
        (outer(X).sum() + sum(outer.losses)).backward()
    assert counter.frame_count <= 3


@pytest.mark.parametrize("make", [Linear, Penalty, Normalization, Watched, Block, Everything])
@_starts
def test_one_graph_for_twenty_equal_blocks(make, start, counter):
    blocks = [made(make, start) for _ in range(20)]
    for block in blocks:
        block.compile(backend=counter, fullgraph=True)
    for _ in range(2):
        for block in blocks:
            block(X)
    assert counter.frame_count <= 2


@_no_grad_warning
def test_build_of_a_model_with_compiled_parts(counter):
    model = nn.Sequential(Linear(3), Everything(), Penalty())
    for layer in model:
        layer.compile(backend=counter, fullgraph=True)
    keras.build(model, X)
    assert counter.frame_count == 0
    assert [layer.built for layer in model] == [True] * 3
    assert model(X).shape == (5, 1)
    assert counter.frame_count == 3


def test_losses_of_a_compiled_region_count_among_those_of_the_eager_call_around_it(counter):
    class Outer(keras.Layer):
        def __init__(self):
            super().__init__()
            self.inner = Penalty()
            self.inner.compile(backend=counter, fullgraph=True)

        def call(self, inputs):
            return self.inner(self.inner(inputs) + 1)

    outer = Outer()
    for _ in range(3):
        outer(X)
        assert torch.allclose(torch.stack(outer.losses), torch.stack([X.square().mean(), (X + 1).square().mean()]))
    assert counter.frame_count <= 2


def test_copies_of_a_compiled_model(counter):
    model = built(Everything())
    compiled = torch.compile(model, backend=counter, fullgraph=True)
    compiled(X)
    twin = copy.deepcopy(model)
    assert torch.equal(twin.eval()(X), model.eval()(X))
    assert {key.removeprefix("_orig_mod.") for key in compiled.state_dict()} == set(model.state_dict())


@_no_grad_warning
def test_a_dynamic_layer_runs_eagerly_and_the_rest_does_not(counter):
    class Counts(keras.Layer):
        def __init__(self):
            super().__init__(dynamic=True)
            self.calls = 0

        def call(self, inputs):
            self.calls += 1
            return inputs if float(inputs.detach().sum()) > 0 else -inputs

    model = nn.Sequential(Linear(3), Counts(), Linear(1))
    compiled, graphs = torch.compile(model, backend=counter), []
    for _ in range(3):
        compiled(X)
        graphs.append(counter.frame_count)
    assert model[1].calls == 3
    assert 2 <= graphs[1] == graphs[2]


def test_hooks_run_in_the_graph(counter):
    layer = built(Linear(2))
    layer.register_forward_hook(lambda module, args, output: output * 2)
    layer.register_forward_pre_hook(lambda module, args: (args[0] + 1,))
    # torch runs the hooks of the module that is compiled itself outside of the graph.
    compiled = torch.compile(nn.Sequential(layer), backend=counter, fullgraph=True)
    for scale in (1, 2):
        assert torch.allclose(compiled(scale * X), 2 * ((scale * X + 1) @ layer.kernel + layer.bias), atol=1e-6)
    assert counter.frame_count == 1


class Checkpointed(keras.Layer):
    def __init__(self):
        super().__init__()
        self.blocks = [nn.Sequential(Linear(3), Penalty(), Watched()) for _ in range(2)]

    def call(self, inputs):
        for block in self.blocks:
            inputs = checkpoint(block, inputs, use_reentrant=False)
        return inputs


@pytest.mark.parametrize("fullgraph", [True, False])
def test_checkpoints_in_the_graph(fullgraph):
    layer, x = built(Checkpointed()), X.clone().requires_grad_()
    twin, y = copy.deepcopy(layer), X.clone().requires_grad_()
    # What a call records is a side effect; torch's own switch has it happen once and not again in the backward pass.
    with torch._dynamo.config.patch(skip_fwd_side_effects_in_bwd_under_checkpoint=fullgraph):
        torch.compile(layer, backend="aot_eager", fullgraph=fullgraph)(x).square().sum().backward()
    twin(y).square().sum().backward()
    assert torch.allclose(x.grad, y.grad, atol=1e-6)
    assert [block[2].calls.item() for block in layer.blocks] == [2, 2]
    assert len(layer.losses) == 2


def test_autocast_in_the_graph(counter):
    model = built(two_layers())
    compiled = torch.compile(model, backend=counter, fullgraph=True)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(compiled(X), model(X))
        compiled(2 * X)
    assert counter.frame_count == 1


def test_functional_call_and_grad_in_the_graph(counter):
    model = built(two_layers())
    weights = {name: value.detach() for name, value in model.named_parameters()}

    def loss(weights, x):
        return torch.func.functional_call(model, weights, (x,)).square().sum()

    compiled = torch.compile(torch.func.grad(loss), backend=counter, fullgraph=True)
    expected = torch.func.grad(loss)(weights, X)
    assert all(torch.allclose(value, expected[name]) for name, value in compiled(weights, X).items())
    compiled(weights, 2 * X)
    assert counter.frame_count == 1


def test_a_compiled_model_is_saved_and_loaded_before_it_is_built(counter):
    trained = torch.compile(built(two_layers()), backend=counter)
    fresh = torch.compile(two_layers(), backend=counter)
    fresh.load_state_dict(trained.state_dict())
    assert torch.equal(fresh(X), trained(X))
    entries, plain = trained.state_dict(), two_layers()
    consume_prefix_in_state_dict_if_present(entries, "_orig_mod.")
    plain.load_state_dict(entries)
    assert torch.equal(plain(X), trained(X))


def test_masks_go_into_and_out_of_a_graph(counter):
    source, sums = HidesNegative(), MaskedSum()
    x = torch.tensor([[[1.0], [-2.0], [3.0]]])
    compiled_sum = torch.compile(sums, backend=counter, fullgraph=True)
    assert compiled_sum(source(x)).item() == 4
    compiled_source = torch.compile(source, backend=counter, fullgraph=True)
    assert compiled_source(x)._keras_mask.tolist() == [[True, False, True]]
    assert compiled_sum(compiled_source(2 * x)).item() == 8
    assert counter.frame_count == 2
