"""What do max and average pooling do beyond the conformance suite: any window, stride and layout, bad input?"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle import assert_close, keras
from torchkeras_layer import Input, Model, backend, layers

RANKS = [1, 2, 3]
CLASSES = [f"{kind}Pooling{rank}D" for kind in ("Max", "Average") for rank in RANKS]
every_class = pytest.mark.parametrize("name", CLASSES)
of_rank_2 = pytest.mark.parametrize("name", ["MaxPooling2D", "AveragePooling2D"])


@st.composite
def _configurations(draw: Any, rank: int) -> tuple[dict[str, Any], tuple[int, ...]]:
    """Draw arguments, and a shape with the channels last that holds a window."""
    longest = 12 if rank < 3 else 6
    sizes = tuple(draw(st.integers(1, 5)) for _ in range(rank))
    padding = draw(st.sampled_from(["valid", "same"]))
    least = sizes if padding == "valid" else (1,) * rank
    lengths = [draw(st.integers(one, longest)) for one in least]
    arguments = {
        "pool_size": sizes,
        "strides": draw(st.none() | st.tuples(*[st.integers(1, 4)] * rank)),
        "padding": padding,
        "data_format": draw(st.sampled_from(["channels_last", "channels_first"])),
    }
    return arguments, (draw(st.integers(1, 2)), *lengths, draw(st.integers(1, 3)))


def _values(shape: tuple[int, ...]) -> torch.Tensor:
    # In float64, but few digits: Keras on torch computes in float32.
    return torch.tensor(np.random.default_rng(3).normal(size=shape).round(3))


def _in_layout(data_format: str, images: torch.Tensor) -> torch.Tensor:
    return images if data_format == "channels_last" else images.movedim(-1, 1)


def _padded_as_tensorflow_does(images: torch.Tensor, sizes: Any, strides: Any, value: float) -> torch.Tensor:
    """Pad all axes between the first and the last, the odd one at the end."""
    widths = []
    for length, size, stride in zip(images.shape[1:-1], sizes, strides, strict=True):
        total = max((-(-length // stride) - 1) * stride + size - length, 0)
        widths.append((total // 2, total - total // 2))
    return torch.tensor(np.pad(images.detach().numpy(), [(0, 0), *widths, (0, 0)], constant_values=value))


def _expected(name: str, arguments: dict[str, Any], images: torch.Tensor) -> torch.Tensor:
    """Compute with Keras's 'valid' alone: its 'same' counts values at the edges twice in averages."""
    sizes, strides = arguments["pool_size"], arguments["strides"] or arguments["pool_size"]
    theirs = getattr(keras.layers, name)(sizes, strides, data_format="channels_last", dtype="float64")
    if arguments["padding"] == "valid":
        return theirs(images)
    if name.startswith("Max"):
        return theirs(_padded_as_tensorflow_does(images, sizes, strides, -np.inf))
    shares = theirs(_padded_as_tensorflow_does(torch.ones_like(images), sizes, strides, 0))
    return theirs(_padded_as_tensorflow_does(images, sizes, strides, 0)) / shares


@every_class
@given(data=st.data())
def test_random_configurations(name, data):
    arguments, shape = data.draw(_configurations(int(name[-2])))
    images = _values(shape)
    layer = getattr(layers, name)(**arguments, dtype="float64")
    inputs = _in_layout(arguments["data_format"], images)
    outputs = layer(inputs)
    expected = _in_layout(arguments["data_format"], _expected(name, arguments, images))
    assert_close(outputs, expected, f"{name} {arguments} {shape}", rtol=1e-10, atol=1e-12)
    theirs = getattr(keras.layers, name)(**arguments)
    for free in ((), (0,), range(len(shape))):
        asked = tuple(None if axis in free else size for axis, size in enumerate(inputs.shape))
        assert layer.compute_output_shape(asked) == tuple(theirs.compute_output_shape(asked))
    assert layer.compute_output_shape(tuple(inputs.shape)) == tuple(outputs.shape)


@pytest.mark.parametrize("name", CLASSES[:3])
@given(data=st.data())
def test_random_configurations_of_max_pooling_in_keras_with_gradients(name, data):
    arguments, shape = data.draw(_configurations(int(name[-2])))
    inputs = _in_layout(arguments["data_format"], _values(shape).float()).requires_grad_()
    results = []
    for library in (layers, keras.layers):
        outputs = getattr(library, name)(**arguments)(inputs)
        direction = torch.linspace(-1, 2, outputs.numel()).reshape(outputs.shape)
        results.append([outputs, *torch.autograd.grad((outputs * direction).sum(), inputs)])
    assert_close(results[0], results[1], f"{name} {arguments} {shape}")


@pytest.mark.parametrize("name", CLASSES[3:])
@given(data=st.data())
def test_each_value_has_its_share_in_the_gradient_of_an_average(name, data):
    arguments, shape = data.draw(_configurations(int(name[-2])))
    inputs = _in_layout(arguments["data_format"], _values(shape)).requires_grad_()
    layer = getattr(layers, name)(**arguments, dtype="float64")
    assert torch.autograd.gradcheck(layer, [inputs], fast_mode=True)
    # Averages of a constant are that constant, whatever was padded.
    torch.testing.assert_close(layer(torch.full_like(inputs, 7.0)).unique(), torch.tensor([7.0]).double())


@pytest.mark.parametrize(
    ("size", "stride", "expected"),
    [
        (4, 1, [5 / 3, 3.5, 7.5, 13.5, 21.5, 31.5, 43.5, 57.5, 194 / 3, 72.5]),
        (4, 3, [5 / 3, 13.5, 43.5, 72.5]),
        (2, 3, [0.5, 12.5, 42.5, 81.0]),
        (3, 2, [5 / 3, 29 / 3, 77 / 3, 149 / 3, 72.5]),
    ],
)
def test_same_averages_are_tensorflow_s(size, stride, expected):
    """Written down from TF-Keras 2.21."""
    outputs = layers.AveragePooling1D(size, stride, "same")(torch.arange(10.0).square().reshape(1, 10, 1))
    assert_close(outputs.flatten(), np.array(expected))


@pytest.mark.parametrize(
    ("name", "sign", "expected"),
    [
        ("AveragePooling2D", 1, [25 / 6, 4.0, 6.5, 6.5, 5.0, 20 / 3, 8 / 3, 5.0]),
        ("MaxPooling2D", -1, [-1.0, -1.0, -2.0, -3.0, -2.0, -3.0, -2.0, -3.0]),
    ],
)
def test_same_images_are_tensorflow_s(name, sign, expected):
    """Written down from TF-Keras 2.21."""
    rows = [[3, 1, 4, 1, 5], [9, 2, 6, 5, 3], [5, 8, 9, 7, 9], [3, 2, 3, 8, 4]]
    images = sign * torch.tensor(rows, dtype=torch.float32).reshape(1, 4, 5, 1)
    assert_close(getattr(layers, name)((2, 4), (1, 3), "same")(images).flatten(), np.array(expected))


@pytest.mark.parametrize("name", CLASSES[:-1])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_channels_that_come_last_are_not_copied(name, padding):
    rank = int(name[-2])
    outputs = getattr(layers, name)(2, padding=padding)(torch.zeros(2, *[5] * rank, 3))
    assert outputs.is_contiguous()


@every_class
def test_free_sizes_in_a_model(name):
    rank = int(name[-2])
    layer = getattr(layers, name)(3, 2, "same")
    inputs = Input((*[None] * rank, 3))
    model = Model(inputs, layer(inputs))
    assert model.output_shape == (None, *[None] * rank, 3)
    for length in (4, 5):
        images = torch.arange(2.0 * length**rank * 3).reshape(2, *[length] * rank, 3)
        assert torch.equal(model(images), layer(images))


# A warning of torch to itself, in `run_decompositions`.
@pytest.mark.filterwarnings("ignore:.isinstance.treespec, LeafSpec:FutureWarning")
@every_class
@pytest.mark.parametrize(("size", "stride"), [(3, 2), (2, 3), (3, 1)])
def test_free_sizes_in_an_exported_program(name, size, stride):
    rank = int(name[-2])
    layer = getattr(layers, name)(size, stride, "same")
    free = dict.fromkeys(range(rank + 1), torch.export.Dim.DYNAMIC)
    program = torch.export.export(layer, (torch.ones(2, *[7] * rank, 3),), dynamic_shapes=(free,))
    modules = [program.module()]
    if stride == 2:
        modules.append(program.run_decompositions().module())
    for module in modules:
        for length in (6, 8, 9, 10):
            images = _values((3, *[length] * rank, 3)).float() - 4
            torch.testing.assert_close(module(images), layer(images))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("size", [2, 7])
@every_class
def test_halves(name, size, dtype):
    images = _values((2, *[5] * int(name[-2]), 3)).to(dtype)
    outputs = getattr(layers, name)(size, padding="same", dtype=str(dtype).removeprefix("torch."))(images)
    expected = getattr(layers, name)(size, padding="same", dtype="float64")(images.double())
    assert outputs.dtype is dtype
    torch.testing.assert_close(outputs.double(), expected, rtol=1e-2, atol=3e-3)


@pytest.mark.parametrize("rank", RANKS)
def test_ints(rank):
    images = torch.arange(2 * 3**rank).reshape(1, *[3] * rank, 2)
    largest = getattr(layers, f"MaxPooling{rank}D")(2)(images)
    average = getattr(layers, f"AveragePooling{rank}D")(2)(images)
    assert (largest.dtype, average.dtype) == (torch.int64, torch.float32)
    torch.testing.assert_close(average, getattr(layers, f"AveragePooling{rank}D")(2)(images.float()))
    torch.testing.assert_close(largest.float(), getattr(layers, f"MaxPooling{rank}D")(2)(images.float()))


def test_what_is_not_a_number_wins():
    images = torch.tensor([[[1.0], [float("nan")], [2.0], [-float("inf")]]])
    outputs = layers.MaxPooling1D(2)(images).flatten()
    assert outputs[0].isnan()
    assert outputs[1] == 2.0
    lowest = torch.full((1, 3, 1), -float("inf"))
    assert torch.equal(layers.MaxPooling1D(2, 1, "same")(lowest), lowest)


def test_arguments_in_other_forms():
    layer = layers.MaxPooling2D(3, [1, 2], "SAME", "Channels_First")
    assert (layer.pool_size, layer.strides) == ((3, 3), (1, 2))
    assert (layer.padding, layer.data_format) == ("same", "channels_first")
    assert layers.AveragePooling1D((3,)).strides == (3,)
    for value in (np.array([1, 2, 3]), [np.int64(1), 2, 3]):
        assert layers.deserialize({"class_name": "MaxPooling3D", "config": {"pool_size": value}}).pool_size == (1, 2, 3)
    assert json.loads(json.dumps(layer.get_config()))["strides"] == [1, 2]


def test_the_layout_is_the_default_of_the_process():
    backend.set_image_data_format("channels_first")
    assert layers.MaxPooling1D().data_format == "channels_first"
    assert layers.MaxPooling1D().compute_output_shape((None, 3, 8)) == (None, 3, 4)


def test_names_of_keras_2_and_short_names():
    config = {"name": "p", "pool_size": [2], "padding": "same", "strides": [1], "data_format": "channels_last"}
    layer = layers.deserialize({"class_name": "MaxPool1D", "config": config})
    assert type(layer) is layers.MaxPooling1D is layers.MaxPool1D
    assert (layer.pool_size, layer.strides) == ((2,), (1,))


@of_rank_2
@pytest.mark.parametrize("argument", ["pool_size", "strides"])
@pytest.mark.parametrize("value", [0, -1, 1.5, "2", True, (2, 0), (2, 2.0)])
def test_sizes_are_positive_ints(name, argument, value):
    with pytest.raises(ValueError, match=f"^{name}: {argument} must be a positive int. Received: {argument}="):
        getattr(layers, name)(**{argument: value})


@pytest.mark.parametrize("value", [(2,), [1, 2, 3], ()])
def test_one_size_for_each_axis(value):
    with pytest.raises(ValueError, match="^MaxPooling2D: pool_size must be 2 positive ints, or one for all axes. Rec"):
        layers.MaxPooling2D(value)
    with pytest.raises(ValueError, match="^MaxPooling1D: strides must be 1 positive int. Received: strides="):
        layers.MaxPooling1D(2, (1, 2))


@of_rank_2
def test_words_are_checked(name):
    with pytest.raises(
        ValueError, match=f"^{name}: padding must be one of 'valid', 'same'. Received: padding='causal'"
    ):
        getattr(layers, name)(padding="causal")
    with pytest.raises(
        ValueError, match=f"^{name}: data_format must be one of 'channels_last', .*Received: data_f.*=3"
    ):
        getattr(layers, name)(data_format=3)


@of_rank_2
def test_inputs_that_hold_no_window(name):
    layer = getattr(layers, name)((2, 4), name="pool")
    message = r"^pool: inputs of shape \(1, 5, 3, 2\) contain no window of pool_size=\(2, 4\). Pool less often"
    with pytest.raises(ValueError, match=message):
        layer(torch.zeros(1, 5, 3, 2))
    with pytest.raises(ValueError, match=message):
        layer.compute_output_shape((1, 5, 3, 2))
    assert layer.compute_output_shape((None, 5, None, 2)) == (None, 2, None, 2)


@every_class
def test_inputs_with_other_axes(name):
    with pytest.raises(ValueError, match="(?i)ndim"):
        getattr(layers, name)()(torch.zeros(2, 3))
