"""What does Lambda do beyond the conformance suite: modes, masks, shapes, and configs that may carry code?"""

from __future__ import annotations

import pytest
import torch

from tests.oracle import keras
from torchkeras_layer import activations, layers, registry

INPUTS = torch.tensor([[1.0, -2.0]])


def with_all(inputs, factor, mask=None, training=None):
    return inputs * factor if training else (inputs, mask)


@registry.register_keras_serializable("lambda_tests")
def negative(inputs, mask=None):
    return -inputs


@registry.register_keras_serializable("lambda_tests")
def first_two(input_shape, mask=None):
    return input_shape[:2]


def test_the_function_gets_what_it_names():
    layer = layers.Lambda(with_all, arguments={"factor": 3})
    masked = INPUTS.clone()
    masked._keras_mask = torch.tensor([True])
    assert layer(INPUTS, training=True).tolist() == [[3.0, -6.0]]
    assert layer(masked, training=False)[1] is masked._keras_mask
    assert layer(INPUTS, mask="mine", training=False)[1] == "mine"


def test_a_function_of_torch_s_own():
    assert layers.Lambda(torch.neg)(INPUTS).tolist() == [[-1.0, 2.0]]


def test_a_module_as_function_is_tracked():
    layer = layers.Lambda(torch.nn.Linear(2, 3))
    assert layer(INPUTS).shape == (1, 3)
    assert [name for name, _ in layer.named_parameters()] == ["function.weight", "function.bias"]


@pytest.mark.parametrize("function", [None, "relu", 3])
def test_a_function_must_be_callable(function):
    with pytest.raises(TypeError, match=r"^Lambda: function must be callable\. Received: function="):
        layers.Lambda(function)


def test_arguments_must_be_a_dict():
    with pytest.raises(TypeError, match=r"^Lambda: arguments must be a dict\. Received: arguments=\[3\]"):
        layers.Lambda(torch.neg, arguments=[3])


def test_the_mask_is_none_a_tensor_or_a_function_s():
    inputs = INPUTS.clone()
    inputs._keras_mask = torch.tensor([True])
    fixed = torch.tensor([False])
    assert not hasattr(layers.Lambda(torch.neg)(inputs), "_keras_mask")
    assert layers.Lambda(torch.neg, mask=fixed)(inputs)._keras_mask is fixed
    inverted = layers.Lambda(torch.neg, mask=lambda inputs, mask: ~mask)(inputs)
    assert inverted._keras_mask.tolist() == [False]
    assert not layers.Lambda(torch.neg).supports_masking


@pytest.mark.parametrize(
    ("output_shape", "expected"),
    [(None, (None, 2)), ((7,), (None, 7)), ([(7,), (8, 9)], [(None, 7), (None, 8, 9)]), (lambda s: s[:1], (None,))],
)
def test_the_output_shape_is_found_given_or_a_function_s(output_shape, expected):
    assert layers.Lambda(torch.neg, output_shape=output_shape).compute_output_shape((None, 2)) == expected


def test_a_function_that_cannot_be_traced_needs_an_output_shape():
    layer = layers.Lambda(lambda x: x * float(x.sum()), name="unclear")
    with pytest.raises(NotImplementedError, match="(?s)unclear.*For a Lambda: pass output_shape="):
        layer.compute_output_shape((None, 2))


def test_registered_functions_go_through_a_config():
    layer = layers.Lambda(negative, output_shape=first_two, mask=negative, arguments={"mask": None})
    twin = layers.Lambda.from_config(layer.get_config())
    assert (twin.function, twin._torchkeras.derived.output_shape, twin.mask) == (negative, first_two, negative)
    assert twin.get_config() == layer.get_config()


def test_built_in_functions_go_through_a_config():
    twin = layers.deserialize(layers.serialize(layers.Lambda(activations.selu)))
    assert twin.function is activations.selu


def test_a_function_that_is_not_registered_has_no_config():
    with pytest.raises(TypeError, match="lambda has no name.*register_keras_serializable"):
        layers.Lambda(lambda x: x).get_config()
    with pytest.raises(TypeError, match="register_keras_serializable"):
        layers.Lambda(torch.neg).get_config()


def test_code_in_a_config_of_keras_3_is_never_run():
    written = keras.layers.serialize(keras.layers.Lambda(lambda x: x))
    for read in (layers.deserialize, lambda c: layers.Lambda.from_config(c["config"])):
        with pytest.raises(registry.DeserializationError, match="bytecode, which is never run"):
            read(written)


@pytest.mark.parametrize("name", ["function", "output_shape", "mask"])
def test_code_in_a_config_of_keras_2_is_never_run(name):
    config = {"function": "negative", name: ("4wAAAA", None, None), f"{name}_type": "lambda"}
    with (
        registry.custom_object_scope({"negative": negative}),
        pytest.raises(registry.DeserializationError, match=f"Lambda: the config contains its {name} as bytecode"),
    ):
        layers.Lambda.from_config(config)


def test_a_named_function_of_keras_2_is_looked_up():
    config = {
        "name": "lambda",
        "function": "negative",
        "function_type": "function",
        "module": "somewhere",
        "output_shape": None,
        "output_shape_type": "raw",
        "output_shape_module": None,
        "arguments": {},
    }
    with registry.custom_object_scope({"negative": negative}):
        assert layers.Lambda.from_config(config).function is negative
    with pytest.raises(registry.DeserializationError, match="no function 'negativ'"):
        layers.Lambda.from_config({**config, "function": "negativ"})


def test_a_config_that_is_none():
    with pytest.raises(TypeError, match="config must be a dict"):
        layers.Lambda.from_config(None)
