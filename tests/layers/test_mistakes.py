"""Do the mistakes that newcomers make with built-in layers get an error that says what to write?"""

from __future__ import annotations

import warnings

import pytest
import torch

import torchkeras_layer as keras
from tests.layer.test_mistakes import assert_fails

L = keras.layers
X = torch.ones(2, 4)


# By the class, arguments that it does not take, and what the error says to write.
ARGUMENTS = [
    ("Conv2D", {"in_channels": 3, "out_channels": 16, "kernel_size": 3}, "Leave it out: layers learn|Write filters=."),
    ("Conv2D", {"filters": 3, "kernel_size": 3, "stride": 2}, "Write strides=."),
    ("Conv2D", {"filters": 3, "kernel_size": 3, "dilation": 2}, "Write dilation_rate=."),
    ("Conv2D", {"filters": 3, "kernel_size": 3, "bias": False}, "Write use_bias=."),
    ("Dense", {"in_features": 3, "out_features": 2}, "Write Dense(units).|Write units=."),
    ("Dense", {"units": 3, "unit": 2}, "Did you mean 'units'?"),
    ("LSTM", {"input_size": 3, "hidden_size": 4}, "Write LSTM(units).|Leave it out: layers learn|Write units=."),
    ("LSTM", {"units": 3, "batch_first": True}, "the batch is always the first axis"),
    ("LSTM", {"units": 3, "bidirectional": True}, "Write keras.layers.Bidirectional(layer)."),
    ("GRU", {"units": 3, "num_layers": 2}, "return_sequences=True"),
    ("GRU", {"units": 3, "return_sequence": True}, "Write return_sequences=."),
    ("Dropout", {"p": 0.5}, "Dropout: the argument 'rate' is missing|Write rate=."),
    ("Embedding", {"num_embeddings": 5, "embedding_dim": 3}, "Write input_dim=.|Write output_dim=."),
    ("MultiHeadAttention", {"embed_dim": 8, "num_heads": 2}, "Write key_dim=embed_dim // num_heads"),
    ("MaxPooling2D", {"kernel_size": 2}, "Write pool_size=."),
    ("BatchNormalization", {"num_features": 8}, "Leave it out: layers learn"),
    ("BatchNormalization", {"eps": 1e-5}, "Write epsilon=."),
    ("LayerNormalization", {"normalized_shape": 8}, "Leave it out: layers learn"),
    ("Softmax", {"dim": 1}, "Write axis=."),
    ("Concatenate", {"dim": 1}, "Write axis=."),
    ("Flatten", {"start_dim": 1}, "Leave it out: all axes but the batch"),
    ("UpSampling2D", {"scale_factor": 2}, "Write size=."),
    ("ReLU", {"inplace": True}, "Leave it out: no layer changes its inputs."),
    ("Dense", {"units": 3, "speed": 2}, "Remove it."),
]


@pytest.mark.parametrize(
    ("name", "arguments", "parts"), ARGUMENTS, ids=[f"{name}: {', '.join(given)}" for name, given, _ in ARGUMENTS]
)
def test_arguments_of_torchs_modules(name, arguments, parts):
    assert_fails(lambda: getattr(L, name)(**arguments), TypeError, f"{name}: ", "Received: ", *parts.split("|"))


# Constructors that get tensors, layers or ints in the wrong place.
POSITIONS = {
    "Dense(x)": (lambda: L.Dense(X), ValueError, "Dense: units", "Dense(...)(x)"),
    "ReLU(Input)": (lambda: L.ReLU(keras.Input((3,))), ValueError, "ReLU: max_value", "ReLU(...)(x)"),
    "Add([a, b])": (lambda: L.Add([X, X]), TypeError, "Add: takes no arguments by position", "Add(...)([a, b])"),
    "Concatenate([a, b])": (lambda: L.Concatenate([X, X]), TypeError, "Concatenate: axis", "Concatenate(...)([a, b])"),
    "Reshape(2, 2)": (lambda: L.Reshape(2, 2), TypeError, "Reshape: takes target_shape", "Write Reshape((2, 2))."),
    "Dense(4, 2)": (lambda: L.Dense(4, 2), ValueError, "Dense: activation", "Is 2 the size of the outputs?"),
    "LSTM(3, 4)": (lambda: L.LSTM(3, 4), ValueError, "activation", "Is 4 the size of the outputs?"),
    "Conv2D(16)": (lambda: L.Conv2D(16), TypeError, "Conv2D: the argument 'kernel_size' is missing", "Received: 16"),
    "padding=1": (lambda: L.Conv2D(16, 3, padding=1), ValueError, "padding=1", "keras.layers.ZeroPadding2D(1) before"),
    "relu, spelt otherwise": (lambda: L.Dense(2, activation="ReLU"), ValueError, "'ReLU'", "Did you mean 'relu'?"),
    "a batch size": (lambda: keras.Input((10,), "int32"), TypeError, "batch_size='int32'", "Write dtype='int32'"),
    "a tensor as shape": (lambda: keras.Input(X), TypeError, "a tensor of shape (2, 4)", "Write Input((4,))"),
    "a name": (lambda: L.deserialize("Dense"), ValueError, "Dense", "{'class_name': 'Dense', 'config': {...}}"),
}


@pytest.mark.parametrize("case", POSITIONS)
def test_values_in_the_wrong_place(case):
    act, error, *parts = POSITIONS[case]
    assert_fails(act, error, *parts)


def test_an_error_of_a_nested_constructor_names_its_own_class():
    class Block(keras.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.inner = L.Dense(in_features=3)

    assert_fails(Block, TypeError, "Dense: the argument 'units' is missing")


def test_convolutions_in_the_order_of_torch():
    """`Conv2D(3, 16, 3)` has 3 filters of 16 x 16 values: silent on large images, too large for small ones."""
    with pytest.warns(UserWarning, match=r"c: Conv2D\(3, 16, 3\) has 3 filters, kernel_size=16.*write Conv2D\(16, 3\)"):
        L.Conv2D(3, 16, 3, name="c")(torch.ones(1, 32, 32, 3))
    assert_fails(lambda: L.Conv2D(3, 64, 3)(torch.ones(1, 32, 32, 3)), ValueError, "too small", "write Conv2D(64, 3)")


@pytest.mark.parametrize(
    ("arguments", "shape"),
    [
        ((8, 16, 16), (1, 32, 32, 3)),
        ((32, 8, 4), (1, 32, 32, 4)),
        ((3, 7, 2), (1, 32, 32, 3)),
        ((3, 3, 3), (1, 32, 32, 3)),
        ((16, 3, 1), (1, 32, 32, 3)),
        ((3, 16, 1), (1, 32, 32, 3)),
    ],
)
def test_usual_convolutions_are_not_warned_of(arguments, shape):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        outputs = L.Conv2D(*arguments)(torch.ones(shape))
    assert outputs.shape[-1] == arguments[0]


def test_the_number_of_features_as_an_axis():
    assert_fails(
        lambda: L.BatchNormalization(4, name="b")(X), ValueError, "b: ", "axis=4", "Is 4 the number of features?"
    )
    with pytest.raises(ValueError, match="axis=9") as caught:
        L.LayerNormalization(9)(X)
    assert "features" not in str(caught.value)


@pytest.mark.parametrize("build", [True, False], ids=["built", "not built"])
def test_the_state_dict_of_a_linear(build):
    dense = L.Dense(3, name="d")
    if build:
        dense.build((None, 4))
        weights = torch.nn.Linear(4, 3).state_dict()
        assert_fails(
            lambda: dense.load_state_dict(weights), RuntimeError, "d: ", "kernel is their weight.permute(1, 0)"
        )
        model = keras.Sequential([L.Conv2D(5, 3)])
        model.build((None, 8, 8, 2))
        theirs = {"0.kernel": torch.ones(5, 2, 3, 3), "0.bias": torch.ones(5)}
        assert_fails(
            lambda: model.load_state_dict(theirs), RuntimeError, "0.kernel is their 0.weight.permute(2, 3, 1, 0)"
        )
    else:
        assert_fails(lambda: dense.load_state_dict({"weight": torch.ones(3, 4)}), RuntimeError, "d: is not built")


def test_get_config_that_returns_nothing():
    class Forgets(keras.Layer):
        def get_config(self):
            super().get_config()

        def call(self, x):
            return x

    model = keras.Sequential([Forgets()])
    assert_fails(lambda: keras.models.clone_model(model), TypeError, "Forgets", "end with `return config`?")


@pytest.mark.parametrize("name", ["fit", "predict", "evaluate"])
def test_methods_of_keras_s_models_on_a_layer(name):
    layer = L.Dense(2, name="d")
    assert_fails(
        lambda: getattr(layer, name), AttributeError, f"d (Dense): Keras's {name!r} is not here", "docs/differences"
    )


@pytest.mark.parametrize("name", ["summary", "load_weights", "get_layer"])
def test_members_of_models_on_a_layer(name):
    layer = L.Dense(2, name="d")
    assert_fails(
        lambda: getattr(layer, name), AttributeError, f"d (Dense): no attribute {name!r}. Models have it: ", name
    )


def test_arguments_of_keras_s_compile_on_a_layer():
    layer = L.Dense(2, name="d")
    assert_fails(
        lambda: layer.compile(loss="mse"), TypeError, "d (Dense): compile is torch's", "loss", "docs/differences"
    )
    assert_fails(lambda: layer.compile("adam"), TypeError, "d (Dense): compile is torch's", "'adam'")


def test_an_array_in_place_of_a_weight():
    """It would silently take the place of the parameter, which then no longer trains."""
    layer = L.Dense(2, name="d")
    layer.build((None, 4))
    assert_fails(
        lambda: setattr(layer, "kernel", torch.ones(4, 2).numpy()), TypeError, "d (Dense): 'kernel'", "(4, 2)", "copy_("
    )
    assert len(layer.weights) == 2
    layer.bias = None
    layer.note = torch.ones(1).numpy()
    assert len(layer.weights) == 1
    unbuilt = L.Dense(2, name="d")
    unbuilt.kernel = torch.ones(4, 2)
    assert_fails(
        lambda: unbuilt(X), RuntimeError, "d (Dense): the attribute 'kernel'", "After the build", "copy_(tensor)"
    )


def test_a_dict_for_one_input():
    assert_fails(lambda: L.Dense(2, name="d")({"a": X}), ValueError, "d: ", "{'a': (2, 4)}", "inputs['a']")


def test_images_with_the_channels_first_that_run():
    with pytest.warns(UserWarning, match=r"c: The channels are on the last.*permute\(0, 2, 3, 1\).*\(2, 3, 32, 32\)"):
        L.Conv2D(2, 3, name="c")(torch.ones(2, 3, 32, 32))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        L.Conv2D(2, 3)(torch.ones(2, 3, 32, 16))
        L.Conv2D(2, 3)(torch.ones(2, 3, 12, 12))
        L.Conv2D(2, 3, data_format="channels_first")(torch.ones(2, 3, 32, 32))


@pytest.fixture(scope="module")
def images():
    return keras.Sequential([keras.Input((32, 32, 3)), L.Conv2D(2, 3)], name="m")


@pytest.mark.parametrize(
    ("shape", "advice"),
    [
        ((32, 32, 3), "x[None], (1, 32, 32, 3)"),
        ((5, 3, 32, 32), "Write x.permute(0, 2, 3, 1)"),
        ((28, 28, 3), "x[None], of shape (1, 28, 28, 3)"),
    ],
)
def test_inputs_of_models(images, shape, advice):
    assert_fails(lambda: images(torch.ones(shape)), ValueError, "m: input", f"shape={shape}", advice)


def test_an_input_shape_with_the_batch_axis():
    model = keras.Sequential([L.Dense(2, input_shape=(2, 4))], name="m")
    assert_fails(lambda: model(X), ValueError, "m: ", "shape=(2, 4)", "take shapes without the batch axis")


ELEMENTS = {
    "Sequential(a, b)": (
        lambda: keras.Sequential(L.Dense(2), L.Dense(3)),
        "Sequential: ",
        "Write Sequential([layer, …])",
    ),
    "three layers": (lambda: keras.Sequential(L.Dense(2), L.Dense(3), L.Dense(4)), "Write Sequential([layer, …])"),
    "one layer": (lambda: keras.Sequential(L.Dense(2), name="m"), "m (Sequential): ", "Write Sequential([layer])"),
    "a name": (lambda: keras.Sequential("model"), "layers='model'", "Write Sequential(name=...)"),
    "a dict": (lambda: keras.Sequential({"a": L.Dense(2)}), "Write Sequential(list(layers.values()))"),
    "a list in the list": (lambda: keras.Sequential([[L.Dense(2)]]), "Write Sequential([*layers])"),
    "a class": (lambda: keras.Sequential([L.ReLU]), "Write ReLU(...) instead of the class."),
    "a function": (lambda: keras.Sequential([torch.relu]), "keras.layers.Lambda(function)"),
    "a tensor": (lambda: keras.Sequential([X]), "Sequential([...])(x)"),
}


@pytest.mark.parametrize("case", ELEMENTS)
def test_elements_of_a_sequential(case):
    act, *parts = ELEMENTS[case]
    assert_fails(act, TypeError, *parts)


def test_a_model_of_a_list_of_layers():
    assert_fails(
        lambda: keras.Model([L.Dense(2), L.Dense(3)]), ValueError, "Model: give both", "Write Sequential([layer, …])"
    )
