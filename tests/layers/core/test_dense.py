"""What does Dense do beyond the conformance suite: refused arguments, odd inputs, weights that stand elsewhere?"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize, prune

from tests.oracle import assert_close, keras
from torchkeras_layer import layers


@pytest.mark.parametrize("units", [0, -3, True, 2.0, "3", None, np.ones(2)])
def test_units_must_be_a_positive_int(units):
    with pytest.raises(ValueError, match=r"^Dense: units must be a positive int\. Received: units="):
        layers.Dense(units)


def test_units_may_be_any_kind_of_int():
    layer = layers.Dense(np.int64(3))
    assert type(layer.units) is int
    assert layer.get_config()["units"] == 3


@pytest.mark.parametrize(
    "argument",
    [
        "activation",
        "kernel_initializer",
        "bias_initializer",
        "kernel_regularizer",
        "bias_regularizer",
        "kernel_constraint",
        "bias_constraint",
    ],
)
def test_an_unknown_identifier_is_told_with_layer_and_argument(argument):
    with pytest.raises(ValueError, match=f"^Dense: {argument}: Could not interpret .* 'nothing'"):
        layers.Dense(3, **{argument: "nothing"})


@pytest.mark.parametrize("argument", ["lora_rank", "lora_alpha", "quantization_config"])
def test_what_is_not_built_is_refused(argument):
    with pytest.raises(ValueError, match=f"^Dense: {argument} is not supported. Received: {argument}=4. Leave it out."):
        layers.Dense(3, **{argument: 4})
    assert layers.Dense(3, **{argument: None}).units == 3


def test_the_last_axis_must_have_a_size():
    layer = layers.Dense(3, name="head")
    with pytest.raises(ValueError, match=r"^head: .* Received: input_shape=\(None, None\)"):
        layer.build((None, None))
    assert not layer.built
    layer.build((None, 2))
    assert tuple(layer.kernel.shape) == (2, 3)


@pytest.mark.parametrize(("shape", "fault"), [((4,), "min_ndim=2"), ((2, 4), "axis -1 to have size 3")])
def test_inputs_that_do_not_fit(shape, fault):
    layer = layers.Dense(2, name="head")
    layer.build((None, 3))
    with pytest.raises(ValueError, match=f"head.*{fault}"):
        layer(torch.ones(shape))


@pytest.mark.parametrize("dtype", [torch.int64, torch.uint8, torch.bool])
def test_ints_are_cast(dtype):
    layer = layers.Dense(2)
    inputs = torch.tensor([[1, 0, 1]], dtype=dtype)
    assert torch.equal(layer(inputs), layer(inputs.float()))


def test_without_autocast_inputs_are_cast_to_the_weights():
    layer = layers.Dense(2, autocast=False)
    outputs = layer(torch.ones(1, 3, dtype=torch.float64))
    assert outputs.dtype is torch.float32


def test_torch_s_autocast_rules_within_its_region():
    layer = layers.Dense(2)
    layer.build((None, 3))
    with torch.autocast("cpu", torch.bfloat16):
        assert layer(torch.ones(1, 3)).dtype is torch.bfloat16
        assert layer(torch.ones(1, 3, dtype=torch.bfloat16)).dtype is torch.bfloat16
        assert layer(torch.ones(1, 4, 3)).dtype is torch.bfloat16
        assert layer(torch.ones(1, 3, dtype=torch.int64)).dtype is torch.bfloat16


def test_complex_numbers():
    layer = layers.Dense(2, dtype="complex64", kernel_initializer="ones")
    assert torch.equal(layer(torch.tensor([[1j, 2.0]])), torch.full((1, 2), 2 + 1j))


def test_no_samples_and_no_features():
    assert layers.Dense(2)(torch.ones(0, 3)).shape == (0, 2)
    assert torch.equal(layers.Dense(2, bias_initializer="ones")(torch.ones(3, 0)), torch.ones(3, 2))


def test_a_layer_as_activation():
    layer = layers.Dense(2, activation=layers.Activation("tanh", name="inner"))
    theirs = keras.layers.Dense(2, activation=keras.layers.Activation("tanh", name="inner"))
    assert isinstance(layer.activation, nn.Module)
    twin = layers.Dense.from_config(theirs.get_config())
    assert twin.get_config()["activation"]["class_name"] == "Activation"
    for one in (layer, theirs, twin):
        one.build((None, 3))
        one.set_weights([np.ones((3, 2)), np.zeros(2)])
    assert_close(layer(torch.ones(1, 3)), theirs(torch.ones(1, 3)))
    assert torch.equal(twin(torch.ones(1, 3)), layer(torch.ones(1, 3)))


def test_a_module_as_activation_is_tracked():
    layer = layers.Dense(2, activation=nn.PReLU())
    layer.build((None, 3))
    assert sorted(name for name, _ in layer.named_parameters()) == ["activation.weight", "bias", "kernel"]


def test_a_function_as_activation_has_no_config_unless_it_is_registered():
    assert torch.equal(
        layers.Dense(1, activation=torch.sin, kernel_initializer="zeros")(torch.ones(1, 1)), torch.zeros(1, 1)
    )
    with pytest.raises(TypeError, match="register_keras_serializable"):
        layers.Dense(1, activation=lambda x: x).get_config()


class _Doubled(nn.Module):
    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        return 2 * weight


@pytest.mark.parametrize("shape", [(2, 3), (2, 2, 3)])
def test_weights_behind_torch_s_reparametrizations(shape):
    layer = layers.Dense(2, kernel_initializer="ones")
    inputs = torch.ones(shape)
    once = layer(inputs)
    parametrize.register_parametrization(layer, "kernel", _Doubled())
    assert torch.equal(layer(inputs), 2 * once)
    parametrize.remove_parametrizations(layer, "kernel")
    prune.custom_from_mask(layer, "kernel", torch.zeros(3, 2))
    assert torch.equal(layer(inputs), 0 * once)


def test_a_mixed_policy_also_casts_a_reparametrized_weight():
    layer = layers.Dense(2, dtype="mixed_bfloat16")
    layer.build((None, 3))
    parametrize.register_parametrization(layer, "kernel", _Doubled())
    outputs = layer(torch.ones(2, 3))
    outputs.sum().backward()
    assert outputs.dtype is torch.bfloat16
    assert layer.parametrizations.kernel.original.grad.dtype is torch.float32


def test_regularizers_count_as_losses_and_constraints_can_be_applied():
    layer = layers.Dense(
        2,
        kernel_initializer="ones",
        bias_initializer="ones",
        kernel_regularizer="l1",
        bias_regularizer="l2",
        kernel_constraint="unit_norm",
    )
    layer.build((None, 4))
    assert [loss.item() for loss in layer.losses] == pytest.approx([0.08, 0.02])
    layer.apply_constraints()
    assert torch.allclose(layer.kernel, torch.full((4, 2), 0.5))


def test_torch_s_name_of_the_kernel_is_told_keras_s():
    layer = layers.Dense(3, name="head")
    layer.build((None, 2))
    with pytest.raises(
        AttributeError, match=r"^head \(Dense\): no attribute 'weight'. Its weights are kernel, bias\.$"
    ):
        _ = layer.weight
