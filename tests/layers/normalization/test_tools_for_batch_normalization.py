"""Do torch's tools for batch normalization find the layer, and do the right thing or say what to write?"""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch
from torch import nn
from torch._functorch.batch_norm_replacement import replace_all_batch_norm_modules_
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim.swa_utils import AveragedModel, update_bn
from torch.utils.checkpoint import checkpoint

import torchkeras_layer as keras
from torchkeras_layer import layers


def _batches(*shape):
    generator = np.random.default_rng(3)
    values = (generator.normal(i, 1 + i, size=(4 + i, *shape)) for i in range(3))
    return [torch.as_tensor(value, dtype=torch.float32) for value in values]


def _averages(batches):
    """Return what torch's own layer has after `update_bn`; the mean of the biased variances is the layer's own."""
    theirs = nn.BatchNorm1d(batches[0].shape[-1])
    rows = [batch.reshape(-1, batch.shape[-1]) for batch in batches]
    update_bn(rows, theirs)
    return theirs.running_mean, torch.stack([batch.var(0, correction=0) for batch in rows]).mean(0)


def _assert_averages(layer, batches):
    mean, variance = _averages(batches)
    torch.testing.assert_close((layer.moving_mean, layer.moving_variance), (mean, variance))


def test_it_is_one_of_torchs():
    layer = layers.BatchNormalization()
    assert isinstance(layer, _BatchNorm)
    layer.build((None, 3))
    assert list(layer.state_dict()) == ["gamma", "beta", "moving_mean", "moving_variance"]


@pytest.mark.parametrize("shape", [(3,), (5, 3), (4, 4, 3)])
@pytest.mark.parametrize("arguments", [{}, {"scale": False, "center": False}, {"momentum": 0.5}])
@pytest.mark.parametrize("is_built", [True, False])
def test_update_bn_averages_the_statistics_of_all_batches(shape, arguments, is_built):
    layer, batches = layers.BatchNormalization(**arguments), _batches(*shape)
    model = nn.Sequential(layer)
    if is_built:
        model(batches[0])
    for _ in range(2):
        update_bn(batches, model.eval())
        _assert_averages(layer, batches)
        assert layer.momentum == arguments.get("momentum", 0.99)
        assert not model.training


@pytest.mark.parametrize("make", [layers.Masking, nn.Identity])
def test_update_bn_of_a_model_of_keras(make):
    inputs = keras.Input((5, 3))
    model = keras.Model(inputs, layers.BatchNormalization(name="bn")(make()(inputs)))
    batches = _batches(5, 3)
    update_bn(batches, model)
    _assert_averages(model.get_layer("bn"), batches)


def test_update_bn_of_an_averaged_model():
    layer, batches = layers.BatchNormalization(), _batches(3)
    layer.build((None, 3))
    averaged = AveragedModel(layer)
    averaged.update_parameters(layer)
    update_bn(batches, averaged)
    _assert_averages(averaged.module, batches)
    assert layer.moving_mean.tolist() == [0, 0, 0]


def test_a_checkpoint_counts_each_batch_once():
    layer, batches = layers.BatchNormalization(), _batches(3)
    layer.momentum = None
    for batch in batches:
        checkpoint(layer, batch.requires_grad_(), use_reentrant=False).sum().backward()
    _assert_averages(layer, [batch.detach() for batch in batches])


def test_a_frozen_layer_keeps_its_statistics():
    layer, batches = layers.BatchNormalization(), _batches(3)
    layer(batches[2])
    before = layer.moving_mean.clone()
    layer.trainable = False
    update_bn(batches, nn.Sequential(layer))
    assert torch.equal(layer.moving_mean, before)


def test_the_statistics_are_reset_to_their_initializers():
    layer = layers.BatchNormalization(moving_mean_initializer=keras.initializers.Constant(3.0))
    layer.reset_running_stats()
    layer(torch.ones(4, 2))
    mean = layer.moving_mean
    layer.reset_running_stats()
    assert layer.moving_mean is mean
    assert (layer.moving_mean.tolist(), layer.moving_variance.tolist()) == ([3, 3], [1, 1])


def test_the_number_of_averaged_batches_is_copied():
    batches = _batches(3)
    layer = layers.BatchNormalization()
    layer.momentum = None
    layer(batches[0])
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        twin(batches[1])
        twin(batches[2])
        _assert_averages(twin, batches)


def test_a_layer_made_without_momentum_averages_all_batches():
    layer, batches = layers.BatchNormalization(momentum=None), _batches(3)
    for batch in batches:
        layer(batch)
    _assert_averages(layer, batches)
    assert layers.BatchNormalization.from_config(layer.get_config()).momentum is None


def test_a_wrapped_layer_is_found():
    layer, batches = layers.TimeDistributed(layers.BatchNormalization()), _batches(5, 3)
    update_bn(batches, layer)
    # The variances are those of each step.
    torch.testing.assert_close(layer.layer.moving_mean, _averages(batches)[0])


def test_without_momentum_one_value_per_channel_counts_too():
    layer = layers.BatchNormalization()
    layer.momentum = None
    layer(torch.tensor([[2.0]]))
    layer(torch.tensor([[4.0]]))
    assert (layer.moving_mean.item(), layer.moving_variance.item()) == (3, 0)


@pytest.mark.parametrize("is_built", [True, False])
def test_conversion_to_synchronized_layers_says_what_to_write(is_built):
    model = nn.Sequential(nn.Linear(3, 3), layers.BatchNormalization(name="bn"))
    if is_built:
        model(torch.ones(2, 3))
    with pytest.raises(AttributeError, match=r"^bn \(BatchNormalization\): .*convert_sync.*synchronized=True"):
        nn.SyncBatchNorm.convert_sync_batchnorm(model)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("weight", "gamma"),
        ("bias", "beta"),
        ("eps", "epsilon"),
        ("running_mean", "moving_mean"),
        ("running_var", "moving_variance"),
    ],
)
def test_names_of_torch_are_explained(theirs, ours):
    layer = layers.BatchNormalization(name="bn")
    assert not hasattr(layer, theirs)
    with pytest.raises(AttributeError, match=rf"^bn \(BatchNormalization\): no attribute '{theirs}'\. .*'{ours}'"):
        getattr(layer, theirs)


def test_tools_for_torchs_buffers_leave_the_layer_as_it_is():
    model = nn.Sequential(layers.BatchNormalization())
    model(torch.ones(4, 2))
    # Without the versions that `state_dict` adds, torch's own layers look for a buffer that they had not always.
    before = dict(model.state_dict())
    assert replace_all_batch_norm_modules_(model) is model
    assert list(model.state_dict()) == list(before)
    model.load_state_dict(before)


def test_a_loop_that_freezes_all_batch_normalizations():
    layer, batches = layers.BatchNormalization(), _batches(3)
    model = nn.Sequential(layer)
    model(batches[0])
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            module.eval()
    before = layer.moving_mean.clone()
    model(batches[1])
    assert torch.equal(layer.moving_mean, before)
