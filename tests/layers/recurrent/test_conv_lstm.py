"""Do the convolutional LSTMs give Keras's outputs, states and gradients, and say what they cannot do?"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import torchkeras_layer as ours
from tests.oracle import assert_close, keras, to_numpy
from torchkeras_layer._shapes import map_shapes
from torchkeras_layer._structures import leaves

_BATCH, _STEPS = 2, 3


def _pair(rank: int, shape: Any, **arguments: Any) -> tuple[Any, Any]:
    """Make the layer in both libraries, built, with the same weights."""
    mine, theirs = (getattr(library.layers, f"ConvLSTM{rank}D")(**arguments) for library in (ours, keras))
    for layer in (mine, theirs):
        layer.build(shape)
    mine.set_weights([to_numpy(weight) for weight in theirs.weights])
    return mine, theirs


def _gradients(layer: Any, inputs: torch.Tensor, **arguments: Any) -> tuple[Any, Any]:
    inputs = inputs.clone().requires_grad_()
    outputs = layer(inputs, **arguments)
    weights = [getattr(weight, "value", weight) for weight in layer.trainable_weights]
    loss = sum((one * torch.linspace(-1, 1, one.numel()).reshape(one.shape)).sum() for one in leaves(outputs))
    return outputs, torch.autograd.grad(loss, [inputs, *weights])


def _flat(shapes: Any) -> list[Any]:
    found: list[Any] = []
    map_shapes(found.append, shapes)
    return found


@st.composite
def _configurations(draw: Any) -> tuple[int, dict[str, Any], tuple[int, ...]]:
    rank = draw(st.sampled_from([1, 1, 2, 2, 3]))
    arguments: dict[str, Any] = {"filters": draw(st.integers(1, 3))}
    arguments["kernel_size"] = tuple(draw(st.integers(1, 3)) for _ in range(rank))
    arguments["padding"] = draw(st.sampled_from(["valid", "same"]))
    arguments["data_format"] = draw(st.sampled_from(["channels_last", "channels_first"]))
    arguments[draw(st.sampled_from(["strides", "dilation_rate"]))] = draw(st.integers(1, 2))
    arguments["activation"] = draw(st.sampled_from(["tanh", "relu"]))
    arguments["recurrent_activation"] = draw(st.sampled_from(["sigmoid", "hard_sigmoid"]))
    for flag in ("use_bias", "unit_forget_bias", "return_sequences", "return_state", "go_backwards"):
        arguments[flag] = draw(st.booleans())
    sizes = tuple(draw(st.integers(5, 6)) for _ in range(rank))
    channels = draw(st.integers(1, 2))
    image = (*sizes, channels) if arguments["data_format"] == "channels_last" else (channels, *sizes)
    return rank, arguments, (_BATCH, _STEPS, *image)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(configuration=_configurations(), has_mask=st.booleans(), has_state=st.booleans())
def test_random_configurations_give_keras_s_numbers(configuration, has_mask, has_state):
    rank, arguments, shape = configuration
    mine, theirs = _pair(rank, shape, **arguments)
    torch.manual_seed(1)
    inputs = torch.randn(shape)
    given_too: dict[str, Any] = {"training": False}
    if has_mask:
        given_too["mask"] = torch.tensor([[False, True, True], [True, False, True]])
    if has_state:
        state_shape = mine.cell.compute_output_shape((_BATCH, *shape[2:]))[0]
        given_too["initial_state"] = [torch.randn(state_shape) for _ in range(2)]
    (outputs, gradients), (expected, expected_gradients) = (
        _gradients(one, inputs, **given_too) for one in (mine, theirs)
    )
    assert isinstance(outputs, tuple) == isinstance(expected, tuple)
    assert_close(outputs, expected, str(arguments), rtol=1e-5, atol=2e-6)
    assert_close(gradients, expected_gradients, str(arguments), rtol=1e-4, atol=1e-5)
    called = [tuple(one.shape) for one in leaves(outputs)]
    assert _flat(mine.compute_output_shape(shape)) == called
    free = (None, None, *shape[2:])
    assert _flat(mine.compute_output_shape(free)) == _flat(theirs.compute_output_shape(free))
