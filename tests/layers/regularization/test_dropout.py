"""What does Dropout do beyond the conformance suite: where its numbers come from, and what it refuses?"""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch
from torch._dynamo.testing import CompileCounter
from torch.distributed.checkpoint.state_dict import get_model_state_dict, set_model_state_dict
from torch.func import grad, vmap
from torch.utils.checkpoint import checkpoint

import torchkeras_layer as ours
from torchkeras_layer import layers

ONES = torch.ones(200, 50)


@pytest.mark.parametrize("rate", [-0.1, 1.1, "0.5", None, float("nan"), True])
def test_a_rate_is_from_0_to_1(rate):
    with pytest.raises(ValueError, match=r"^Dropout: rate must be a number from 0 to 1\. Received: rate="):
        layers.Dropout(rate)


@pytest.mark.parametrize("noise_shape", ["ab", 3, (1, 2.5), (0, 1), (-1,), [None, "1"]])
def test_a_noise_shape_has_positive_ints_and_none(noise_shape):
    with pytest.raises(ValueError, match="^Dropout: noise_shape must be a tuple of positive ints and None. Received:"):
        layers.Dropout(0.5, noise_shape=noise_shape)


@pytest.mark.parametrize("seed", [1.5, "1", True, int, torch.tensor(0.5), 2**63, -(2**63) - 1])
def test_a_seed_is_an_int(seed):
    with pytest.raises(ValueError, match=r"^Dropout: seed must be an int of 64 bits or None\. Received: seed="):
        layers.Dropout(0.5, seed=seed)


@pytest.mark.parametrize("noise_shape", [(2, None), (None, None, 1), (3,)])
def test_a_noise_shape_must_suit_the_inputs(noise_shape):
    layer = layers.Dropout(0.5, noise_shape=noise_shape, name="drop")
    with pytest.raises(ValueError, match=r"^drop: noise_shape must broadcast to .* \(4, 5\)\. Received: noise_shape="):
        layer(torch.ones(4, 5))


def test_numbers_of_numpy_are_plain_in_the_config():
    config = layers.Dropout(np.float64(0.5), noise_shape=[np.int64(1), None], seed=np.int64(3)).get_config()
    assert [type(config[name]) for name in ("rate", "seed")] == [float, int]
    assert config["noise_shape"] == (1, None)


def test_what_is_kept_is_scaled_up():
    outputs = layers.Dropout(0.25)(ONES)
    assert outputs.unique().tolist() == pytest.approx([0, 4 / 3])
    assert outputs.mean().item() == pytest.approx(1, abs=0.03)


def test_without_a_seed_torch_s_generator_rules():
    layer = layers.Dropout(0.5)
    torch.manual_seed(1)
    first, second = layer(ONES), layer(ONES)
    torch.manual_seed(1)
    assert torch.equal(torch.nn.functional.dropout(ONES, 0.5), first)
    assert not torch.equal(first, second)


def test_with_a_seed_torch_s_generator_is_not_touched():
    first, second = layers.Dropout(0.5, seed=1), layers.Dropout(0.5, seed=1)
    state = torch.get_rng_state()
    drawn = first(ONES), first(ONES)
    assert torch.equal(torch.get_rng_state(), state)
    assert not torch.equal(*drawn)
    assert all(torch.equal(second(ONES), outputs) for outputs in drawn)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])
def test_a_copy_goes_on_where_the_original_stands(duplicate):
    layer = layers.Dropout(0.5, seed=1)
    layer(ONES)
    twin = duplicate(layer)
    assert torch.equal(twin(ONES), layer(ONES))
    twin(ONES)
    assert not torch.equal(twin(ONES), layer(ONES))


def test_the_count_of_draws_is_no_weight():
    layer = layers.Dropout(0.5, seed=1)
    layer(ONES)
    assert (layer.weights, list(layer.parameters()), list(layer.buffers()), layer.count_params()) == ([], [], [], 0)
    assert layer.state_dict() == {"draws": torch.tensor(1)}
    assert layers.Dropout(0.5).state_dict() == {}


def test_the_count_may_be_set_to_an_int():
    layer = layers.Dropout(0.5, seed=1)
    first = layer(ONES)
    layer.draws = 0
    assert torch.equal(layer(ONES), first)
    for wrong in (-1, 1.0, None, True):
        with pytest.raises(ValueError, match="dropout.*: draws must be an int of at least 0. Received: draws="):
            layer.draws = wrong
    assert layer.draws == 1


def test_a_layer_made_in_inference_mode_counts_outside_of_it():
    with torch.inference_mode():
        layer = layers.Dropout(0.5, seed=1)
    layer(ONES)
    layer.load_state_dict({"draws": torch.tensor(0)})
    assert torch.equal(layer(ONES), layers.Dropout(0.5, seed=1)(ONES))


SEEDED = {
    "dropout": lambda: layers.Dropout(0.5, seed=1),
    "alpha": lambda: layers.AlphaDropout(0.5, seed=1),
    "spatial": lambda: layers.SpatialDropout1D(0.5, seed=1),
    "gaussian": lambda: layers.GaussianDropout(0.5, seed=1),
    "noise": lambda: layers.GaussianNoise(0.5, seed=1),
    "LSTM": lambda: layers.LSTM(2, dropout=0.5, recurrent_dropout=0.5, seed=1),
    "GRU": lambda: layers.GRU(2, dropout=0.5, seed=1),
    "ConvLSTM": lambda: layers.ConvLSTM1D(2, 1, dropout=0.5, seed=1),
    "wrapped": lambda: layers.TimeDistributed(layers.Dropout(0.5, seed=1)),
    "inside": lambda: torch.nn.Sequential(torch.nn.Identity(), layers.Dropout(0.5, seed=1)),
}


@pytest.mark.parametrize("make", SEEDED.values(), ids=SEEDED)
def test_training_goes_on_with_the_next_numbers_after_loading(make, tmp_path):
    layer, twin = make(), make()
    inputs = torch.ones(2, 5, 4, 3) if isinstance(layer, layers.ConvLSTM1D) else torch.ones(2, 5, 4)
    first = layer(inputs)
    torch.save(layer.state_dict(), tmp_path / "state.pt")
    twin.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    next_ones = layer(inputs)
    assert torch.equal(twin(inputs), next_ones)
    assert not torch.equal(first, next_ones)
    untouched = make()
    untouched(inputs)
    before = untouched.state_dict()
    for wrong in ({}, before | {"more": torch.ones(1)}):
        with pytest.raises(RuntimeError, match="draws|more"):
            untouched.load_state_dict(wrong)


def test_a_count_of_another_shape_is_an_error():
    layer = layers.Dropout(0.5, seed=1)
    for module in (layer, torch.nn.Sequential(layer)):
        state = {name: torch.ones(2, dtype=torch.int64) for name in module.state_dict()}
        with pytest.raises(RuntimeError, match=r"draws has shape \(\), received \(2,\)"):
            module.load_state_dict(state)
    assert layer.draws == 0


def test_inference_and_a_rate_of_0_return_the_inputs():
    assert layers.Dropout(0.5, seed=1).eval()(ONES) is ONES
    assert layers.Dropout(0.0)(ONES) is ONES


@pytest.mark.parametrize("seed", [None, 3])
def test_a_rate_of_1_leaves_nothing_and_no_nan(seed):
    inputs = ONES.clone().requires_grad_()
    outputs = layers.Dropout(1.0, seed=seed)(inputs)
    outputs.sum().backward()
    assert not outputs.any()
    assert not inputs.grad.any()


@pytest.mark.parametrize("arguments", [{}, {"seed": 3}, {"noise_shape": (None, 1)}])
def test_the_gradient_is_that_of_what_was_kept(arguments):
    inputs = ONES.clone().requires_grad_()
    outputs = layers.Dropout(0.5, **arguments)(inputs)
    outputs.sum().backward()
    assert torch.equal(inputs.grad, outputs.detach())


@pytest.mark.parametrize("seed", [None, 3])
def test_a_noise_shape_drops_together(seed):
    outputs = layers.Dropout(0.5, noise_shape=(None, 1), seed=seed)(ONES)
    assert torch.equal(outputs, outputs[:, :1].expand_as(outputs))
    assert len(outputs.unique()) == 2


def test_a_shorter_noise_shape_is_lined_up_with_the_last_axes():
    outputs = layers.Dropout(0.5, noise_shape=(50,), seed=3)(ONES)
    assert torch.equal(outputs, outputs[:1].expand_as(outputs))


@pytest.mark.parametrize("use_reentrant", [True, False])
def test_a_checkpoint_repeats_what_torch_s_generator_drew(use_reentrant):
    inputs = ONES.clone().requires_grad_()
    outputs = checkpoint(layers.Dropout(0.5), inputs, use_reentrant=use_reentrant)
    outputs.sum().backward()
    assert torch.equal(inputs.grad, outputs.detach())


@pytest.mark.parametrize("use_reentrant", [True, False])
def test_a_checkpoint_cannot_repeat_a_seed_and_says_so(use_reentrant):
    layer = layers.Dropout(0.5, seed=3, name="drop")
    outputs = checkpoint(lambda x: layer(x) ** 2, ONES.clone().requires_grad_(), use_reentrant=use_reentrant)
    with pytest.raises(RuntimeError, match="drop: a checkpoint runs it again .* Received: seed=3. Leave the seed out"):
        outputs.sum().backward()


def test_building_draws_nothing():
    layer = layers.Dropout(0.5, seed=1)
    ours.build(layer, ONES)
    assert torch.equal(layer(ONES), layers.Dropout(0.5, seed=1)(ONES))


def test_vmap_asks_what_random_numbers_are_to_be():
    inputs = torch.ones(3, 40)
    with pytest.raises(RuntimeError, match="randomness"):
        vmap(layers.Dropout(0.5, seed=1))(inputs)
    same = vmap(layers.Dropout(0.5, seed=1), randomness="same")(inputs)
    different = vmap(layers.Dropout(0.5, seed=1), randomness="different")(inputs)
    assert torch.equal(same[0], same[1])
    assert torch.equal(same[0], layers.Dropout(0.5, seed=1)(inputs[0]))
    assert not torch.equal(different[0], different[1])


def test_grad_transforms_see_through_a_seed():
    layer = layers.Dropout(0.5, seed=1)
    assert torch.equal(grad(lambda x: layer(x).sum())(ONES), layers.Dropout(0.5, seed=1)(ONES))


def test_halves_and_half_policies():
    for arguments in ({}, {"seed": 3}, {"noise_shape": (None, 1)}):
        assert layers.Dropout(0.5, dtype="float16", **arguments)(ONES).dtype is torch.float16


def test_a_compiled_layer_draws_what_an_eager_one_does():
    layer, eager = layers.Dropout(0.5, seed=1), layers.Dropout(0.5, seed=1)
    compiled = torch.compile(layer, backend="aot_eager", fullgraph=True)
    for _ in range(3):
        assert torch.equal(compiled(ONES), eager(ONES))
    assert torch.equal(layer(ONES), eager(ONES))


def test_distributed_checkpoints_keep_the_count_of_draws():
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), layers.Dropout(0.5, seed=1))
    model(torch.ones(1, 2))
    state = get_model_state_dict(model)
    twin = torch.nn.Sequential(torch.nn.Linear(2, 2), layers.Dropout(0.5, seed=1))
    set_model_state_dict(twin, state)
    assert (state["1.draws"], twin[1].draws) == (1, 1)


@pytest.mark.parametrize(
    "make", [*SEEDED.values(), lambda: layers.Dropout(0.5, (None, 5, 1)), lambda: layers.AlphaDropout(0.5)]
)
def test_one_graph_serves_free_sizes(make):
    layer = make()
    sizes = (5, 4, 3) if isinstance(layer, layers.ConvLSTM1D) else (5, 4)
    layer(torch.ones(2, *sizes))
    torch._dynamo.reset()
    counter = CompileCounter()
    compiled = torch.compile(layer, fullgraph=True, dynamic=True, backend=counter)
    # Torch's own convolution asks whether it gets less than 16 images.
    for batch in (6, 7, 9):
        assert len(compiled(torch.ones(batch, *sizes))) == batch
    assert counter.frame_count == 1
