"""Which inputs does an `InputSpec` let through? (contract §7)"""

from __future__ import annotations

import numpy as np
import pytest
import torch

import torchkeras_layer as keras

Spec = keras.InputSpec


class Takes(keras.Layer):
    """Checks its inputs against a spec, and returns nothing of them."""

    def __init__(self, spec, **kwargs):
        super().__init__(name="l", **kwargs)
        self.input_spec = spec

    def call(self, inputs):
        return torch.ones(1)


def ones(*shape):
    return torch.ones(shape)


def check(spec, inputs):
    Takes(spec)(inputs)


NORMAL = [
    (Spec(dtype=torch.float32), {"dtype": "float32"}),
    (Spec(dtype=np.float16), {"dtype": "float16"}),
    (Spec(shape=[None, 3]), {"shape": (None, 3), "ndim": 2}),
    (Spec(shape=(1, 2), ndim=7), {"shape": (1, 2), "ndim": 2}),
    (Spec(shape=()), {"shape": (), "ndim": 0}),
    (Spec(axes={"1": 2}, ndim=2), {"axes": {1: 2}}),
    (Spec(ndim=0), {"ndim": 0}),
    (Spec(), {"dtype": None, "shape": None, "ndim": None, "max_ndim": None, "min_ndim": None, "axes": {}}),
]


@pytest.mark.parametrize(("spec", "expected"), NORMAL, ids=str)
def test_arguments_are_normalised(spec, expected):
    assert {name: getattr(spec, name) for name in expected} == expected


def test_positional_order():
    spec = Spec("int32", None, None, 4, 2, {-1: 3}, True, "x", True)
    assert (spec.dtype, spec.max_ndim, spec.min_ndim, spec.axes) == ("int32", 4, 2, {-1: 3})
    assert (spec.allow_last_axis_squeeze, spec.name, spec.optional) == (True, "x", True)


REPRS = [
    (Spec(), "InputSpec()"),
    (Spec(dtype="float32", shape=(None, 3)), "InputSpec(dtype=float32, shape=(None, 3), ndim=2)"),
    (Spec(min_ndim=2, axes={-1: 3}), "InputSpec(min_ndim=2, axes={-1: 3})"),
    (Spec(ndim=0), "InputSpec(ndim=0)"),
]


@pytest.mark.parametrize(("spec", "text"), REPRS)
def test_repr(spec, text):
    assert repr(spec) == text


@pytest.mark.parametrize("spec", [spec for spec, _ in NORMAL], ids=str)
def test_config_round_trip(spec):
    assert Spec.from_config(spec.get_config()).get_config() == spec.get_config()
    assert {"dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes"} <= set(spec.get_config())


BAD = [
    ({"axes": {"a": 1}}, TypeError, "axes must be a dict from ints to sizes"),
    ({"axes": [1, 2]}, TypeError, "axes must be a dict from ints to sizes"),
    ({"axes": {2: 1}, "ndim": 2}, ValueError, "axis 2 does not exist in inputs of rank 2. Received: axes="),
    ({"axes": {2: 1}, "max_ndim": 2}, ValueError, "axis 2 does not exist in inputs of rank 2. Received: axes="),
    ({"axes": {0: 1}, "ndim": 0}, ValueError, "axis 0 does not exist in inputs of rank 0. Received: axes="),
    ({"dtype": "bad"}, TypeError, "bad"),
    ({"shape": 3}, TypeError, "Received: 3"),
    ({"ndim": "two"}, TypeError, "two"),
]


@pytest.mark.parametrize(("arguments", "error", "message"), BAD)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        Spec(**arguments)
    Spec(axes={2: 1}, min_ndim=2)


FITS = [
    (Spec(), ones(2, 3)),
    (Spec(ndim=2), ones(2, 3)),
    (Spec(max_ndim=2), ones(2)),
    (Spec(min_ndim=2), ones(2, 3, 4)),
    (Spec(dtype="float32"), ones(2)),
    (Spec(axes={-1: 3}), ones(2, 3)),
    (Spec(axes={1: None}), ones(2, 3)),
    (Spec(shape=(None, 3)), ones(2, 3)),
    (Spec(dtype="float64"), np.ones(2)),
    (Spec(dtype="int32"), 3),
    (Spec(shape=(None, 3), allow_last_axis_squeeze=True), ones(2, 3, 1)),
    (Spec(shape=(None, 3, 1), allow_last_axis_squeeze=True), ones(2, 3)),
    (Spec(shape=(None, 3), allow_last_axis_squeeze=True), ones(2, 3)),
    (Spec(shape=(None, 3), allow_last_axis_squeeze=True), ones(2, 3, 5, 6)),
    ([Spec(ndim=1), Spec(ndim=2)], [ones(2), ones(2, 3)]),
    ([Spec(ndim=2)], ones(2, 3)),
    ((Spec(ndim=1), Spec(ndim=2)), (ones(2), ones(2, 3))),
    ([None, Spec(ndim=2)], [ones(2), ones(2, 3)]),
    ([None, Spec(ndim=2)], ["anything", ones(2, 3)]),
    ([Spec(ndim=1), Spec(ndim=2, optional=True)], [ones(2), None]),
    ({"a": Spec(ndim=1), "b": Spec(ndim=2)}, {"a": ones(2), "b": ones(2, 3)}),
    ([Spec(ndim=1, name="a"), Spec(ndim=2, name="b")], {"b": ones(2, 3), "a": ones(2), "extra": "left out"}),
    ([Spec(ndim=1), Spec(ndim=2)], {"b": ones(2), "a": ones(2, 3)}),
    (None, "anything"),
    ([], "anything"),
]


@pytest.mark.parametrize(("spec", "inputs"), FITS, ids=str)
def test_what_fits(spec, inputs):
    """[50]"""
    assert check(spec, inputs) is None, "what fits raises nothing"


FAULTS = [
    (Spec(ndim=3), ones(2, 2), "expected ndim=3, found ndim=2"),
    (Spec(max_ndim=1), ones(2, 2), "expected max_ndim=1, found ndim=2"),
    (Spec(min_ndim=3), ones(2, 2), "expected min_ndim=3, found ndim=2"),
    (Spec(dtype="int32"), ones(2), "expected dtype=int32, found dtype=float32"),
    (Spec(dtype="float32"), np.ones(2), "expected dtype=float32, found dtype=float64"),
    (Spec(axes={-1: 3}), ones(2, 2), "expected axis -1 to have size 3, found size 2"),
    (Spec(axes={2: 3}), ones(2, 2), "expected an axis 2, found rank 2"),
    (Spec(axes={-3: 3}, min_ndim=1), ones(2, 2), "expected an axis -3, found rank 2"),
    (Spec(min_ndim=2, axes={-1: 3}), ones(3), "expected min_ndim=2, found ndim=1"),
    (Spec(min_ndim=2, axes={-1: 3}), ones(2, 4), "expected axis -1 to have size 3, found size 4"),
    (Spec(shape=(None, 3)), ones(2, 2), r"expected shape=\(None, 3\), found shape=\(2, 2\)"),
    (Spec(shape=(2, 3), allow_last_axis_squeeze=True), ones(2, 4, 1), r"expected shape=\(2, 3\)"),
]


@pytest.mark.parametrize(("spec", "inputs", "fault"), FAULTS, ids=[fault for _, _, fault in FAULTS])
def test_what_does_not_fit(spec, inputs, fault):
    """[50]"""
    with pytest.raises(ValueError, match=rf"l: input 0 .*{fault}.*Received: a tensor of shape"):
        check(spec, inputs)


def test_the_message_counts_inputs():
    with pytest.raises(ValueError, match="l: input 1 .*expected ndim=2"):
        check([None, Spec(ndim=2)], [ones(2), ones(2)])


@pytest.mark.parametrize("inputs", [ones(2), [ones(2)], [ones(2)] * 3])
def test_the_number_of_inputs(inputs):
    count = len(inputs) if isinstance(inputs, list) else 1
    with pytest.raises(ValueError, match=rf"l: expects 2 input\(s\), but received {count}. Received: \(2,\)"):
        check([Spec(ndim=1), Spec(ndim=1)], inputs)


def test_a_named_input_that_is_missing():
    with pytest.raises(ValueError, match=r"l: there is no input 'a'. Received .*\['b'\]. Expected .*\['a', 'b'\]"):
        check([Spec(name="a"), Spec(name="b")], {"b": ones(2)})


@pytest.mark.parametrize("inputs", [None, "text", object()])
def test_what_is_no_tensor(inputs):
    with pytest.raises(TypeError, match="l: input 0 must be a tensor. Received"):
        check(Spec(ndim=2), inputs)


@pytest.mark.parametrize("value", [3, "text", [Spec(), 3], {"a": object()}])
def test_what_is_no_spec(value):
    layer = keras.Layer(name="l")
    with pytest.raises(TypeError, match="l: input_spec takes InputSpec objects, nested or not, or None. Received"):
        layer.input_spec = value
    assert layer.input_spec is None


def test_it_is_checked_at_every_call():
    layer = Takes(Spec(ndim=2))
    layer(ones(2, 3))
    with pytest.raises(ValueError, match="expected ndim=2"):
        layer(ones(2))
    layer(ones(4, 3))


def test_a_bad_input_is_found_before_the_build():
    class Builds(Takes):
        def build(self, input_shape):
            raise AssertionError("not to be built")

    with pytest.raises(ValueError, match="expected ndim=2"):
        Builds(Spec(ndim=2))(ones(2))


def test_a_spec_that_build_sets_counts_in_the_same_call():
    class Builds(keras.Layer):
        def build(self, input_shape):
            self.input_spec = Spec(axes={-1: 3})

    with pytest.raises(ValueError, match="expected axis -1 to have size 3"):
        Builds()(ones(2, 4))


def test_only_the_first_argument_is_checked():
    class Two(Takes):
        def call(self, inputs, other=None):
            return inputs

    x = ones(2, 3)
    assert Two(Spec(ndim=2))(x, ones(2)) is x


def test_dtype_is_checked_before_the_cast():
    """[50] Decisions."""
    layer = Takes(Spec(dtype="float64"), dtype="float32")
    layer(np.ones(2))
    with pytest.raises(ValueError, match="expected dtype=float64, found dtype=float32"):
        layer(ones(2))
