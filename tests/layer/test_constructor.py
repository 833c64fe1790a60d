"""What do the arguments of the constructor do? (contract §1a)"""

from __future__ import annotations

import numpy as np
import pytest
import torch

import torchkeras_layer as keras
from tests.layer.samples import Linear, built


def test_positional_arguments_have_the_order_of_the_tf2_page():
    layer = keras.Layer(False, "nm", "float64", True)
    assert (layer.trainable, layer.name, layer.dtype, layer.dynamic) == (False, "nm", "float64", True)


def test_defaults():
    layer = keras.Layer()
    assert (layer.trainable, layer.name, layer.dtype, layer.dynamic) == (True, "layer", "float32", False)
    assert layer.autocast is True
    assert layer.activity_regularizer is None
    assert layer.input_spec is None
    assert (layer.stateful, layer.supports_masking, layer.built) == (False, False, False)
    assert layer.uses_learning_phase is False


@pytest.mark.parametrize("argument", ["trainable", "dynamic"])
@pytest.mark.parametrize("value", [1, None, "x", 0.0])
def test_flags_must_be_booleans(argument, value):
    with pytest.raises(TypeError, match=rf"Layer: {argument} must be .* Received: {argument}={value!r}"):
        keras.Layer(**{argument: value})


@pytest.mark.parametrize(("name", "expected"), [(None, "layer"), ("", ""), ("Any thing", "Any thing")])
def test_name(name, expected):
    assert keras.Layer(name=name).name == expected


def test_a_slash_in_a_name_is_accepted_as_in_tf_keras():
    # The DenseNets of tf.keras name their layers so: 'conv1/bn'.
    layer = Linear(name="conv1/conv")
    layer.build((None, 3))
    assert (layer.name, layer.path) == ("conv1/conv", "conv1/conv")


@pytest.mark.parametrize("name", [3, True, b"dense", ["dense"]])
def test_a_name_must_be_a_string(name):
    with pytest.raises(TypeError, match="name must be a string. Received"):
        keras.Layer(name=name)


POLICIES = [
    (None, ("float32", "float32")),
    ("float64", ("float64", "float64")),
    ("int32", ("int32", "int32")),
    (np.float32, ("float32", "float32")),
    (np.dtype("float16"), ("float16", "float16")),
    (torch.bfloat16, ("bfloat16", "bfloat16")),
    ("mixed_float16", ("float32", "float16")),
    (keras.Policy("mixed_bfloat16"), ("float32", "bfloat16")),
    ({"class_name": "Policy", "config": {"name": "mixed_float16"}}, ("float32", "float16")),
    ({"class_name": "DTypePolicy", "config": {"name": "float64"}}, ("float64", "float64")),
]


@pytest.mark.parametrize(("dtype", "expected"), POLICIES, ids=str)
def test_dtype(dtype, expected):
    layer = keras.Layer(dtype=dtype)
    assert (layer.dtype, layer.compute_dtype) == expected
    assert layer.variable_dtype == layer.dtype


@pytest.mark.parametrize("dtype", ["bad", 3, object(), {"class_name": "Policy"}, {"class_name": "Dense", "config": {}}])
def test_bad_dtype(dtype):
    with pytest.raises(TypeError, match="Received"):
        keras.Layer(dtype=dtype)


SHAPES = [
    ({}, None),
    ({"batch_size": 5}, None),
    ({"input_shape": (3,)}, (None, 3)),
    ({"input_shape": (3,), "batch_size": 5}, (5, 3)),
    ({"batch_input_shape": [2, 3]}, (2, 3)),
    ({"batch_input_shape": (2, 3), "input_shape": (9, 7)}, (2, 3)),
    ({"input_dim": 4}, (None, 4)),
    ({"input_dim": 4, "input_shape": (9,)}, (None, 9)),
    ({"input_shape": [None, 3]}, (None, None, 3)),
]


@pytest.mark.parametrize(("arguments", "expected"), SHAPES, ids=str)
def test_input_shape(arguments, expected):
    config = keras.Layer(**arguments).get_config()
    assert config.get("batch_input_shape") == expected
    assert "input_shape" not in config
    assert "input_dim" not in config


@pytest.mark.parametrize("shape", [3, "ab", (1.5,)])
def test_bad_input_shape(shape):
    with pytest.raises(TypeError):
        keras.Layer(input_shape=shape)


@pytest.mark.parametrize("identifier", ["l2", keras.regularizers.L2(0.01)])
def test_activity_regularizer_is_resolved(identifier):
    layer = keras.Layer(activity_regularizer=identifier)
    assert isinstance(layer.activity_regularizer, keras.regularizers.L2)
    layer(torch.ones(4, 2))
    assert layer.losses[0].item() == pytest.approx(0.01 * 8 / 4)


def test_activity_regularizer_may_be_a_callable():
    function = torch.sum
    assert keras.Layer(activity_regularizer=function).activity_regularizer is function


def test_autocast_false_leaves_inputs_alone():
    """[7]"""
    layer = keras.Layer(autocast=False)
    assert layer(torch.ones(2, dtype=torch.float64)).dtype == torch.float64


def test_implementation_is_accepted_without_effect():
    assert torch.equal(keras.Layer(implementation=2)(torch.ones(2)), torch.ones(2))


def test_unknown_keyword():
    with pytest.raises(TypeError, match="Linear: unknown keyword argument 'foo'"):
        Linear(2, foo=1, bar=2)


def test_dynamic_holds_for_the_layers_around():
    outer = keras.Layer()
    assert not outer.dynamic
    outer.inner = keras.Layer(dynamic=True)
    assert outer.dynamic


def test_class_attributes_for_what_the_constructor_would_set():
    """Seen in tf_keras 2.21."""

    class Declares(keras.Layer):
        input_spec = keras.InputSpec(ndim=2)
        stateful = True
        dynamic = True

    layer = Declares()
    assert (layer.stateful, layer.dynamic) == (True, True)
    with pytest.raises(ValueError, match="declares: .*expected ndim=2"):
        layer(torch.ones(3))


VALUES = [np.full((3, 2), 2.0), np.array([7.0, 8.0])]


def test_weights_are_applied_at_the_first_call():
    """[39]"""
    layer = Linear(2, weights=VALUES)
    assert layer(torch.ones(1, 3)).tolist() == [[13.0, 14.0]]
    layer.bias.data.zero_()
    assert layer(torch.ones(1, 3)).tolist() == [[6.0, 6.0]], "applied once only"


def test_weights_are_applied_after_a_build_by_hand():
    """[39]"""
    layer = Linear(2, weights=VALUES)
    layer.build((None, 3))
    assert layer.bias.tolist() == [7.0, 8.0]


def test_weights_are_not_applied_to_a_second_build():
    """[39]"""
    layer = built(Linear(2, weights=VALUES))
    layer.built = False
    assert built(layer).bias.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("bad", [VALUES[:1], [VALUES[0], np.ones(3)]], ids=["too few", "wrong shape"])
def test_weights_that_do_not_fit_raise_at_the_first_call(bad):
    """[39]"""
    with pytest.raises(ValueError, match="linear: .*Received"):
        built(Linear(2, weights=bad))


def test_weights_are_not_part_of_the_config():
    assert "weights" not in Linear(2, weights=VALUES).get_config()


def test_a_forgotten_super_init_is_said_at_the_first_use():
    class Forgot(keras.Layer):
        def __init__(self):
            pass

    for use in (lambda layer: layer(torch.ones(2)), lambda layer: layer.get_config(), lambda layer: layer.add_weight()):
        with pytest.raises(RuntimeError, match=r"Forgot: call super\(\).__init__\(\)"):
            use(Forgot())


def test_attributes_may_come_before_super_init():
    """Torch trap 4: torch refuses modules and parameters before `super().__init__()`."""

    class Early(keras.Layer):
        def __init__(self):
            self.factor = 3
            self.inner = Linear(2)
            self.others = [Linear(2), Linear(2)]
            self.scale = torch.nn.Parameter(torch.ones(2))
            super().__init__(name="early")

        def call(self, inputs):
            return self.others[1](self.others[0](self.inner(inputs))) * self.scale

    layer = built(Early())
    assert (layer.name, layer.factor) == ("early", 3)
    assert len(layer.weights) == len(layer.state_dict()) == len(list(layer.parameters())) == 7
