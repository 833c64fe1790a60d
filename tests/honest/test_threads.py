"""Do calls from several threads, and torch's replicas, keep apart what belongs to each?"""

from __future__ import annotations

import functools
import gc
import threading
import weakref
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn
from torch._dynamo.testing import CompileCounter

import torchkeras_layer as keras
from tests.honest.samples import Everything, Linear, Mixed, Penalty, Switch, Watched, built

X = torch.linspace(-1, 1, 15).reshape(5, 3)


def together(*functions):
    """Run functions in threads of their own that begin at the same time, and return their results."""
    barrier = threading.Barrier(len(functions))

    def run(function):
        barrier.wait(timeout=10)
        return function()

    with ThreadPoolExecutor(len(functions)) as pool:
        return [future.result(timeout=60) for future in [pool.submit(run, f) for f in functions]]


def test_losses_belong_to_the_thread_that_called():
    layer = Penalty()
    layer(10 * torch.ones(3))

    def call(scale):
        for _ in range(50):
            layer(scale * torch.ones(3))
            assert [loss.item() for loss in layer.losses] == [scale**2]
        return layer.losses[0].item()

    assert together(*[lambda s=s: call(s) for s in (1.0, 2.0, 3.0)]) == [1.0, 4.0, 9.0]
    assert [loss.item() for loss in layer.losses] == [100]


def test_losses_of_ended_threads_are_let_go():
    layer, references = Penalty(), []

    def call():
        layer(torch.ones(3))
        references.append(weakref.ref(layer.losses[0]))

    for _ in range(30):
        together(call, call)
    gc.collect()
    assert len(references) == 60
    assert len([reference for reference in references if reference() is not None]) <= 4


def test_a_new_thread_does_not_see_losses_of_an_ended_one():
    layer = Penalty()
    for _ in range(5):
        together(lambda: layer(X))
        assert together(lambda: layer.losses) == [[]]


@pytest.mark.parametrize("start", ["unbuilt", "built"])
@pytest.mark.parametrize("make", [lambda: Linear(4), Penalty, Everything])
def test_a_compiled_layer_in_many_threads_is_one_graph(make, start):
    torch._dynamo.reset()
    counter, model = CompileCounter(), make()
    if start == "built":
        built(model)
    compiled = torch.compile(model, backend=counter, fullgraph=True)

    def call():
        compiled(X)
        return len(keras.collect_losses(model))

    # torch itself compiles several times when first calls race.
    expected = together(call)
    assert expected == [len(keras.collect_losses(built(make())))]
    for _ in range(2):
        assert together(*[call] * 12) == expected * 12
    assert counter.frame_count == 1


@pytest.mark.parametrize("make", [lambda: Linear(4), Everything, Mixed])
def test_first_calls_from_many_threads_build_once(make):
    for _ in range(5):
        model = make()
        outputs = together(*[functools.partial(model, X)] * 6)
        assert {tuple(o.shape) for o in outputs} == {tuple(outputs[0].shape)}
        assert len({p.data_ptr() for p in model.parameters()}) == len(list(model.parameters()))
        if not isinstance(model, Linear):
            continue
        assert all(torch.equal(outputs[0], output) for output in outputs)


def test_threads_that_first_add_a_metric_share_it():
    for _ in range(30):
        layer = keras.build(Watched(), X)
        del layer.metric_average
        together(*[functools.partial(layer, X)] * 6)
        assert [metric.name for metric in layer.metrics] == ["seen", "average"]


def test_a_build_that_waits_for_another_does_not_lock_up():
    class Slow(Linear):
        def build(self, input_shape):
            reached.set()
            torch.empty(300, 300).normal_().matmul(torch.ones(300, 300))
            super().build(input_shape)

    reached, slow, quick = threading.Event(), Slow(4), Linear(4)

    def second():
        reached.wait(10)
        return quick(X)

    first, other = together(lambda: slow(X), second)
    assert first.shape == other.shape == (5, 4)


def test_build_inside_call_inside_another_threads_build():
    models = [built(Mixed()), Mixed(), Mixed()]
    shapes = together(*[lambda m=m: m(X).shape for m in models])
    assert shapes == [(5, 1)] * 3


def test_training_given_in_one_thread_is_not_seen_in_another():
    class Outer(Linear):
        def __init__(self):
            super().__init__(3)
            self.switch = Switch()

        def call(self, inputs, training=None):
            return self.switch(inputs)

    layer = Outer().eval()
    ones = torch.ones(1, 3)

    def call(training):
        return {layer(ones, training=training).sum().item() for _ in range(100)}

    assert together(*[lambda t=t: call(t) for t in (True, False, None)]) == [{6.0}, {3.0}, {3.0}]


def test_a_failure_in_one_thread_leaves_the_others_and_the_next_call_alone():
    class Fragile(Penalty):
        def call(self, inputs):
            outputs = super().call(inputs)
            if inputs.sum() < 0:
                raise ArithmeticError("negative")
            return outputs

    layer = Fragile()

    def fails():
        with pytest.raises(ArithmeticError, match="negative"):
            layer(-torch.ones(3))
        layer(2 * torch.ones(3))
        return [loss.item() for loss in layer.losses]

    def works():
        layer(torch.ones(3))
        return [loss.item() for loss in layer.losses]

    assert together(fails, works) == [[4.0], [1.0]]


def test_gradients_in_threads():
    layer = built(Linear(2))

    def gradient(scale):
        return torch.autograd.grad(layer(scale * X).sum(), layer.kernel)[0]

    for scale, found in zip((1, 2, 3), together(*[lambda s=s: gradient(s) for s in (1, 2, 3)]), strict=True):
        assert torch.allclose(found, scale * X.sum(0).unsqueeze(1).expand(3, 2), atol=1e-6)


def _replicas(model, count):
    """Make replicas as nn.parallel.replicate does on GPUs: shallow modules over copies of the weights."""
    modules = list(model.modules())
    places = {id(module): place for place, module in enumerate(modules)}
    copies = [[module._replicate_for_data_parallel() for module in modules] for _ in range(count)]
    for replica in copies:
        for original, duplicate in zip(modules, replica, strict=True):
            duplicate._former_parameters = OrderedDict()
            for key, child in original._modules.items():
                setattr(duplicate, key, replica[places[id(child)]])
            for key, parameter in original._parameters.items():
                setattr(duplicate, key, parameter * 1)
                duplicate._former_parameters[key] = getattr(duplicate, key)
            for key, buffer in original._buffers.items():
                setattr(duplicate, key, buffer.clone())
    return [replica[0] for replica in copies]


@pytest.mark.parametrize("make", [lambda: nn.Sequential(Linear(4), Watched(), Penalty()), Everything, Mixed])
def test_replicas_compute_and_pass_gradients_back(make):
    model = built(make()).eval()
    replicas = _replicas(model, 2)
    outputs = together(*[lambda r=r, x=x: r(x) for r, x in zip(replicas, (X[:3], X[3:]), strict=True)])
    assert torch.allclose(torch.cat(outputs), model(X), atol=1e-6)
    model.zero_grad()
    torch.cat(outputs).sum().backward()
    gradients = [p.grad.clone() for p in model.parameters()]
    model.zero_grad()
    model(X).sum().backward()
    assert all(torch.allclose(g, p.grad, atol=1e-5) for g, p in zip(gradients, model.parameters(), strict=True))


def test_replicas_of_a_mixed_policy():
    model = built(nn.Sequential(Linear(4, dtype="mixed_bfloat16"), Linear(1, dtype="mixed_bfloat16")))
    (replica,) = _replicas(model, 1)
    assert replica(X).dtype is torch.bfloat16
    assert torch.equal(replica(X), model(X))


def test_replicating_leaves_the_original_alone():
    model = built(Everything())
    names = [name for name, _ in model.named_modules()]
    _replicas(model, 2)
    assert [name for name, _ in model.named_modules()] == names
    assert model(X).shape == (5, 1)


def test_replicas_keep_their_losses():
    model = built(nn.Sequential(Linear(3), Penalty()))
    mine = model[1].losses
    replicas = _replicas(model, 2)

    def call(replica, x):
        replica(x)
        return replica[1].losses

    one, other = together(lambda: call(replicas[0], X), lambda: call(replicas[1], 2 * X))
    assert len(one) == len(other) == 1
    assert not torch.equal(one[0], other[0])
    assert [a is b for a, b in zip(model[1].losses, mine, strict=True)] == [True]


def test_data_parallel_without_devices_is_the_module():
    model = nn.DataParallel(nn.Sequential(Linear(2), Penalty()))
    assert model(X).shape == (5, 2)
    assert list(model.state_dict()) == ["module.0.kernel", "module.0.bias"]
