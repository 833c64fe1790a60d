"""Do Cropping and ZeroPadding do as Keras's do in any configuration, and refuse what makes no sense?"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import torchkeras_layer as ours
from tests.oracle import keras
from torchkeras_layer import backend, layers

RANKS = [1, 2, 3]
FORMATS = ["channels_last", "channels_first"]
NAMES = [("Cropping", "cropping"), ("ZeroPadding", "padding")]
ALL = [(f"{name}{rank}D", argument) for name, argument in NAMES for rank in RANKS]
_AMOUNTS = st.integers(0, 2)
_PAIRS = st.tuples(_AMOUNTS, _AMOUNTS)


@st.composite
def _layers(draw):
    """Draw a class, its arguments and a shape that they fit."""
    rank = draw(st.sampled_from(RANKS))
    name, argument = draw(st.sampled_from(NAMES))
    per_axis = _AMOUNTS if draw(st.booleans()) else _PAIRS
    value = draw(_AMOUNTS | (_PAIRS if rank == 1 else st.tuples(*[per_axis] * rank)))
    arguments = {argument: value}
    if (name, rank) != ("Cropping", 1):
        arguments["data_format"] = draw(st.sampled_from(FORMATS))
    lengths = draw(st.tuples(*[st.integers(5, 7)] * rank))
    is_first = arguments.get("data_format") == "channels_first"
    return f"{name}{rank}D", arguments, (2, 3, *lengths) if is_first else (2, *lengths, 3)


@given(_layers(), st.integers(0, 2**5 - 1))
def test_any_configuration(drawn, free):
    name, arguments, shape = drawn
    mine, theirs = (getattr(library.layers, name)(**arguments) for library in (ours, keras))
    values = np.random.default_rng(1).normal(size=shape).astype("float32")
    outputs, gradients = zip(*(_outputs_and_gradient(layer, values) for layer in (mine, theirs)), strict=True)
    assert torch.equal(*outputs)
    assert torch.equal(*gradients)
    with_free = tuple(None if free >> axis & 1 else size for axis, size in enumerate(shape))
    assert mine.compute_output_shape(with_free) == tuple(theirs.compute_output_shape(with_free))
    assert {**mine.get_config(), "dtype": None} == {**theirs.get_config(), "dtype": None, "name": mine.name}


def _outputs_and_gradient(layer, values):
    inputs = torch.tensor(values, requires_grad=True)
    outputs = layer(inputs)
    direction = torch.arange(outputs.numel()).reshape(outputs.shape)
    return outputs.detach(), torch.autograd.grad((outputs * direction).sum(), inputs)[0]


@pytest.mark.parametrize(("name", "argument"), ALL)
@pytest.mark.parametrize("value", [-1, 1.5, "1", None, True, (1,), (1, 2, 3, 4), (1, -1), ((1, 2, 3), 1), {1: 2}])
def test_what_is_no_margin(name, argument, value):
    with pytest.raises(
        ValueError, match=f"^{name}: {argument} must be an int of at least 0, or .*Received: {argument}"
    ):
        getattr(layers, name)(value)


@pytest.mark.parametrize("name", [name for name, _ in ALL if name != "Cropping1D"])
def test_an_unknown_data_format(name):
    with pytest.raises(ValueError, match=f"^{name}: data_format must be one of 'channels_last', .*'rows_first'"):
        getattr(layers, name)(data_format="rows_first")


@pytest.mark.parametrize(("name", "argument"), ALL)
def test_the_rank_is_checked(name, argument):
    with pytest.raises(ValueError, match="expected ndim="):
        getattr(layers, name)(1)(torch.ones(2, 3))


def test_the_data_format_is_the_backend_s_by_default():
    backend.set_image_data_format("channels_first")
    try:
        layer = layers.ZeroPadding2D()
    finally:
        backend.set_image_data_format("channels_last")
    assert (layer.data_format, layers.Cropping3D().data_format) == ("channels_first", "channels_last")
    assert layers.Cropping2D(data_format="Channels_First").data_format == "channels_first"


@pytest.mark.parametrize(
    ("name", "cropping", "shape", "axis"),
    [
        ("Cropping1D", (1, 2), (2, 3, 4), 1),
        ("Cropping2D", ((0, 0), (2, 2)), (2, 5, 3, 4), 2),
        ("Cropping3D", 1, (2, 3, 4, 2, 5), 3),
    ],
)
def test_nothing_left(name, cropping, shape, axis):
    layer = getattr(layers, name)(cropping, name="crop")
    message = (
        rf"^crop: nothing is left of axis {axis}, of size {shape[axis]}, without .* Received: inputs of shape \(2,"
    )
    with pytest.raises(ValueError, match=message):
        layer(torch.ones(shape))
    with pytest.raises(ValueError, match=message):
        layer.compute_output_shape(shape)


def test_numpy_ints_and_lists_as_from_a_file():
    layer = layers.ZeroPadding2D([np.int64(1), [0, 2]])
    assert layer.get_config()["padding"] == ((1, 1), (0, 2))
    assert type(layer.padding[0][0]) is int


def test_cropping_copies_nothing():
    inputs = torch.ones(2, 4, 3)
    assert layers.Cropping1D((1, 0))(inputs).data_ptr() == inputs[:, 1:].data_ptr()


@pytest.mark.parametrize("dtype", [torch.bool, torch.int32, torch.float64])
def test_other_dtypes_are_padded_with_zeros(dtype):
    outputs = layers.ZeroPadding1D((1, 0), dtype="float64")(torch.ones(1, 1, 2, dtype=dtype))
    assert outputs.dtype is dtype
    assert outputs.tolist() == [[[0, 0], [1, 1]]]
