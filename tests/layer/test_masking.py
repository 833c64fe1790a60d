"""Which mask does a call get, and which does its output carry? (contract §2.6)"""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

import torchkeras_layer as keras
from tests.layer.samples import Seen, masked

MASK, OTHER = torch.tensor([True, False]), torch.tensor([False, False])


def x(mask=MASK):
    return masked(torch.ones(2), mask)


def mask_of(tensor):
    return getattr(tensor, "_keras_mask", None)


class Doubles(keras.Layer):
    """Gives new tensors in the structure of its inputs."""

    def __init__(self, supports=True, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = supports

    def call(self, inputs):
        if isinstance(inputs, dict):
            return {key: value * 2 for key, value in inputs.items()}
        return [value * 2 for value in inputs] if isinstance(inputs, list) else inputs * 2


class Inverts(keras.Layer):
    """Defines compute_mask, and no more."""

    def call(self, inputs):
        return inputs * 2

    def compute_mask(self, inputs, mask=None):
        return None if mask is None else ~mask


class Gets(Seen):
    """Names the mask, and supports masking if told so."""

    def __init__(self, supports=False):
        super().__init__()
        self.supports_masking = supports

    def call(self, inputs, mask=None):
        super().call(inputs, None, mask)
        return torch.zeros(2)


def test_a_layer_without_support_drops_the_mask_and_says_so_once():
    """[15]"""
    layer = Doubles(supports=False, name="drops")
    with pytest.warns(UserWarning, match="drops .* does not support masking"):
        assert mask_of(layer(x())) is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layer(x())


def test_a_layer_without_support_refuses_a_mask_given_by_hand():
    """[15]"""
    layer = Doubles(supports=False, name="refuses")
    for mask in (MASK, [None, MASK], {"a": MASK}):
        with pytest.raises(TypeError, match=r"refuses \(Doubles\): does not support masking.*Received: mask="):
            layer.compute_mask(torch.ones(2), mask)
    assert layer.compute_mask(torch.ones(2)) is None
    assert layer.compute_mask(torch.ones(2), [None, None]) is None


def test_support_passes_the_very_mask_on():
    assert mask_of(Doubles()(x())) is MASK
    assert mask_of(Doubles()(torch.ones(2))) is None


def test_a_class_with_compute_mask_supports_masking():
    """[16]"""
    assert Inverts().supports_masking
    assert mask_of(Inverts()(x())).tolist() == [False, True]


@pytest.mark.parametrize("supports", [False, True])
def test_a_declared_mask_is_handed_over(supports):
    layer = Gets(supports)
    output = layer(x())
    assert layer.masks == [MASK]
    assert mask_of(output) is (MASK if supports else None)


@pytest.mark.parametrize("given", [OTHER, None], ids=["mask", "None"])
@pytest.mark.parametrize("by_position", [True, False])
def test_an_explicit_mask_wins(given, by_position):
    """[13] None included."""
    layer = Gets(supports=True)
    output = layer(x(), given) if by_position else layer(x(), mask=given)
    assert layer.masks == [given]
    assert mask_of(output) is given


def test_an_explicit_array_becomes_a_tensor():
    layer = Gets()
    layer(torch.ones(2), mask=np.array([True, False]))
    layer(torch.ones(2), mask=[True, False])
    assert [mask.tolist() for mask in layer.masks] == [[True, False], [True, False]]


def test_a_mask_for_a_call_that_has_none_is_a_type_error():
    with pytest.raises(TypeError, match="mask"):
        Doubles()(torch.ones(2), mask=MASK)


STRUCTURES = [
    (lambda: [x(), torch.ones(2)], [MASK, None]),
    (lambda: [torch.ones(2), torch.ones(2)], None),
    (lambda: {"b": torch.ones(2), "a": x()}, {"b": None, "a": MASK}),
]


@pytest.mark.parametrize(("make", "expected"), STRUCTURES, ids=["list", "none masked", "dict"])
def test_masks_of_several_inputs_have_their_structure(make, expected):
    """[14]"""
    layer = Gets()
    layer(make())
    assert layer.masks == [expected]


def test_explicit_masks_of_several_inputs():
    first, second = Doubles()([x(OTHER), x(OTHER)]), Gets()
    second([x(), x()], mask=[None, OTHER])
    assert second.masks == [[None, OTHER]]
    assert [mask_of(output) for output in first] == [OTHER, OTHER]


def test_masks_of_several_outputs():
    first, second = Doubles()([x(), torch.ones(2)])
    assert (mask_of(first), mask_of(second)) == (MASK, None)
    outputs = Doubles()({"b": torch.ones(2), "a": x()})
    assert (mask_of(outputs["b"]), mask_of(outputs["a"])) == (None, MASK)


def test_one_mask_goes_to_the_first_of_two_outputs():
    class Splits(Doubles):
        def call(self, inputs):
            return inputs * 2, inputs * 3

    first, second = Splits()(x())
    assert (mask_of(first), mask_of(second)) == (MASK, None)


def test_the_first_of_two_masks_goes_to_one_output():
    class Adds(Doubles):
        def call(self, inputs):
            return inputs[0] + inputs[1]

    assert mask_of(Adds()([x(), x(OTHER)])) is MASK


def test_the_mask_of_a_later_argument_is_not_looked_at():
    class Takes(Gets):
        def call(self, inputs, other, mask=None):
            return super().call(inputs, mask)

    layer = Takes()
    layer(torch.ones(2), x())
    assert layer.masks == [None]


def test_a_call_that_sets_the_masks_itself():
    """[17]"""

    class Sets(keras.Layer):
        def call(self, inputs):
            return masked(inputs * 2, OTHER)

        def compute_mask(self, inputs, mask=None):
            raise AssertionError("not to be asked")

    assert mask_of(Sets()(x())) is OTHER


def test_compute_mask_that_gives_none():
    class Forgets(Inverts):
        def compute_mask(self, inputs, mask=None):
            return None

    assert mask_of(Forgets()(x())) is None


def test_a_mask_survives_the_cast():
    """[18]"""
    layer = Doubles()
    output = layer(masked(torch.ones(2, dtype=torch.float64), MASK))
    assert (output.dtype, mask_of(output)) == (torch.float32, MASK)


def test_a_cast_input_keeps_its_mask_for_the_layers_inside():
    """[18]"""

    class Outer(keras.Layer):
        def __init__(self):
            super().__init__()
            self.seen = Seen()

        def call(self, inputs, mask=None):
            return self.seen(inputs)

    outer = Outer()
    outer(masked(torch.ones(2, dtype=torch.float64), MASK))
    assert outer.seen.masks == [MASK]


def test_a_layer_that_returns_its_input():
    class Returns(Inverts):
        def call(self, inputs):
            return inputs

    inputs = x()
    assert Returns()(inputs) is inputs
    assert mask_of(inputs).tolist() == [False, True]
    inputs, identity = x(), keras.Layer()
    identity.supports_masking = True
    assert mask_of(identity(inputs)) is MASK


def test_compute_mask_gets_the_inputs_after_the_cast():
    class Looks(Inverts):
        def compute_mask(self, inputs, mask=None):
            self.got = inputs.dtype

    layer = Looks(dtype="float16")
    layer(torch.ones(2))
    assert layer.got == torch.float16


def test_masks_pass_through_nested_layers():
    class Outer(keras.Layer):
        def __init__(self):
            super().__init__()
            self.inner, self.seen = Doubles(), Gets()

        def call(self, inputs):
            return self.seen(self.inner(inputs))

    outer = Outer()
    with pytest.warns(UserWarning, match="outer"):
        outer(x())
    assert outer.seen.masks == [MASK]
