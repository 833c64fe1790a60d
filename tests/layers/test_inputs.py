"""Which inputs do layers refuse, in their own words: empty axes, shapes that are none, complex numbers?"""

from __future__ import annotations

import pytest
import torch

from torchkeras_layer import Input, layers

FORMATS = ["channels_last", "channels_first"]
# Layers that have weights for an axis, and inputs in which it is empty.
OF_WEIGHTS = [
    ("BatchNormalization", {}, (2, 7, 6, 0)),
    ("BatchNormalization", {"axis": 1}, (2, 0, 6, 3)),
    ("BatchNormalization", {"axis": [1, 2]}, (2, 7, 0, 3)),
    ("GroupNormalization", {"groups": -1}, (2, 7, 6, 0)),
    ("GroupNormalization", {"groups": -1, "axis": 1}, (2, 0, 6, 3)),
    ("LayerNormalization", {}, (2, 7, 6, 0)),
    ("LayerNormalization", {"axis": [1, 3], "center": False, "scale": False}, (2, 0, 6, 3)),
    ("RMSNormalization", {}, (2, 7, 6, 0)),
    ("RMSNormalization", {"axis": [1, 2]}, (2, 7, 0, 3)),
    ("PReLU", {}, (2, 7, 0, 3)),
    ("PReLU", {"shared_axes": [1, 2]}, (2, 7, 6, 0)),
    ("Conv2D", {"filters": 4, "kernel_size": 3}, (2, 7, 6, 0)),
]
# Layers that make nothing of an empty axis other than that of the batch, and how many axes their inputs have.
WITHOUT_WEIGHTS = [
    *[(f"{kind}Pooling{rank}D", {}, rank) for kind in ("Max", "Average") for rank in (1, 2, 3)],
    *[(f"{kind}Pooling{rank}D", {"padding": "same"}, rank) for kind in ("Max", "Average") for rank in (1, 2, 3)],
    *[(f"Adaptive{kind}Pooling{rank}D", {"output_size": 2}, rank) for kind in ("Max", "Average") for rank in (1, 2, 3)],
    ("UpSampling1D", {}, 1),
    ("UpSampling3D", {}, 3),
    *[("UpSampling2D", {"interpolation": one}, 2) for one in ("nearest", "bilinear", "bicubic", "lanczos5", "area")],
]
IN_FORMATS = [(*one, form) for one in WITHOUT_WEIGHTS for form in FORMATS if one[0] != "UpSampling1D"]
WITH_WEIGHTS = {name: arguments for name, arguments, _ in reversed(OF_WEIGHTS)}


@pytest.mark.parametrize(("name", "arguments", "shape"), OF_WEIGHTS)
def test_weights_are_not_made_for_an_empty_axis(name, arguments, shape):
    layer = getattr(layers, name)(**arguments, name="here")
    for use in (lambda: layer.build(shape), lambda: layer(torch.ones(shape)), lambda: layer(Input(shape[1:]))):
        with pytest.raises(ValueError, match=r"^here: .*Received: input_shape=\(.*0.*\)"):
            use()
    assert (layer.built, layer.weights) == (False, [])
    assert tuple(layer(torch.randn(2, 7, 6, 3)).shape)[0] == 2


@pytest.mark.parametrize(("name", "arguments", "rank", "data_format"), IN_FORMATS)
def test_an_empty_axis_holds_nothing(name, arguments, rank, data_format):
    layer = getattr(layers, name)(**arguments, data_format=data_format, name="here")
    whole = (2, 7, 6, 5, 4)[: rank + 2]
    for axis in range(1, rank + 2):
        shape = (*whole[:axis], 0, *whole[axis + 1 :])
        for use in (lambda: layer(torch.ones(shape)), lambda: layer.compute_output_shape(shape)):  # noqa: B023
            with pytest.raises(ValueError, match=r"^here: .*inputs of shape \(.*0.*\)"):
                use()
    assert tuple(layer(torch.ones(0, *whole[1:])).shape) == layer.compute_output_shape((0, *whole[1:]))


@pytest.mark.parametrize("axis", [1, 2])
def test_a_sequence_without_steps_or_features_is_not_enlarged(axis):
    shape = tuple(0 if one == axis else 3 for one in range(3))
    with pytest.raises(ValueError, match=r"^here: inputs of shape \(3, .*\) are empty: there is nothing to enlarge\."):
        layers.UpSampling1D(name="here")(torch.ones(shape))


@pytest.mark.parametrize("shared", [[1], [2], [1, 2], [3]])
def test_axes_that_share_their_weights_may_be_empty(shared):
    for axis in shared:
        shape = tuple(0 if one == axis else size for one, size in enumerate((2, 7, 6, 3)))
        inputs = torch.ones(shape, requires_grad=True)
        outputs = layers.PReLU(shared_axes=shared)(inputs)
        assert outputs.shape == inputs.shape
        outputs.sum().backward()


@pytest.mark.parametrize("shape", [None, 3, "abc", (2, "a", 3, 4), [(2, 3), (4, 5)]])
@pytest.mark.parametrize("name", WITH_WEIGHTS)
def test_what_is_no_shape_is_told_by_the_layer(name, shape):
    layer = getattr(layers, name)(**WITH_WEIGHTS[name], name="here")
    with pytest.raises(ValueError, match=r"^here: expects the shape of one tensor.* Received: input_shape="):
        layer.build(shape)
    assert not layer.built


@pytest.mark.parametrize("shape", [None, (2, 3), (2, 3, "a", 4)])
@pytest.mark.parametrize(("name", "arguments", "rank"), WITHOUT_WEIGHTS)
def test_what_is_no_shape_of_theirs_is_told_by_layers_without_weights(name, arguments, rank, shape):
    with pytest.raises(
        ValueError, match=r"^here: expects (the shape of one tensor|inputs of rank \d).* Received: input"
    ):
        getattr(layers, name)(**arguments, name="here").compute_output_shape(shape)


TAKING_REAL_NUMBERS = [
    ("Conv2D", {"filters": 2, "kernel_size": 1}),
    ("Conv2DTranspose", {"filters": 2, "kernel_size": 1}),
    ("DepthwiseConv2D", {"kernel_size": 1}),
    ("SeparableConv2D", {"filters": 2, "kernel_size": 1}),
    ("LocallyConnected2D", {"filters": 2, "kernel_size": 1}),
    ("PReLU", {}),
    ("AveragePooling2D", {}),
    ("AdaptiveAveragePooling2D", {"output_size": 1}),
    ("BatchNormalization", {}),
    ("LayerNormalization", {}),
    ("GroupNormalization", {"groups": 1}),
    ("RMSNormalization", {}),
]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("mode", [True, False])
@pytest.mark.parametrize(("name", "arguments"), TAKING_REAL_NUMBERS)
def test_imaginary_parts_are_not_dropped(name, arguments, mode):
    layer = getattr(layers, name)(**arguments, name="here").train(mode)
    inputs = torch.complex(torch.ones(1, 4, 4, 3), torch.ones(1, 4, 4, 3))
    with pytest.raises(TypeError, match=r"^here: takes no complex numbers\. Received: inputs of torch\.complex64\."):
        layer(inputs)
    assert layer(inputs.real).dtype is torch.float32
