"""Can `tf` be imported in place of TensorFlow, and what does a name say that is not there?"""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest
import torch

import torchkeras_layer as keras
from torchkeras_layer import tf
from torchkeras_layer._placeholders import Placeholder
from torchkeras_layer.tf._modules import names_in

IMPORTS = [
    "from torchkeras_layer import tf",
    "import torchkeras_layer.tf as tf",
    "from torchkeras_layer.tf import keras",
    "from torchkeras_layer.tf.keras import layers, backend as K",
    "from torchkeras_layer.tf.keras.layers import Dense, Layer",
    "import torchkeras_layer.tf.keras.layers as layers",
    "import torchkeras_layer.tf.compat.v1 as tf",
    "from torchkeras_layer.tf.compat.v1.nn import softmax_cross_entropy_with_logits_v2",
    "from torchkeras_layer.tf.compat.v1 import keras",
    "from torchkeras_layer.tf.python.ops import math_ops, array_ops, nn_ops, init_ops_v2",
    "from torchkeras_layer.tf.python.ops.math_ops import reduce_sum, cast",
    "import torchkeras_layer.tf.python.ops.nn_ops as nn",
    "from torchkeras_layer.tf.python.framework import dtypes, ops, tensor_shape",
    "from torchkeras_layer.tf.python.framework.tensor_shape import TensorShape",
    "from torchkeras_layer.tf.python.keras.layers import InputSpec",
    "from torchkeras_layer.tf.python.ops.init_ops_v2 import Zeros, glorot_normal, TruncatedNormal",
    "from torchkeras_layer.tf.math import reduce_mean",
    "from torchkeras_layer.tf.nest import flatten",
    "from torchkeras_layer.tf import Tensor, TensorShape, Variable, data, io, newaxis",
    "from torchkeras_layer.tf.initializers import GlorotUniform",
    "from torchkeras_layer.tf.python.ops.linalg.sparse import sparse_csr_matrix_ops",
    "import torchkeras_layer.tf.python.ops.ragged.ragged_tensor as ragged",
    "from torchkeras_layer.tf.core.framework.graph_pb2 import GraphDef",
    "from torchkeras_layer.tf.python.feature_column.feature_column_v2 import InputLayer",
    "from torchkeras_layer.tf.compiler.tf2xla.python import xla",
]


@pytest.mark.parametrize("line", IMPORTS)
def test_imports_work(line):
    found = {}
    exec(line, found)
    assert set(found) > {"__builtins__"}


def test_any_file_of_the_source_can_be_imported_and_says_what_it_is_when_it_is_used():
    from torchkeras_layer.tf.python.ops.linalg.sparse import sparse as files

    for found in (files.CSRSparseMatrix, tf.python.ops.linalg.nosuch.CSRSparseMatrix, tf.python.nosuch.file.name):
        with pytest.raises(AttributeError, match=r"module 'torchkeras_layer\.tf\.python.*functions of torch"):
            found([1.0])
    assert tf.python.ops.linalg.matmul is not tf.python.ops.linalg.sparse
    assert not hasattr(tf, "contrib")


def test_modules_of_keras_are_those_of_this_library():
    assert tf.keras is keras
    assert tf.keras.__spec__.name == "torchkeras_layer"
    assert importlib.import_module("torchkeras_layer.tf.keras.layers") is keras.layers
    assert tf.initializers is keras.initializers
    assert importlib.import_module("torchkeras_layer.tf.python.ops.math_ops").reduce_sum is tf.reduce_sum


MISSING = {
    "tf.reduce_sums": "Did you mean 'reduce_sum'?",
    "tf.linalg.ldl_factor": "Use torch.linalg.ldl_factor.",
    "tf.data.Dataset": "Load data with torch.utils.data.",
    "tf.io.gfile": "Read and write files",
    "tf.compat.v1.Session": "There are no graphs and sessions",
    "tf.compat.v1.get_variable": "layer.add_weight",
    "tf.strings.split": "no tensors of strings",
    "tf.train.Checkpoint": "torch.save",
    "tf.math.foo": "functions of torch",
    "tf.RaggedTensor.from_row_lengths": "pad the rows",
    "tf.nosuch": "functions of torch",
}


@pytest.mark.parametrize(("name", "advice"), MISSING.items())
def test_a_missing_name_says_what_to_write(name, advice):
    with pytest.raises(AttributeError, match=f".*{advice}"):
        eval(name)


def test_a_missing_name_may_be_imported_and_not_used():
    from torchkeras_layer.tf import data

    with pytest.raises(AttributeError, match=r"torch\.utils\.data"):
        data.Dataset.from_tensors(1)
    assert not hasattr(tf, "data")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tf.reduce_sum(), r"tf\.reduce_sum: missing a required argument: 'input_tensor'"),
        (lambda: tf.reduce_sum(1, axes=0), r"tf\.reduce_sum: there is no argument 'axes'"),
        (lambda: tf.Tensor(3), "not callable"),
        (lambda: tf.SparseTensor([[0]], [1], [1]), r"tf\.SparseTensor: .*dense"),
    ],
)
def test_a_wrong_call_says_so(call, message):
    with pytest.raises(TypeError, match=message):
        call()


@pytest.mark.parametrize(
    "path", ["", "math", "nn", "linalg", "image", "random", "signal", "debugging", "nest", "errors"]
)
def test_all_listed_names_are_there(path):
    module = importlib.import_module(f"torchkeras_layer.tf.{path}".rstrip("."))
    assert names_in(path)
    for name in names_in(path):
        assert hasattr(module, name) or name in ("losses", "optimizers"), name
    assert set(names_in(path)) <= set(dir(module))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda one: one.mean_squared_error([1.0], [[1.0]]), r"same shape\. Received: .* \(1,\), .* \(1, 1\)"),
        (
            lambda one: one.mean_squared_error([[1.0, 2.0]], [[1.0, 2.0]], [1.0, 2.0]),
            r"weights of shape \(2,\), losses",
        ),
        (
            lambda one: one.mean_squared_error([1.0, 2.0], [1.0, 2.0], [1.0, 2.0, 3.0]),
            r"weights of shape \(3,\), losses",
        ),
        (lambda one: one.compute_weighted_loss([1.0], reduction="mean"), r"reduction must be one of .*'mean'"),
    ],
)
def test_losses_of_tensorflow_1_say_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=f"tf.losses: .*{message}"):
        call(tf.compat.v1.losses)


def test_losses_of_tensorflow_2_are_keras_and_those_of_1_are_not():
    assert tf.losses is tf.keras.losses
    assert tf.compat.v1.losses is not tf.losses
    with pytest.raises(AttributeError, match=r"import it from torchkeras_layer\.tf\.compat\.v1\.losses"):
        _ = tf.losses.softmax_cross_entropy
    with pytest.raises(AttributeError, match="collect_losses"):
        _ = tf.compat.v1.losses.get_total_loss


def test_functions_are_followed_by_compile_and_are_nodes_of_graphs():
    @tf.function
    def compute(x):
        flat = tf.reshape(x, [tf.shape(x)[0], -1])
        return tf.nn.relu(flat) * tf.cast(tf.shape(x)[1], tf.float32) + (1.0 if isinstance(x, tf.Tensor) else 0.0)

    x = torch.randn(2, 3, 4)
    compiled = torch.compile(compute, fullgraph=True, dynamic=True, backend="eager")
    torch.testing.assert_close(compiled(x), torch.relu(x.reshape(2, 12)) * 3 + 1)
    inputs = keras.Input((None, 4))
    torch.testing.assert_close(keras.Model(inputs, compute(inputs))(x), compute(x))


def test_it_is_imported_when_it_is_named():
    code = "import sys, torchkeras_layer; print(any(m.startswith('torchkeras_layer.tf') for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_a_constant_among_the_arguments_is_known_where_tensors_have_no_data():
    class Padded(keras.layers.Layer):
        def call(self, inputs):
            return tf.pad(inputs, tf.constant([[0, 0], [1, 2], [0, 0]]), mode="SYMMETRIC")

    inputs = torch.randn(2, 4, 3)
    assert Padded()(keras.Input((4, 3))).shape == (None, 7, 3)
    compiled = torch.compile(Padded(), backend="eager", fullgraph=True)
    assert torch.equal(compiled(inputs), Padded()(inputs))


def test_arguments_that_say_what_is_computed():
    assert tf.math.top_k([3.0, 1.0], k=1).values.tolist() == [3.0]
    assert tf.math.top_k([3.0, 1.0], k=1, index_type=tf.int64)[1].dtype is torch.int64
    assert tf.linspace([0.0, 1.0], [1.0, 2.0], 3, axis=-1).shape == (2, 3)
    assert tf.transpose(torch.tensor([[1j]]), conjugate=True).resolve_conj().item() == -1j
    with pytest.raises(ValueError, match=r"ensure_shape: expected a tensor of shape \(3,\). Received: shape=\(2,\)"):
        tf.ensure_shape(torch.ones(2), [3])
    wanted = torch.nn.functional.binary_cross_entropy_with_logits(
        torch.tensor([0.5]), torch.tensor([1.0]), pos_weight=torch.tensor(2.0)
    )
    assert torch.allclose(tf.nn.weighted_cross_entropy_with_logits([1.0], [0.5], pos_weight=2.0), wanted)


@pytest.mark.parametrize(
    "full", ["concat", "math.sqrt", "nn.relu", "linalg.svd", "image.resize", "signal.stft", "compat.v1.where_v2"]
)
def test_all_names_of_a_module_are_imported_by_a_star(full):
    path, _, name = full.rpartition(".")
    found: dict = {}
    exec(f"from torchkeras_layer.tf{'.' if path else ''}{path} import *", found)
    del found["__builtins__"]
    assert callable(found[name])
    assert sorted(found) == names_in(path)
    assert not [name for name, value in found.items() if isinstance(value, Placeholder)]


def test_decorators_of_tensorflows_source_change_nothing():
    module = importlib.import_module("torchkeras_layer.tf.python.util.deprecation")

    @module.deprecated("2019-07-16", "Use another.")
    def double(x):
        return 2 * x

    assert double(3) == 6
