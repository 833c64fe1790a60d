"""Do the spatial dropouts drop whole channels, Keras's ones, and refuse bad input?"""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle import assert_close, keras
from torchkeras_layer import backend, layers

RANKS = {"SpatialDropout1D": 3, "SpatialDropout2D": 4, "SpatialDropout3D": 5}
each = pytest.mark.parametrize(("name", "rank"), RANKS.items())


@each
@given(
    rate=st.floats(0, 1),
    seed=st.integers(0, 2**31 - 1),
    sizes=st.lists(st.integers(1, 4), min_size=5, max_size=5),
    data_format=st.sampled_from(["channels_last", "channels_first"]),
)
def test_seeded_numbers_are_keras_s_call_after_call(name, rank, rate, seed, sizes, data_format):
    further = {} if rank == 3 else {"data_format": data_format}
    pair = [getattr(library, name)(rate, seed=seed, **further) for library in (layers, keras.layers)]
    inputs = torch.arange(1.0, 1 + torch.Size(sizes[:rank]).numel()).reshape(sizes[:rank])
    for _ in range(2):
        assert_close(*(layer(inputs, training=True) for layer in pair))
    assert pair[0].compute_output_shape((None, *sizes[1:rank])) == (None, *sizes[1:rank])


@each
def test_a_channel_stays_or_goes_as_a_whole(name, rank):
    outputs = getattr(layers, name)(0.5)(torch.ones(20, *[3] * (rank - 2), 30))
    channels = outputs.flatten(1, -2)
    assert torch.equal(channels, channels[:, :1].expand_as(channels))
    assert sorted(outputs.unique().tolist()) == [0, 2]


@each
def test_inputs_have_so_many_axes(name, rank):
    with pytest.raises(ValueError, match=f"{rank}"):
        getattr(layers, name)(0.5)(torch.ones(*[2] * (rank - 1)))


@each
def test_a_rate_is_from_0_to_1(name, rank):
    with pytest.raises(ValueError, match=rf"^{name}: rate must be a number from 0 to 1\. Received: rate=2"):
        getattr(layers, name)(2)


@each
def test_a_noise_shape_follows_from_the_layer(name, rank):
    with pytest.raises(
        ValueError, match=rf"^{name}: noise_shape follows from the layer\. Received: noise_shape=\(1,\)"
    ):
        getattr(layers, name)(0.5, noise_shape=(1,))


@pytest.mark.parametrize("name", ["SpatialDropout2D", "SpatialDropout3D"])
def test_a_data_format_is_one_of_two(name):
    with pytest.raises(ValueError, match=rf"^{name}: data_format must be one of 'channels_last'.* Received: .*='last'"):
        getattr(layers, name)(0.5, data_format="last")


def test_the_data_format_may_come_from_the_settings():
    backend.set_image_data_format("channels_first")
    try:
        assert layers.SpatialDropout2D(0.5).data_format == "channels_first"
    finally:
        backend.set_image_data_format("channels_last")


@each
def test_a_config_of_keras_2_is_taken(name, rank):
    config = {"name": "drop", "trainable": False, "dtype": "float32", "rate": 0.5, "noise_shape": None, "seed": None}
    layer = getattr(layers, name).from_config(config)
    assert (layer.name, layer.rate, layer.trainable) == ("drop", 0.5, False)
