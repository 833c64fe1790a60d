"""Do layers go to a GPU, and work there with torch's tools for it?"""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.parallel import parallel_apply, replicate

from tests.honest.samples import Block, Everything, Linear, Mixed, Watched, WeightsInContainers, built, two_layers
from torchkeras_layer import build, collect_losses

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")

X = torch.linspace(-1, 1, 15).reshape(5, 3)
_kinds = pytest.mark.parametrize("make", [two_layers, Block, WeightsInContainers, Everything, Mixed])


def _devices(module):
    return {tensor.device.type for tensor in [*module.parameters(), *module.buffers()]}


@_kinds
def test_to_before_and_after_the_build(make):
    for model in (make().cuda(), built(make()).to("cuda"), build(make(), X).cuda()):
        assert model(X.cuda()).is_cuda
        assert _devices(model) == {"cuda"}
        assert model.cpu()(X).device.type == "cpu"
        assert _devices(model) == {"cpu"}


@_kinds
def test_made_there_and_as_on_the_cpu(make):
    with torch.device("cuda"):
        model = make().eval()
    output = model(X.cuda())
    assert _devices(model) == {"cuda"}
    twin = make().eval()
    twin.load_state_dict(model.state_dict())
    assert torch.allclose(twin(X), output.cpu(), atol=1e-5)


def test_weights_are_made_where_the_first_input_is_and_numpy_goes_there():
    layer = Linear(2)
    layer(X.cuda())
    assert _devices(layer) == {"cuda"}
    assert layer(np.ones((2, 3), "float32")).is_cuda


@_kinds
def test_training_with_mixed_precision(make):
    model = make().cuda()
    model(X.cuda())
    optimizer, scaler = torch.optim.Adam(model.parameters(), lr=0.01), torch.amp.GradScaler("cuda")
    for _ in range(3):
        optimizer.zero_grad()
        with torch.autocast("cuda", torch.float16):
            loss = model(X.cuda()).float().square().mean() + sum(collect_losses(model))
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert all(torch.isfinite(p).all() for p in model.parameters())


@pytest.mark.filterwarnings("ignore:Attempting to run cuBLAS, but there was no current CUDA context")
@_kinds
def test_replicas(make):
    model = built(make()).cuda().eval()
    replicas = replicate(model, [0, 0])
    outputs = parallel_apply(replicas, [(X[:3].cuda(),), (X[3:].cuda(),)], devices=[0, 0])
    assert torch.allclose(torch.cat(outputs), model(X.cuda()), atol=1e-5)
    model.zero_grad()
    torch.cat(outputs).sum().backward()
    gradients = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    model(X.cuda()).sum().backward()
    assert all(torch.allclose(g, p.grad, atol=1e-4) for g, p in zip(gradients, model.parameters(), strict=True))


def test_data_parallel():
    model = nn.DataParallel(built(Everything()).cuda(), device_ids=[0])
    model(X.cuda()).sum().backward()
    assert len(collect_losses(model)) == 3


def test_a_cuda_graph():
    model, static = built(nn.Sequential(Linear(4), Watched(), Linear(1))).cuda().eval(), X.cuda()
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream), torch.no_grad():
        model(static)
    torch.cuda.current_stream().wait_stream(stream)
    graph, calls = torch.cuda.CUDAGraph(), int(model[1].calls)
    with torch.no_grad(), torch.cuda.graph(graph):
        output = model(static)
    for step in range(1, 4):
        static.copy_(step * X)
        graph.replay()
        with torch.no_grad():
            assert torch.allclose(output, copy.deepcopy(model)(step * X.cuda()), atol=1e-5)
    assert model[1].calls == calls + 3


@pytest.mark.filterwarnings("ignore:TensorFloat32 tensor cores", "ignore:The CUDA Graph is empty")
@pytest.mark.parametrize("mode", ["default", "reduce-overhead"])
def test_compiled(mode):
    torch._dynamo.reset()
    model = built(Everything()).cuda()
    twin = copy.deepcopy(model)
    compiled = torch.compile(model, fullgraph=True, mode=mode)
    for step in range(1, 4):
        x = step * X.cuda()
        torch.compiler.cudagraph_mark_step_begin()
        model.zero_grad()
        output = compiled(x)
        loss = output.square().sum() + sum(model.losses)
        assert torch.allclose(output, twin(x), atol=1e-4)
        loss.backward()
    assert model.inner[1].calls == twin.inner[1].calls
