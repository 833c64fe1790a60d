"""Do convolutions give the numbers of Keras and of the definition, for any kernel, stride, padding and layout?"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.oracle import assert_close, keras
from torchkeras_layer import layers

CONVOLUTIONS = ["Conv1D", "Conv2D", "Conv3D"]
DEPTHWISE = ["DepthwiseConv1D", "DepthwiseConv2D"]
SEPARABLE = ["SeparableConv1D", "SeparableConv2D"]
every_class = pytest.mark.parametrize("name", [*CONVOLUTIONS, *DEPTHWISE, *SEPARABLE])


@st.composite
def configurations(draw: Any, name: str) -> tuple[dict[str, Any], tuple[int, ...]]:
    """Draw arguments, and a shape with the channels last that holds a window."""
    rank, kind = int(name[-2]), name[:-2]
    paddings = ["valid", "same", "causal"] if name == "Conv1D" else ["valid", "same"]
    each = lambda most: st.tuples(*[st.integers(1, most)] * rank)  # noqa: E731
    arguments = {
        "kernel_size": draw(each(4)),
        "padding": draw(st.sampled_from(paddings)),
        "data_format": draw(st.sampled_from(["channels_last", "channels_first"])),
        "activation": draw(st.sampled_from([None, "tanh"])),
        "use_bias": draw(st.booleans()),
    }
    dilates = draw(st.booleans())
    arguments["strides"] = (1,) * rank if dilates and kind == "Conv" else draw(each(3))
    arguments["dilation_rate"] = draw(each(3)) if dilates else (1,) * rank
    groups = draw(st.integers(1, 3)) if kind == "Conv" else 1
    channels = groups * draw(st.integers(1, 3))
    if kind == "Conv":
        arguments["groups"] = groups
    else:
        arguments["depth_multiplier"] = draw(st.integers(1, 3))
    if kind != "DepthwiseConv":
        arguments["filters"] = groups * draw(st.integers(1, 3))
    pairs = zip(arguments["kernel_size"], arguments["dilation_rate"], strict=True)
    least = [(size - 1) * apart + 1 if arguments["padding"] == "valid" else 1 for size, apart in pairs]
    lengths = [draw(st.integers(one, one + 5)) for one in least]
    return arguments, (2, *lengths, channels)


def _in_layout(arguments: dict[str, Any], images: torch.Tensor) -> torch.Tensor:
    return images if arguments["data_format"] == "channels_last" else images.movedim(-1, 1)


def _random(*shape: int) -> np.ndarray:
    return np.random.default_rng(3).normal(size=shape)


def _with_weights(layer: Any, shape: Any) -> Any:
    layer.build(tuple(shape))
    layer.set_weights([_random(*weight.shape) for weight in layer.weights])
    return layer


@every_class
@given(data=st.data())
def test_random_configurations_in_keras_with_gradients(name, data):
    arguments, shape = data.draw(configurations(name))
    # There, Keras's numbers on torch 2.13 are garbage; ours are tested below.
    assume(not (shape[-1] == 1 and arguments["strides"][-1] > 1 and arguments["strides"][-2:-1] == (1,)))
    inputs = _in_layout(arguments, torch.tensor(_random(*shape)).float()).requires_grad_()
    results = []
    for library in (layers, keras.layers):
        layer = _with_weights(getattr(library, name)(**arguments), inputs.shape)
        weights = [getattr(weight, "value", weight) for weight in layer.trainable_weights]
        outputs = layer(inputs)
        direction = torch.linspace(-1, 1, outputs.numel()).reshape(outputs.shape)
        results.append([outputs, *torch.autograd.grad((outputs * direction).sum(), [inputs, *weights])])
    assert_close(results[0], results[1], f"{name} {arguments} {shape}", atol=2e-5)


@every_class
@given(data=st.data())
def test_random_configurations_by_the_definition_in_float64(name, data):
    arguments, shape = data.draw(configurations(name))
    inputs = _in_layout(arguments, torch.tensor(_random(*shape)))
    layer = _with_weights(getattr(layers, name)(**arguments, dtype="float64"), inputs.shape)
    expected = _in_layout(arguments, torch.tensor(_by_definition(layer, _random(*shape))))
    assert_close(layer(inputs), expected, f"{name} {arguments} {shape}", rtol=1e-10, atol=1e-12)


@every_class
@given(data=st.data())
def test_shapes_are_keras_s(name, data):
    arguments, shape = data.draw(configurations(name))
    layer, theirs = getattr(layers, name)(**arguments), getattr(keras.layers, name)(**arguments)
    inputs = _in_layout(arguments, torch.tensor(_random(*shape)).float())
    assert layer.compute_output_shape(tuple(inputs.shape)) == tuple(layer(inputs).shape)
    channels = len(shape) - 1 if arguments["data_format"] == "channels_last" else 1
    for free in ((), (0,), [axis for axis in range(len(shape)) if axis != channels]):
        asked = tuple(None if axis in free else size for axis, size in enumerate(inputs.shape))
        assert layer.compute_output_shape(asked) == tuple(theirs.compute_output_shape(asked))


@pytest.mark.parametrize("name", [*DEPTHWISE, *SEPARABLE])
@given(data=st.data())
def test_without_gradients_the_numbers_are_the_same(name, data):
    """Odd zeros are then padded in another way."""
    arguments, shape = data.draw(configurations(name))
    inputs = _in_layout(arguments, torch.tensor(_random(*shape)).float())
    layer = _with_weights(getattr(layers, name)(**arguments), inputs.shape)
    expected = layer(inputs)
    with torch.no_grad():
        assert_close(layer(inputs), expected, f"{name} {arguments} {shape}")
    with torch.inference_mode():
        assert_close(layer(inputs), expected, f"{name} {arguments} {shape}")


def _by_definition(layer: Any, images: np.ndarray) -> np.ndarray:
    """Compute with the channels last, one place of the kernel after the other."""
    weights = layer.get_weights()
    kernel = weights[0]
    if not hasattr(layer, "groups"):
        # A depthwise kernel as one with as many groups as channels.
        kernel = kernel.reshape(*layer.kernel_size, 1, -1)
    results = _slide(layer, _padded(layer, images), kernel)
    if hasattr(layer, "pointwise_kernel"):
        results = results @ weights[1].reshape(weights[1].shape[-2:])
    results = results + weights[-1] if layer.use_bias else results
    return results if layer.activation.__name__ == "linear" else np.tanh(results)


def _padded(layer: Any, images: np.ndarray) -> np.ndarray:
    widths = []
    for length, size, stride, apart in zip(
        images.shape[1:-1], layer.kernel_size, layer.strides, layer.dilation_rate, strict=True
    ):
        beyond = (size - 1) * apart
        total = max((-(-length // stride) - 1) * stride + beyond + 1 - length, 0)
        ends = {"valid": (0, 0), "same": (total // 2, total - total // 2), "causal": (beyond, 0)}
        widths.append(ends[layer.padding])
    return np.pad(images, [(0, 0), *widths, (0, 0)])


def _slide(layer: Any, images: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    groups = images.shape[-1] // kernel.shape[-2]
    axes = list(zip(images.shape[1:-1], layer.kernel_size, layer.strides, layer.dilation_rate, strict=True))
    counts = [(length - (size - 1) * apart - 1) // stride + 1 for length, size, stride, apart in axes]
    parts = np.split(kernel, groups, axis=-1)
    results = [0.0] * groups
    for place in itertools.product(*map(range, layer.kernel_size)):
        starts = [index * axis[3] for index, axis in zip(place, axes, strict=True)]
        spans = zip(starts, counts, layer.strides, strict=True)
        seen = images[(slice(None), *(slice(at, at + (n - 1) * by + 1, by) for at, n, by in spans))]
        for group, values in enumerate(np.split(seen, groups, axis=-1)):
            results[group] = results[group] + values @ parts[group][place]
    return np.concatenate(results, axis=-1)


@pytest.mark.parametrize("strides", [(1, 2), (1, 3), (1, 1, 2)])
def test_one_channel_where_torch_s_own_kernels_fail(strides):
    """With these strides, and one window in the last axis, `nn.Conv2d` of torch 2.13 gives garbage."""
    rank = len(strides)
    images = torch.tensor(_random(2, *[5] * (rank - 1), 3, 1)).float()
    layer = _with_weights(getattr(layers, f"Conv{rank}D")(2, 3, strides), images.shape)
    expected = torch.tensor(_by_definition(layer, images.numpy()))
    for mode in (torch.enable_grad, torch.no_grad):
        with mode():
            assert_close(layer(images), expected, atol=1e-5)


def test_a_sequence_by_hand():
    inputs = torch.tensor([[[1.0], [2.0], [4.0], [8.0]]])

    def results(**arguments: Any) -> list[float]:
        return layers.Conv1D(1, kernel_initializer="ones", **arguments)(inputs).flatten().tolist()

    assert results(kernel_size=2) == [3, 6, 12]
    assert results(kernel_size=2, padding="same") == [3, 6, 12, 8]
    assert results(kernel_size=2, padding="causal") == [1, 3, 6, 12]
    assert results(kernel_size=3, padding="same", strides=2) == [7, 12]
    assert results(kernel_size=2, dilation_rate=3) == [9]
    assert results(kernel_size=2, dilation_rate=2, padding="causal") == [1, 2, 5, 10]
