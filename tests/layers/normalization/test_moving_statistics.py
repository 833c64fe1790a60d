"""When, and by how much, do the moving statistics of BatchNormalization move?"""

from __future__ import annotations

import copy
import functools
import io

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import functional_call, grad, vmap
from torch.utils.checkpoint import checkpoint, create_selective_checkpoint_contexts

from torchkeras_layer import layers


def _images(*shape: int) -> torch.Tensor:
    return torch.as_tensor(np.random.default_rng(2).normal(3, 2, size=shape), dtype=torch.float32)


def test_the_moving_variance_is_the_biased_one():
    layer, theirs = layers.BatchNormalization(momentum=0.0), nn.BatchNorm1d(2, eps=1e-3, momentum=1.0)
    inputs = _images(4, 2)
    torch.testing.assert_close(layer(inputs), theirs(inputs))
    torch.testing.assert_close(layer.moving_variance, theirs.running_var * 3 / 4)


def test_momentum_is_the_share_that_stays():
    layer = layers.BatchNormalization(momentum=0.75)
    layer(torch.tensor([[4.0], [8.0]]))
    assert (layer.moving_mean.item(), layer.moving_variance.item()) == pytest.approx((1.5, 1.75))


def test_two_calls_before_one_backward():
    layer = layers.BatchNormalization()
    inputs = _images(6, 2)
    (layer(inputs[:3]).square().sum() + layer(inputs[3:]).sum()).backward()
    assert torch.isfinite(layer.gamma.grad).all()


def test_statistics_written_before_the_backward_pass():
    layer = layers.BatchNormalization()
    outputs = layer(_images(6, 2))
    with torch.no_grad():
        for statistic in layer.buffers():
            statistic.zero_()
    outputs.square().sum().backward()
    assert torch.isfinite(layer.gamma.grad).all()


@pytest.mark.parametrize("use_reentrant", [True, False])
def test_a_checkpoint_moves_the_statistics_once(use_reentrant):
    layer, plain = layers.BatchNormalization(), layers.BatchNormalization()
    inputs = _images(4, 2).requires_grad_()
    checkpoint(layer, inputs, use_reentrant=use_reentrant).square().sum().backward()
    plain(inputs)
    assert torch.equal(layer.moving_mean, plain.moving_mean)


def test_state_given_to_a_transform_is_moved_as_torch_s_own_is():
    layer = layers.BatchNormalization()
    inputs = _images(4, 2)
    layer.build(inputs.shape)
    parameters, statistics = dict(layer.named_parameters()), dict(layer.named_buffers())

    def loss(parameters, statistics):
        outputs = functional_call(layer, (parameters, statistics), (inputs,))
        return outputs.square().sum(), statistics

    gradients, moved = grad(loss, has_aux=True)(parameters, {n: s.clone() for n, s in statistics.items()})
    assert set(gradients) == {"gamma", "beta"}
    assert not torch.equal(moved["moving_mean"], layer.moving_mean)
    assert torch.equal(layer.moving_mean, torch.zeros(2))


def test_an_ensemble_of_layers_in_training():
    members = [layers.BatchNormalization() for _ in range(3)]
    inputs = _images(3, 4, 2)
    for member in members:
        member.build((4, 2))
    parameters, statistics = torch.func.stack_module_state(copy.deepcopy(members))

    def call(parameters, statistics, inputs):
        return functional_call(members[0], (parameters, statistics), (inputs,))

    outputs = vmap(call)(parameters, statistics, inputs)
    torch.testing.assert_close(outputs, torch.stack([m(x) for m, x in zip(members, inputs, strict=True)]))
    torch.testing.assert_close(statistics["moving_mean"], torch.stack([m.moving_mean for m in members]))


@pytest.mark.filterwarnings("ignore:`torch.jit.*` is deprecated:DeprecationWarning")
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
def test_a_traced_layer_moves_its_own():
    layer, inputs = layers.BatchNormalization(momentum=0.5), _images(4, 2)
    layer.build(inputs.shape)
    file = io.BytesIO()
    torch.jit.save(torch.jit.trace(layer, inputs, check_trace=False), file)
    file.seek(0)
    traced = torch.jit.load(file)
    before = traced.moving_mean.clone()
    traced(inputs + 10)
    torch.testing.assert_close(traced.moving_mean, (before + (inputs + 10).mean(0)) / 2)


@pytest.mark.parametrize("masked", [False, True])
def test_several_axes_in_another_order_in_memory(masked):
    layer, plain = (layers.BatchNormalization(axis=[1, 3], momentum=0.5) for _ in range(2))
    inputs = _images(4, 3, 5, 6)
    mask = torch.ones(4, 3, 5, dtype=torch.bool) if masked else None
    layer.build(inputs.shape)
    layer.to(memory_format=torch.channels_last)
    layer(inputs, mask=mask)
    plain(inputs, mask=mask)
    torch.testing.assert_close(layer.moving_mean, plain.moving_mean)
    torch.testing.assert_close(layer.moving_variance, plain.moving_variance)


def test_a_moving_mean_that_autograd_keeps_is_not_changed_silently():
    layer, weight = layers.BatchNormalization(), torch.ones(2, requires_grad=True)
    layer.build((4, 2))
    product = (layer.moving_mean * weight).sum()
    layer(_images(4, 2))
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        product.backward()


def test_selective_checkpoints():
    layer, plain = layers.BatchNormalization(), layers.BatchNormalization()
    model = nn.Sequential(nn.Linear(2, 2), layer)
    inputs = _images(4, 2).requires_grad_()
    plain(model[0](inputs))
    layer.build((4, 2))
    keep_products = functools.partial(create_selective_checkpoint_contexts, [torch.ops.aten.addmm.default])
    checkpoint(model, inputs, use_reentrant=False, context_fn=keep_products).square().sum().backward()
    torch.testing.assert_close(layer.moving_mean, plain.moving_mean)
    torch.testing.assert_close(layer.moving_variance, plain.moving_variance)
