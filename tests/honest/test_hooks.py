"""Does each hook run once a call, with what torch promises it?"""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.modules import module as torch_module

from tests.honest.samples import Block, Everything, Linear, Switch, two_layers

X = torch.linspace(-1, 1, 15).reshape(5, 3)


@pytest.fixture(params=["unbuilt", "built"])
def layer(request):
    layer = Linear(2)
    if request.param == "built":
        layer(X)
    return layer


def test_forward_hook_once_a_call(layer):
    seen = []
    layer.register_forward_hook(lambda module, args, output: seen.append((module, args, output)))
    outputs = [layer(X), layer(2 * X)]
    assert [(m, a[0].sum(), o) for m, a, o in seen] == [(layer, X.sum(), outputs[0]), (layer, 2 * X.sum(), outputs[1])]


def test_forward_hook_replaces_the_output(layer):
    handle = layer.register_forward_hook(lambda module, args, output: output * 0)
    assert layer(X).count_nonzero() == 0
    handle.remove()
    assert layer(X).count_nonzero() == 10


def test_forward_pre_hook_replaces_the_input_that_the_layer_builds_for(layer):
    layer = Linear(2)
    layer.register_forward_pre_hook(lambda module, args: (torch.cat([args[0], args[0]], -1),))
    assert layer(X).shape == (5, 2)
    assert layer.kernel.shape == (6, 2)


def test_hooks_with_keywords():
    layer, seen = Switch(), []

    def before(module, args, kwargs):
        seen.append((len(args), sorted(kwargs)))
        return args, {"training": True}

    layer.register_forward_pre_hook(before, with_kwargs=True)
    layer.register_forward_hook(
        lambda module, args, kwargs, output: seen.append(sorted(kwargs.items())), with_kwargs=True
    )
    assert torch.equal(layer(X, training=False), 2 * X)
    assert seen == [(1, ["training"]), [("training", True)]]


def test_always_call_hook_sees_a_failed_call():
    class Fails(Linear):
        def call(self, inputs):
            raise ArithmeticError("no")

    layer, seen = Fails(), []
    layer.register_forward_hook(lambda *_: seen.append(1), always_call=True)
    with pytest.raises(ArithmeticError, match="^no"):
        layer(X)
    assert seen == [1]


def test_backward_hooks_once_a_backward_pass(layer):
    seen = []
    layer.register_full_backward_hook(lambda module, grad_input, grad_output: seen.append((grad_input, grad_output)))
    layer.register_full_backward_pre_hook(lambda module, grad_output: seen.append(grad_output))
    x = X.clone().requires_grad_()
    layer(x).sum().backward()
    before, (grad_input, grad_output) = seen
    assert torch.equal(before[0], torch.ones(5, 2))
    assert torch.equal(grad_output[0], torch.ones(5, 2))
    assert torch.equal(grad_input[0], x.grad)
    assert torch.allclose(x.grad, torch.ones(5, 2) @ layer.kernel.detach().T)


def test_backward_hooks_see_a_loss_added_in_the_call():
    layer, seen = Everything(), []
    layer(X)
    layer.inner[2].register_full_backward_hook(lambda *_: seen.append(1))
    output = layer(X)
    (output.sum() + sum(layer.losses)).backward()
    assert seen == [1]


def test_hooks_inside_a_layer_once_a_call():
    layer, seen = Block(), []
    for name, module in layer.named_modules():
        module.register_forward_hook(lambda *_, name=name: seen.append(name))
    for _ in range(2):
        layer(X)
    called = ["steps.0", "steps.1", "branches.left", "branches.right", "ends.0", "ends.1", ""]
    assert seen == called * 2


def test_global_hooks():
    model, seen = two_layers(), []
    handles = [
        torch_module.register_module_forward_pre_hook(lambda module, args: seen.append(("pre", module))),
        torch_module.register_module_forward_hook(lambda module, args, output: seen.append(("post", module))),
    ]
    try:
        model(X)
    finally:
        for handle in handles:
            handle.remove()
    first, tanh, last = model
    order = [(model, (first, tanh, last))]
    expected = [("pre", model)]
    for child in order[0][1]:
        expected += [("pre", child), ("post", child)]
    assert seen == [*expected, ("post", model)]


def test_hooks_on_parameters_see_one_gradient():
    layer, seen = Linear(2), []
    layer(X)
    layer.kernel.register_hook(lambda gradient: seen.append(gradient))
    layer.bias.register_post_accumulate_grad_hook(lambda parameter: seen.append(parameter.grad))
    layer(X).sum().backward()
    assert sorted(tuple(gradient.shape) for gradient in seen) == [(2,), (3, 2)]


def test_a_hook_that_reads_a_feature_of_an_inner_layer():
    model, features = nn.Sequential(Block(), nn.ReLU()), {}
    model.get_submodule("0.steps.1").register_forward_hook(lambda m, a, output: features.update(step=output))
    model(X)
    assert features["step"].shape == (5, 3)
    assert features["step"].grad_fn is not None
