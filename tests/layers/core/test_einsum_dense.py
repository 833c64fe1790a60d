"""What does EinsumDense do beyond the conformance suite: any equation, the cheapest product, bad input?"""

from __future__ import annotations

import re
import string

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

import torchkeras_layer as ours
from tests.oracle import assert_close, keras
from torchkeras_layer import Input, Model, layers


@st.composite
def equations(draw):
    """Draw an equation that Keras can analyse, with the shapes to it."""
    letters = iter(draw(st.permutations(string.ascii_letters[:8])))
    counts = {
        "free": st.integers(0, 2),
        "summed": st.integers(1, 2),
        "shared": st.integers(0, 1),
        "made": st.integers(0, 2),
    }
    kinds = {kind: "".join(next(letters) for _ in range(draw(count))) for kind, count in counts.items()}
    batch = next(letters)
    shuffled = st.permutations
    sizes = {letter: draw(st.integers(1, 4)) for letter in "".join(kinds.values()) + batch}
    inputs = batch + "".join(draw(shuffled(kinds["free"] + kinds["summed"] + kinds["shared"])))
    kernel = "".join(draw(shuffled(kinds["summed"] + kinds["shared"] + kinds["made"])))
    outputs = batch + "".join(draw(shuffled(kinds["free"] + kinds["shared"] + kinds["made"])))
    dots = draw(st.sampled_from(["", "", "left", "right"]))
    more = (2, 3)[: draw(st.integers(0, 2))] if dots else ()
    shape = tuple(sizes[letter] for letter in inputs)
    stated = tuple(sizes[letter] for letter in outputs[1:])
    if dots == "left":
        inputs, outputs = f"...{inputs[1:]}", f"...{outputs[1:]}"
        shape = (shape[0], *more, *shape[1:])
        if len(outputs) == 3:
            # Keras wants letters on both sides.
            inputs, outputs, stated = f"...{batch}{inputs[3:]}", f"...{batch}", ()
            shape = (shape[0], *shape[1 + len(more) :])
    elif dots == "right":
        inputs, outputs, shape = f"{inputs}...", f"{outputs}...", (*shape, *more)
    bias = draw(st.sets(st.sampled_from(outputs.strip(".")))) - {batch}
    bias_axes = "".join(sorted(bias)) or None
    return f"{inputs},{kernel}->{outputs}", stated, bias_axes, shape


def _results(library, equation, stated, bias_axes, shape):
    layer = library.layers.EinsumDense(equation, stated, bias_axes=bias_axes, activation="tanh")
    layer.build(shape)
    random = np.random.default_rng(3)
    layer.set_weights([random.normal(size=weight.shape) for weight in layer.weights])
    inputs = torch.tensor(random.normal(size=shape), dtype=torch.float32, requires_grad=True)
    outputs = layer(inputs)
    weights = [getattr(weight, "value", weight) for weight in layer.weights]
    direction = torch.linspace(-1, 1, outputs.numel()).reshape(outputs.shape)
    gradients = torch.autograd.grad((outputs * direction).sum(), [inputs, *weights])
    return {"outputs": outputs, "weights": list(layer.weights), "gradients": list(gradients)}, layer


@settings(max_examples=150, deadline=None)
@given(equations())
def test_random_equations_are_keras_s(drawn):
    mine, layer = _results(ours, *drawn)
    theirs, _ = _results(keras, *drawn)
    assert_close(mine, theirs, atol=1e-5)
    shape = drawn[-1]
    assert layer.compute_output_shape(shape) == tuple(mine["outputs"].shape)
    assert layer.compute_output_shape((None, *shape[1:])) == (None, *mine["outputs"].shape[1:])


class _Operators(TorchDispatchMode):
    """Writes down which operators run."""

    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.names.append(func.overloadpacket._qualified_op_name.removeprefix("aten::"))
        return func(*args, **kwargs or {})


@pytest.mark.parametrize(
    ("equation", "stated", "bias_axes", "shape", "expected"),
    [
        ("ab,bc->ac", 3, "c", (2, 5), ["addmm"]),
        ("ab,bc->ac", 3, None, (2, 5), ["mm"]),
        ("abc,cd->abd", (4, 3), "d", (2, 4, 5), ["addmm"]),
        ("abc,dc->abd", (4, 3), "d", (2, 4, 5), ["addmm"]),
        ("abc,cde->abde", (4, 3, 2), "de", (2, 4, 5), ["addmm"]),
        ("abcd,cde->abe", (4, 3), "e", (2, 4, 2, 5), ["addmm"]),
        ("...a,ab->...b", 3, "b", (2, 4, 4, 5), ["addmm"]),
        ("abc,cde->abde", (4, 3, 2), "e", (2, 4, 5), ["mm", "add"]),
        ("abc,bcd->abd", (4, 3), None, (2, 4, 5), ["bmm"]),
    ],
)
def test_one_product_of_matrices_is_one_operator_without_copies(equation, stated, bias_axes, shape, expected):
    layer = layers.EinsumDense(equation, stated, bias_axes=bias_axes)
    inputs = torch.ones(shape)
    layer(inputs)
    with _Operators() as operators:
        layer(inputs)
    views = {"view", "t", "transpose", "permute", "_unsafe_view", "reshape", "unsqueeze", "detach", "as_strided"}
    assert [name for name in operators.names if name not in views] == expected


def test_float64_has_all_its_digits():
    random = np.random.default_rng(0)
    inputs = random.normal(size=(2, 3, 4, 5))
    layer = layers.EinsumDense("abcd,cdef->abef", (3, 2, 6), bias_axes="ef", dtype="float64")
    layer.build(inputs.shape)
    weights = [random.normal(size=weight.shape) for weight in layer.weights]
    layer.set_weights(weights)
    expected = np.einsum("abcd,cdef->abef", inputs, weights[0]) + weights[1]
    assert_close(layer(torch.tensor(inputs)), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", ["GlorotUniform", "HeUniform", "LecunUniform"])
@pytest.mark.parametrize(
    ("equation", "stated", "shape"), [("abc,cde->abde", (4, 2, 3), (1, 4, 5)), ("abc,bcd->ad", 6, (1, 2, 3))]
)
def test_initializers_scale_by_the_axes_of_the_equation(name, equation, stated, shape):
    found = []
    for library in (ours, keras):
        initializer = getattr(library.initializers, name)(seed=5)
        layer = library.layers.EinsumDense(equation, stated, kernel_initializer=initializer)
        layer.build(shape)
        found.append(layer.weights[0])
        assert initializer.get_config()["input_axes"] is None
    assert_close(*found)


def test_axes_that_an_initializer_is_given_stay():
    found = []
    for library in (ours, keras):
        initializer = library.initializers.GlorotUniform(seed=5, input_axes=[0, 1], output_axes=[2])
        layer = library.layers.EinsumDense("abc,cde->abde", (4, 2, 3), kernel_initializer=initializer)
        layer.build((1, 4, 5))
        found.append(layer.weights[0])
    assert_close(*found)


def test_sizes_left_out_are_those_of_the_inputs():
    layer = layers.EinsumDense("abc,cd->abd", (None, 6))
    assert layer.compute_output_shape((None, 4, 5)) == (None, 4, 6)
    assert layer.compute_output_shape((None, None, 5)) == (None, None, 6)
    by_steps = layers.EinsumDense("abc,bd->adc", (6, None))
    outputs = by_steps(Input((4, 5)))
    assert outputs.shape == (None, 6, 5)
    assert tuple(by_steps.kernel.shape) == (4, 6)


def test_any_number_of_steps_after_the_build_and_in_a_model():
    layer = layers.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="de")
    inputs = Input((None, 5))
    model = Model(inputs, layer(inputs))
    for steps in (2, 7):
        assert model(torch.ones(3, steps, 5)).shape == (3, steps, 2, 3)
    assert model.output_shape == (None, None, 2, 3)


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool])
def test_ints_are_cast(dtype):
    layer = layers.EinsumDense("ab,bc->ac", 3)
    inputs = torch.tensor([[1, 0]], dtype=dtype)
    assert torch.equal(layer(inputs), layer(inputs.float()))


def test_autocast_decides_on_the_dtype():
    for equation, stated in (("abc,cd->abd", (4, 6)), ("abc,bcd->abd", (4, 6))):
        layer = layers.EinsumDense(equation, stated, bias_axes="d")
        with torch.autocast("cpu", torch.bfloat16):
            assert layer(torch.ones(2, 4, 5)).dtype is torch.bfloat16


def test_weights_may_stand_in_any_order_in_memory():
    layer = layers.EinsumDense("abc,cde->abde", (4, 2, 3))
    inputs = torch.randn(2, 4, 5)
    expected = layer(inputs)
    strange = layer.kernel.detach().permute(2, 0, 1).contiguous().permute(1, 2, 0)
    outputs = torch.func.functional_call(layer, {"kernel": strange}, (inputs,))
    torch.testing.assert_close(outputs, expected)


@pytest.mark.parametrize(
    ("equation", "message"),
    [
        ("ab,bc", "it must have the form 'ab,bc->ac', '...ab,bc->...ac' or 'ab...,bc->ac...'"),
        ("ab->ab", "it must have the form"),
        ("ab,bc,cd->ad", "it must have the form"),
        ("ab, bc->ac", "it must have the form"),
        ("a1,1c->ac", "it must have the form"),
        ("...ab,bc->ac", "it must have the form"),
        ("ab...,bc->...ac", "it must have the form"),
        ("...ab...,bc->...ac...", "it must have '...' on one side"),
        ("", "it must have the form"),
        (3, "it must have the form"),
        ("aab,bc->ac", "'aab' names an axis twice"),
        ("ab,bcc->ac", "'bcc' names an axis twice"),
        ("ab,bc->acc", "'acc' names an axis twice"),
        ("ab,bcd->ac", "axis 'd' of the kernel is neither in the inputs nor in the output"),
        ("ab,bc->acd", "axis 'd' of the output is neither in the inputs nor in the kernel"),
        ("ab,bc->ca", "the output must begin with 'a', which is the batch"),
    ],
)
def test_equations_that_are_none(equation, message):
    with pytest.raises(ValueError, match="^" + re.escape(f"EinsumDense: equation {equation!r}: {message}")):
        layers.EinsumDense(equation, 3)


@pytest.mark.parametrize("value", [0, -1, "3", 2.5, None, (3, 0), (1, 2, 3), ()])
def test_output_shape_must_fit_the_equation(value):
    # None alone is one free size, of an axis that the kernel has.
    with pytest.raises(ValueError, match=r"^EinsumDense: output_shape |^dense: the size of axis 'c'"):
        layers.EinsumDense("ab,bc->ac", value, name="dense").build((2, 3))


@pytest.mark.parametrize("value", ["x", "", "cx", 3, "b"])
def test_bias_axes_must_be_letters_of_the_output(value):
    with pytest.raises(ValueError, match=r"^EinsumDense: bias_axes must be letters of the output, 'ac'\. Received: "):
        layers.EinsumDense("ab,bc->ac", 3, bias_axes=value)


@pytest.mark.parametrize("argument", ["lora_rank", "lora_alpha", "gptq_unpacked_column_size", "quantization_config"])
def test_what_is_not_built_is_refused(argument):
    with pytest.raises(ValueError, match=f"^EinsumDense: {argument} is not supported"):
        layers.EinsumDense("ab,bc->ac", 3, **{argument: 4})


@pytest.mark.parametrize(
    ("equation", "stated", "shape", "message"),
    [
        ("ab,bc->ac", 3, (2, 4, 5), "the equation is for inputs of rank 2"),
        ("...ab,bc->...ac", (2, 3), (4,), "the equation is for inputs of rank at least 2"),
        ("abc,cd->abd", (7, 3), (2, 4, 5), "axis 'b' is 4 in the inputs and 7 in output_shape"),
        ("ab,bc->ac", 3, (2, None), "the size of axis 'b', which the weights have, is not known"),
        ("abc,cd->abd", (None, None), (2, 4, 5), "the size of axis 'd', which the weights have, is not known"),
        ("...ab,bc->...ac", (2, 3), (2, 4), "output_shape must omit 'a', which is the batch"),
    ],
)
def test_shapes_that_do_not_fit(equation, stated, shape, message):
    layer = layers.EinsumDense(equation, stated, name="dense")
    with pytest.raises(ValueError, match="^" + re.escape(f"dense: {message}. Received: equation={equation!r}, ")):
        layer.build(shape)
    assert not layer.built


def test_a_bias_must_know_its_sizes():
    layer = layers.EinsumDense("abc,cd->abd", (None, 3), bias_axes="bd", name="dense")
    with pytest.raises(ValueError, match=r"^dense: the size of axis 'b', which the weights have, is not known\. "):
        layer.build((None, None, 5))


def test_inputs_that_do_not_fit_a_layer_that_is_built():
    layer = layers.EinsumDense("abc,cd->abd", (None, 3), name="dense")
    layer.build((None, None, 5))
    with pytest.raises(ValueError, match=r"dense.*ndim=3"):
        layer(torch.ones(2, 5))
    with pytest.raises(ValueError, match=r"dense.*axis 2 to have size 5"):
        layer(torch.ones(2, 4, 6))
