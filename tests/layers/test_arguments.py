"""Which values do the arguments of layers take that are no plain numbers: arrays, tensors, ints without end?"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from torchkeras_layer import layers

# Each has an `__index__`, and is no int.
NO_INTS = [np.array([1, 2]), torch.tensor(0.5), torch.tensor([1, 2]), int]


@pytest.mark.parametrize("value", [*NO_INTS, [np.array([1, 2])], [int]])
@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("LayerNormalization", "axis"),
        ("RMSNormalization", "axis"),
        ("BatchNormalization", "axis"),
        ("GroupNormalization", "axis"),
        ("UnitNormalization", "axis"),
        ("Softmax", "axis"),
        ("Concatenate", "axis"),
        ("Dot", "axes"),
        ("PReLU", "shared_axes"),
        ("GroupNormalization", "groups"),
    ],
)
def test_what_only_looks_like_an_int_is_told_by_the_layer(name, argument, value):
    with pytest.raises((TypeError, ValueError), match=f"^{name}: {argument} must be .* Received: {argument}="):
        getattr(layers, name)(**{argument: value})


@pytest.mark.parametrize("value", NO_INTS)
def test_so_are_pairs_of_axes(value):
    with pytest.raises(ValueError, match="^Dot: axes must be an int, or two, one for each input. Received: axes="):
        layers.Dot((1, value))


@pytest.mark.parametrize("kind", [np.array, torch.tensor])
def test_arrays_and_tensors_of_ints_are_taken(kind):
    assert layers.LayerNormalization(kind(1)).axis == layers.Softmax(kind(1)).axis == 1
    assert layers.Conv2DTranspose(4, 3, 2, output_padding=kind(1)).output_padding == (1, 1)
    assert layers.Conv2DTranspose(4, 3, 2, output_padding=kind([0, 1])).output_padding == (0, 1)
    assert layers.Conv2D(4, kind([2, 3]), kind(2)).get_config()["kernel_size"] == (2, 3)
    assert layers.Cropping2D(kind(1)).cropping == layers.Cropping2D(kind([[1, 1], [1, 1]])).cropping == ((1, 1), (1, 1))
    assert layers.ZeroPadding1D(kind(2)).padding == layers.ZeroPadding1D(kind([2, 2])).padding == (2, 2)
    assert layers.UpSampling2D(kind(3)).size == layers.UpSampling2D(kind([3, 3])).size == (3, 3)


HUGE = 10**30
NUMBERS = [
    ("ReLU", "max_value"),
    ("ReLU", "threshold"),
    ("ReLU", "negative_slope"),
    ("LeakyReLU", "negative_slope"),
    ("LeakyReLU", "alpha"),
    ("ELU", "alpha"),
    ("ThresholdedReLU", "theta"),
    ("GaussianNoise", "stddev"),
]


@pytest.mark.parametrize(("name", "argument"), NUMBERS)
def test_an_int_beyond_64_bits_is_that_number(name, argument):
    layer, rounded = (getattr(layers, name).from_config({argument: number}) for number in (HUGE, float(HUGE)))
    inputs = torch.tensor([-1.0, 2.0])
    results = []
    for one in (layer, rounded):
        torch.manual_seed(0)
        results.append(one(inputs))
    assert torch.equal(*results)


@pytest.mark.parametrize(("name", "argument"), NUMBERS)
def test_an_int_beyond_all_floats_is_refused(name, argument):
    with pytest.raises(ValueError, match=f"^{name}: {argument} must be a (finite )?number.* Received: {argument}=1000"):
        getattr(layers, name)(**{argument: 10**400})


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("SpatialDropout1D", {"rate": 0.5, "data_format": "channels_last"}),
        ("SpatialDropout2D", {"rate": 0.5, "rank": 4}),
        ("Cropping1D", {"data_format": "channels_last"}),
        ("Cropping2D", {"name_of_argument": "cropping"}),
        ("UpSampling1D", {"data_format": "channels_last"}),
    ],
)
def test_arguments_of_a_base_are_unknown_to_the_layer(name, arguments):
    with pytest.raises(TypeError, match=f"^{name}: unknown keyword argument '{list(arguments)[-1]}'"):
        getattr(layers, name)(**arguments)
