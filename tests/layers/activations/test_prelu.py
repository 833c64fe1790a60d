"""Does PReLU learn Keras's weights for any shared axes, and refuse bad input?"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle import assert_close, keras
from torchkeras_layer import layers


def _values(*shape: int) -> torch.Tensor:
    return torch.as_tensor(np.random.default_rng(4).normal(size=shape), dtype=torch.float32)


def _gradients(layer, inputs: torch.Tensor, alpha: torch.Tensor) -> tuple[torch.Tensor, ...]:
    inputs = inputs.clone().requires_grad_()
    outputs = layer(inputs)
    weights = torch.linspace(-1, 2, outputs.numel()).reshape(outputs.shape)
    return outputs.detach(), *torch.autograd.grad(outputs, [inputs, alpha], weights)


@given(data=st.data(), shape=st.lists(st.integers(1, 4), min_size=2, max_size=5).map(tuple))
def test_numbers_and_gradients_are_keras_s(data, shape):
    axes = st.integers(1, len(shape) - 1)
    shared = data.draw(st.none() | axes | st.lists(axes, unique=True))
    mine, theirs = layers.PReLU(shared_axes=shared), keras.layers.PReLU(shared_axes=shared)
    for layer in (mine, theirs):
        layer.build((None, *shape[1:]))
        layer.set_weights([np.random.default_rng(1).uniform(-1, 2, layer.alpha.shape)])
    assert [tuple(one.shape) for one in mine.weights] == [tuple(one.shape) for one in theirs.weights]
    inputs = _values(*shape)
    expected = _gradients(theirs, inputs, theirs.alpha.value)
    assert_close(_gradients(mine, inputs, mine.alpha), expected, rtol=1e-5, atol=1e-5)
    # The same for inputs that do not lie in memory as their shape says.
    scattered = inputs.transpose(0, -1).contiguous().transpose(0, -1)
    assert_close(_gradients(mine, scattered, mine.alpha), expected, rtol=1e-5, atol=1e-5)


def test_at_0_the_derivative_is_torch_s():
    inputs = torch.zeros(1, 1, requires_grad=True)
    layers.PReLU(alpha_initializer="ones")(inputs).sum().backward()
    assert inputs.grad.item() == 1


def test_axes_may_be_free_where_they_share_their_weights():
    layer = layers.PReLU(shared_axes=[1, 2])
    layer.build((None, None, None, 5))
    assert layer.alpha.shape == (1, 1, 5)
    assert [layer(_values(*sizes)).shape for sizes in ((2, 3, 4, 5), (1, 7, 2, 5))] == [(2, 3, 4, 5), (1, 7, 2, 5)]


@pytest.mark.parametrize("shape", [(None, None, 5), (None, 3, None)])
def test_axes_that_are_not_shared_are_known(shape):
    layer = layers.PReLU(name="bent")
    with pytest.raises(ValueError, match=r"^bent: cannot make its weights, .* Received: input_shape=\(None,"):
        layer.build(shape)
    assert not layer.built


def test_inputs_of_other_sizes_are_refused():
    layer = layers.PReLU(name="bent")
    layer.build((None, 3, 5))
    for inputs in (_values(2, 4, 5), _values(2, 3)):
        with pytest.raises(ValueError, match=r"bent"):
            layer(inputs)


@pytest.mark.parametrize("axes", [0, -1, [1, 0], 1.5, "1", True, [None]])
def test_shared_axes_are_counted_from_1(axes):
    message = r"^PReLU: shared_axes must be an int, or a list or tuple of ints, counted from 1\. Received: shared_axes="
    with pytest.raises(ValueError, match=message):
        layers.PReLU(shared_axes=axes)


def test_shared_axes_exist():
    layer = layers.PReLU(shared_axes=[1, 3], name="bent")
    message = r"^bent: inputs of shape \(2, 3, 4\) have axes from 1 to 2 after the batch\. Received: shared_axes="
    with pytest.raises(ValueError, match=message):
        layer.build((2, 3, 4))


@pytest.mark.parametrize("argument", ["alpha_initializer", "alpha_regularizer", "alpha_constraint"])
def test_identifiers_are_known(argument):
    with pytest.raises(ValueError, match=rf"^PReLU: {argument}: "):
        layers.PReLU(**{argument: "no_such_thing"})


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "mixed_float16", "mixed_bfloat16"])
def test_halves(dtype):
    layer = layers.PReLU(alpha_initializer="ones", shared_axes=1, dtype=dtype)
    inputs = _values(2, 3, 4)
    outputs = layer(inputs)
    assert str(outputs.dtype).removeprefix("torch.") == dtype.removeprefix("mixed_")
    assert torch.equal(outputs, inputs.to(outputs.dtype))


def test_within_torch_s_autocast_the_dtype_stays():
    layer = layers.PReLU(alpha_initializer="ones")
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(_values(2, 3).bfloat16()).dtype is torch.bfloat16


def test_the_gradient_in_float64_is_that_of_differences():
    layer = layers.PReLU(shared_axes=2, alpha_initializer="ones", dtype="float64")
    layer.build((2, 3, 4))
    assert torch.autograd.gradcheck(layer, _values(2, 3, 4).double().requires_grad_())
