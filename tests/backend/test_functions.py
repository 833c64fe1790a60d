"""Do the functions of K work that no golden covers, and what do all of them say about wrong arguments?"""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from torchkeras_layer import backend as K


def test_every_function_is_documented_and_can_be_pickled():
    for name in K.__all__:
        found = getattr(K, name)
        assert found.__doc__, name
        assert pickle.loads(pickle.dumps(found)) is found, name
        assert name in dir(K)


def test_it_is_imported_when_it_is_named():
    code = (
        "import sys, torchkeras_layer as keras; keras.layers.Dense(2); names = ('backend', 'ops.backend_math'); "
        "print([f'torchkeras_layer.{name}' in sys.modules for name in names], keras.backend.floatx())"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[False, False] float32\n"


def test_names_of_keras_1():
    assert K.image_dim_ordering() == "tf"
    K.set_image_dim_ordering("th")
    assert (K.image_data_format(), K.image_dim_ordering()) == ("channels_first", "th")
    K.set_image_dim_ordering("tf")
    x = torch.tensor([1.0, 3.0])
    assert K.lesser(x, 2.0).tolist() == K.lesser_equal(x, 2.0).tolist() == [True, False]
    assert K.pattern_broadcast(x, [True]) is x
    assert K.expand_dims(x, dim=0).shape == K.expand_dims(x, axis=0, dim=None).shape == (1, 2)


def test_arguments_of_keras_1():
    x, kernel = torch.randn(1, 6, 7, 2), torch.randn(3, 3, 2, 4)
    expected = K.conv2d(x, kernel, padding="same", dilation_rate=(2, 2))
    close = torch.testing.assert_close
    close(
        K.conv2d(x, kernel, border_mode="same", dim_ordering="tf", filter_dilation=(2, 2), image_shape=None), expected
    )
    close(K.atrous_conv2d(x, kernel, 2, "same", "default"), expected)
    # With 'th', kernels are (filters, channels, rows, columns).
    first, turned = x.movedim(-1, 1), kernel.permute(3, 2, 0, 1)
    close(K.conv2d(first, turned, (1, 1), "same", "th", filter_dilation=2), expected.movedim(-1, 1))
    shape = (1, 6, 7, 4)
    close(K.deconv2d(x, kernel, shape, border_mode="same"), K.conv2d_transpose(x, kernel.mT, shape, padding="same"))
    found = K.deconv2d(first, turned, (1, 4, 6, 7), border_mode="same", dim_ordering="th")
    close(found, K.deconv2d(x, kernel, shape, border_mode="same").movedim(-1, 1))
    close(K.pool2d(x, (2, 2), border_mode="same", dim_ordering="tf"), K.pool2d(x, (2, 2), padding="same"))
    close(K.asymmetric_spatial_2d_padding(x, 1, 2, 0, 1), K.spatial_2d_padding(x, ((1, 2), (0, 1))))
    close(K.asymmetric_temporal_padding(x[0], 2, 0), K.temporal_padding(x[0], (2, 0)))
    close(K.temporal_padding(x[0], 1), K.temporal_padding(x[0], (1, 1)))
    assert K.random_normal((2,), std=0.0).tolist() == [0.0, 0.0]
    assert K.random_uniform((2,), low=3, high=4, dtype="int32").tolist() == [3, 3]
    slopes = torch.tensor([0.5, 0.0])
    assert K.relu(torch.tensor([-2.0, 9.0]), alpha=slopes, max_value=slopes + 3).tolist() == [-1.0, 3.0]


def test_names_of_keras_3():
    assert (K.backend(), K.standardize_dtype("float"), K.standardize_dtype(float)) == ("torch", "float32", "float32")
    assert (K.is_float_dtype("float16"), K.is_float_dtype("int8"), K.is_int_dtype("uint8")) == (True, False, True)
    assert K.convert_to_tensor([1, 2], "float64").dtype is torch.float64
    assert K.is_tensor(K.convert_to_tensor(keras.Input((2,))))
    assert isinstance(K.convert_to_numpy(torch.ones(2, requires_grad=True)), np.ndarray)
    assert isinstance(keras.Input((2,)), K.KerasTensor)
    with K.name_scope("block") as scope:
        assert scope == "block/"


DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64", int, float]


def test_result_types_are_those_of_keras_3():
    from tests.oracle import keras as theirs

    pairs = [(one, other) for one in DTYPES for other in DTYPES]
    found = {pair: (K.result_type(*pair), theirs.backend.result_type(*pair)) for pair in pairs}
    assert {pair: both for pair, both in found.items() if both[0] != both[1]} == {}
    assert K.result_type() == theirs.backend.result_type()


def test_questions():
    own, symbolic = K.variable([1.0]), keras.Input((2,))
    assert (K.is_variable(own), K.is_variable(torch.ones(1)), K.is_variable(nn.Buffer(torch.ones(1)))) == (
        True,
        False,
        True,
    )
    assert (K.is_symbolic(symbolic), K.is_symbolic(own), K.is_tensor(3)) == (True, False, False)
    assert (K.get_variable_shape(own), K.ndim(symbolic), K.dtype(symbolic)) == ((1,), 2, "float32")
    assert K.dtype(keras.Input((1,), dtype="string")) == "string"
    assert K.normalize_data_format(None) == "channels_last"
    assert int(K.size(torch.ones(2, 3))) == 6
    assert K.slice(torch.arange(4), [1], [2]).tolist() == [1, 2]
    assert K.is_sparse(torch.eye(2).to_sparse())
    assert K.to_dense(torch.eye(2).to_sparse()).tolist() == [[1.0, 0.0], [0.0, 1.0]]
    K.track_variable(own)


def test_decorators_of_keras_2_leave_functions_alone():
    assert K.symbolic(len) is len
    assert K.eager(len) is len
    cache = K.ContextValueCache(None)
    assert cache.setdefault("a", 3) == cache.setdefault("a", 4) == 3


def test_a_separable_convolution_of_sequences_is_one_of_images_of_height_1():
    x, depthwise, pointwise = torch.randn(2, 7, 3), torch.randn(3, 3, 2), torch.randn(1, 6, 4)
    found = K.separable_conv1d(x, depthwise, pointwise, strides=2, padding="same")
    as_images = K.separable_conv2d(x[:, None], depthwise[None], pointwise[None], (1, 2), "same")
    torch.testing.assert_close(found, as_images[:, 0])


def test_variables_are_weights_of_layers():
    layer = keras.Layer()
    layer.kernel, layer.count = K.variable(np.ones((2, 3)), constraint="non_neg"), K.zeros((), dtype="int32")
    assert [tuple(weight.shape) for weight in layer.trainable_weights] == [(2, 3)]
    assert [tuple(weight.shape) for weight in layer.non_trainable_weights] == [()]
    K.set_value(layer.kernel, -np.ones((2, 3)))
    layer.apply_constraints()
    assert K.get_value(layer.kernel).tolist() == [[0.0] * 3] * 2


class Noisy(keras.Layer):
    """Doubles in training, and makes variables in its call, which are no weights."""

    def call(self, inputs):
        zeros = K.zeros((K.shape(inputs)[0], 2))
        assert type(zeros) is torch.Tensor
        doubled = K.in_train_phase(inputs * (1 + K.learning_phase()), inputs)
        return K.in_test_phase(doubled + K.sum(zeros), lambda: doubled)


def test_the_learning_phase_is_the_mode_of_the_layer():
    layer, x = Noisy(), torch.ones(2, 2)
    model = keras.Sequential([layer])
    assert [float(layer.train(mode)(x).sum()) for mode in (True, False)] == [8.0, 4.0]
    assert float(model.eval()(x, training=True).sum()) == 8.0
    assert layer.weights == []
    assert K.learning_phase() == 0
    assert not K.global_learning_phase_is_set()


def test_a_learning_phase_that_is_set_is_that_of_all_calls():
    layer, x = Noisy(), torch.ones(2, 2)
    K.set_learning_phase(0)
    assert float(layer(x).sum()) == 4.0
    assert K.global_learning_phase_is_set()
    with K.learning_phase_scope(1):
        assert K.learning_phase() == K.symbolic_learning_phase() == 1
        assert float(layer.eval()(x).sum()) == 8.0
    assert float(layer.train()(x).sum()) == 4.0
    K.clear_session()
    assert float(layer(x).sum()) == 8.0


def test_a_graph_chooses_by_its_mode():
    x = keras.Input((2,))
    model = keras.Model(x, K.in_train_phase(lambda: x * 2, x))
    assert [float(model.train(mode)(torch.ones(1, 2)).sum()) for mode in (True, False)] == [4.0, 2.0]
    again = keras.Model.from_config(model.get_config())
    assert float(again(torch.ones(1, 2)).sum()) == 4.0


def test_function_runs_parts_of_a_graph_in_a_mode():
    x = keras.Input((2,))
    hidden = keras.layers.Dropout(0.5)(keras.layers.Dense(3)(x))
    run = K.function([x, K.learning_phase()], [hidden, K.gradients(K.sum(hidden * hidden), [x])[0]])
    data = np.ones((4, 2), "float32")
    first, gradient = run([data, 0])
    assert isinstance(first, np.ndarray)
    assert gradient.shape == (4, 2)
    assert (run([data, 1])[0] == 0).any()
    assert K.function(x, x * 2)(data).tolist() == (data * 2).tolist()
    assert K.function([hidden], [hidden * 2])([first])[0].tolist() == (first * 2).tolist()


def test_gradients():
    x, other = torch.tensor([2.0], requires_grad=True), torch.tensor([1.0], requires_grad=True)
    loss = K.sum(x * x * x)
    (first, unused) = K.gradients(loss, [x, other])
    assert (first.tolist(), unused.tolist()) == ([12.0], [0.0])
    assert K.gradients(first, x).tolist() == [12.0]


def test_print_tensor_prints_when_the_graph_runs(capsys):
    x = keras.Input((4,))
    model = keras.Model(x, K.print_tensor(x, "x:", summarize=1) * 2)
    assert capsys.readouterr().out == ""
    model(torch.arange(4.0).reshape(1, 4))
    assert capsys.readouterr().out == "x: [[0. ... 3.]]\n"
    K.print_tensor(torch.ones(4, dtype=torch.bfloat16), summarize=-1)
    assert capsys.readouterr().out == " [1. 1. 1. 1.]\n"


def test_rnn_of_lengths_and_of_free_steps():
    lengths = torch.tensor([1, 3])
    add = lambda values, states: (values + states[0], [values + states[0]])  # noqa: E731
    _, outputs, _ = K.rnn(add, torch.ones(2, 3, 1), [torch.zeros(2, 1)], input_length=lengths)
    assert outputs[..., 0].tolist() == [[1.0, 1.0, 1.0], [1.0, 2.0, 3.0]]
    x = keras.Input((None, 1))
    model = keras.Model(x, K.rnn(add, x, [K.zeros_like(x[:, 0])])[1])
    assert model(torch.ones(1, 4, 1)).flatten().tolist() == [1.0, 2.0, 3.0, 4.0]


def test_switch_in_a_graph_and_without_a_common_rank():
    x = keras.Input((2,))
    model = keras.Model(x, K.switch(K.sum(x) > 0, lambda: x, lambda: -x))
    assert model(torch.tensor([[-1.0, -2.0]])).tolist() == [[1.0, 2.0]]


ERRORS = {
    "dot of sizes": (lambda: K.dot(torch.ones(2, 3), torch.ones(2, 3)), "K.dot: axis 1 of x and axis 0 of y"),
    "dot of numbers": (lambda: K.dot(1.0, torch.ones(2)), "K.dot: both must have at least one axis"),
    "batch_dot of ranks": (lambda: K.batch_dot(torch.ones(2), torch.ones(2)), "K.batch_dot: both must have rank 2"),
    "batch_dot of sizes": (
        lambda: K.batch_dot(torch.ones(2, 3), torch.ones(2, 4)),
        r"K.batch_dot: axis 1 of x .* Received: shapes \(2, 3\) and \(2, 4\)",
    ),
    "batch_dot of the batch": (lambda: K.batch_dot(torch.ones(2, 3), torch.ones(2, 3), 0), r"K.expand_dims\(x, 0\)"),
    "batch_dot of axes": (
        lambda: K.batch_dot(torch.ones(2, 3), torch.ones(2, 3), [[1], 1]),
        "K.batch_dot: axes must be an int",
    ),
    "repeat": (lambda: K.repeat(torch.ones(2), 2), r"K.repeat: x must have shape \(samples, features\)"),
    "padding": (lambda: K.spatial_2d_padding(torch.ones(1, 2, 2, 1), ((1, 1),)), "padding must be 2 pairs"),
    "layout": (lambda: K.resize_images(torch.ones(1, 2, 2, 1), 2, 2, "last"), "data_format must be one of"),
    "padding of conv": (
        lambda: K.conv2d(torch.ones(1, 3, 3, 1), torch.ones(2, 2, 1, 1), padding="full"),
        "K.conv2d: padding must be 'valid' or 'same'",
    ),
    "rank of conv": (lambda: K.conv1d(torch.ones(3, 3), torch.ones(2, 1, 1)), "K.conv1d: x must have 3 axes"),
    "shape of conv": (
        lambda: K.conv2d_transpose(torch.ones(1, 3, 3, 1), torch.ones(2, 2, 1, 1), (3, 3)),
        "K.conv2d_transpose: output_shape must have 4 entries",
    ),
    "pooling": (lambda: K.pool2d(torch.ones(1, 3, 3, 1), (2, 2), pool_mode="sum"), "pool_mode must be 'max' or 'avg'"),
    "bias": (lambda: K.bias_add(torch.ones(2, 3, 4), torch.ones(2, 3, 4)), "the bias must have 1 or 2 axes"),
    "steps": (lambda: K.rnn(lambda x, s: (x, s), torch.ones(2, 0, 1), []), "K.rnn: the sequences must have steps"),
    "mask": (
        lambda: K.rnn(lambda x, s: (x, s), torch.ones(2, 3, 1), [], mask=torch.ones(2, 2)),
        "K.rnn: the mask must have a step for each",
    ),
    "entries": (lambda: K.map_fn(lambda x: x, torch.ones(0, 2)), "need at least one entry"),
    "condition": (
        lambda: K.switch(torch.ones(2, 2, 2), torch.ones(2), torch.ones(2)),
        "K.switch: the condition must not have more axes",
    ),
    "beams": (lambda: K.ctc_decode(torch.ones(1, 2, 2), [2], False, 1, 2), "beam_width must be at least top_paths"),
    "gradients": (lambda: K.gradients(torch.ones(1), [torch.ones(1)]), "K.gradients: the loss and the variables"),
    "function": (lambda: K.function([], [], updates=[1]), "K.function: there are no sessions, and no updates"),
    "inputs": (lambda: K.function([x := keras.Input((2,))], [x * 2])([1, 2]), "K.function: expected 1 inputs"),
    "placeholder": (lambda: K.placeholder(), "K.placeholder: give a shape, or ndim"),
    "sparse": (lambda: K.placeholder((2,), sparse=True), "symbolic tensors are dense"),
    "value": (lambda: K.set_value(torch.ones(2), [1, 2, 3]), "K.set_value: the value must have the shape"),
    "phase": (lambda: K.set_learning_phase(2), "expected 0 .* or 1"),
    "ordering": (lambda: K.set_image_dim_ordering("last"), "expected 'tf' or 'th'"),
    "format": (lambda: K.normalize_data_format("last"), "data_format must be 'channels_last' or"),
    "eval": (lambda: K.eval(keras.Input((2,))), r"Write K.function\(\[inputs\], \[x\]\)"),
    "get_value": (lambda: K.get_value(keras.Input((2,))), "K.get_value: a symbolic tensor has no values"),
    "update": (lambda: K.update(torch.ones(2), keras.Input((2,))), "Update variables in the call"),
    "no variable": (lambda: K.update(3, 4), "K.update: expected a variable"),
    "missing": (lambda: K.cumsum(), r"K.cumsum: missing a required argument: 'x'. Its arguments are \(x, axis\)"),
    "unknown": (lambda: K.equal(1, 2, z=3), "K.equal: there is no argument 'z'"),
    "too many": (lambda: K.transpose(torch.ones(1), 1), "takes from 0 to 1 positional arguments but 2 were given"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_say_what_is_wrong(name):
    act, message = ERRORS[name]
    with pytest.raises((TypeError, ValueError), match=message):
        act()


@pytest.mark.parametrize("name", ["get_session", "manual_variable_initialization", "get_graph"])
def test_what_needs_sessions_is_not_here(name):
    with pytest.raises(AttributeError, match="there are no sessions"):
        getattr(K, name)
