"""Do torch.func's transforms see through a layer, and can one build inside of them?"""

from __future__ import annotations

import copy

import pytest
import torch
from torch.func import functional_call, grad, hessian, jacrev, jvp, stack_module_state, vjp, vmap

from tests.honest.samples import (
    Block,
    Everything,
    Linear,
    Mixed,
    Normalization,
    Penalty,
    WeightsInContainers,
    built,
    two_layers,
)

X = torch.linspace(-1, 1, 15).reshape(5, 3)
# Forward-mode differentiation imports a part of torch that uses what torch has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")


def _weights(module):
    return dict(module.named_parameters())


@pytest.mark.parametrize("make", [two_layers, Block, WeightsInContainers, Mixed])
def test_functional_call_computes_with_the_given_weights(make):
    one, other = built(make()).eval(), built(make()).eval()
    before = {key: value.clone() for key, value in one.state_dict().items()}
    outputs = functional_call(one, other.state_dict(), (X,))
    assert torch.equal(outputs, functional_call(other, {}, (X,)))
    assert {k for k, v in one.state_dict().items() if not torch.equal(v, before[k])} <= {"pair.1"}


def test_functional_call_with_some_weights_and_keywords():
    layer = built(Normalization())
    given = {"mean": torch.full((3,), 2.0)}
    outputs = functional_call(layer, given, (X,), {"training": False})
    assert torch.allclose(outputs, (X - 2) / (layer.variance + 1e-3).sqrt())


def test_gradients_go_to_the_given_weights():
    layer = built(WeightsInContainers())
    given = {name: value.detach().clone().requires_grad_() for name, value in _weights(layer).items()}
    functional_call(layer, given, (X,)).sum().backward()
    assert all(value.grad is not None for value in given.values())
    assert all(value.grad is None for value in layer.parameters())
    by_hand = X @ given["kernels.0"] @ given["kernels.1"]
    assert torch.allclose(given["by_name.scale"].grad, by_hand.sum(0))


def test_functional_call_gives_updates_to_the_given_buffers():
    layer = built(Normalization()).train()
    mine = {name: value.clone() for name, value in layer.named_buffers()}
    given = {"mean": torch.zeros(3), "variance": torch.ones(3)}
    functional_call(layer, given, (X,))
    assert torch.allclose(given["mean"], 0.1 * X.mean(0))
    assert torch.allclose(given["variance"], 0.9 + 0.1 * X.var(0, unbiased=False))
    assert all(torch.equal(mine[name], value) for name, value in layer.named_buffers())


def test_functional_call_with_tied_weights():
    class Tied(Linear):
        def __init__(self):
            super().__init__(3)
            self.inner = Linear(3)

        def call(self, inputs):
            return self.inner(super().call(inputs))

    layer = built(Tied())
    layer.inner.kernel = layer.kernel
    given = {"kernel": torch.eye(3), "bias": torch.zeros(3), "inner.bias": torch.ones(3)}
    assert torch.equal(functional_call(layer, given, (X,)), X + 1)


def test_functional_call_losses():
    layer = built(Everything())
    given = {name: torch.zeros_like(value) for name, value in _weights(layer).items()}
    functional_call(layer, given, (X,))
    assert [loss.item() for loss in layer.losses[:1]] == [0]


def test_grad():
    model, target = built(two_layers()), torch.ones(5, 1)

    def loss(weights):
        return (functional_call(model, weights, (X,)) - target).square().mean()

    gradients = grad(loss)({name: value.detach() for name, value in _weights(model).items()})
    loss({}).backward()
    assert all(torch.allclose(gradients[name], value.grad) for name, value in _weights(model).items())


def test_grad_of_a_loss_added_in_the_call():
    layer = built(Penalty())

    def loss(x):
        layer(x)
        return sum(layer.losses)

    assert torch.allclose(grad(loss)(X), 2 * X / X.numel())


def test_jvp_vjp_jacrev_and_hessian():
    layer = built(Linear(2))
    tangent = torch.randn(5, 3)
    assert torch.allclose(jvp(layer, (X,), (tangent,))[1], tangent @ layer.kernel)
    assert torch.allclose(vjp(layer, X)[1](torch.ones(5, 2))[0], torch.ones(5, 2) @ layer.kernel.T)
    assert torch.allclose(jacrev(layer)(X[0]), layer.kernel.T)
    assert torch.allclose(torch.autograd.functional.jacobian(layer, X[0]), layer.kernel.T)
    assert hessian(lambda x: layer(x).square().sum())(X[0]).allclose(2 * layer.kernel @ layer.kernel.T)


@pytest.mark.parametrize("make", [lambda: Linear(2), two_layers, Block])
def test_vmap_over_inputs(make):
    model = built(make())
    batches = torch.randn(4, 5, 3)
    assert torch.allclose(vmap(model)(batches), torch.stack([model(b) for b in batches]), atol=1e-6)


def test_vmap_over_an_ensemble():
    models = [built(two_layers()) for _ in range(3)]
    weights, buffers = stack_module_state(models)
    empty = copy.deepcopy(models[0]).to("meta")

    def run(weights, buffers, x):
        return functional_call(empty, (weights, buffers), (x,))

    outputs = vmap(run, in_dims=(0, 0, None))(weights, buffers, X)
    assert torch.allclose(outputs, torch.stack([model(X) for model in models]), atol=1e-6)


def test_gradients_per_sample():
    model = built(two_layers())

    def loss(weights, x):
        return functional_call(model, weights, (x.unsqueeze(0),)).sum()

    weights = {name: value.detach() for name, value in _weights(model).items()}
    per_sample = vmap(grad(loss), in_dims=(None, 0))(weights, X)
    model(X).sum().backward()
    assert all(torch.allclose(per_sample[name].sum(0), v.grad, atol=1e-6) for name, v in _weights(model).items())


_transforms = pytest.mark.parametrize(
    "transformed",
    [
        lambda model: vmap(model)(torch.stack([X, X])),
        lambda model: vmap(vmap(model))(X.reshape(5, 1, 3)),
        lambda model: grad(lambda x: model(x).sum())(X),
        lambda model: jvp(model, (X,), (X,)),
        lambda model: jacrev(model)(X),
        lambda model: vmap(grad(lambda x: model(x).sum()))(X),
    ],
    ids=["vmap", "vmap_vmap", "grad", "jvp", "jacrev", "vmap_grad"],
)


@_transforms
@pytest.mark.parametrize("make", [two_layers, Block])
def test_first_build_inside_a_transform(make, transformed):
    model = make()
    transformed(model)
    model(X).sum().backward()
    assert all(p.grad is not None for p in model.parameters())
    torch.optim.SGD(model.parameters(), 0.1).step()
    fresh = make()
    fresh.load_state_dict(model.state_dict())
    assert torch.equal(fresh(X), model(X))
    assert torch.isfinite(copy.deepcopy(model)(X)).all()


def test_random_initial_weights_in_vmap_do_not_ask_for_randomness():
    layer = Linear(64)
    vmap(layer, randomness="error")(torch.randn(3, 5, 64))
    assert 0.5 < layer.kernel.std() * 64**0.5 < 2


def test_vmap_over_a_layer_with_losses_gives_one_a_call():
    layer = built(Penalty())

    def loss(x):
        layer(x)
        return layer.losses[0]

    assert torch.allclose(vmap(loss)(X), X.square().mean(1))


@pytest.mark.parametrize("make", [lambda: Linear(4), two_layers])
def test_functional_call_on_an_unbuilt_model_says_what_to_do_and_harms_nothing(make):
    given, model = _weights(built(make())), make()
    with pytest.raises(RuntimeError, match=r"linear.*not built.*torchkeras_layer\.build\(model, "):
        functional_call(model, given, (X,))
    assert torch.isfinite(model(X)).all()
    assert list(dict(model.named_parameters())) == list(given)
    assert torch.isfinite(functional_call(model, given, (X,))).all()
