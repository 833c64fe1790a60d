"""Does Bidirectional give Keras's outputs, states, gradients and masks, for any layer, and say what it cannot do?"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import torchkeras_layer as ours
from tests.oracle import assert_close, keras, to_numpy
from torchkeras_layer._structures import leaves

_BATCH, _STEPS, _FEATURES = 3, 5, 4


@st.composite
def _layers(draw: Any) -> tuple[str, dict[str, Any]]:
    name = draw(st.sampled_from(["LSTM", "GRU", "SimpleRNN"]))
    arguments: dict[str, Any] = {"units": draw(st.integers(1, 4)), "use_bias": draw(st.booleans())}
    arguments["activation"] = draw(st.sampled_from(["tanh", "relu"]))
    if name != "SimpleRNN":
        arguments["recurrent_activation"] = draw(st.sampled_from(["sigmoid", "hard_sigmoid"]))
    if name == "GRU":
        arguments["reset_after"] = draw(st.booleans())
    for flag in ("return_sequences", "return_state", "zero_output_for_mask"):
        arguments[flag] = draw(st.booleans())
    return name, arguments


def _pair(make: Any, shape: Any = (None, None, _FEATURES)) -> tuple[Any, Any]:
    """Make the layer in both libraries, built, with the same weights."""
    mine, theirs = make(ours.layers), make(keras.layers)
    for layer in (mine, theirs):
        layer.build(shape)
    mine.set_weights([to_numpy(weight) for weight in theirs.weights])
    return mine, theirs


def _mask(kind: str | None) -> torch.Tensor | None:
    if kind is None:
        return None
    steps = torch.arange(_STEPS)
    lengths = torch.tensor([_STEPS, 2, 3]).unsqueeze(1)
    masks = {"right": steps < lengths, "left": steps >= _STEPS - lengths, "holes": (steps + lengths) % 3 != 0}
    return masks[kind]


def _gradients(layer: Any, inputs: torch.Tensor, **arguments: Any) -> tuple[Any, Any]:
    inputs = inputs.clone().requires_grad_()
    outputs = layer(inputs, **arguments)
    weights = [getattr(weight, "value", weight) for weight in layer.trainable_weights]
    loss = sum((one * torch.linspace(-1, 1, one.numel()).reshape(one.shape)).sum() for one in leaves(outputs))
    return outputs, torch.autograd.grad(loss, [inputs, *weights])


@settings(max_examples=70, suppress_health_check=[HealthCheck.too_slow])
@given(
    layer=_layers(),
    merge_mode=st.sampled_from(["concat", "sum", "mul", "ave", None]),
    mask=st.sampled_from([None, None, "right", "left", "holes"]),
    has_state=st.booleans(),
)
def test_random_configurations_give_keras_s_numbers(layer, merge_mode, mask, has_state):
    name, arguments = layer
    mine, theirs = _pair(lambda layers: layers.Bidirectional(getattr(layers, name)(**arguments), merge_mode=merge_mode))
    torch.manual_seed(1)
    inputs = torch.randn(_BATCH, _STEPS, _FEATURES)
    count = 4 if name == "LSTM" else 2
    state = [torch.randn(_BATCH, arguments["units"]) for _ in range(count)] if has_state else None
    given_too = {"mask": _mask(mask), "initial_state": state, "training": False}
    (outputs, gradients), (expected, expected_gradients) = (
        _gradients(one, inputs, **given_too) for one in (mine, theirs)
    )
    assert isinstance(outputs, tuple) == isinstance(expected, tuple)
    assert_close(outputs, expected, str(arguments), rtol=1e-5, atol=2e-6)
    assert_close(gradients, expected_gradients, str(arguments), rtol=1e-4, atol=1e-5)
    assert_shapes(mine, outputs)


def assert_shapes(layer: Any, outputs: Any) -> None:
    """Check that the shapes that a layer tells, and finds by running, are those that it gives."""
    for shape in ((_BATCH, _STEPS, _FEATURES), (None, None, _FEATURES)):
        said = leaves_of_shapes(layer.compute_output_shape(shape))
        assert said == leaves_of_shapes(ours.Layer.compute_output_shape(layer, shape))
        for stated, output in zip(said, leaves(outputs), strict=True):
            assert [size in (None, found) for size, found in zip(stated, output.shape, strict=True)]


def leaves_of_shapes(shapes: Any) -> list[Any]:
    """List the shapes in a structure of them."""
    return [tuple(shapes)] if shapes[0] is None or isinstance(shapes[0], int) else [tuple(shape) for shape in shapes]
