"""Does a layer that only defines `call` know its output shapes and dtypes?"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

import torchkeras_layer as keras
from torchkeras_layer._structures import leaves, map_leaves


class Calls(keras.Layer):
    """Does to its inputs what a function does."""

    def __init__(self, function: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.function = function

    def call(self, inputs: Any) -> Any:
        return self.function(inputs)


def real(shape: Any, dtype: Any, size: int) -> torch.Tensor:
    sizes = [size + axis if axis_size is None else axis_size for axis, axis_size in enumerate(shape)]
    return torch.ones(sizes, dtype=dtype)


def assert_inferred(function: Any, inputs: Any, shapes: Any, dtypes: Any = None) -> None:
    """Check the symbolic call, compute_output_shape and compute_output_signature; and real calls of two sizes."""
    symbolic = Calls(function)(inputs)
    assert map_leaves(lambda tensor: tensor.shape, symbolic) == shapes
    if dtypes is not None:
        assert map_leaves(lambda tensor: tensor.dtype, symbolic) == dtypes
    signature = Calls(function).compute_output_signature(map_leaves(lambda tensor: tensor.spec, inputs))
    assert signature == map_leaves(lambda tensor: tensor.spec, symbolic)
    if all(tensor.dtype is torch.float32 for tensor in leaves(inputs)):
        assert Calls(function).compute_output_shape(map_leaves(lambda tensor: tensor.shape, inputs)) == shapes
    for size in (16, 20):
        outputs = Calls(function)(map_leaves(lambda tensor, size=size: real(tensor.shape, tensor.dtype, size), inputs))
        for found, foretold in zip(leaves(outputs), leaves(symbolic), strict=True):
            assert foretold.spec.is_compatible_with(found)


KERNEL = torch.ones(5, 3, 3, 3)
FREE_IMAGE = (None, 3, None, None)
CASES: list[tuple[str, tuple[int | None, ...], Any, Any]] = [
    ("view by size", (None, 2, 3), lambda x: x.view(x.shape[0], -1), (None, 6)),
    ("view as", (None, 6), lambda x: x.view(-1, 2, 3), (None, 2, 3)),
    ("view of a free length", (None, None, 4), lambda x: x.view(x.shape[0], x.shape[1], 2, 2), (None, None, 2, 2)),
    ("reshape to one axis", (None, None, 4), lambda x: x.reshape(-1, 4), (None, 4)),
    ("reshape of a free length", (None, None, 4), lambda x: x.reshape(x.shape[0], -1), (None, None)),
    ("unpacked shape", (None, 4, 6), lambda x: (lambda b, t, f: x.reshape(b * t, f))(*x.shape), (None, 6)),
    ("mean", (None, 4, 6, 3), lambda x: x.mean((1, 2)), (None, 3)),
    ("mean kept", (None, 4, 6, 3), lambda x: x.mean((1, 2), keepdim=True), (None, 1, 1, 3)),
    ("mean of free axes", FREE_IMAGE, lambda x: x.mean((2, 3)), (None, 3)),
    ("sum over the batch", (None, 4), lambda x: x.sum(0), (4,)),
    ("division of a free size", (None, None), lambda x: x[:, : x.shape[1] // 2], (None, None)),
    ("ones of a free size", (None, 4), lambda x: torch.ones(x.shape[0], 2) + x[:, :2], (None, 2)),
    ("arange of a free size", (None, None, 4), lambda x: x + torch.arange(x.shape[1])[:, None], (None, None, 4)),
    ("expand", (None, 4), lambda x: x[:, None].expand(-1, 3, -1), (None, 3, 4)),
    ("attention", (None, None, 4), lambda x: (x @ x.mT).softmax(-1) @ x, (None, None, 4)),
    (
        "strided convolution",
        FREE_IMAGE,
        lambda x: functional.conv2d(x, KERNEL, stride=2, padding=1),
        (None, 5, None, None),
    ),
    (
        "convolution of a known width",
        (None, 3, None, 9),
        lambda x: functional.conv2d(x, KERNEL, stride=2),
        (None, 5, None, 4),
    ),
    ("adaptive pooling", FREE_IMAGE, lambda x: functional.adaptive_avg_pool2d(x, (2, 3)), (None, 3, 2, 3)),
    ("interpolation", FREE_IMAGE, lambda x: functional.interpolate(x, scale_factor=2.0), (None, 3, None, None)),
    ("transpose", (None, 4, 6), lambda x: x.transpose(0, 1), (4, None, 6)),
    ("empty axis", (None, 0), lambda x: x * 2, (None, 0)),
    ("loop over a known axis", (None, 4), lambda x: sum(x[:, i] for i in range(x.shape[1])), (None,)),
    ("branch on a known size", (None, 4), lambda x: x[:, :2] if x.shape[1] > 3 else x, (None, 2)),
    ("rest of a division", (None, None, 4), lambda x: functional.pad(x, (0, 0, 0, -x.shape[1] % 4)), (None, None, 4)),
    ("unfold", (None, None), lambda x: x.unfold(1, 4, 2), (None, None, 4)),
    ("length in a scale", (None, None, 4), lambda x: x / x.shape[1] ** 0.5, (None, None, 4)),
    ("a number as a factor", (None, 4), lambda x: x * x.max().item(), (None, 4)),
]


@pytest.mark.parametrize(("shape", "function", "wanted"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_shapes(shape, function, wanted):
    assert_inferred(function, keras.Input(batch_shape=shape), wanted)


def test_two_inputs_meet():
    x, y = keras.Input((3,)), keras.Input((3,))
    assert_inferred(lambda xy: torch.cat(xy, 0), [x, y], (None, 3))
    assert_inferred(lambda xy: torch.cat(xy, 1), [x, y], (None, 6))
    assert_inferred(lambda xy: xy[0] * xy[1] + xy[0].mean(0), [x, y], (None, 3))
    x, y = keras.Input((None, 3)), keras.Input((None, 3))
    assert_inferred(lambda xy: torch.cat(xy, 1), [x, y], (None, None, 3))
    assert_inferred(lambda xy: {"scores": xy["a"] @ xy["b"].mT}, {"a": x, "b": y}, {"scores": (None, None, None)})


def test_dtypes():
    x, i = keras.Input((4,)), keras.Input((4,), dtype="int64")
    functions = {
        torch.float64: lambda x: x.double(),
        torch.float16: lambda x: x.half(),
        torch.bool: lambda x: x > 0,
        torch.int64: lambda x: x.argmax(-1, keepdim=True),
        torch.complex64: lambda x: torch.complex(x, x),
        torch.float32: lambda x: x + torch.ones(4, dtype=torch.int32),
    }
    for dtype, function in functions.items():
        assert Calls(function)(x).dtype is dtype
        assert Calls(function)(torch.ones(2, 4)).dtype is dtype
    assert Calls(lambda i: i / 2)(i).dtype is torch.float32
    assert Calls(lambda i: functional.one_hot(i, 5))(i).shape == (None, 4, 5)
    assert_inferred(lambda xi: xi[0].gather(1, xi[1] * 0), [x, i], (None, 4), torch.float32)


@pytest.mark.parametrize("policy", ["float16", "float64", "bfloat16", "mixed_bfloat16"])
def test_dtypes_of_policies(policy):
    layer = Calls(lambda x: (x, x.float(), x > 0), dtype=policy)
    found = [tensor.dtype for tensor in layer(keras.Input((4,)))]
    assert found == [tensor.dtype for tensor in layer(torch.ones(2, 4))]
    assert found[0] == getattr(torch, policy.removeprefix("mixed_"))


def test_nested_outputs():
    def function(x):
        values, indices = x.topk(2)
        return {"top": (values, indices), "all": [x, {"mean": x.mean()}]}

    wanted = {"top": ((None, 2), (None, 2)), "all": [(None, 5), {"mean": ()}]}
    assert_inferred(function, keras.Input((5,)), wanted)
    symbolic = Calls(function)(keras.Input((5,)))
    assert symbolic["top"][1].dtype is torch.int64
    assert isinstance(symbolic["top"], tuple)


def test_none_among_the_outputs():
    symbolic = Calls(lambda x: [x * 2, None])(keras.Input((5,)))
    assert symbolic[0].shape == (None, 5)
    assert symbolic[1] is None


def test_layers_inside_are_built():
    class Block(keras.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.hidden, self.norm = keras.layers.Dense(6), keras.layers.BatchNormalization()
            self.plain = nn.Conv1d(6, 4, 3, stride=2)

        def call(self, inputs):
            return self.plain(self.norm(self.hidden(inputs)).mT).mT

    block = Block()
    assert block(keras.Input((None, 5))).shape == (None, None, 4)
    assert block.hidden.kernel.shape == (5, 6)
    assert torch.equal(block.norm.moving_mean, torch.zeros(6))
    assert block(torch.ones(2, 9, 5)).shape == (2, 4, 4)


def test_weights_made_in_build_have_plain_sizes():
    class Scales(keras.Layer):
        def build(self, input_shape):
            self.shape_in_build = input_shape
            self.scale = self.add_weight("scale", input_shape[1:])

        def call(self, inputs):
            return inputs * self.scale

    layer = Scales()
    assert layer(keras.Input((3, 4))).shape == (None, 3, 4)
    assert layer.shape_in_build == (None, 3, 4)
    assert layer.scale.shape == (3, 4)


def test_both_modes():
    class Moody(keras.Layer):
        def call(self, inputs, training=None, mask=None):
            return inputs[:, :1] if training else inputs

    x = keras.layers.Masking()(keras.Input((5, 2)))
    assert Moody()(x, training=False).shape == Moody().eval()(x).shape == (None, 5, 2)
    assert Moody()(x, training=True).shape == Moody()(x).shape == (None, 1, 2)
    assert Moody().compute_output_shape((None, 5, 2)) == (None, 5, 2)


def test_a_number_taken_from_a_free_size_is_free():
    """A program that counts with a size as a number is not pinned to the example."""
    assert_inferred(lambda x: torch.zeros(int(x.shape[0]), 2), keras.Input((4,)), (None, 2))
    assert_inferred(lambda x: torch.stack([x[i] for i in range(x.shape[0])]), keras.Input((4,)), (None, 4))
    assert_inferred(lambda x: torch.zeros(len(x)) if len(x) > 1 else x, keras.Input((4,)), (None,))


@pytest.mark.parametrize("part", [slice(5), slice(-5, None), slice(2, 7)], ids=str)
def test_the_smaller_of_a_known_and_a_free_size_is_free(part):
    symbolic = Calls(lambda x: x[:, part])(keras.Input((None, 4)))
    assert symbolic.shape == keras.Input((None, 4))[:, part].shape == (None, None, 4)


@given(st.lists(st.sampled_from([None, 1, 2, 5]), min_size=2, max_size=4), st.data())
def test_what_is_foretold_is_what_comes(shape, data):
    axis = data.draw(st.integers(1, len(shape) - 1))
    start, step = data.draw(st.integers(0, 3)), data.draw(st.integers(1, 3))
    function = data.draw(
        st.sampled_from(
            [
                lambda x: x.transpose(0, axis),
                lambda x: x.narrow(axis, 0, 1).squeeze(axis),
                lambda x: torch.cat([x, x[(slice(None),) * axis + (slice(start, None, step),)]], axis),
                lambda x: x.cumsum(axis).unsqueeze(axis).flatten(axis - 1, axis),
                lambda x: x.unbind(-1)[0] if x.dim() > 2 else x.sum(axis),
            ]
        )
    )
    shape = (None, *shape[1:]) if shape[-1] is not None else (None, *shape[1:-1], 3)
    symbolic = Calls(function)(keras.Input(batch_shape=shape))
    for size in (5, 8):
        assert symbolic.spec.is_compatible_with(Calls(function)(real(shape, torch.float32, size)))


DATA = {
    "bool": lambda x: x if x.sum() > 0 else -x,
    "int": lambda x: x[: int(x.sum())],
    "float": lambda x: x * float(x.mean()),
    "tolist": lambda x: torch.tensor(x[0].tolist()),
    "numpy": lambda x: torch.from_numpy(x.numpy() * 2),
    "while": lambda x: next(x for _ in iter(lambda: bool(x.sum() < 3), False)),
    "if all": lambda x: x if torch.all(x > 0) else -x,
}


@pytest.mark.parametrize("function", DATA.values(), ids=DATA)
def test_control_flow_on_values_is_an_error_that_names_the_layer(function):
    x, layer = keras.Input((4,)), Calls(function, name="chooses")
    with pytest.raises(NotImplementedError, match=r"chooses \(Calls\).*compute_output_shape"):
        layer(x)
    with pytest.raises(NotImplementedError, match=r"chooses \(Calls\).*compute_output_shape"):
        layer.compute_output_shape((None, 4))
    assert layer.inbound_nodes == []
    assert x._keras_history.layer.outbound_nodes == []


def test_control_flow_with_a_declared_shape():
    class Declares(Calls):
        def compute_output_shape(self, input_shape):
            return (input_shape[0], 4)

    x = keras.Input((4,))
    model = keras.Model(x, Declares(DATA["bool"])(x))
    assert model.output_shape == (None, 4)
    assert torch.equal(model(-torch.ones(2, 4)), torch.ones(2, 4))


def test_the_layer_inside_is_named_too():
    class Outer(keras.Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.inner = Calls(DATA["bool"], name="inner")

        def call(self, inputs):
            return self.inner(inputs)

    with pytest.raises(NotImplementedError) as caught:
        Outer(name="outer")(keras.Input((4,)))
    notes = "\n".join([str(caught.value), *getattr(caught.value, "__notes__", [])])
    cause = caught.value.__cause__
    notes += "\n".join(getattr(cause, "__notes__", []))
    assert "outer (Outer)" in notes
    assert "inner (Calls)" in notes


def test_sizes_that_do_not_fit_are_an_error_that_names_the_layer():
    layer = Calls(lambda x: x @ torch.ones(5, 2), name="product")
    with pytest.raises((RuntimeError, ValueError)) as caught:
        layer(keras.Input((4,)))
    assert "product (Calls)" in "\n".join([str(caught.value), *getattr(caught.value, "__notes__", [])])
    assert layer.inbound_nodes == []


@pytest.mark.parametrize("output", [3, "text", [torch.ones(1), 3.0]], ids=repr)
def test_outputs_that_are_no_tensors(output):
    with pytest.raises((TypeError, NotImplementedError), match="expected tensors|must return"):
        Calls(lambda x: output, name="odd")(keras.Input((4,)))
