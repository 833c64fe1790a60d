"""Does UpSampling do as Keras's does in any configuration, and refuse what makes no sense?"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import torchkeras_layer as ours
from tests.oracle import assert_close, keras
from torchkeras_layer import layers

FORMATS = ["channels_last", "channels_first"]
_FACTORS = st.integers(1, 3)


@st.composite
def _layers(draw):
    """Draw a class, its arguments and a shape."""
    rank = draw(st.integers(1, 3))
    lengths = draw(st.tuples(*[st.integers(1, 4)] * rank))
    if rank == 1:
        return "UpSampling1D", {"size": draw(_FACTORS)}, (2, *lengths, 3)
    arguments = {"size": draw(_FACTORS | st.tuples(*[_FACTORS] * rank)), "data_format": draw(st.sampled_from(FORMATS))}
    if rank == 2:
        arguments["interpolation"] = draw(st.sampled_from(["nearest", "bilinear", "Bilinear"]))
    is_first = arguments["data_format"] == "channels_first"
    return f"UpSampling{rank}D", arguments, (2, 3, *lengths) if is_first else (2, *lengths, 3)


@given(_layers(), st.integers(0, 2**5 - 1))
def test_any_configuration(drawn, free):
    name, arguments, shape = drawn
    mine, theirs = (getattr(library.layers, name)(**arguments) for library in (ours, keras))
    values = np.random.default_rng(1).normal(size=shape).astype("float32")
    assert_close(_outputs_and_gradient(mine, values), _outputs_and_gradient(theirs, values), name)
    with_free = tuple(None if free >> axis & 1 else size for axis, size in enumerate(shape))
    assert mine.compute_output_shape(with_free) == tuple(theirs.compute_output_shape(with_free))
    assert {**mine.get_config(), "dtype": None} == {**theirs.get_config(), "dtype": None, "name": mine.name}


def _outputs_and_gradient(layer, values):
    inputs = torch.tensor(values, requires_grad=True)
    outputs = layer(inputs)
    direction = torch.linspace(-1, 1, outputs.numel()).reshape(outputs.shape)
    return outputs.detach(), torch.autograd.grad((outputs * direction).sum(), inputs)[0]


@pytest.mark.parametrize("name", ["UpSampling1D", "UpSampling2D", "UpSampling3D"])
@pytest.mark.parametrize("size", [0, -1, 1.5, "2", None, True, (1, 2, 3, 4), (0, 1, 1), ()])
def test_what_is_no_size(name, size):
    with pytest.raises(ValueError, match=f"^{name}: size must be a positive int.*Received: size="):
        getattr(layers, name)(size)


@pytest.mark.parametrize("interpolation", ["cubic", "linear", None, 2])
def test_other_interpolations_are_refused(interpolation):
    with pytest.raises(ValueError, match="^UpSampling2D: interpolation must be one of 'bilinear', 'nearest', .* Rec"):
        layers.UpSampling2D(interpolation=interpolation)


@pytest.mark.parametrize("name", ["UpSampling2D", "UpSampling3D"])
def test_an_unknown_data_format(name):
    with pytest.raises(ValueError, match=f"^{name}: data_format must be one of .* Received: data_format='last'"):
        getattr(layers, name)(data_format="last")


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_the_rank_is_checked(rank):
    with pytest.raises(ValueError, match="expected ndim="):
        getattr(layers, f"UpSampling{rank}D")()(torch.ones(2, 3))


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.int64])
def test_ints_stay_ints(interpolation, dtype):
    inputs = torch.tensor([[[[0], [3]], [[10], [200]]]], dtype=dtype)
    mine, theirs = (library.layers.UpSampling2D(2, interpolation=interpolation)(inputs) for library in (ours, keras))
    assert mine.dtype is theirs.dtype is dtype
    assert torch.equal(mine, theirs)


def test_float64_keeps_its_digits():
    inputs = torch.tensor([[[[1.0], [2.0 + 1e-12]]]], dtype=torch.float64)
    outputs = layers.UpSampling2D((1, 2), interpolation="bilinear", dtype="float64")(inputs)
    expected = [1.0, 1.25 + 2.5e-13, 1.75 + 7.5e-13, 2.0 + 1e-12]
    np.testing.assert_allclose(outputs.flatten().numpy(), expected, rtol=1e-15)


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_the_layout_in_memory_does_not_matter(interpolation):
    layer = layers.UpSampling2D((2, 3), interpolation=interpolation)
    inputs = torch.rand(2, 3, 4, 5)
    permuted = inputs.movedim(-1, 1).contiguous().movedim(1, -1)
    torch.testing.assert_close(layer(permuted), layer(inputs))


@pytest.mark.parametrize("factor", [2, 3, 7, 40, 41, 47])
@pytest.mark.parametrize("name", ["UpSampling1D", "UpSampling2D", "UpSampling3D"])
def test_every_value_is_repeated_as_often(name, factor):
    rank = int(name[-2])
    inputs = torch.arange(6.0).reshape(1, 3, *[1] * (rank - 1), 2)
    size = factor if rank == 1 else (factor, *[1] * (rank - 1))
    assert torch.equal(getattr(layers, name)(size)(inputs), inputs.repeat_interleave(factor, 1))


@pytest.mark.parametrize("name", ["UpSampling1D", "UpSampling2D", "UpSampling3D"])
def test_gradients_of_both_orders_and_vmap(name):
    layer = getattr(layers, name)(2, dtype="float64")
    inputs = torch.rand(2, *[2] * int(name[-2]), 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(layer, inputs)
    assert torch.autograd.gradgradcheck(layer, inputs)
    torch.testing.assert_close(torch.func.vmap(layer)(inputs.unsqueeze(1)).squeeze(1), layer(inputs))


@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
def test_channels_first_keep_their_layout_in_memory(memory):
    inputs = torch.rand(2, 3, 4, 5).contiguous(memory_format=memory)
    outputs = layers.UpSampling2D(2, data_format="channels_first")(inputs)
    assert outputs.is_contiguous(memory_format=memory)
    assert torch.equal(outputs, inputs.repeat_interleave(2, 2).repeat_interleave(2, 3))
