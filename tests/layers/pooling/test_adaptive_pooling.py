"""What does adaptive pooling do beyond the conformance suite: any sizes, no copies, free sizes, bad input?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle import assert_close, keras
from torchkeras_layer import Input, Model, backend, layers

RANKS = [1, 2, 3]
CLASSES = [f"Adaptive{kind}Pooling{rank}D" for kind in ("Max", "Average") for rank in RANKS]
every_class = pytest.mark.parametrize("name", CLASSES)


def _values(shape: tuple[int, ...]) -> torch.Tensor:
    return torch.tensor(np.random.default_rng(3).normal(size=shape).round(3))


@st.composite
def _configurations(draw: Any, rank: int) -> tuple[dict[str, Any], tuple[int, ...]]:
    """Draw arguments, and a shape: also with more windows than values."""
    lengths = [draw(st.integers(1, 9 if rank < 3 else 5)) for _ in range(rank)]
    size = st.integers(1, 6 if rank < 3 else 4)
    data_format = draw(st.sampled_from(["channels_last", "channels_first"]))
    arguments = {"output_size": draw(size | st.tuples(*[size] * rank)), "data_format": data_format}
    batch, channels = draw(st.integers(1, 2)), draw(st.integers(1, 3))
    return arguments, (batch, *lengths, channels) if data_format == "channels_last" else (batch, channels, *lengths)


def _by_windows(function: Any, inputs: np.ndarray, counts: tuple[int, ...], first: int) -> np.ndarray:
    """Pool axis by axis; right for averages too, as all windows over an axis have the same share of the others."""
    for axis, count in enumerate(counts, first):
        size = inputs.shape[axis]
        windows = [range(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]
        inputs = np.stack([function(inputs.take(window, axis), axis) for window in windows], axis)
    return inputs


@every_class
@given(data=st.data())
def test_random_configurations(name, data):
    rank = int(name[-2])
    arguments, shape = data.draw(_configurations(rank))
    mine, theirs = (getattr(library, name)(**arguments) for library in (layers, keras.layers))
    inputs = _values(shape).float().requires_grad_()
    results = []
    for layer in (mine, theirs):
        outputs = layer(inputs)
        direction = torch.linspace(-1, 2, outputs.numel()).reshape(outputs.shape)
        results.append([outputs, *torch.autograd.grad((outputs * direction).sum(), inputs)])
    assert_close(results[0], results[1], f"{name} {arguments} {shape}")
    for free in ((), (0,), range(len(shape))):
        asked = tuple(None if axis in free else size for axis, size in enumerate(shape))
        assert mine.compute_output_shape(asked) == tuple(theirs.compute_output_shape(asked))
    exact = getattr(layers, name)(**arguments, dtype="float64")
    first = 1 if arguments["data_format"] == "channels_last" else 2
    expected = _by_windows(np.max if "Max" in name else np.mean, _values(shape).numpy(), exact.output_size, first)
    assert_close(exact(_values(shape)), expected, f"{name} {arguments} {shape}", rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", [name for name in CLASSES if "3" not in name])
def test_channels_that_come_last_are_not_copied(name):
    outputs = getattr(layers, name)(2)(torch.zeros(2, *[5] * int(name[-2]), 3))
    assert outputs.is_contiguous()


@every_class
def test_free_sizes_in_a_model_and_in_an_exported_program(name):
    rank = int(name[-2])
    layer = getattr(layers, name)(3)
    inputs = Input((*[None] * rank, 2))
    model = Model(inputs, layer(inputs))
    assert model.output_shape == (None, *[3] * rank, 2)
    free = dict.fromkeys(range(rank + 1), torch.export.Dim.DYNAMIC)
    program = torch.export.export(layer, (torch.ones(2, *[7] * rank, 2),), dynamic_shapes=(free,)).module()
    for length in (5, 8):
        images = _values((3, *[length] * rank, 2)).float()
        assert torch.equal(model(images), layer(images))
        assert torch.equal(program(images), layer(images))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@every_class
def test_halves(name, dtype):
    images = _values((2, *[5] * int(name[-2]), 3)).to(dtype)
    outputs = getattr(layers, name)(2, dtype=str(dtype).removeprefix("torch."))(images)
    expected = getattr(layers, name)(2, dtype="float64")(images.double())
    assert outputs.dtype is dtype
    torch.testing.assert_close(outputs.double(), expected, rtol=1e-2, atol=3e-3)


@pytest.mark.parametrize("rank", RANKS)
def test_ints(rank):
    images = torch.arange(2 * 3**rank).reshape(1, *[3] * rank, 2) + 2**40
    largest = getattr(layers, f"AdaptiveMaxPooling{rank}D")(1)(images)
    assert largest.dtype is torch.int64
    assert largest.flatten().tolist() == [2**40 + 2 * 3**rank - 2, 2**40 + 2 * 3**rank - 1]
    average = getattr(layers, f"AdaptiveAveragePooling{rank}D")(1)(images - 2**40)
    assert average.dtype is torch.float32
    assert average.flatten().tolist() == [3**rank - 1, 3**rank]


def test_no_images_at_all():
    assert layers.AdaptiveAveragePooling2D(2)(torch.zeros(0, 5, 5, 3)).shape == (0, 2, 2, 3)


def test_arguments_in_other_forms():
    layer = layers.AdaptiveMaxPooling2D([np.int64(3), 2], "Channels_First")
    assert (layer.output_size, layer.data_format) == ((3, 2), "channels_first")
    assert layers.AdaptiveAveragePooling3D(4).output_size == (4, 4, 4)
    backend.set_image_data_format("channels_first")
    assert layers.AdaptiveMaxPooling1D(4).compute_output_shape((None, 3, 8)) == (None, 3, 4)


@every_class
@pytest.mark.parametrize("value", [0, -1, 1.5, "2", True, None])
def test_sizes_are_positive_ints(name, value):
    with pytest.raises(ValueError, match=f"^{name}: output_size must be a positive int. Received: output_size="):
        getattr(layers, name)(value)


@pytest.mark.parametrize("value", [(2,), [1, 2, 3], ()])
def test_one_size_for_each_axis(value):
    message = "^AdaptiveMaxPooling2D: output_size must be 2 positive ints, or one for all axes. Received: output_size="
    with pytest.raises(ValueError, match=message):
        layers.AdaptiveMaxPooling2D(value)
    with pytest.raises(ValueError, match="^AdaptiveAveragePooling1D: output_size must be 1 positive int. Received"):
        layers.AdaptiveAveragePooling1D((1, 2))


@every_class
def test_bad_input(name):
    rank = int(name[-2])
    layer = getattr(layers, name)(2, name="pool")
    with pytest.raises(ValueError, match=f"^{name}: data_format must be one of .* Received: data_format='last'"):
        getattr(layers, name)(2, "last")
    with pytest.raises(ValueError, match="(?i)ndim"):
        layer(torch.zeros(2, 3))
    shape = (1, *[3] * (rank - 1), 0, 2)
    for use in (layer.compute_output_shape, lambda shape: layer(torch.zeros(shape))):
        with pytest.raises(
            ValueError, match=r"^pool: inputs of shape \(1, .*0, 2\) are empty: there is nothing to make \(2,"
        ):
            use(shape)
