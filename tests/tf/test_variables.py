"""Has `tf.Variable` the arguments of TensorFlow's, and are files of its source imported?"""

from __future__ import annotations

import pytest
import torch

import torchkeras_layer as keras
from torchkeras_layer import tf


def test_its_arguments_are_tensorflow_s():
    assert tf.Variable(initial_value=[1.0, 2.0]).requires_grad
    assert not tf.Variable([1.0, 2.0], False).requires_grad
    assert tf.Variable(lambda: 3.0, name="a/b").item() == 3
    assert tf.Variable(0, trainable=True, dtype=tf.int64).dtype is torch.int64
    layer = keras.Layer()
    layer.scale = tf.Variable(
        1.0, constraint=keras.constraints.NonNeg(), synchronization=tf.VariableSynchronization.AUTO
    )
    assert isinstance(layer.scale, tf.Variable)
    assert isinstance(keras.Variable(1.0), tf.Variable)
    assert type(layer.weight_specs["scale"].constraint).__name__ == "NonNeg"
    with pytest.raises(ValueError, match=r"^Variable 'x': the value must have the given shape"):
        tf.Variable([1.0], name="x", shape=(2,))


def test_files_of_the_source_give_what_is_here():
    assert tf.python.ops.init_ops.glorot_normal_initializer is keras.initializers.GlorotNormal
    assert tf.python.layers.utils.conv_output_length is keras.utils.conv_output_length
    assert "sparse" in repr(tf.python.ops.linalg.sparse.sparse_csr_matrix_ops)
    found = tf.python.ops.lookup_ops.TextFileInitializer
    with pytest.raises(AttributeError, match="TextFileInitializer"):
        found("vocabulary.txt")
