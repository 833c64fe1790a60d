"""Does TimeDistributed give for each step what Keras gives, with all steps at once or one by one?"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import torchkeras_layer as ours
from tests.oracle import assert_close, keras, to_numpy
from torchkeras_layer.layers.wrappers.time_distributed import computes_samples_apart

L = ours.layers


class Counting(ours.Layer):
    """Subtracts the mean over the batch, and counts its calls."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.calls = 0

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return inputs - inputs.mean(0)


class Largest(ours.Layer):
    """Gives ints."""

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        return inputs.argmax(-1)


def _pair(make: Any, shape: Any) -> tuple[Any, Any]:
    mine, theirs = make(ours.layers), make(keras.layers)
    for layer in (mine, theirs):
        layer.build(shape)
    mine.set_weights([to_numpy(weight) for weight in theirs.weights])
    return mine, theirs


_MADE = {
    "dense": (lambda layers: layers.Dense(3, activation="relu"), (4,)),
    "flatten": (lambda layers: layers.Flatten(), (2, 3)),
    "convolution": (lambda layers: layers.Conv1D(3, 2, padding="same"), (5, 2)),
    "pooling": (lambda layers: layers.GlobalMaxPooling2D(), (3, 4, 2)),
    "normalization": (lambda layers: layers.LayerNormalization(), (4,)),
    "batch normalization": (lambda layers: layers.BatchNormalization(momentum=0.5), (4,)),
    "nested": (lambda layers: layers.TimeDistributed(layers.Dense(3)), (2, 4)),
    "recurrent": (lambda layers: layers.GRU(3), (4, 2)),
    "seeded": (lambda layers: layers.Dropout(0.4, seed=3), (4,)),
}


@given(
    name=st.sampled_from(sorted(_MADE)),
    batch=st.integers(2, 4),
    steps=st.integers(1, 4),
    training=st.booleans(),
)
def test_random_configurations_give_keras_s_numbers(name, batch, steps, training):
    make, shape = _MADE[name]
    shape = (batch, steps, *shape)
    mine, theirs = _pair(lambda layers: layers.TimeDistributed(make(layers)), shape)
    torch.manual_seed(0)
    for inputs in (torch.randn(shape), torch.randn(shape)):
        results = []
        for layer in (mine, theirs):
            given_too = inputs.clone().requires_grad_()
            outputs = layer(given_too, training=training)
            loss = (outputs * torch.linspace(-1, 1, outputs.numel()).reshape(outputs.shape)).sum()
            weights = [getattr(weight, "value", weight) for weight in layer.trainable_weights]
            results.append((outputs, torch.autograd.grad(loss, [given_too, *weights]), list(layer.weights)))
        assert_close(results[0], results[1], name, atol=1e-5)
    free = (None, None, *shape[2:])
    assert mine.compute_output_shape(free) == tuple(theirs.compute_output_shape(free))
    assert mine.compute_output_shape(free) == ours.Layer.compute_output_shape(mine, free)


def test_what_looks_at_the_whole_batch_is_called_step_by_step():
    layer = L.TimeDistributed(Counting())
    inputs = torch.randn(3, 4, 2)
    assert_close(layer(inputs), inputs - inputs.mean(0))
    assert layer.layer.calls == 4


@pytest.mark.parametrize(
    ("make", "answer"),
    [
        (lambda: L.Dense(2), "always"),
        (lambda: ours.Sequential([L.Conv2D(2, 2), L.ReLU(), L.Flatten()]), "always"),
        (lambda: L.Softmax(axis=1), "always"),
        (lambda: L.Softmax(axis=0), "not known"),
        (lambda: L.Softmax(axis=-2), "not known"),
        (lambda: L.Lambda(lambda x: x), "not known"),
        (lambda: Counting(), "not known"),
        (lambda: L.GRU(2, stateful=True), "not known"),
        (lambda: L.GRU(2, time_major=True), "not known"),
        (lambda: L.Dropout(0.5), "always"),
        (lambda: L.Dropout(0.5, noise_shape=(1, None)), "in inference"),
        (lambda: ours.Sequential([L.Dense(2), L.Dropout(0.5, seed=1)]), "in inference"),
        (lambda: L.SpectralNormalization(L.Dense(2)), "in inference"),
        (lambda: nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)), "in inference"),
        (lambda: nn.Sequential(nn.Conv2d(2, 2, 1), nn.ReLU(), nn.Flatten()), "always"),
        (lambda: nn.LSTM(2, 2), "not known"),
        (lambda: nn.Softmax(dim=0), "not known"),
    ],
)
def test_which_layers_get_all_steps_at_once(make, answer):
    assert computes_samples_apart(make()) == answer


def test_a_module_of_torch_s():
    module = nn.Sequential(nn.Linear(3, 2), nn.Tanh())
    inputs = torch.randn(4, 5, 3)
    layer = L.TimeDistributed(module)
    torch.testing.assert_close(layer(inputs), module(inputs))
    assert list(layer.state_dict()) == ["layer.module.0.weight", "layer.module.0.bias"]


def test_several_inputs_and_outputs():
    torch.manual_seed(0)
    inputs = [torch.randn(2, 3, 4), torch.randn(2, 3, 4)]
    assert_close(L.TimeDistributed(L.Add())(inputs), inputs[0] + inputs[1])
    one, other = L.TimeDistributed(L.LSTM(3, return_state=True))(torch.randn(2, 3, 5, 4))[:2]
    assert one.shape == other.shape == (2, 3, 3)
    layer = L.TimeDistributed(L.LSTM(3, return_state=True))
    assert layer.compute_output_shape((None, 3, 5, 4)) == ((None, 3, 3),) * 3


def test_a_layer_that_takes_a_mask_gets_that_of_its_step():
    mine, theirs = _pair(lambda layers: layers.TimeDistributed(layers.GRU(3)), (2, 3, 4, 5))
    torch.manual_seed(0)
    inputs, mask = torch.randn(2, 3, 4, 5), torch.rand(2, 3, 4) < 0.6
    outputs = mine(inputs, mask=mask)
    assert_close(outputs, theirs(inputs, mask=mask))
    assert torch.equal(outputs._keras_mask, mask)


def test_the_mask_goes_on():
    inputs, mask = torch.randn(2, 3, 4), torch.tensor([[True, True, False], [True, False, False]])
    inputs._keras_mask = mask
    assert L.TimeDistributed(L.Dense(2))(inputs)._keras_mask is mask
    assert L.TimeDistributed(Counting())(inputs)._keras_mask is mask


@pytest.mark.parametrize("shape", [(3,), (2, 4), (3, 3)])
def test_a_mask_that_does_not_fit_is_refused(shape):
    layer = L.TimeDistributed(L.Dense(2), name="steps")
    with pytest.raises(ValueError, match=r"steps: the shape of the mask must .* here \(2, 3\). Received: a mask of"):
        layer(torch.ones(2, 3, 4), mask=torch.ones(shape, dtype=torch.bool))


def test_inputs_without_steps_are_refused():
    layer = L.TimeDistributed(L.Dense(2), name="steps")
    message = (
        r"steps: needs inputs of shape \(batch, steps, ...\) and of rank 3 or more. Received: input_shape=\(2, 4\)"
    )
    for attempt in (lambda: layer(torch.ones(2, 4)), lambda: layer.build((2, 4)), lambda: ours.Model(*_graph(layer))):
        with pytest.raises(ValueError, match=message.replace("2, 4", "(2|None), 4")):
            attempt()
    layer(torch.ones(2, 3, 4))
    with pytest.raises(ValueError, match=message):
        layer(torch.ones(2, 4))


def _graph(layer: Any) -> tuple[Any, Any]:
    inputs = ours.Input((4,))
    return inputs, layer(inputs)


def test_free_sizes_in_a_graph():
    inputs = ours.Input((None, 4))
    outputs = L.TimeDistributed(Counting())(L.TimeDistributed(L.Dense(3))(inputs))
    assert outputs.shape == (None, None, 3)
    assert ours.Model(inputs, outputs)(torch.randn(2, 5, 4)).shape == (2, 5, 3)


def test_a_batch_or_a_sequence_of_length_0():
    for layer in (L.TimeDistributed(L.Dense(3)), L.TimeDistributed(Counting())):
        assert layer(torch.ones(2, 3, 3)).shape == (2, 3, 3)
        assert layer(torch.ones(2, 0, 3)).shape == (2, 0, 3)
        assert layer(torch.ones(0, 2, 3)).shape == (0, 2, 3)


def test_losses_and_dtypes():
    layer = L.TimeDistributed(L.Dense(3, kernel_regularizer="l2", activity_regularizer="l2"))
    layer(torch.ones(2, 3, 4))
    assert len(layer.losses) == 2
    assert L.TimeDistributed(L.Dense(3), dtype="mixed_bfloat16")(torch.ones(2, 3, 4)).dtype is torch.bfloat16
    ints = L.TimeDistributed(Largest())
    assert ints(torch.ones(2, 3, 4)).dtype is torch.int64
    signature = ints.compute_output_signature(ours.TensorSpec((None, 3, 4)))
    assert (signature.shape, signature.dtype) == ((None, 3), "int64")


def test_the_layer_keeps_a_mode_of_its_own():
    layer = L.TimeDistributed(L.Dropout(0.5))
    inputs = torch.ones(4, 3, 5)
    layer(inputs)
    layer.eval()
    assert torch.equal(layer(inputs), inputs)
    layer.layer.train()
    assert not torch.equal(layer(inputs), inputs)


def test_export_for_any_number_of_steps():
    layer = L.TimeDistributed(L.Dense(3)).eval()
    inputs = torch.randn(2, 3, 4)
    layer(inputs)
    sizes = {0: torch.export.Dim("batch", min=2), 1: torch.export.Dim("steps", min=2)}
    program = torch.export.export(layer, (inputs,), dynamic_shapes=(sizes,))
    more = torch.randn(5, 7, 4)
    torch.testing.assert_close(program.module()(more), layer(more))


def test_a_mask_that_is_no_tensor():
    with pytest.raises(ValueError, match="^each: the mask must be a tensor. Received: mask='a'"):
        L.TimeDistributed(L.Dense(2), name="each")(torch.ones(2, 3, 4), mask="a")


def test_a_model_that_is_not_built_yet_takes_any_batch():
    """As in Keras: all steps at once, and then batches of other sizes."""
    images = ours.Sequential([L.Conv2D(3, 2), L.Flatten()])
    model = ours.Sequential([L.TimeDistributed(images), L.LSTM(3)])
    for batch in (2, 4):
        assert model(torch.randn(batch, 3, 6, 6, 1)).shape == (batch, 3)
    named = L.TimeDistributed(ours.Sequential([L.Dense(3), L.Dense(2)]))
    for batch in (2, 4):
        assert named(torch.randn(batch, 3, 4)).shape == (batch, 3, 2)


def test_a_model_for_one_batch_size_is_called_step_by_step():
    model = ours.Sequential([ours.Input(batch_shape=(2, 4)), L.Dense(3)])
    inputs = torch.randn(2, 5, 4)
    torch.testing.assert_close(L.TimeDistributed(model)(inputs), model.layers[-1](inputs))


def test_a_stateful_layer_is_built_for_the_batch():
    layer = L.TimeDistributed(L.GRU(3, stateful=True))
    assert layer(torch.randn(2, 3, 5, 4)).shape == (2, 3, 3)
    assert layer.layer.states[0].shape == (2, 3)


@pytest.mark.parametrize("dtype", ["int32", "int64", "bool"])
def test_a_dtype_of_ints_does_not_round_the_outputs(dtype):
    """As in both Kerases, the outputs are those of the layer inside."""
    ids = torch.tensor([[[1, 2, 0]]], dtype=torch.int32)
    for inner in (L.Embedding(5, 6), L.Dense(2, dtype="float64"), ours.Sequential([L.Embedding(5, 6)])):
        layer = L.TimeDistributed(inner, dtype=dtype)
        outputs = layer(ids)
        assert_close(outputs[:, 0], inner(ids[:, 0]))
        assert outputs.dtype is inner(ids[:, 0]).dtype
        assert outputs.abs().max() > 0
        assert L.TimeDistributed(inner, dtype=dtype)(ours.Input((1, 3), dtype="int32")).dtype is outputs.dtype
    mine, theirs = (
        library.layers.TimeDistributed(library.layers.Embedding(5, 6), dtype=dtype) for library in (ours, keras)
    )
    theirs(ids), mine(ids)
    theirs.set_weights(mine.get_weights())
    assert_close(mine(ids), theirs(ids))
    twin = L.TimeDistributed.from_config(mine.get_config())
    assert twin(ids).dtype is torch.float32
