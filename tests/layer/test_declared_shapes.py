"""Does `call` decide the output of a symbolic call, and may a class state it otherwise? (contract §1c, §2.3)"""

from __future__ import annotations

import warnings

import pytest
import torch

import torchkeras_layer as ours
from tests.oracle import keras

BOTH = pytest.mark.parametrize("library", [ours, keras], ids=["ours", "keras"])


class Wrong(ours.Layer):
    def call(self, inputs):
        return inputs * 2

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], 7)


def test_a_wrong_compute_output_shape_is_a_warning_and_only_one():
    layer = Wrong(name="wrong")
    x = ours.Input((4,))
    with pytest.warns(
        UserWarning, match=r"wrong \(Wrong\): .* says \(None, 7\), but call\(\) gives \(None, 4\)"
    ) as got:
        y = layer(x)
    assert str(got[0].message).endswith("See docs/differences.md#a-wrong-compute_output_shape")
    assert y.shape == (None, 4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert layer(y).shape == (None, 4)
    model = ours.Model(x, ours.layers.Dense(3)(y))
    assert model(torch.ones(2, 4)).shape == (2, 3)


@pytest.mark.parametrize("declared", [(None, 4, 1), [(None, 4), (None, 4)], {"a": (None, 4)}, (3, 5)], ids=str)
def test_every_kind_of_contradiction_is_a_warning(declared):
    class Says(ours.Layer):
        def call(self, inputs):
            return inputs + 1

        def compute_output_shape(self, input_shape):
            return declared

    if isinstance(declared, dict):
        # A structure of one shape has the same leaves.
        assert Says()(ours.Input((4,))).shape == (None, 4)
        return
    with pytest.warns(UserWarning, match=r"compute_output_shape\(\) says"):
        assert Says()(ours.Input((4,))).shape == (None, 4)


@pytest.mark.parametrize(
    ("declare", "said"),
    [
        (lambda shape: 3, "TypeError: Expected a shape"),
        (lambda shape: shape[5], "IndexError: tuple index out of range"),
    ],
)
def test_one_that_fails_is_a_warning(declare, said):
    class Fails(ours.Layer):
        def call(self, inputs):
            return inputs + 1

        def compute_output_shape(self, input_shape):
            return declare(input_shape)

    with pytest.warns(UserWarning, match=rf"compute_output_shape\(\) says {said}.*but call\(\) gives \(None, 4\)"):
        assert Fails()(ours.Input((4,))).shape == (None, 4)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_one_that_calls_super_is_fine(dtype):
    class Asks(ours.Layer):
        def __init__(self):
            super().__init__()
            self.table = ours.layers.Embedding(5, 2)

        def call(self, inputs):
            return self.table(inputs) if dtype == "int32" else torch.cat([inputs, inputs], -1)

        def compute_output_shape(self, input_shape):
            return super().compute_output_shape(input_shape)

    assert Asks()(ours.Input((3,), dtype=dtype)).shape == ((None, 3, 2) if dtype == "int32" else (None, 6))


@pytest.mark.filterwarnings("error")
def test_a_size_that_is_free_on_one_side_is_no_contradiction():
    class Loose(ours.Layer):
        def call(self, inputs):
            return inputs + 1

        def compute_output_shape(self, input_shape):
            return (None,) * len(input_shape)

    assert Loose()(ours.Input((4,))).shape == (None, 4)


def states(library):
    class States(library.layers.Layer):
        """Its `call` cannot run without data."""

        def call(self, x, y=None):
            return x[:, :3] if float(x.sum()) > -1e9 else x

        def compute_output_spec(self, x, y=None):
            return library.KerasTensor((x.shape[0], 3), dtype=x.dtype)

    return States()


@BOTH
def test_compute_output_spec_is_honoured(library):
    x = library.Input((5,))
    y = states(library)(x)
    assert y.shape == (None, 3)
    model = library.Model(x, y)
    assert tuple(model(torch.ones(2, 5)).shape) == (2, 3)


@BOTH
def test_compute_output_spec_gets_the_arguments_of_the_call(library):
    class Chooses(library.layers.Layer):
        def call(self, x, wide=False):
            return x * 1

        def compute_output_spec(self, x, wide=False):
            return library.KerasTensor((x.shape[0], 9 if wide else 1))

    assert Chooses()(library.Input((5,)), wide=True).shape == (None, 9)
    assert Chooses()(library.Input((5,))).shape == (None, 1)


@BOTH
def test_compute_output_spec_may_return_a_structure(library):
    class Splits(library.layers.Layer):
        def call(self, x):
            return {"a": x[:, :1], "b": [x]}

        def compute_output_spec(self, x):
            return {"a": library.KerasTensor((None, 1)), "b": [library.KerasTensor(x.shape)]}

    outputs = Splits()(library.Input((5,)))
    assert outputs["a"].shape == (None, 1)
    assert outputs["b"][0].shape == (None, 5)


@BOTH
def test_compute_output_spec_can_be_called(library):
    spec = library.layers.Dense(2).compute_output_spec(library.KerasTensor((None, 3)))
    assert isinstance(spec, library.KerasTensor)
    assert spec.shape == (None, 2)


def test_compute_output_spec_of_other_layers():
    a, b = ours.KerasTensor((None, 3)), ours.KerasTensor((None, 3))
    assert ours.layers.Add().compute_output_spec([a, b]).shape == (None, 3)
    assert ours.layers.MultiHeadAttention(2, 4).compute_output_spec(
        ours.KerasTensor((None, 5, 3)), value=ours.KerasTensor((None, 7, 3))
    ).shape == (None, 5, 3)
    assert ours.layers.Embedding(5, 2).compute_output_spec(torch.tensor([[1, 2]])).shape == (1, 2, 2)
    model = ours.Sequential([ours.Input((3,)), ours.layers.Dense(2)])
    assert model.compute_output_spec(ours.TensorSpec((4, 3))).shape == (4, 2)
    outputs, state = ours.layers.LSTM(2, return_state=True, return_sequences=True).compute_output_spec(
        ours.KerasTensor((None, 5, 3))
    )[:2]
    assert (outputs.shape, state.shape) == ((None, 5, 2), (None, 2))


@BOTH
def test_one_that_asks_super(library):
    class Asks(library.layers.Layer):
        def call(self, x):
            return x * 2

        def compute_output_spec(self, x):
            spec = super().compute_output_spec(x)
            return library.KerasTensor(spec.shape, dtype="float16")

    assert Asks()(library.Input((5,))).shape == (None, 5)
    assert "float16" in str(Asks()(library.Input((5,))).dtype)


def test_compute_output_shape_asks_compute_output_spec():
    assert states(ours).compute_output_shape((None, 5)) == (None, 3)


def test_compute_output_spec_must_return_symbolic_tensors():
    class Returns(ours.Layer):
        def compute_output_spec(self, x):
            return (None, 3)

    with pytest.raises(
        TypeError, match=r"returns \(Returns\): compute_output_spec\(\) must return KerasTensors.*Received: 3"
    ):
        Returns(name="returns")(ours.Input((5,)))
