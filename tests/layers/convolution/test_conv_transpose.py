"""What do transposed convolutions do beyond the conformance suite: any kernel, stride and layout, memory, bad input?"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle import assert_close, keras, keras_keeps_float64
from torchkeras_layer import Input, Model, layers

RANKS = [1, 2, 3]
CLASSES = [f"Conv{rank}DTranspose" for rank in RANKS]
every_class = pytest.mark.parametrize("name", CLASSES)


@st.composite
def _configurations(draw: Any, rank: int, least_channels: int = 1) -> tuple[dict[str, Any], tuple[int, ...]]:
    """Draw arguments, and the shape of inputs that leave something."""
    longest = (6, 4, 3)[rank - 1]
    kernel_size = tuple(draw(st.integers(1, 5 if rank < 3 else 3)) for _ in range(rank))
    is_dilated = draw(st.booleans())
    strides = (1,) * rank if is_dilated else tuple(draw(st.integers(1, 4 if rank < 3 else 2)) for _ in range(rank))
    extra = st.none() | st.tuples(*[st.integers(0, stride - 1) for stride in strides])
    arguments = {
        "filters": draw(st.integers(1, 3)),
        "kernel_size": kernel_size,
        "strides": strides,
        "padding": draw(st.sampled_from(["valid", "same"])),
        "output_padding": draw(extra),
        "data_format": draw(st.sampled_from(["channels_last", "channels_first"])),
        "dilation_rate": tuple(draw(st.integers(1, 3)) for _ in range(rank)) if is_dilated else (1,) * rank,
        "activation": draw(st.sampled_from([None, "tanh"])),
        "use_bias": draw(st.booleans()),
    }
    # Even kernels leave nothing of one value if the output is cut to the least.
    lengths = [draw(st.integers(2, longest)) for _ in range(rank)]
    batch, channels = draw(st.integers(1, 2)), draw(st.integers(least_channels, 3))
    is_last = arguments["data_format"] == "channels_last"
    return arguments, (batch, *lengths, channels) if is_last else (batch, channels, *lengths)


def _values(*shape: int) -> np.ndarray:
    return np.random.default_rng(sum(shape)).normal(size=shape).round(3)


def _built(library: Any, name: str, arguments: dict[str, Any], shape: tuple[int, ...], **further: Any) -> Any:
    layer = getattr(library, name)(**arguments, **further)
    layer.build(shape)
    layer.set_weights([_values(*weight.shape) for weight in layer.weights])
    return layer


def _laid_out(arguments: dict[str, Any], inputs: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Lay kernels on an output without end, then cut it as TensorFlow does: the odd one at the end."""
    rank, first = len(arguments["strides"]), arguments["data_format"] == "channels_first"
    images = np.moveaxis(inputs, 1, -1) if first else inputs
    steps, gaps = arguments["strides"], arguments["dilation_rate"]
    axes = zip(images.shape[1:-1], steps, kernel.shape[:-2], gaps, strict=True)
    room = [length * step + size * gap + 9 for length, step, size, gap in axes]
    output = np.zeros((images.shape[0], *room, kernel.shape[-2]))
    for at in itertools.product(*map(range, kernel.shape[:-2])):
        axes = zip(at, images.shape[1:-1], steps, gaps, strict=True)
        where = tuple(slice(one * gap, one * gap + length * step, step) for one, length, step, gap in axes)
        output[(slice(None), *where)] += images @ kernel[at].T
    for axis in range(rank):
        reach, step = (kernel.shape[axis] - 1) * gaps[axis] + 1, steps[axis]
        extra = None if arguments["output_padding"] is None else arguments["output_padding"][axis]
        size = images.shape[axis + 1] * step
        if arguments["padding"] == "same":
            size += 0 if extra is None else reach % 2 + extra - step
            start = max((images.shape[axis + 1] - 1) * step + reach - size, 0) // 2
        else:
            size += reach - step + (max(step - reach, 0) if extra is None else extra)
            start = 0
        output = output.take(range(start, start + size), axis + 1)
    return np.moveaxis(output, -1, 1) if first else output


@every_class
@given(data=st.data())
def test_random_configurations_in_keras_with_gradients(name, data):
    # Of a single channel, Keras's kernel has no gradient: "grad_weight needs to be contiguous".
    arguments, shape = data.draw(_configurations(int(name[4]), least_channels=2))
    inputs = torch.tensor(_values(*shape), requires_grad=True)
    results = []
    for library in (layers, keras.layers):
        layer = _built(library, name, arguments, shape, dtype="float64")
        with keras_keeps_float64():
            outputs = layer(inputs)
        direction = torch.linspace(-1, 2, outputs.numel()).reshape(outputs.shape)
        weights = [getattr(weight, "value", weight) for weight in layer.trainable_weights]
        results.append([outputs, *torch.autograd.grad((outputs * direction).sum(), [inputs, *weights])])
        for free in ((), (0,), range(len(shape))):
            asked = tuple(None if axis in free else size for axis, size in enumerate(shape))
            results[-1].append([-1 if size is None else size for size in layer.compute_output_shape(asked)])
    assert_close(results[0], results[1], f"{name} {arguments} {shape}", rtol=1e-10, atol=1e-10)


@every_class
@given(data=st.data())
def test_random_configurations_in_float64_and_float32(name, data):
    arguments, shape = data.draw(_configurations(int(name[4])))
    arguments |= {"use_bias": False, "activation": None}
    results = []
    for dtype in ("float64", "float32"):
        layer = _built(layers, name, arguments, shape, dtype=dtype)
        inputs = torch.tensor(_values(*shape), dtype=getattr(torch, dtype), requires_grad=True)
        outputs = layer(inputs)
        direction = torch.linspace(-1, 2, outputs.numel()).reshape(outputs.shape)
        results.append([outputs, *torch.autograd.grad((outputs * direction).sum(), [inputs, layer.kernel])])
    expected = _laid_out(arguments, _values(*shape), _values(*layer.kernel.shape))
    assert_close(results[0][0], expected, f"{name} {arguments} {shape}", rtol=1e-10, atol=1e-12)
    # Torch has other kernels for float32.
    for rough, exact in zip(results[1], results[0], strict=True):
        largest = exact.abs().max().item()
        assert_close(rough, exact, f"{name} {arguments} {shape} in float32", atol=1e-5 * largest)
    exact = _built(layers, name, arguments, shape, dtype="float64")
    assert torch.autograd.gradcheck(exact, [torch.tensor(_values(*shape), requires_grad=True)], fast_mode=True)
    assert exact.compute_output_shape(shape) == tuple(outputs.shape)


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize(("kernel_size", "strides"), [(4, 2), (3, 2), (1, 2), (3, 1)])
def test_channels_that_come_last_are_not_copied(name, kernel_size, strides):
    layer = getattr(layers, name)(5, kernel_size, strides, "same")
    outputs = layer(torch.zeros(2, *[4] * int(name[4]), 3))
    assert outputs.is_contiguous()


@every_class
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_saved_kernels_are_contiguous(name, data_format):
    layer = getattr(layers, name)(5, 2, data_format=data_format)
    layer.build((2, *[4] * (int(name[4]) + 1)))
    assert all(tensor.is_contiguous() for tensor in layer.state_dict().values())


@every_class
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_free_sizes_in_a_model_and_in_an_exported_program(name, padding):
    rank = int(name[4])
    layer = getattr(layers, name)(3, 3, 2, padding)
    inputs = Input((*[None] * rank, 2))
    model = Model(inputs, layer(inputs))
    assert model.output_shape == (None, *[None] * rank, 3)
    free = dict.fromkeys(range(rank + 1), torch.export.Dim.DYNAMIC)
    program = torch.export.export(layer, (torch.ones(2, *[5] * rank, 2),), dynamic_shapes=(free,)).module()
    for length in (3, 4):
        images = torch.tensor(_values(4, *[length] * rank, 2)).float()
        assert torch.equal(model(images), layer(images))
        torch.testing.assert_close(program(images), layer(images))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@every_class
def test_halves(name, dtype):
    arguments = {"filters": 3, "kernel_size": 3, "strides": 2, "padding": "same"}
    shape = (2, *[4] * int(name[4]), 2)
    layer = _built(layers, name, arguments, shape, dtype=str(dtype).removeprefix("torch."))
    images = torch.tensor(_values(*shape)).to(dtype)
    expected = _built(layers, name, arguments, shape, dtype="float64")(images.double())
    assert layer(images).dtype is dtype
    torch.testing.assert_close(layer(images).double(), expected, rtol=3e-2, atol=3e-2)


def test_ints_are_cast():
    layer = layers.Conv1DTranspose(1, 2, kernel_initializer="ones")
    outputs = layer(torch.tensor([[[1], [2]]]))
    assert outputs.flatten().tolist() == [1.0, 3.0, 2.0]


def test_arguments_in_other_forms():
    layer = layers.Conv2DTranspose(2, [3, 2], np.int64(2), "SAME", 1, "Channels_First", (1, 1), "relu")
    assert (layer.kernel_size, layer.strides, layer.output_padding) == ((3, 2), (2, 2), (1, 1))
    assert (layer.padding, layer.data_format, layer.dilation_rate) == ("same", "channels_first", (1, 1))
    for value in ([0, 1], (0, 1), np.array([0, 1])):
        assert layers.Conv2DTranspose(2, 3, 2, output_padding=value).output_padding == (0, 1)


def test_names_of_keras_2_and_long_names():
    assert layers.Convolution3DTranspose is layers.Conv3DTranspose
    config = {"filters": 2, "kernel_size": [3], "groups": 1, "output_padding": None}
    layer = layers.deserialize({"class_name": "Convolution1DTranspose", "config": config})
    assert type(layer) is layers.Conv1DTranspose


@every_class
@pytest.mark.parametrize("argument", ["filters", "kernel_size", "strides", "dilation_rate"])
@pytest.mark.parametrize("value", [0, -1, 1.5, "2", True])
def test_sizes_are_positive_ints(name, argument, value):
    with pytest.raises(ValueError, match=f"^{name}: {argument} must be a positive int. Received: {argument}="):
        getattr(layers, name)(**{"filters": 2, "kernel_size": 3} | {argument: value})


@pytest.mark.parametrize("value", [-1, 2, 1.0, "1", True, (1,), (1, 0, 0), (0, 2), (0, -1), [0.5, 0]])
def test_output_padding_is_less_than_strides(value):
    message = (
        r"^Conv2DTranspose: output_padding must be an int, or 2 ints, from 0 to less than strides=\(2, 2\). "
        "Received: output_padding="
    )
    with pytest.raises(ValueError, match=message):
        layers.Conv2DTranspose(2, 3, 2, output_padding=value)


def test_output_padding_of_one_axis():
    message = r"^Conv1DTranspose: output_padding must be an int from 0 to less than strides=\(1,\). Received: output_p"
    with pytest.raises(ValueError, match=message):
        layers.Conv1DTranspose(2, 3, output_padding=1)


@every_class
def test_other_arguments_are_checked(name):
    make = getattr(layers, name)
    with pytest.raises(ValueError, match=f"^{name}: padding must be one of 'valid', 'same'. Received: padding='causal"):
        make(2, 3, padding="causal")
    with pytest.raises(ValueError, match=f"^{name}: data_format must be one of .* Received: data_format='last'"):
        make(2, 3, data_format="last")
    with pytest.raises(
        ValueError, match=f"^{name}: strides and dilation_rate cannot both be above 1. Received: strides"
    ):
        make(2, 3, strides=2, dilation_rate=2)
    with pytest.raises(ValueError, match=f"^{name}: groups is not supported. Received: groups=2. Leave it out."):
        make(2, 3, groups=2)
    with pytest.raises(ValueError, match=f"^{name}: activation: "):
        make(2, 3, activation="no such")
    with pytest.raises(ValueError, match=f"^{name}: kernel_initializer: "):
        make(2, 3, kernel_initializer="no such")


@every_class
def test_inputs_are_checked(name):
    rank = int(name[4])
    layer = getattr(layers, name)(2, 3, name="up")
    with pytest.raises(ValueError, match="(?i)ndim"):
        layer(torch.zeros(2, 3))
    with pytest.raises(
        ValueError, match=r"^up: cannot make its weights, .* axes \[-1\] of the inputs. Received: input_sh"
    ):
        layer.build((None, *[4] * rank, None))
    layer.build((None, *[None] * rank, 4))
    with pytest.raises(ValueError, match="expected axis -1 to have size 4, found size 5"):
        layer(torch.zeros(2, *[3] * rank, 5))


@every_class
@pytest.mark.parametrize(("size", "length"), [(3, 0), (2, 1), (4, 1)])
def test_inputs_that_leave_nothing(name, size, length):
    rank = int(name[4])
    layer = getattr(layers, name)(2, size, 2, "same", 0, name="up")
    layer.build((None, *[None] * rank, 3))
    shape = (1, *[3] * (rank - 1), length, 3)
    for use in (layer.compute_output_shape, lambda shape: layer(torch.zeros(shape))):
        with pytest.raises(
            ValueError, match=rf"^up: inputs of shape \(1, .*{length}, 3\) are too small for kernel_size="
        ):
            use(shape)
