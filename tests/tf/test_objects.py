"""Do tapes, checks and Python functions of `tf` work in layers, in graphs and compiled, and say what is wrong?"""

from __future__ import annotations

import ast
import gc
import logging
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

import torchkeras_layer as keras
from tests.tf.write_goldens import ALL
from torchkeras_layer import tf
from torchkeras_layer.tf import _modules

X = torch.linspace(-1.0, 1.0, 12).reshape(3, 4)


class Slope(keras.layers.Layer):
    """Gives the gradient of a norm of its inputs, scaled by a weight."""

    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],), initializer="ones")

    def call(self, x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(self.scale * x**3)
        return tape.gradient(y, x)


def test_a_layer_takes_gradients_which_have_gradients():
    x, layer = X.clone(), Slope()
    found = layer(x)
    torch.testing.assert_close(found, 3 * X**2)
    assert not x.requires_grad
    found.sum().backward()
    torch.testing.assert_close(layer.scale.grad, (3 * X**2).sum(0))
    with torch.no_grad():
        torch.testing.assert_close(layer(x), 3 * X**2)
    inputs = keras.Input((4,))
    torch.testing.assert_close(keras.Model(inputs, layer(inputs))(X), 3 * X**2)


# What torch.compile itself warns of.
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")
def test_compiled_code_takes_gradients_outside_of_its_graphs():
    torch.testing.assert_close(torch.compile(Slope(), backend="eager")(X.clone()), 3 * X**2)


def test_a_tape_leaves_tensors_as_they_were():
    x = X.clone()
    with tf.GradientTape(persistent=True) as tape:
        tape.watch({"x": x, "number": torch.arange(3)})
        y = x * 2
    assert tape.gradient(y, x) is not None
    assert tape.watched_variables() == (x,)
    del tape
    gc.collect()
    assert not x.requires_grad
    assert torch.is_grad_enabled()
    with torch.no_grad(), tf.GradientTape() as tape:
        assert torch.is_grad_enabled()
        tape.reset()
    assert torch.is_grad_enabled()


def test_a_tape_that_is_used_twice_says_so():
    x = torch.ones(2, requires_grad=True)
    with tf.GradientTape() as tape:
        y = x * 2
    tape.gradient(y, x)
    with pytest.raises(RuntimeError, match="Pass persistent=True"):
        tape.gradient(y, x)


def test_a_tape_in_inference_mode_says_so():
    with torch.inference_mode(), pytest.raises(RuntimeError, match=r"Use torch\.no_grad\(\) in its place"):
        Slope()(X)
    assert not tf.GradientTape().watched_variables()


@pytest.mark.parametrize(
    ("run", "error", "message"),
    [
        (lambda: tf.GradientTape().watch(keras.Input((2,))), TypeError, r"gradient in the call\(\) of a layer"),
        (lambda: tf.gradients(X * 2, [X]), ValueError, r"xs\[0\], a tensor of shape \(3, 4\), was not recorded"),
        (lambda: tf.case([(False, lambda: 1)]), ValueError, "no condition is true"),
        (lambda: tf.TensorArray("float32", size=1).read(0), ValueError, "nothing was written at the index 0"),
        (lambda: tf.device("/TPU:0").__enter__(), ValueError, "expected a name such as '/CPU:0'"),
        (lambda: tf.Module()(1), NotImplementedError, "Module defines no __call__"),
        (lambda: tf.Graph().as_default(), TypeError, r"tf\.Graph: There are no graphs"),
        (lambda: tf.Operation.name, AttributeError, "There are no operations of TensorFlow"),
        (lambda: tf.IndexedSlices(1, 2), TypeError, "gradients are dense"),
        (lambda: tf.nest.pack_sequence_as([1], [1, 2]), ValueError, "has 1 leaves. Received: 2 values"),
    ],
)  # fmt: skip
def test_a_wrong_use_says_so(run, error, message):
    with pytest.raises(error, match=message):
        run()


def test_a_gradient_of_ones_own_has_to_take_the_weights():
    weight = torch.nn.Parameter(torch.ones(4))
    scaled = tf.custom_gradient(lambda x: (x * weight, lambda upstream: upstream))
    with pytest.raises(TypeError, match=r"def grad\(upstream, variables=None\)"):
        scaled(X)


@pytest.mark.filterwarnings("ignore:.*should not be instantiated")
def test_a_gradient_of_ones_own_in_graphs_and_compiled():
    @tf.custom_gradient
    def halved(x):
        return x * 1.0, lambda upstream: upstream / 2

    inputs = keras.Input((4,))
    model = keras.Model(inputs, halved(inputs))
    for run in (model, torch.compile(halved, fullgraph=True, backend="eager")):
        x = X.clone().requires_grad_()
        run(x).sum().backward()
        torch.testing.assert_close(x.grad, torch.full_like(X, 0.5))


def test_loops_have_gradients():
    x = X.clone().requires_grad_()
    total = tf.foldl(lambda state, row: state * 2.0 + row, x)
    mapped = tf.map_fn(lambda row: row * row, x)
    (tf.reduce_sum(total) + tf.reduce_sum(mapped)).backward()
    torch.testing.assert_close(x.grad, torch.tensor([[4.0], [2.0], [1.0]]) + 2 * X)


def test_checks_in_graphs_and_compiled():
    def checked(x):
        tf.debugging.assert_rank(x, 2)
        tf.debugging.assert_equal(tf.shape(x)[1], 4)
        tf.debugging.assert_less(x, 10.0, message="too large")
        tf.debugging.assert_positive(tf.abs(x) + 1.0)
        return tf.debugging.assert_all_finite(x, "not finite") * 2.0

    inputs = keras.Input((4,))
    torch.testing.assert_close(keras.Model(inputs, checked(inputs))(X), X * 2)
    with pytest.raises(ValueError, match="expected rank 3"):
        tf.debugging.assert_rank(inputs, 3)
    compiled = torch.compile(checked, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(X), X * 2)
    with pytest.raises(RuntimeError, match=r"a check of tf\.debugging failed"):
        compiled(X + 100)


def test_gradients_that_are_not_numbers_can_be_looked_for():
    tf.debugging.enable_check_numerics()
    try:
        assert torch.is_anomaly_enabled()
    finally:
        tf.debugging.disable_check_numerics()
    assert not torch.is_anomaly_enabled()


def test_python_functions_run_in_graphs():
    inputs = keras.Input((4,))
    of_tensors = tf.py_function(lambda x: x * 2.0, [inputs], tf.float32)
    of_arrays = tf.numpy_function(np.square, [inputs], tf.float32)
    found = keras.Model(inputs, [of_tensors, of_arrays])(X)
    torch.testing.assert_close(found[0], X * 2)
    torch.testing.assert_close(found[1], X**2)
    assert tf.py_function(print, [], []) is None


def test_values_are_printed(capsys):
    tf.print("loss:", torch.tensor(1.5), {"a": 2}, sep="|", end="!\n")
    tf.print(torch.arange(2000), summarize=2, output_stream=sys.stdout)
    tf.print(torch.arange(1001), summarize=-1, output_stream=sys.stdout)
    printed = capsys.readouterr()
    assert printed.err == "loss:|1.5|{'a': 2}!\n"
    assert printed.out.startswith("[   0    1 ... 1998 1999]\n")
    assert " 500 " in printed.out


def test_what_is_known_of_symbolic_tensors():
    inputs = keras.Input((4,))
    assert tf.get_static_value(inputs) is None
    assert tf.get_static_value(tf.shape(X)[1]) == 4
    assert tf.rank(inputs) == 2
    assert tf.is_symbolic_tensor(inputs)
    assert tf.is_tensor(inputs)
    for kind in (tf.Tensor, tf.types.experimental.Tensor, tf.types.experimental.TensorLike):
        assert isinstance(inputs, kind)
    assert isinstance(X, tf.experimental.types.TensorLike)
    assert tf.rank(inputs[..., tf.newaxis]) == 3


def test_small_things():
    assert abs(tf.timestamp() - time.time()) < 60
    assert tf.get_logger() is logging.getLogger("torchkeras_layer")
    assert tf.compat.v1.Dimension(3) == 3
    assert tf.VariableAggregation.MEAN is not None
    assert tf.VariableSynchronization.ON_READ is not None
    with tf.device("/device:CPU:0"):
        assert tf.zeros([1]).device.type == "cpu"

    @tf.name_scope("decorated")
    def run():
        return 1

    assert run() == 1


def _names_in_tests():
    """Return all names of `tf` that the tests read, and those of the cases."""
    found = {name for name, _ in ALL}
    for file in Path(__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and ast.unparse(node).startswith("tf."):
                found.add(ast.unparse(node).removeprefix("tf."))
    return found


def test_every_object_is_tried():
    tried = _names_in_tests()
    # Exceptions are tried by the name of the error, all in one case.
    tried |= {f"errors.{name}" for name in _modules.names_in("errors")}
    assert {full for full in _modules._objects() if full not in tried} == set()
