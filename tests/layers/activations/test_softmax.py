"""Does Softmax give Keras's numbers over any axes and with any mask, and refuse bad input?"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle import assert_close, keras
from torchkeras_layer import layers

DTYPES = ["float16", "bfloat16", "float32", "float64"]


def _values(shape: tuple[int, ...], seed: int = 0, dtype: str = "float32") -> torch.Tensor:
    values = np.random.default_rng(seed).normal(0, 3, size=shape)
    return torch.as_tensor(values).to(getattr(torch, dtype)).requires_grad_()


def _numbers(layer, inputs: torch.Tensor, mask) -> tuple[torch.Tensor, torch.Tensor]:
    outputs = layer(inputs, mask=mask)
    weights = torch.linspace(-1, 2, outputs.numel(), dtype=outputs.dtype).reshape(outputs.shape)
    return outputs.detach(), torch.autograd.grad(outputs, inputs, weights)[0]


# Keras warns where there is one score only.
@pytest.mark.filterwarnings("ignore:[^$]*softmax over axis:UserWarning")
@given(data=st.data(), shape=st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple), seed=st.integers(0, 99))
def test_numbers_and_gradients_are_keras_s(data, shape, seed):
    rank = len(shape)
    axes = st.lists(st.integers(0, rank - 1), min_size=1, unique=True)
    axis = data.draw(st.integers(-rank, rank - 1) | axes)
    sizes = data.draw(st.none() | st.tuples(*(st.sampled_from([1, size]) for size in shape)))
    random = np.random.default_rng(seed)
    mask = None if sizes is None else torch.as_tensor(random.random(sizes) < 0.6)
    if mask is not None and data.draw(st.booleans()):
        mask = mask.float() * 0.9
    inputs = _values(shape, seed)
    mine, theirs = layers.Softmax(axis=axis), keras.layers.Softmax(axis=axis)
    assert_close(_numbers(mine, inputs, mask), _numbers(theirs, inputs, mask), rtol=1e-5, atol=2e-6)
    assert mine.compute_output_shape((None, *shape[1:])) == (None, *shape[1:])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", ["bool", "float32", "int64"])
@pytest.mark.parametrize("axis", [-1, [1, 2]])
def test_masked_scores_count_nothing_in_any_dtype(dtype, kind, axis):
    mask = torch.tensor([[[True, False, True], [False, False, True]], [[False] * 3] * 2]).to(getattr(torch, kind))
    inputs = _values((2, 2, 3), dtype=dtype)
    outputs = layers.Softmax(axis, dtype=dtype)(inputs, mask=mask)
    assert outputs.dtype is inputs.dtype
    assert (outputs[mask == 0] == 0).all()
    exact = layers.Softmax(axis, dtype="float64")(inputs.double(), mask=mask)
    torch.testing.assert_close(outputs.double(), exact, rtol=0, atol=1e-2 if inputs.itemsize == 2 else 1e-6)
    if dtype != "float64":
        theirs = keras.layers.Softmax(axis, dtype=dtype)(inputs, mask=mask)
        assert_close(outputs, theirs.detach(), rtol=0, atol=4e-3 if inputs.itemsize == 2 else 1e-6)


def test_a_mask_that_is_no_bool_marks_what_exceeds_a_half():
    outputs = layers.Softmax()(torch.zeros(1, 4), mask=torch.tensor([[0.4, 0.5, 0.6, 2.0]]))
    assert outputs.tolist() == [[0.0, 0.0, 0.5, 0.5]]


def test_a_mask_of_numpy_and_one_that_travels_with_the_inputs():
    inputs = torch.zeros(1, 3, 3)
    kept = np.array([[[True, True, False]]])
    expected = torch.tensor([0.5, 0.5, 0.0]).expand(1, 3, 3)
    assert torch.equal(layers.Softmax()(inputs, mask=kept), expected)
    inputs._keras_mask = torch.from_numpy(kept)
    outputs = layers.Softmax()(inputs)
    assert torch.equal(outputs, expected)
    assert outputs._keras_mask is inputs._keras_mask


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_where_all_is_masked_nothing_is_nan(dtype):
    inputs = _values((2, 3), dtype=dtype)
    outputs, gradient = _numbers(layers.Softmax(dtype=dtype), inputs, torch.zeros(2, 3, dtype=torch.bool))
    assert not outputs.any()
    assert not gradient.any()


@pytest.mark.parametrize("shape", [(2,), (1, 2, 3), (3, 3)])
def test_a_mask_must_broadcast(shape):
    layer = layers.Softmax(name="weights")
    message = r"^weights: mask must broadcast to the shape of the inputs, \(2, 3\)\. Received: a mask of shape \("
    with pytest.raises(ValueError, match=message):
        layer(torch.ones(2, 3), mask=torch.ones(shape, dtype=torch.bool))


@pytest.mark.parametrize("axis", [1.0, "1", None, True, [0, None]])
def test_an_axis_is_an_int(axis):
    with pytest.raises(TypeError, match=r"^Softmax: axis must be an int, or a list or tuple of ints\. Received: axis="):
        layers.Softmax(axis)


@pytest.mark.parametrize("axis", [[], [1, 1]])
def test_axes_are_there_and_different(axis):
    with pytest.raises(ValueError, match=r"^Softmax: axis must name at least one axis, and each once\. Received: "):
        layers.Softmax(axis)


@pytest.mark.parametrize("axis", [2, -3, [0, 5]])
def test_an_axis_exists(axis):
    layer = layers.Softmax(axis, name="weights")
    for use in (lambda: layer(torch.ones(2, 3)), lambda: layer.compute_output_shape((None, 3))):
        with pytest.raises(ValueError, match=r"^weights: inputs of shape .* have axes from -2 to 1\. Received: axis="):
            use()


def test_keras_2_s_choice_between_ways_is_taken():
    assert layers.Softmax(robust_masking=True).get_config() == layers.Softmax(name="softmax").get_config()


def test_the_gradient_in_float64_is_that_of_differences():
    mask = torch.tensor([[True, False, True, True]])
    layer = layers.Softmax([0, 1], dtype="float64")
    assert torch.autograd.gradcheck(lambda values: layer(values, mask=mask), _values((2, 4), dtype="float64"))
