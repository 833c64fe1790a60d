"""Do the mistakes that newcomers make in a class of their own, or in a call, get an error that says what to write?"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import torchkeras_layer as keras

L = keras.layers
X = torch.ones(2, 4)
SEQUENCES = torch.ones(2, 3, 4)
IMAGES = torch.ones(2, 8, 8, 3)


def layer_with(**members: Any) -> Any:
    """Return a new layer class named `My`."""
    return type("My", (keras.Layer,), members)


def text_of(error: BaseException) -> str:
    return "\n".join([str(error), *getattr(error, "__notes__", ())])


def assert_fails(act: Any, error: type[BaseException], *parts: str) -> None:
    with pytest.raises(error) as caught:
        act()
    text = text_of(caught.value)
    for part in parts:
        assert part in text


class Takes(keras.Layer):
    """Takes two inputs."""

    def call(self, a, b, scale=1):
        return a + b * scale


class WithoutSelf(keras.Layer):
    def call(x):  # noqa: N805
        return x


class Strict(keras.Layer):
    """Has no `**kwargs`."""

    def __init__(self, units):
        super().__init__()
        self.units = units


class Passes(keras.Layer):
    """Passes its own argument to `Layer`."""

    def __init__(self, units):
        super().__init__(units)


CALLS = {
    "two tensors": (
        lambda: L.Dense(2, name="d")(X, X),
        "d (Dense): call(inputs) takes 1 argument by position",
        "(2, 4), (2, 4)",
        "Concatenate()",
    ),
    "a tensor as training": (
        lambda: L.Dropout(0.5, name="d")(X, X),
        "d (Dropout): training must be True or False",
        "a tensor of shape (2, 4)",
    ),
    "an unknown keyword": (
        lambda: L.Dropout(0.5, name="d")(X, train=True),
        "d (Dropout): call(inputs, training=None) has no argument 'train'",
        "train=True",
        "Did you mean 'training'?",
    ),
    "a keyword of another layer": (
        lambda: L.Dense(2, name="d")(X, dim=1),
        "d (Dense): call(inputs) has no argument 'dim'",
        "dim=1",
        "Leave it out",
    ),
    "a missing input": (lambda: Takes(name="t")(X), "t (Takes): call(a, b, scale=1) needs 'b'", "Write `layer(a, b)`"),
    "a list for two inputs": (
        lambda: Takes(name="t")([X, X]),
        "t (Takes): call(a, b, scale=1) needs 'b'",
        "Write `layer(*inputs)`",
    ),
    "call without self": (
        lambda: WithoutSelf(name="w")(X),
        "w (WithoutSelf): call() takes no inputs",
        "def call(self, inputs)",
    ),
}


@pytest.mark.parametrize("case", CALLS)
def test_arguments_of_a_call(case):
    act, *parts = CALLS[case]
    assert_fails(act, TypeError, *parts)


def test_an_error_inside_call_keeps_its_message():
    def call(self, x):
        return Takes.call(self, x)

    assert_fails(lambda: layer_with(call=call)()(X), TypeError, "missing 1 required positional argument: 'b'")
    inner = layer_with(call=lambda self, x: L.Dense("2"))()
    assert_fails(lambda: inner(X), ValueError, "Dense: units must be a positive int")


SHAPES = {
    "an LSTM on an LSTM": (
        lambda: keras.Sequential([L.LSTM(4), L.LSTM(3, name="top")])(SEQUENCES),
        "top: ",
        "(2, 4)",
        "write return_sequences=True there",
    ),
    "symbolically": (
        lambda: L.GRU(3, name="top")(L.LSTM(4)(keras.Input((5, 3)))),
        "top: ",
        "(None, 4)",
        "return_sequences=True",
    ),
    "in Bidirectional": (lambda: L.Bidirectional(L.LSTM(3), name="top")(X), "top: ", "(2, 4)", "return_sequences=True"),
    "one sequence": (lambda: L.SimpleRNN(3, name="top")(X), "Write x[None], of shape (1, 2, 4)"),
    "one image": (
        lambda: L.Conv2D(4, 3, name="c")(torch.ones(28, 28, 3)),
        "c: ",
        "(28, 28, 3)",
        "Write x[None], of shape (1, 28, 28, 3)",
    ),
    "one image, pooled": (
        lambda: L.MaxPooling2D(name="p")(torch.ones(28, 28, 3)),
        "p: ",
        "Write x[None], of shape (1, 28, 28, 3)",
    ),
    "images without channels": (
        lambda: L.Conv2D(4, 3, name="c")(torch.ones(5, 28, 28)),
        "c: ",
        "Write x[..., None], of shape (5, 28, 28, 1)",
    ),
    "flat inputs": (lambda: L.Conv2D(4, 3, name="c")(X), "c: ", "(2, 4)", "leave out Flatten before"),
    "one vector": (lambda: L.Dense(3, name="d")(torch.ones(4)), "d: ", "(4,)", "Write x[None], of shape (1, 4)"),
    "channels first": (
        lambda: L.Conv2D(4, 5, name="c")(torch.ones(2, 3, 32, 32)),
        "c: inputs of shape (2, 3, 32, 32)",
        "x.permute(0, 2, 3, 1)",
        "data_format='channels_first'",
    ),
    "channels first, pooled": (
        lambda: L.MaxPooling2D(4, name="p")(torch.ones(2, 3, 32, 32)),
        "p: inputs of shape (2, 3, 32, 32)",
        "x.permute(0, 2, 3, 1)",
    ),
    "channels last": (
        lambda: L.Conv2D(4, 5, name="c", data_format="channels_first")(torch.ones(2, 32, 32, 3)),
        "c: ",
        "x.permute(0, 3, 1, 2)",
        "data_format='channels_last'",
    ),
    "channels first, later": (
        lambda: keras.Sequential([keras.Input((32, 32, 3)), L.Conv2D(4, 3, name="c")]).layers[0](
            torch.ones(2, 3, 32, 32)
        ),
        "c: ",
        "x.permute(0, 2, 3, 1)",
    ),
    "two tensors for one": (
        lambda: L.Dense(3, name="d")([X, X]),
        "d: expects 1 input(s), but received 2",
        "Concatenate()([a, b])",
    ),
    "a batch with labels": (
        lambda: L.Dense(3, name="d")([X, torch.ones(2)]),
        "d: ",
        "(2, 4), (2,)",
        "pass the inputs only",
    ),
    "tensors one by one": (lambda: L.Add(name="a")(X, X), "a: expects a list", "(2, 4)", "Write `a([a, b, …])`"),
}


@pytest.mark.parametrize("case", SHAPES)
def test_shapes_of_inputs(case):
    act, *parts = SHAPES[case]
    assert_fails(act, ValueError, *parts)


@pytest.mark.parametrize(
    "inputs", [np.array(["a", "b"]), np.array([["a", "b"]]), np.array([[1], [2, 3]], object), "text"]
)
def test_strings_and_objects(inputs):
    with pytest.raises((TypeError, ValueError)) as caught:
        L.Dense(2, name="d")(inputs)
    assert "d" in str(caught.value)
    assert "StringLookup" in text_of(caught.value)
    assert_fails(lambda: L.Embedding(5, 2, name="e")(["a", "b"]), AttributeError, "StringLookup", "In e (Embedding)")


def test_layers_for_strings_need_no_advice():
    assert_fails(lambda: L.StringLookup(name="s")(["a"]), ValueError, "s: has no vocabulary yet")
    with pytest.raises(ValueError, match="no vocabulary") as caught:
        L.StringLookup(name="s")(["a"])
    assert "are not numbers" not in text_of(caught.value)


def changed(self, inputs):
    self.inner.kernel += 1
    return self.inner(inputs)


def changed_in_part(self, inputs):
    self.inner.kernel[0] = 1
    return self.inner(inputs)


@pytest.mark.parametrize("call", [changed, changed_in_part])
def test_a_weight_that_call_changes_in_place(call):
    layer = layer_with(call=call)(name="mine")
    layer.inner = L.Dense(3)
    layer.inner(X)
    assert_fails(lambda: layer(X), RuntimeError, "leaf Variable", "self.add_update(lambda: ", "In mine (My)")


@pytest.mark.parametrize("by_call", [False, True])
def test_a_weight_that_build_changes_in_place(by_call):
    def build(self, input_shape):
        self.w = self.add_weight(shape=(4,))
        self.w[0] = 1

    layer = layer_with(build=build, call=lambda self, x: x * self.w)(name="mine")
    act = (lambda: layer(X)) if by_call else (lambda: layer.build((None, 4)))
    assert_fails(act, RuntimeError, "leaf Variable", "initializer= of add_weight in build", "torch.no_grad()")


@pytest.mark.parametrize(
    "value", [np.ones(3), 3, 2.5, "text", object()], ids=["array", "int", "float", "string", "object"]
)
def test_other_values_than_tensors_among_the_outputs_of_a_symbolic_call(value):
    layer = layer_with(call=lambda self, x: (x, value))(name="mine")
    assert_fails(
        lambda: layer(keras.Input((4,))),
        TypeError,
        "mine (My): in a graph, call() must return (nested) tensors",
        f"({type(value).__name__})",
        "torch.as_tensor(value)",
    )


# A misspelt `call`.
@pytest.mark.parametrize("name", ["cal", "calll", "Call", "_call", "clal"])
@pytest.mark.parametrize("has_build", [False, True])
def test_a_misspelt_call(name, has_build):
    members: dict[str, Any] = {name: lambda self, x: 2 * x}
    if has_build:
        members["build"] = lambda self, input_shape: None
    with pytest.warns(UserWarning, match=rf"mine \(My\): My defines no call.*'{name}' meant to be `call`") as caught:
        assert layer_with(**members)(name="mine")(X) is X
    assert len(caught) == 1


def test_neither_call_nor_build():
    with pytest.warns(UserWarning, match=r"mine \(My\): My defines no call.*def call\(self, inputs\)"):
        layer_with()(name="mine")(keras.Input((4,)))


WITHOUT_CALL = {
    "Layer itself": keras.Layer,
    "with a build": lambda: layer_with(build=lambda self, input_shape: None)(),
    "with a loss of its outputs": lambda: layer_with()(activity_regularizer="l2"),
    "with masks": lambda: layer_with(compute_mask=lambda self, inputs, mask=None: mask)(),
    "with __call__": lambda: layer_with(__call__=lambda self, x: x)(),
    "with forward": lambda: layer_with(forward=lambda self, x: x)(),
    "of a subclass": lambda: type("Other", (L.Dense,), {})(4),
    "inherited": lambda: type("Other", (layer_with(call=lambda self, x: x),), {})(),
    "other methods": lambda: layer_with(call=lambda self, x: x, call_all=lambda self: 0, recall=lambda self: 1)(),
    "built-in": L.Identity,
}


@pytest.mark.parametrize("case", WITHOUT_CALL)
def test_no_warning_for_layers_that_mean_it(case):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert WITHOUT_CALL[case]()(X).shape == (2, 4)


def test_forward_and_call():
    with pytest.warns(UserWarning, match="My: it defines both forward and call.*Define call only"):
        layer_with(call=lambda self, x: x, forward=lambda self, x: 2 * x)

    def forward(self, x):
        return self.call(x) + 1

    def through_super(self, x):
        return keras.Layer.forward(self, x)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layer_with(call=lambda self, x: x, forward=forward)
        layer_with(call=lambda self, x: x, forward=through_super)


@pytest.mark.parametrize("name", ["call", "build", "forward", "compute_mask", "get_config", "add_weight"])
@pytest.mark.parametrize("value", [5, None, "text", []], ids=["int", "none", "string", "list"])
def test_a_method_that_an_attribute_would_hide(name, value):
    layer = L.Dense(2, name="mine")
    with pytest.raises(AttributeError, match=f"mine: {name!r} is a method of every layer.*Received: {name}="):
        setattr(layer, name, value)
    assert layer(X).shape == (2, 2)
    setattr(layer, name, getattr(layer, name))


def test_a_weight_that_no_build_made():
    layer = layer_with(call=lambda self, x: x @ self.w)(name="mine")
    assert_fails(
        lambda: layer(X), AttributeError, "mine (My): no attribute 'w'", "self.w = self.add_weight(", "My does not have"
    )
    misspelt = layer_with(call=lambda self, x: x @ self.w, biuld=lambda self, input_shape: None)(name="mine")
    assert_fails(lambda: misspelt(X), AttributeError, "no attribute 'w'", "'biuld' meant to be `build`")
    other = layer_with(forward=lambda self, x: x @ self.w, build=lambda self, input_shape: None)(name="mine")
    assert_fails(lambda: other(X), AttributeError, "no attribute 'w'", "rename forward to `call`")
    dense = L.Dense(2, name="d")
    dense(X)
    assert_fails(
        lambda: dense.weight, AttributeError, "d (Dense): no attribute 'weight'. Its weights are kernel, bias."
    )
    assert not hasattr(dense, "weight")


def test_a_weight_with_a_free_size():
    layer = layer_with(
        build=lambda self, input_shape: setattr(self, "w", self.add_weight(shape=input_shape)),
        call=lambda self, x: x,
    )(name="mine")
    assert_fails(
        lambda: layer(keras.Input((None, 4))),
        ValueError,
        "mine: add_weight(): ",
        "Received: shape=(None, None, 4)",
        "shape=(input_shape[-1], 8)",
    )


@pytest.mark.parametrize(
    "args", [(3, 4), (torch.ones(3),), (3.5,), ("w", "zeros", (3,))], ids=["two ints", "tensor", "float", "order"]
)
def test_the_order_of_add_weight(args):
    layer = keras.Layer(name="mine")
    assert_fails(lambda: layer.add_weight(*args), TypeError, "mine: ", "Received: ")
    assert layer.weights == []


INITS = {
    "super().__init__(units)": (
        lambda: Passes(5),
        "Passes: trainable must be True or False. Received: trainable=5",
        "super().__init__(**kwargs)",
        "self.units = units",
    ),
    "no __init__": (lambda: layer_with()(5), "My: trainable must be", "trainable=5", "My has no __init__ of its own"),
    "name without **kwargs": (
        lambda: Strict(3, name="x"),
        "Strict: __init__ takes no argument 'name'. Received: name='x'",
        "def __init__(self, units, **kwargs)",
    ),
    "a misspelt argument": (
        lambda: Strict(unit=3),
        "Strict: __init__ takes no argument 'unit'",
        "Did you mean 'units'?",
    ),
    "a missing argument": (lambda: Strict(), "Strict: the argument 'units' is missing", "Write Strict(units)"),
    "too many": (lambda: Strict(3, 4, "a"), "Strict: takes units by position. Received: 3, 4, 'a'"),
}


@pytest.mark.parametrize("case", INITS)
def test_constructors_of_own_classes(case):
    act, *parts = INITS[case]
    assert_fails(act, TypeError, *parts)


def test_a_list_of_layers_that_is_called():
    layer = layer_with(call=lambda self, x: self.steps(x))(name="mine")
    layer.steps = [L.Dense(3), L.Dense(2)]
    assert_fails(lambda: layer(X), NotImplementedError, "for layer in self.layers: x = layer(x)", "In mine (My)")


def test_a_module_list_or_list_of_layers_runs_in_a_loop():
    layer = layer_with(call=lambda self, x: [x := step(x) for step in self.steps][-1])()
    layer.steps = nn.ModuleList([L.Dense(3), L.Dense(2)])
    assert layer(X).shape == (2, 2)
    assert len(layer.weights) == 4
