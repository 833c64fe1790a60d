"""In which dtype do inputs, weights, losses and results come? (contract §8)"""

from __future__ import annotations

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.layer.samples import Linear, Stack, built

f16, f32, f64 = torch.float16, torch.float32, torch.float64


def dtypes(structure):
    if isinstance(structure, dict):
        return {key: dtypes(value) for key, value in structure.items()}
    if isinstance(structure, (list, tuple)):
        return type(structure)(dtypes(value) for value in structure)
    return structure.dtype


class Both(keras.Layer):
    """The layer of the TF 2.0 page: `b` is not cast."""

    def call(self, a, b):
        return a + 1.0, b + 1.0


def test_only_the_first_argument_is_cast():
    """[4]"""
    x, y = Both(dtype="float64")(torch.tensor(1.0), torch.tensor(1.0))
    assert (x.dtype, y.dtype) == (f64, f32)
    x, y = Both(dtype="float64")(b=torch.tensor(1.0), a=torch.tensor(1.0))
    assert (x.dtype, y.dtype) == (f64, f32)


def test_floats_are_cast_leaf_by_leaf():
    """[5] Integers, booleans and complex numbers are not."""
    i32, c64 = torch.ones(1, dtype=torch.int32), torch.ones(1, dtype=torch.complex64)
    inputs = {"a": torch.ones(1, dtype=f64), "b": [i32, torch.ones(1, dtype=f16)], "c": (True, 2, c64)}
    outputs = keras.Layer()(inputs)
    assert dtypes(outputs) == {"a": f32, "b": [torch.int32, f32], "c": (torch.bool, torch.int32, torch.complex64)}


@pytest.mark.parametrize("dtype", ["int32", "uint8", "bool", "complex64"])
def test_a_layer_that_computes_in_no_float_type_casts_nothing(dtype):
    """[6]"""
    assert keras.Layer(dtype=dtype)(torch.ones(2, dtype=f64)).dtype == f64


def test_a_sparse_tensor_is_cast_and_stays_sparse():
    output = keras.Layer()(torch.eye(3, dtype=f64).to_sparse())
    assert (output.dtype, output.layout) == (f32, torch.sparse_coo)


def test_an_input_in_the_right_dtype_is_not_copied():
    x = torch.ones(2)
    assert keras.Layer()(x) is x
    assert keras.Layer()([x])[0] is x


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_inputs_and_weights_follow_the_layer(dtype):
    layer = Linear(2, dtype=dtype)
    output = layer(torch.ones(2, 3))
    expected = getattr(torch, dtype)
    assert {output.dtype, *(weight.dtype for weight in layer.weights)} == {expected}


def test_outputs_are_not_cast():
    class Gives(keras.Layer):
        def call(self, inputs):
            return inputs.double()

    assert Gives()(torch.ones(1)).dtype == f64


class Reads(keras.Layer):
    """Keeps the dtypes that it sees in build and in call."""

    def build(self, input_shape):
        self.w = self.add_weight("w", (2,))
        self.count = self.add_weight("count", (), dtype="int32")
        self.wide = self.add_weight("wide", (), dtype="float64")
        self.raw = self.add_weight("raw", (), autocast=False)
        self.rough = self.add_weight("rough", (), experimental_autocast=False)
        self.held = [self.add_weight("held", ())]
        self.in_build = self.w.dtype

    def call(self, inputs):
        read = (inputs, self.w, self.count, self.wide, self.raw, self.rough, self.held[0])
        self.in_call = [tensor.dtype for tensor in read]
        return inputs * self.w


def test_a_mixed_policy_reads_weights_in_the_compute_dtype():
    """[51] Except in build and outside of calls; an explicit float64 weight is cast too, integers are not."""
    layer = Reads(dtype="mixed_float16")
    output = layer(torch.ones(2))
    assert layer.in_call == [f16, f16, torch.int32, f16, f32, f32, f16]
    assert (layer.in_build, output.dtype, layer.w.dtype, layer.wide.dtype) == (f32, f16, f32, f64)
    kept = [array.dtype.name for array in layer.get_weights()]
    assert kept == ["float32", "float64", "float32", "float32", "float32", "int32"]
    output.float().sum().backward()
    assert layer.w.grad.dtype == f32


def test_losses_of_a_mixed_policy():
    """[51] Regularizers see the weight as it is kept, activity regularizers the output."""
    layer = Linear(2, regularizer="l2", dtype="mixed_float16", activity_regularizer=torch.sum)
    layer.add_loss(lambda: layer.kernel.sum())
    layer(torch.ones(2, 3))
    assert sorted(str(loss.dtype) for loss in layer.losses) == ["torch.float16", "torch.float32", "torch.float32"]


def test_a_callable_loss_reads_weights_uncast_even_inside_a_call():
    class AddsCallable(Linear):
        def call(self, inputs):
            self.add_loss(lambda: self.kernel.sum())
            return super().call(inputs)

    layer = built(AddsCallable(2, dtype="mixed_float16"))
    assert layer.losses[0].dtype == f32


def test_callable_losses_that_are_read_in_a_call():
    """§3.6: callables run without autocast."""

    class Looks(Linear):
        def call(self, inputs):
            self.found = [loss.dtype for loss in self.losses]
            return super().call(inputs)

    layer = Looks(2, dtype="mixed_float16")
    layer.add_loss(lambda: layer.kernel.sum())
    built(layer)
    assert layer.found == [f32]


def test_autocast_false_leaves_inputs_and_still_casts_weights():
    """[51] As in TF-Keras."""
    layer = Reads(dtype="mixed_float16", autocast=False)
    layer(torch.ones(2))
    assert layer.in_call[:2] == [f32, f16]


def test_each_layer_inside_has_its_own_dtype():
    """Which the outer layer's is again after the inner call."""

    class Outer(keras.Layer):
        def __init__(self):
            super().__init__(dtype="mixed_bfloat16")
            self.plain, self.halved = Reads(dtype="float32"), Reads(dtype="mixed_float16")

        def build(self, input_shape):
            self.w = self.add_weight("w", (2,))

        def call(self, inputs):
            before = self.w.dtype
            self.seen = [self.plain(inputs).dtype, self.halved(inputs).dtype, before, self.w.dtype]
            return inputs

    layer = Outer()
    layer(torch.ones(2))
    assert layer.seen == [f32, f16, torch.bfloat16, torch.bfloat16]


def test_the_policy_can_be_set():
    """Weights that exist stay; `.to()` moves them."""
    layer = built(Linear(2))
    layer.dtype_policy = "mixed_float16"
    assert (layer.compute_dtype, layer.kernel.dtype) == ("float16", f32)
    assert layer(torch.ones(2, 3)).dtype == f16
    assert layer.dtype_policy == keras.Policy("mixed_float16")


@pytest.mark.parametrize("name", ["float64", "float16"])
def test_floatx_is_for_layers_made_later(name):
    early = keras.Layer()
    keras.backend.set_floatx(name)
    assert (early.dtype, keras.Layer().dtype) == ("float32", name)
    output = Stack(Linear(4), Linear(4))(torch.ones(4, 4))
    assert output.dtype == getattr(torch, name)


def test_the_global_policy_is_for_layers_made_later():
    early = keras.Layer()
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    assert (early.compute_dtype, keras.Layer().compute_dtype) == ("float32", "bfloat16")
    assert keras.Layer(dtype="float64").compute_dtype == "float64"


MOVES = [
    (lambda layer: layer.to(torch.bfloat16), torch.bfloat16),
    (lambda layer: layer.half(), f16),
    (lambda layer: layer.double(), f64),
    (lambda layer: layer.double().float(), f32),
]


@pytest.mark.parametrize(("move", "dtype"), MOVES, ids=[str(dtype) for _, dtype in MOVES])
@pytest.mark.parametrize("when", ["before", "after"])
def test_moves_of_torch(move, dtype, when):
    """Decisions: before the build, the weights are created so; after, the policy follows."""
    model = nn.Sequential(Stack(Linear(2), keras.Layer()))
    if when == "after":
        model(torch.ones(2, 3))
    move(model)
    assert model(torch.ones(2, 3)).dtype == dtype
    assert {parameter.dtype for parameter in model.parameters()} == {dtype}
    names = {inner.compute_dtype for inner in model.modules() if isinstance(inner, keras.Layer)}
    assert names == {str(dtype).removeprefix("torch.")}


def test_moving_the_device_keeps_a_mixed_policy():
    layer = built(Linear(2, dtype="mixed_bfloat16")).to("cpu")
    assert (layer.compute_dtype, layer.dtype) == ("bfloat16", "float32")


def test_moving_keeps_integer_weights():
    layer = built(Reads(), 2).half()
    assert (layer.count.dtype, layer.w.dtype) == (torch.int32, f16)


def test_inside_torch_autocast_nothing_is_cast_by_us():
    layer = keras.Layer()
    x = torch.ones(2, dtype=torch.bfloat16)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert layer(x).dtype == torch.bfloat16
        assert layer([x])[0].dtype == torch.bfloat16
    with torch.autocast("cpu", enabled=False):
        assert layer(x).dtype == f32


def test_autocast_can_be_set_later():
    class Own(keras.layers.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.autocast = False

        def call(self, inputs):
            return inputs + 0

    double = torch.ones(2, dtype=torch.float64)
    layer = Own()
    assert layer(double).dtype is torch.float64
    assert layer(double).dtype is torch.float64
    layer.autocast = True
    assert layer(double).dtype is torch.float32
    with pytest.raises(TypeError, match="autocast must be True or False"):
        layer.autocast = "no"
