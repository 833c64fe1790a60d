"""Does a wrapped module of torch compute, train, copy and load as it does alone?"""

from __future__ import annotations

import copy
import io
import pickle

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

import torchkeras_layer as ours
from tests.layers.core.torch_modules import Scaled, make_network
from tests.oracle import assert_close, keras
from torchkeras_layer import layers


@pytest.mark.parametrize(
    ("module", "inputs"),
    [
        (nn.Linear(3, 2).double(), torch.ones(2, 3, dtype=torch.float64)),
        (nn.Linear(3, 2).bfloat16(), torch.ones(2, 3, dtype=torch.bfloat16)),
        (nn.Embedding(5, 3), torch.tensor([[1, 2]])),
        (nn.ReLU(), torch.tensor([-1.0, 2.0], dtype=torch.float64)),
        (nn.Flatten(), torch.ones(2, 3, 4, dtype=torch.float16)),
    ],
)
def test_nothing_is_cast(module, inputs):
    layer = layers.TorchModuleWrapper(module)
    outputs, alone = layer(inputs), module(inputs)
    assert outputs.dtype is alone.dtype
    assert torch.equal(outputs, alone)
    assert layer.compute_output_signature(ours.TensorSpec((None, *inputs.shape[1:]), inputs.dtype)).dtype == str(
        alone.dtype
    ).removeprefix("torch.")


def test_what_fails_alone_fails_wrapped_unless_autocast_asks_for_a_cast():
    module, inputs = nn.Linear(3, 2), torch.ones(1, 3, dtype=torch.float64)
    with pytest.raises(RuntimeError, match="same dtype"):
        layers.TorchModuleWrapper(module)(inputs)
    assert torch.equal(layers.TorchModuleWrapper(module, autocast=True)(inputs), module(inputs.float()))


def test_a_mixed_global_policy_changes_nothing():
    ours.mixed_precision.set_global_policy("mixed_bfloat16")
    layer = layers.TorchModuleWrapper(nn.Linear(3, 2))
    assert layer(torch.ones(1, 3)).dtype is torch.float32
    assert (layer.compute_dtype, layer.variable_dtype) == ("float32", "float32")


def test_the_dtype_is_that_of_the_module():
    assert layers.TorchModuleWrapper(nn.Linear(1, 1).double()).dtype == "float64"
    assert layers.TorchModuleWrapper(nn.ReLU()).dtype == "float32"
    layer = layers.TorchModuleWrapper(nn.Linear(1, 1)).to(torch.float64)
    assert layer.dtype == "float64"
    assert layer.module.weight.dtype is torch.float64


def test_arguments_go_on_as_they_were_given():
    module = Scaled()
    layer = layers.TorchModuleWrapper(module)
    one, two = torch.ones(2), torch.full((2,), 2.0)
    assert layer(one, two).tolist() == [3, 3]
    assert layer(one, b=two, scale=2.0).tolist() == [3, 3]
    assert module.seen == {"scale": 2.0, "mask": None, "training": None, "mode": True}
    assert layer(a=one, b=two).tolist() == [3, 3]
    assert layer(b=two, a=one).tolist() == [3, 3]
    assert layer({"x": one}).tolist() == [1, 1]
    assert layer([one])[0] is one
    assert layer((one,)) == (one,)
    mask = torch.tensor([True, False])
    layer(one, mask=mask)
    assert module.seen["mask"] is mask


def test_several_inputs_and_outputs():
    attention = nn.MultiheadAttention(4, 2, batch_first=True)
    layer = layers.TorchModuleWrapper(attention)
    query, key = torch.randn(2, 3, 4), torch.randn(2, 5, 4)
    for mine, alone in zip(layer(query, key, value=key), attention(query, key, key), strict=True):
        assert torch.equal(mine, alone)
    recurrent = nn.LSTM(4, 3, batch_first=True)
    outputs, (hidden, cell) = layers.TorchModuleWrapper(recurrent)(query)
    expected, (hidden_alone, cell_alone) = recurrent(query)
    assert torch.equal(outputs, expected)
    assert torch.equal(hidden, hidden_alone)
    assert torch.equal(cell, cell_alone)


def test_an_implicit_mask_is_not_given_to_the_module():
    inputs = torch.ones(2)
    inputs._keras_mask = torch.tensor([True, False])
    layer = layers.TorchModuleWrapper(Scaled())
    # The module returns its input, which keeps the mask; nothing is lost.
    assert layer(inputs)._keras_mask is inputs._keras_mask
    assert layer.module.seen["mask"] is None
    with pytest.warns(UserWarning, match="does not support masking"):
        layer(inputs, torch.ones(2))
    assert layer.module.seen["mask"] is None


def test_train_and_eval_reach_the_module():
    layer = layers.TorchModuleWrapper(nn.Dropout(0.5))
    assert layer.eval()(torch.ones(100)).sum() == 100
    assert layer.train()(torch.ones(100)).eq(0).any()


def test_a_part_of_the_module_may_be_in_another_mode():
    layer = layers.TorchModuleWrapper(make_network()).train()
    layer.module[1].eval()
    before = layer.module[1].running_mean.clone()
    layer(torch.randn(5, 3))
    assert torch.equal(layer.module[1].running_mean, before)
    layer(torch.randn(5, 3), training=True)
    assert not torch.equal(layer.module[1].running_mean, before)
    assert [inner.training for inner in layer.module] == [True, False, True, True]


def test_training_given_to_the_call_or_to_one_around_it_decides():
    class Outer(ours.Layer):
        def __init__(self):
            super().__init__()
            self.inner = layers.TorchModuleWrapper(Scaled())

        def call(self, inputs):
            return self.inner(inputs)

    outer = Outer().train()
    seen = []
    for training in (None, False, True):
        outer(torch.ones(1), training=training)
        seen.append((outer.inner.module.seen["mode"], outer.inner.module.seen["training"]))
    assert seen == [(True, None), (False, False), (True, True)]
    assert outer.inner.module.training


def test_the_mode_comes_back_after_an_error():
    layer = layers.TorchModuleWrapper(nn.Linear(3, 2)).train()
    with pytest.raises(RuntimeError):
        layer(torch.ones(1, 4), training=False)
    assert layer.module.training


def test_a_checkpoint_runs_the_module_again_in_the_same_mode():
    class Outer(ours.Layer):
        def __init__(self):
            super().__init__()
            self.inner = layers.TorchModuleWrapper(nn.BatchNorm1d(3))

        def call(self, inputs):
            return checkpoint(self.inner, inputs, use_reentrant=False)

    outer = Outer().train()
    inputs = torch.randn(4, 3, requires_grad=True)
    (outer(inputs, training=False) ** 2).sum().backward()
    module = outer.inner.module
    assert torch.equal(module.running_mean, torch.zeros(3))
    torch.testing.assert_close(inputs.grad, 2 * inputs.detach() / (1 + module.eps))


def test_weights_buffers_and_keys():
    layer = layers.TorchModuleWrapper(make_network())
    assert list(layer.state_dict()) == [f"module.{key}" for key in layer.module.state_dict()]
    assert len(layer.trainable_weights) == 6
    assert len(layer.non_trainable_weights) == 3
    assert layer.built
    assert layer.count_params() == sum(value.numel() for value in layer.module.state_dict().values())


def test_training_is_torch_s():
    network = make_network()[:2]
    alone, wrapped = network, layers.TorchModuleWrapper(copy.deepcopy(network))
    inputs = torch.randn(8, 3)
    for model in (alone, wrapped):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            (model(inputs) ** 3).sum().backward()
            optimizer.step()
    for mine, theirs in zip(wrapped.module.state_dict().values(), alone.state_dict().values(), strict=True):
        assert torch.equal(mine, theirs)


def test_freezing_reaches_the_module():
    layer = layers.TorchModuleWrapper(nn.Linear(3, 2), trainable=False)
    assert not any(weight.requires_grad for weight in layer.module.parameters())
    layer.trainable = True
    assert all(weight.requires_grad for weight in layer.module.parameters())


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])
def test_copies(duplicate):
    layer = layers.TorchModuleWrapper(make_network()).eval()
    twin = duplicate(layer)
    inputs = torch.randn(2, 3)
    assert torch.equal(twin(inputs), layer(inputs))
    assert twin.module[0].weight is not layer.module[0].weight


def test_a_state_dict_through_a_file():
    layer, twin = layers.TorchModuleWrapper(make_network()), layers.TorchModuleWrapper(make_network())
    layer(torch.randn(5, 3))
    file = io.BytesIO()
    torch.save(layer.state_dict(), file)
    file.seek(0)
    twin.load_state_dict(torch.load(file, weights_only=True))
    inputs = torch.randn(2, 3)
    assert torch.equal(twin.eval()(inputs), layer.eval()(inputs))


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # of Keras with torch
def test_keras_and_we_read_each_other_s_store():
    mine, theirs = (library.layers.TorchModuleWrapper(make_network()) for library in (ours, keras))
    store = {}
    mine(torch.randn(5, 3))
    mine.save_own_variables(store)
    theirs.load_own_variables(store)
    inputs = torch.randn(2, 3)
    assert_close(mine(inputs, training=False), theirs(inputs, training=False))
    twin, store = layers.TorchModuleWrapper(make_network()), {}
    theirs.save_own_variables(store)
    twin.load_own_variables(store)
    assert torch.equal(twin(inputs, training=False), mine(inputs, training=False))


@pytest.mark.parametrize(
    ("store", "fault"),
    [
        ({"weight": torch.ones(2, 3)}, r"are named \['bias', 'weight'\]. Received: \['weight'\]"),
        ({"weight": torch.ones(2, 3), "bias": torch.ones(3)}, "must be set to an array of shape"),
    ],
)
def test_a_store_of_another_module(store, fault):
    layer = layers.TorchModuleWrapper(nn.Linear(3, 2))
    before = layer.get_weights()
    with pytest.raises(ValueError, match=f"^torch_module_wrapper: .*{fault}.*Nothing was written"):
        layer.load_own_variables(store)
    assert_close(layer.get_weights(), before)


def test_hooks_of_the_module_run():
    module, seen = nn.ReLU(), []
    module.register_forward_hook(lambda *_: seen.append(1))
    layers.TorchModuleWrapper(module)(torch.ones(1))
    assert seen == [1]


def test_layers_inside_the_module_build_and_count():
    layer = layers.TorchModuleWrapper(nn.Sequential(layers.Dense(2, kernel_regularizer="l2"), nn.ReLU()))
    layer(torch.ones(1, 3))
    assert [key for key, _ in layer.named_parameters()] == ["module.0.kernel", "module.0.bias"]
    assert len(layer.losses) == 1


def test_activity_regularizer():
    layer = layers.TorchModuleWrapper(nn.ReLU(), activity_regularizer=ours.regularizers.L1(0.5))
    layer(torch.tensor([[1.0, -2.0], [3.0, 4.0]]))
    assert [loss.item() for loss in layer.losses] == [2.0]


def test_numbers_of_keras_s_wrapper():
    network = make_network()
    mine, theirs = layers.TorchModuleWrapper(network), keras.layers.TorchModuleWrapper(copy.deepcopy(network))
    inputs = torch.randn(6, 3)
    for training in (False, True, False):
        torch.manual_seed(1)
        outputs = mine(inputs, training=training)
        torch.manual_seed(1)
        assert_close(outputs, theirs(inputs, training=training), atol=1e-5)
    assert_close(mine.trainable_weights, theirs.weights)
