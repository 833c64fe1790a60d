"""What does global pooling do beyond the conformance suite: random configurations, masks, ints, bad input?"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle import assert_close, keras
from torchkeras_layer import layers

RANKS = [1, 2, 3]
CLASSES = [f"Global{kind}Pooling{rank}D" for kind in ("Max", "Average") for rank in RANKS]
layouts = st.sampled_from(["channels_last", "channels_first"])


def _values(shape: tuple[int, ...]) -> torch.Tensor:
    return torch.tensor(np.random.default_rng(3).normal(size=shape))


@pytest.mark.parametrize("name", CLASSES)
@given(data_format=layouts, keepdims=st.booleans(), sizes=st.lists(st.integers(1, 5), min_size=5, max_size=5))
def test_random_configurations(name, data_format, keepdims, sizes):
    shape = tuple(sizes[: int(name[-2]) + 2])
    inputs = _values(shape).float().requires_grad_()
    mine, theirs = (getattr(library, name)(data_format, keepdims) for library in (layers, keras.layers))
    results = []
    for layer in (mine, theirs):
        outputs = layer(inputs)
        direction = torch.linspace(-1, 2, outputs.numel()).reshape(outputs.shape)
        results.append([outputs, *torch.autograd.grad((outputs * direction).sum(), inputs)])
    assert_close(results[0], results[1], f"{name} {data_format} {shape}")
    for free in ((), (0,), range(len(shape))):
        asked = tuple(None if axis in free else size for axis, size in enumerate(shape))
        assert mine.compute_output_shape(asked) == tuple(theirs.compute_output_shape(asked))
    exact = getattr(layers, name)(data_format, keepdims, dtype="float64")(_values(shape))
    function = np.max if "Max" in name else np.mean
    axes = tuple(range(1, len(shape) - 1) if data_format == "channels_last" else range(2, len(shape)))
    assert_close(exact, function(_values(shape).numpy(), axis=axes, keepdims=keepdims), name, rtol=1e-10, atol=1e-12)


@given(layouts, st.booleans(), st.integers(1, 3), st.integers(1, 6), st.integers(0, 99))
def test_random_masks(data_format, keepdims, batch, steps, seed):
    random = np.random.default_rng(seed)
    shape = (batch, steps, 3) if data_format == "channels_last" else (batch, 3, steps)
    inputs = torch.tensor(random.normal(size=shape), dtype=torch.float32, requires_grad=True)
    mask = torch.tensor(random.random((batch, steps)) < 0.6)
    mask[:, 0] = True
    results = []
    for library in (layers, keras.layers):
        outputs = library.GlobalAveragePooling1D(data_format, keepdims)(inputs, mask=mask)
        results.append([outputs, *torch.autograd.grad(outputs.square().sum(), inputs)])
    assert_close(results[0], results[1], f"{data_format} {keepdims} {mask}")


def test_what_is_masked_does_not_count():
    inputs = torch.tensor([[[1.0], [3.0], [float("nan")]], [[4.0], [float("inf")], [7.0]]])
    mask = np.array([[1, 1, 0], [1, 0, 0]])
    assert layers.GlobalAveragePooling1D()(inputs, mask=mask).flatten().tolist() == [2.0, 4.0]


def test_a_mask_of_nothing_gives_no_number_as_in_keras():
    inputs, mask = torch.ones(1, 2, 3), torch.zeros(1, 2, dtype=torch.bool)
    outputs = [library.GlobalAveragePooling1D()(inputs, mask=mask) for library in (layers, keras.layers)]
    assert_close(outputs[0], outputs[1])
    assert outputs[0].isnan().all()


def test_a_mask_comes_from_the_layer_before():
    tokens = torch.tensor([[1, 2, 0], [3, 0, 0]])
    embedding, pool = layers.Embedding(4, 2, mask_zero=True), layers.GlobalAveragePooling1D()
    embedded = embedding(tokens)
    outputs = pool(embedded)
    torch.testing.assert_close(outputs, torch.stack([embedded[0, :2].mean(0), embedded[1, 0]]))
    assert getattr(outputs, "_keras_mask", None) is None


def test_many_steps_of_halves():
    inputs = torch.ones(1, 4099, 1)
    layer = layers.GlobalAveragePooling1D(dtype="float16")
    outputs = layer(inputs, mask=torch.ones(1, 4099, dtype=torch.bool))
    assert outputs.dtype is torch.float16
    assert outputs.item() == 1.0


@pytest.mark.parametrize("rank", RANKS)
def test_ints(rank):
    images = torch.arange(2 * 3**rank).reshape(1, *[3] * rank, 2)
    largest = getattr(layers, f"GlobalMaxPooling{rank}D")()(images)
    average = getattr(layers, f"GlobalAveragePooling{rank}D")()(images)
    assert largest.tolist() == [[2 * 3**rank - 2, 2 * 3**rank - 1]]
    assert (largest.dtype, average.dtype) == (torch.int64, torch.float32)
    assert average.tolist() == [[3**rank - 1, 3**rank]]


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("channels", [31, 32, 65])
def test_the_largest_of_many_channels_and_of_few(channels, keepdims):
    images = _values((2, 3, 4, channels)).requires_grad_()
    outputs = layers.GlobalMaxPooling2D(keepdims=keepdims, dtype="float64")(images)
    expected = images.amax((1, 2), keepdim=keepdims)
    direction = torch.linspace(-1, 2, outputs.numel(), dtype=torch.float64).reshape(outputs.shape)
    assert torch.equal(outputs, expected)
    assert torch.equal(*(torch.autograd.grad(one, images, direction)[0] for one in (outputs, expected)))


@pytest.mark.parametrize("shape", [(2,), (2, 4), (3, 3), (2, 3, 4)])
def test_a_mask_is_for_steps(shape):
    layer = layers.GlobalAveragePooling1D(name="pool")
    message = r"^pool: the mask must be of shape \(batch, steps\), which is \(2, 3\). Received: a mask of shape \("
    with pytest.raises(ValueError, match=message):
        layer(torch.zeros(2, 3, 4), mask=torch.ones(shape, dtype=torch.bool))


@pytest.mark.parametrize("name", CLASSES)
def test_bad_input(name):
    with pytest.raises(ValueError, match=f"^{name}: data_format must be one of .* Received: data_format='last'"):
        getattr(layers, name)("last")
    with pytest.raises(ValueError, match="(?i)ndim"):
        getattr(layers, name)()(torch.zeros(2, 3))


def test_short_names():
    assert layers.GlobalAvgPool2D is layers.GlobalAveragePooling2D
    layer = layers.deserialize({"class_name": "GlobalMaxPool1D", "config": {"keepdims": True}})
    assert type(layer) is layers.GlobalMaxPooling1D
    assert layer.keepdims


@pytest.mark.parametrize("channels", [1, 2, 3, 8, 16, 31, 32, 40])
@pytest.mark.parametrize("lengths", [(32,), (7,), (8, 4), (4, 4, 2)])
def test_pixels_that_are_taken_together_make_no_difference(channels, lengths):
    inputs = torch.randn(3, *lengths, channels)
    inputs[1, 0, ..., 0] = float("nan")
    axes = tuple(range(1, len(lengths) + 1))
    for keepdims in (False, True):
        layer = getattr(layers, f"GlobalMaxPooling{len(lengths)}D")(keepdims=keepdims)
        for given_inputs in (inputs, inputs.transpose(1, 0).contiguous().transpose(1, 0)):
            torch.testing.assert_close(layer(given_inputs), inputs.amax(axes, keepdims), rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("name", ["GlobalMaxPooling2D", "MaxPooling2D", "AveragePooling2D"])
def test_nothing_to_choose_from(name):
    layer = getattr(layers, name)(name="p", **({} if "Global" in name else {"padding": "same"}))
    with pytest.raises(ValueError, match=r"p: .*inputs of shape \(2, 0, 3, 1\)"):
        layer(torch.ones(2, 0, 3, 1))


@pytest.mark.parametrize("rank", RANKS)
def test_equal_values_share_derivatives_in_every_mode(rank):
    inputs = torch.randint(2, (2, *[8] * rank, 3)).float()
    layer, axes = getattr(layers, f"GlobalMaxPooling{rank}D")(), tuple(range(1, rank + 1))
    tangent = torch.randn_like(inputs)
    (_, mine), (_, expected) = (
        torch.func.jvp(function, (inputs,), (tangent,)) for function in (layer, lambda x: x.amax(axes))
    )
    torch.testing.assert_close(mine, expected)
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(inputs, tangent)
        torch.testing.assert_close(torch.autograd.forward_ad.unpack_dual(layer(dual)).tangent, expected)
    mine, expected = (torch.func.grad(lambda x, f=f: f(x).sum())(inputs) for f in (layer, lambda x: x.amax(axes)))
    torch.testing.assert_close(mine, expected)
