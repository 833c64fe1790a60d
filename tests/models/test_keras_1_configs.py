"""What do the configs of Keras 1 mean today, layer by layer, and what of them is refused by name?"""

from __future__ import annotations

import json

import pytest
import torch

import torchkeras_layer as keras

KERNEL = {"init": "uniform", "W_regularizer": {"name": "WeightRegularizer", "l1": 0.0, "l2": 0.5}, "bias": False}
RECURRENT = {"output_dim": 2, "inner_init": "orthogonal", "dropout_W": 0.1, "dropout_U": 0.2, "consume_less": "gpu"}
IMAGES = {"nb_filter": 2, "nb_row": 3, "nb_col": 1, "border_mode": "same", "subsample": [1, 2], "dim_ordering": "th"}
LIMIT = {"name": "MaxNorm", "m": 4, "axis": [1, 2, 3]}
SMALL = {"minval": -0.05, "maxval": 0.05}


def _chain(*layers, version="1.2.2"):
    entries = [{"class_name": name, "config": {"name": name.lower(), **config}} for name, config in layers]
    return {"class_name": "Sequential", "config": entries, "keras_version": version}


def _today(name, config, **more):
    model = keras.models.model_from_config(_chain((name, config), **more))
    (layer,) = model.layers
    return layer


# The layer, its arguments, its class today, and some of its arguments today.
CASES = [
    ("Dense", {"output_dim": 2, "input_dim": 3, **KERNEL}, "Dense", {"units": 2, "use_bias": False}),
    ("TimeDistributedDense", {"output_dim": 2, "input_length": 5}, "Dense", {"units": 2}),
    ("Embedding", {"input_dim": 7, "output_dim": 2, "init": "one", "dropout": 0.0}, "Embedding", {"output_dim": 2}),
    ("Dropout", {"p": 0.25}, "Dropout", {"rate": 0.25}),
    ("SpatialDropout1D", {"p": 0.25}, "SpatialDropout1D", {"rate": 0.25}),
    ("GaussianDropout", {"p": 0.25}, "GaussianDropout", {"rate": 0.25}),
    ("GaussianNoise", {"sigma": 0.25}, "GaussianNoise", {"stddev": 0.25}),
    ("Activation", {"activation": "hard_sigmoid"}, "Activation", {"activation": "hard_sigmoid_keras2"}),
    ("PReLU", {"init": "one"}, "PReLU", {}),
    ("LeakyReLU", {"alpha": 0.2}, "LeakyReLU", {"negative_slope": 0.2}),
    ("ThresholdedReLU", {"theta": 0.5}, "ThresholdedReLU", {"theta": 0.5}),
    ("ELU", {"alpha": 0.5}, "ELU", {"alpha": 0.5}),
    ("ParametricSoftplus", {"alpha_init": 0.5, "beta_init": 2.0}, "ParametricSoftplus", {"alpha": 0.5, "beta": 2.0}),
    ("SReLU", {"t_left_init": "zero", "a_right_init": "one"}, "SReLU", {}),
    ("MaxoutDense", {"output_dim": 2, "nb_feature": 3, **KERNEL}, "MaxoutDense", {"units": 2, "nb_feature": 3}),
    ("Highway", {"activation": "tanh", **KERNEL}, "Highway", {"activation": "tanh", "use_bias": False}),
    ("LSTM", {**RECURRENT, "forget_bias_init": "one"}, "LSTM", {"unit_forget_bias": True, "dropout": 0.1}),
    ("LSTM", {**RECURRENT, "forget_bias_init": "zero"}, "LSTM", {"unit_forget_bias": False}),
    ("GRU", {**RECURRENT, "inner_activation": "tanh"}, "GRU", {"reset_after": False, "recurrent_activation": "tanh"}),
    ("SimpleRNN", RECURRENT, "SimpleRNN", {"units": 2, "recurrent_dropout": 0.2}),
    (
        "Convolution1D",
        {"nb_filter": 2, "filter_length": 3, "subsample_length": 2, "border_mode": "same", "input_dim": 4},
        "Conv1D",
        {"filters": 2, "kernel_size": (3,), "strides": (2,), "padding": "same"},
    ),
    ("AtrousConvolution1D", {"nb_filter": 2, "filter_length": 3, "atrous_rate": 2}, "Conv1D", {"dilation_rate": (2,)}),
    (
        "Convolution2D",
        IMAGES,
        "Conv2D",
        {"kernel_size": (3, 1), "strides": (1, 2), "padding": "same", "data_format": "channels_first"},
    ),
    (
        "AtrousConvolution2D",
        {**IMAGES, "subsample": [1, 1], "atrous_rate": [2, 2]},
        "Conv2D",
        {"dilation_rate": (2, 2)},
    ),
    ("SeparableConvolution2D", {**IMAGES, "subsample": [1, 1]}, "SeparableConv2D", {"filters": 2}),
    (
        "Convolution3D",
        {"nb_filter": 2, "kernel_dim1": 1, "kernel_dim2": 2, "kernel_dim3": 3, "dim_ordering": "tf"},
        "Conv3D",
        {"kernel_size": (1, 2, 3), "data_format": "channels_last"},
    ),
    ("LocallyConnected2D", {**IMAGES, "border_mode": "valid"}, "LocallyConnected2D", {"kernel_size": (3, 1)}),
    ("ConvLSTM2D", {**IMAGES, "forget_bias_init": "one"}, "ConvLSTM2D", {"filters": 2, "unit_forget_bias": True}),
    ("MaxPooling1D", {"pool_length": 3, "stride": 2, "border_mode": "same"}, "MaxPooling1D", {"pool_size": (3,)}),
    (
        "AveragePooling2D",
        {"pool_size": [2, 3], "strides": [1, 2], "border_mode": "same", "dim_ordering": "th"},
        "AveragePooling2D",
        {"strides": (1, 2), "padding": "same", "data_format": "channels_first"},
    ),
    ("GlobalMaxPooling2D", {"dim_ordering": "th"}, "GlobalMaxPooling2D", {"data_format": "channels_first"}),
    ("UpSampling1D", {"length": 3}, "UpSampling1D", {"size": 3}),
    ("ZeroPadding1D", {"padding": {"left_pad": 1}}, "ZeroPadding1D", {"padding": (1, 0)}),
    ("ZeroPadding2D", {"padding": [1, 2, 3, 4], "dim_ordering": "tf"}, "ZeroPadding2D", {"padding": ((1, 2), (3, 4))}),
    (
        "ZeroPadding2D",
        {"padding": {"top_pad": 1, "right_pad": 2}, "dim_ordering": "tf"},
        "ZeroPadding2D",
        {"padding": ((1, 0), (0, 2))},
    ),
    ("BatchNormalization", {"mode": 0, "epsilon": 1e-5, "beta_init": "one"}, "BatchNormalization", {"epsilon": 1e-5}),
]


@pytest.mark.parametrize(("name", "config", "class_name", "expected"), CASES)
def test_a_layer(name, config, class_name, expected):
    layer = _today(name, config)
    assert type(layer) is getattr(keras.layers, class_name)
    written = layer.get_config()
    assert {word: written[word] for word in expected} == expected
    if name not in ("Activation", "ZeroPadding1D", "ThresholdedReLU", "ELU", "LeakyReLU"):
        # The names of the arguments say who wrote it.
        assert _today(name, config, version=None).get_config() == written


def test_gates_are_those_of_keras_1():
    gate = keras.activations.get("hard_sigmoid_keras2")
    assert _today("LSTM", {"output_dim": 2}).recurrent_activation is gate
    assert _today("LSTM", {"output_dim": 2, "inner_activation": "hard_sigmoid"}).recurrent_activation is gate
    inner = {"class_name": "GRU", "config": {"output_dim": 2, "inner_activation": "hard_sigmoid"}}
    both = _today("Bidirectional", {"layer": inner, "merge_mode": "sum"})
    assert both.forward_layer.recurrent_activation is both.backward_layer.recurrent_activation is gate
    inner = {"class_name": "Dense", "config": {"output_dim": 2, "activation": "hard_sigmoid"}}
    assert _today("TimeDistributed", {"layer": inner}).layer.activation is gate


def test_initializers_regularizers_and_constraints():
    layer = _today("Dense", {"output_dim": 2, **KERNEL, "W_constraint": {"name": "MaxNorm", "m": 4, "axis": 1}})
    assert layer.kernel_initializer.get_config() | SMALL == layer.kernel_initializer.get_config()
    assert layer.kernel_regularizer.get_config() == {"l1": 0.0, "l2": 0.5}
    assert layer.kernel_constraint.get_config() == {"max_value": 4, "axis": 1}
    activity = {"name": "ActivityRegularizer", "l1": 0.5, "l2": 0.0}
    assert _today("Dense", {"output_dim": 2, "activity_regularizer": activity}).activity_regularizer.l1 == 0.5
    non_negative = _today("Dense", {"output_dim": 2, "b_constraint": {"name": "NonNeg"}}).bias_constraint
    assert isinstance(non_negative, keras.constraints.NonNeg)


@pytest.mark.parametrize(("order", "axis"), [("tf", [1, 2, 3]), ("th", [2, 0, 1])])
def test_axes_of_constraints_follow_the_kernel(order, axis):
    layer = _today("Convolution2D", {**IMAGES, "dim_ordering": order, "W_constraint": LIMIT})
    assert layer.kernel_constraint.axis == axis


@pytest.mark.parametrize("order", ["th", "tf"])
def test_an_order_that_is_not_written_is_that_of_the_other_layers(order):
    layers = [("ZeroPadding2D", {"padding": [1, 1]}), ("Convolution2D", {**IMAGES, "dim_ordering": order})]
    first, second = keras.models.model_from_config(_chain(*layers)).layers
    assert first.data_format == second.data_format


def test_a_layer_without_weights_that_is_taken_again_gets_a_name_of_its_own():
    dense = {"output_dim": 3, "input_dim": 3, "init": "one"}
    layers = [("Activation", {"activation": "relu"}), ("Dense", dense), ("Activation", {"activation": "relu"})]
    model = keras.models.model_from_config(_chain(("Reshape", {"target_shape": [3], "input_shape": [3]}), *layers))
    assert [layer.name for layer in model.layers] == ["reshape", "activation", "dense", "activation_again_1"]
    with pytest.raises(ValueError, match="there already is a layer named 'dense'"):
        keras.models.model_from_config(_chain(("Dense", dense), ("Dense", dense)))


def test_json_in_json_is_read(tmp_path):
    text = json.dumps(json.dumps(_chain(("Dense", {"output_dim": 2, "batch_input_shape": [None, 3]}))))
    assert keras.models.model_from_json(text).output_shape == (None, 2)
    (tmp_path / "model.json").write_text(text)
    assert keras.saving.load_model(tmp_path / "model.json").output_shape == (None, 2)
    with pytest.raises(ValueError, match="expected the config of a model"):
        keras.models.model_from_json(json.dumps(text))


def test_branches_become_a_graph():
    left = [{"class_name": "Dense", "config": {"name": "a", "output_dim": 2, "batch_input_shape": [None, 3]}}]
    right = [{"class_name": "Dense", "config": {"name": "b", "output_dim": 2, "batch_input_shape": [None, 4]}}]
    branches = [{"class_name": "Sequential", "config": part} for part in (left, right)]
    merge = {"mode": "mul", "concat_axis": -1, "dot_axes": -1, "layers": branches}
    model = keras.models.model_from_config(_chain(("Merge", merge), ("Activation", {"activation": "relu"})))
    x, y = torch.ones(1, 3), torch.ones(1, 4)
    expected = torch.relu(model.get_layer("a")(x) * model.get_layer("b")(y))
    assert torch.equal(model([x, y]), expected)


def test_a_function_that_merges_is_supplied_under_the_name_of_the_layer():
    branch = {"class_name": "Dense", "config": {"name": "a", "output_dim": 2, "batch_input_shape": [None, 3]}}
    merge = {
        "mode": "4wEAAAA",
        "mode_type": "lambda",
        "arguments": {},
        "layers": [branch, {**branch, "config": {**branch["config"], "name": "b"}}],
    }
    config = _chain(("Merge", merge))
    with pytest.raises(ValueError, match=r'custom_objects=\{"merge": function\}'):
        keras.models.model_from_config(config)
    model = keras.models.model_from_config(config, {"merge": lambda pair: pair[0] - pair[1]})
    x, y = torch.ones(1, 3), torch.zeros(1, 3)
    assert torch.equal(model([x, y]), model.get_layer("a")(x) - model.get_layer("b")(y))


def test_all_that_cannot_be_translated_is_named_at_once():
    layers = [
        ("BatchNormalization", {"mode": 1}),
        ("Convolution2D", {**IMAGES, "border_mode": "full"}),
        ("Dense", {"output_dim": 2, "W_regularizer": {"name": "EigenvalueRegularizer", "k": 1}}),
    ]
    with pytest.raises(ValueError, match="cannot be translated") as caught:
        keras.models.model_from_json(json.dumps(_chain(*layers)))
    text = str(caught.value)
    for part in (
        "'batchnormalization' (BatchNormalization) has mode=1",
        "'convolution2d' (Convolution2D) has border_mode='full'",
        "'dense' (Dense) has the regularizer 'EigenvalueRegularizer'",
        'custom_objects={"BatchNormalization": BatchNormalization, "Convolution2D": Convolution2D, "Dense": Dense}',
    ):
        assert part in text


def test_a_class_that_is_supplied_gets_the_config_as_it_is():
    class Sum(keras.layers.Layer):
        def __init__(self, mode, **kwargs):
            super().__init__(**kwargs)
            self.mode = mode

    config = _chain(("BatchNormalization", {"mode": 1}))
    (layer,) = keras.models.model_from_config(config, {"BatchNormalization": Sum}).layers
    assert layer.mode == 1


@pytest.mark.parametrize("mode", [2, 3, None, [1]])
def test_modes_of_normalization_that_are_not_here(mode):
    with pytest.raises(ValueError, match=r"'batchnormalization' \(BatchNormalization\) has mode="):
        _today("BatchNormalization", {"mode": mode})


def test_an_order_that_nothing_says_is_refused():
    with pytest.raises(ValueError, match="'uptwice' .* does not say its dim_ordering"):
        _today("UpSampling2D", {"name": "uptwice", "size": [2, 2]})


def test_words_that_an_embedding_leaves_out_are_told_of():
    with pytest.warns(UserWarning, match="leaves out words in training"):
        _today("Embedding", {"input_dim": 7, "output_dim": 2, "dropout": 0.5})


def test_a_graph_of_keras_0_is_refused():
    with pytest.raises(ValueError, match="layers that are not here: Graph"):
        keras.models.model_from_config({"class_name": "Graph", "config": {}, "keras_version": "0.3.3"})


@pytest.mark.parametrize(
    "part",
    [
        {"mode": []},
        {"mode": "sum", "layers": [3]},
        {"mode": "sum", "layers": [{"class_name": "Dense", "config": 3}]},
        {
            "mode": "sum",
            "layers": [{"class_name": "Model", "config": {"layers": [], "input_layers": 3, "output_layers": 4}}],
        },
        {"mode": "dot", "dot_axes": {}, "layers": []},
    ],
)
def test_malformed_branches_are_refused(part):
    with pytest.raises(ValueError, match="Merge|Dot"):
        keras.models.model_from_config(_chain(("Merge", part)))
