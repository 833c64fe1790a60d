"""What may stand before `super().__init__()`? (contract, general torch trap 4)"""

from __future__ import annotations

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.layer.samples import Linear, built


def early(name, value, base=keras.Layer, *arguments):
    """Return a layer that has set an attribute before the constructor."""

    class Early(base):
        def __init__(self):
            setattr(self, name, value)
            self.seen = getattr(self, name)
            super().__init__(*arguments)

        def call(self, inputs):
            return super().call(inputs) if arguments else inputs

    return Early()


# What TF-Keras 2.21 and Keras 3.15 leave of them (of `stateful`: TF-Keras only), seen by running both.
SET_ANEW = [
    ("supports_masking", True, False),
    ("trainable", False, True),
    ("trainable", True, True),
    ("built", True, False),
    ("built", False, False),
    ("input_spec", keras.InputSpec(ndim=3), None),
    ("activity_regularizer", "l2", None),
]


@pytest.mark.parametrize(("name", "value", "after"), SET_ANEW, ids=str)
@pytest.mark.parametrize("base", [keras.Layer, keras.Model])
def test_the_constructor_sets_anew_what_was_set_before_it(name, value, after, base):
    layer = early(name, value, base)
    assert layer.seen == value
    assert getattr(layer, name) == after
    assert torch.equal(layer(torch.ones(1, 2)), torch.ones(1, 2))


def test_stateful_is_set_anew():
    class Early(keras.Layer):
        def __init__(self):
            self.stateful = True
            super().__init__()

    assert Early().stateful is False


def test_a_built_in_layer_sets_its_own():
    assert early("supports_masking", False, keras.layers.Dense, 2).supports_masking is True
    assert early("input_spec", None, keras.layers.LSTM, 2).input_spec is not None


def test_the_attention_layer_of_many_notebooks():
    class Attention(keras.layers.Layer):
        def __init__(self, step_dim, **kwargs):
            self.supports_masking = True
            self.init = keras.initializers.get("glorot_uniform")
            self.W_regularizer = keras.regularizers.get(None)
            self.step_dim = step_dim
            super().__init__(**kwargs)

        def build(self, input_shape):
            self.W = self.add_weight(name="W", shape=(input_shape[-1],), initializer="ones")
            self.built = True

        def call(self, x, mask=None):
            return (torch.tanh(x @ self.W).softmax(-1)[..., None] * x).sum(1)

    layer = Attention(3, name="attention")
    assert layer(torch.ones(2, 3, 4)).shape == (2, 4)
    assert (layer.name, layer.step_dim, layer.supports_masking) == ("attention", 3, False)
    assert len(layer.trainable_weights) == 1


def test_freezing_reaches_the_layers_inside():
    """As in TF-Keras: they have been made, and nothing sets them anew."""

    class Early(keras.Layer):
        def __init__(self):
            self.inner, self.scale = Linear(), nn.Parameter(torch.ones(2))
            self.trainable = False
            super().__init__()

        def call(self, inputs):
            return self.inner(inputs) * self.scale

    layer = built(Early())
    assert (layer.trainable, layer.inner.trainable) == (True, False)
    assert len(layer.trainable_weights) == 1


def test_a_parameter_can_be_read():
    assert isinstance(early("scale", nn.Parameter(torch.ones(2))).seen, nn.Parameter)


def test_an_early_name_of_the_users_own():
    """Ported code sets `_name`; the constructor sets it anew, as in TF-Keras."""

    class Early(keras.Layer):
        def __init__(self):
            self._name = "mine"
            self.supports_masking = True
            self.knows = hasattr(self, "missing")
            super().__init__(name="later")

    layer = Early()
    assert (layer.name, layer.knows, layer.supports_masking) == ("later", False, False)


def test_a_property_of_the_users_keeps_its_setter():
    class Has(keras.Layer):
        def __init__(self):
            self.trainable = 3
            super().__init__()

        @property
        def trainable(self):
            return self.kept

        @trainable.setter
        def trainable(self, value):
            self.kept = 2 * value

    assert Has().kept == 6


def test_what_no_keras_accepts_says_where_to_set_it():
    with pytest.raises(AttributeError, match=r"Early: 'dtype_policy' was set before.*Move super\(\).__init__\(\)"):
        early("dtype_policy", "float64")
    with pytest.raises(AttributeError, match="Early: 'name' is a read-only property"):
        early("name", "mine")


def test_a_forgotten_constructor_is_said_and_hasattr_answers():
    class Forgot(keras.Layer):
        def __init__(self):
            self.supports_masking = True

    layer = Forgot()
    for read in (lambda: layer.name, lambda: layer.losses, lambda: layer(torch.ones(2)), layer.get_config):
        with pytest.raises(RuntimeError, match=r"Forgot: call super\(\).__init__\(\) at the start") as raised:
            read()
        assert isinstance(raised.value, AttributeError)
    assert not hasattr(layer, "losses")
    with pytest.raises(AttributeError, match="has no 'losses'"):
        layer.losses  # noqa: B018
