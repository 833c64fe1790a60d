"""Which arguments and inputs do convolutions take, and what do they say to others?"""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from torchkeras_layer import activations, backend, initializers, layers

CONVOLUTIONS = ["Conv1D", "Conv2D", "Conv3D"]
DEPTHWISE = ["DepthwiseConv1D", "DepthwiseConv2D"]
SEPARABLE = ["SeparableConv1D", "SeparableConv2D"]
EVERYTHING = [*CONVOLUTIONS, *DEPTHWISE, *SEPARABLE]
every_class = pytest.mark.parametrize("name", EVERYTHING)


def _make(name, /, kernel_size=3, **arguments):
    own = {} if name in DEPTHWISE else {"filters": 4}
    return getattr(layers, name)(kernel_size=kernel_size, **own | arguments)


def _shape(name, length, channels=3):
    return (2, *[length] * int(name[-2]), channels)


def test_names():
    for rank in (1, 2, 3):
        assert getattr(layers, f"Convolution{rank}D") is getattr(layers, f"Conv{rank}D")
    for rank in (1, 2):
        assert getattr(layers, f"SeparableConvolution{rank}D") is getattr(layers, f"SeparableConv{rank}D")
    assert type(layers.deserialize({"class_name": "Convolution2D", "config": {"filters": 1, "kernel_size": 1}})) is (
        layers.Conv2D
    )


def test_arguments_in_other_forms():
    layer = layers.Conv2D(np.int64(4), [3, np.int64(2)], 2, "SAME", "Channels_First", (1, 1), 2, "relu")
    assert (layer.filters, layer.kernel_size, layer.strides) == (4, (3, 2), (2, 2))
    assert (layer.padding, layer.data_format, layer.groups) == ("same", "channels_first", 2)
    assert layer.activation is activations.relu
    assert json.loads(json.dumps(layer.get_config()))["kernel_size"] == [3, 2]


def test_arguments_by_position_are_in_keras_s_order():
    depthwise = layers.DepthwiseConv2D(3, 1, "same", 2, "channels_first", 2, "relu", False)
    assert (depthwise.depth_multiplier, depthwise.data_format) == (2, "channels_first")
    assert (depthwise.dilation_rate, depthwise.use_bias) == ((2, 2), False)
    separable = layers.SeparableConv1D(5, 3, 2, "same", "channels_first", 1, 2, "relu", False)
    assert (separable.filters, separable.strides, separable.depth_multiplier) == (5, (2,), 2)
    assert separable.use_bias is False


def test_the_layout_is_the_default_of_the_process():
    backend.set_image_data_format("channels_first")
    assert layers.Conv2D(4, 3).compute_output_shape((None, 3, 8, 9)) == (None, 4, 6, 7)


def test_names_of_keras_2():
    layer = layers.DepthwiseConv2D(3, groups=1)
    layer.build((None, 8, 8, 2))
    assert layer.depthwise_kernel is layer.kernel
    assert list(layer.state_dict()) == ["kernel", "bias"]
    of_conv = {"kernel_initializer": "glorot_uniform", "kernel_regularizer": None, "kernel_constraint": None}
    layers.SeparableConv2D(3, 3, groups=1, **of_conv)
    layers.SeparableConv1D(3, 3, kernel_initializer={"class_name": "GlorotUniform", "config": {"seed": None}})


@pytest.mark.parametrize("name", SEPARABLE)
@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("initializer", "ones"),
        ("initializer", "bogus"),
        ("initializer", initializers.GlorotUniform(seed=1)),
        ("regularizer", "l2"),
        ("constraint", "non_neg"),
    ],
)
def test_arguments_of_a_kernel_that_is_not_there(name, kind, value):
    message = (
        f"^{name}: the layer has .* no kernel.* Received: kernel_{kind}=.*Pass depthwise_{kind}, pointwise_{kind} or"
    )
    with pytest.raises(TypeError, match=message):
        getattr(layers, name)(3, 3, **{f"kernel_{kind}": value})


@every_class
def test_ints_are_cast(name):
    layer = _make(name)
    outputs = layer(torch.arange(torch.Size(_shape(name, 4)).numel()).reshape(_shape(name, 4)))
    assert outputs.dtype is torch.float32


@every_class
def test_under_autocast_torch_casts(name):
    layer = _make(name)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        outputs = layer(torch.ones(_shape(name, 4)))
    assert (outputs.dtype, layer.weights[0].dtype) == (torch.bfloat16, torch.float32)


@every_class
@pytest.mark.parametrize("argument", ["kernel_size", "strides", "dilation_rate"])
@pytest.mark.parametrize("value", [0, -1, 1.5, "2", True, None])
def test_sizes_are_positive_ints(name, argument, value):
    with pytest.raises(ValueError, match=f"^{name}: {argument} must be a positive int. Received: {argument}="):
        _make(name, **{argument: value})


@pytest.mark.parametrize("argument", ["kernel_size", "strides", "dilation_rate"])
@pytest.mark.parametrize("value", [(2,), [1, 2, 3], ()])
def test_one_size_for_each_axis(argument, value):
    with pytest.raises(
        ValueError, match=f"^Conv2D: {argument} must be 2 positive ints, or one for all axes. Received: {argument}="
    ):
        _make("Conv2D", **{argument: value})


@pytest.mark.parametrize("value", [0, -4, 1.0, None, "4", True])
def test_counts_are_positive_ints(value):
    for name in (*CONVOLUTIONS, *SEPARABLE):
        with pytest.raises(ValueError, match=f"^{name}: filters must be a positive int. Received: filters="):
            _make(name, filters=value)
    for name in CONVOLUTIONS:
        with pytest.raises(ValueError, match=f"^{name}: groups must be a positive int. Received: groups="):
            _make(name, groups=value)
    for name in (*DEPTHWISE, *SEPARABLE):
        with pytest.raises(ValueError, match=f"^{name}: depth_multiplier must be a positive int. Received: depth_m"):
            _make(name, depth_multiplier=value)


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_strides_with_dilation(name):
    with pytest.raises(ValueError, match=rf"^{name}: strides and dilation_rate cannot both be above 1. Rec.*=\(2,"):
        _make(name, strides=2, dilation_rate=2)


@pytest.mark.parametrize("name", [*DEPTHWISE, *SEPARABLE])
def test_depthwise_layers_take_strides_with_dilation_as_keras_3_does(name):
    assert _make(name, strides=2, dilation_rate=2).strides[0] == 2


@pytest.mark.parametrize("name", [name for name in EVERYTHING if name not in ("Conv1D", "SeparableConv1D")])
def test_causal_padding_is_for_sequences(name):
    with pytest.raises(
        ValueError, match=f"^{name}: padding must be one of 'valid', 'same'. Received: padding='causal'"
    ):
        _make(name, padding="causal")


@every_class
def test_words_are_checked(name):
    with pytest.raises(ValueError, match=f"^{name}: padding must be one of 'valid', 'same'.*Received: padding='full'"):
        _make(name, padding="full")
    with pytest.raises(
        ValueError, match=f"^{name}: data_format must be one of 'channels_last', .*Received: data_f.*=3"
    ):
        _make(name, data_format=3)
    with pytest.raises(ValueError, match=f"^{name}: activation: .*tanhh"):
        _make(name, activation="tanhh")
    with pytest.raises(ValueError, match=f"^{name}: bias_initializer: .*nonsense"):
        _make(name, bias_initializer="nonsense")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *((name, "kernel") for name in CONVOLUTIONS),
        *((name, "depthwise") for name in (*DEPTHWISE, *SEPARABLE)),
        *((name, "pointwise") for name in SEPARABLE),
    ],
)
def test_identifiers_are_checked(name, kind):
    for argument in ("initializer", "regularizer", "constraint"):
        with pytest.raises(ValueError, match=f"^{name}: {kind}_{argument}: .*nonsense"):
            _make(name, **{f"{kind}_{argument}": "nonsense"})


def test_what_is_not_supported():
    for argument in ("lora_rank", "lora_alpha"):
        with pytest.raises(ValueError, match=f"^Conv2D: {argument} is not supported. Received: {argument}=2. Leave"):
            layers.Conv2D(1, 1, **{argument: 2})
    for name in (*DEPTHWISE, *SEPARABLE):
        with pytest.raises(ValueError, match=f"^{name}: groups is not supported. Received: groups=2. Leave it out."):
            _make(name, groups=2)


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_groups_divide_filters_and_channels(name):
    with pytest.raises(ValueError, match=f"^{name}: groups must divide filters. Received: groups=3, filters=4"):
        _make(name, groups=3)
    layer = _make(name, groups=2, name="conv")
    message = r"^conv: groups must divide the channels of the inputs. Received: groups=2, input_shape=\(2, .*3 channels"
    with pytest.raises(ValueError, match=message):
        layer.build(_shape(name, 8))
    with pytest.raises(ValueError, match=message):
        layer(torch.ones(_shape(name, 8)))


@every_class
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_channels_must_be_known(name, data_format):
    layer = _make(name, data_format=data_format, name="conv")
    axis = -1 if data_format == "channels_last" else 1
    shape = [5] * (layer.rank + 2)
    for channels, message in ((None, "Give a size in place of None"), (0, "^conv: the inputs must have channels. Rec")):
        shape[axis] = channels
        with pytest.raises(ValueError, match=message):
            layer.build(tuple(shape))


@every_class
def test_other_channels_than_before(name):
    layer = _make(name)
    layer.build(_shape(name, 8))
    with pytest.raises(ValueError, match="expected axis -1 to have size 3, found size 5"):
        layer(torch.ones(_shape(name, 8, channels=5)))


@every_class
def test_inputs_of_another_rank(name):
    layer = _make(name, name="conv")
    rank = layer.rank + 2
    with pytest.raises(ValueError, match=f"expected ndim={rank}, found ndim=2"):
        layer(torch.ones(2, 3))
    message = rf"^conv: expects inputs of rank {rank}, \(batch, .*, channels\). Received: a shape of rank 2, \(2, 3\)."
    for ask in (layer.build, layer.compute_output_shape):
        with pytest.raises(ValueError, match=message):
            ask((2, 3))
    with pytest.raises(ValueError, match=r"\(batch, channels, .*spatial dim"):
        _make(name, data_format="channels_first").build((2, 3))


@every_class
def test_inputs_that_hold_no_window(name):
    layer = _make(name, name="conv")
    message = (
        r"^conv: inputs of shape \(2, .*\) are too small for kernel_size=\(3,.*padding='valid': the output would be "
        "empty. Give larger inputs or a smaller kernel, or padding='same'."
    )
    small = _shape(name, 2)
    for ask in (layer.build, layer.compute_output_shape, lambda shape: layer(torch.ones(shape))):
        with pytest.raises(ValueError, match=message):
            ask(small)
    free = (None, *[None] * layer.rank, 3)
    layer.build(free)
    assert layer.compute_output_shape(free)[1:-1] == (None,) * layer.rank
    with pytest.raises(ValueError, match=message):
        layer(torch.ones(small))


@every_class
def test_a_dilated_kernel_reaches_further(name):
    layer = _make(name, dilation_rate=2)
    assert layer.compute_output_shape(_shape(name, 5))[1] == 1
    with pytest.raises(ValueError, match=r"too small for kernel_size=\(3,.*dilation_rate=\(2,"):
        layer.build(_shape(name, 4))


@every_class
def test_nothing_cannot_be_padded(name):
    layer = _make(name, padding="same")
    layer.build((None, *[None] * layer.rank, 3))
    for ask in (layer.compute_output_shape, lambda shape: layer(torch.ones(shape))):
        with pytest.raises(
            ValueError, match="padding='same': the output would be empty. Give larger inputs or a smaller kernel.(\n|$)"
        ):
            ask(_shape(name, 0))
