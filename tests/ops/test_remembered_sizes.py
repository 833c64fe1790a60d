"""Do tensors that are made of sizes remember them where their values are not known?"""

from __future__ import annotations

import pytest
import torch

import torchkeras_layer as keras
from torchkeras_layer import ops, tf
from torchkeras_layer.ops.size_tuple import remembered


def with_operations(x):
    sizes = ops.shape(x)
    rows, columns = ops.arange(sizes[1])[:, None], ops.arange(sizes[1])
    mask = ops.reshape(ops.cast(rows >= columns, "float32"), [1, sizes[1], sizes[1]])
    return ops.tile(mask, ops.concatenate([ops.expand_dims(sizes[0], -1), ops.convert_to_tensor([1, 1])], 0))


def with_tensorflow(x):
    sizes = tf.shape(x)
    mask = tf.reshape(tf.cast(tf.range(sizes[1])[:, None] >= tf.range(sizes[1]), "float32"), [1, sizes[1], sizes[1]])
    return tf.tile(mask, tf.concat([tf.expand_dims(sizes[0], -1), tf.constant([1, 1], dtype=tf.int32)], 0))


def with_stacked_sizes(x):
    sizes = ops.stack([ops.convert_to_tensor(ops.shape(x)[0]), ops.cast(ops.convert_to_tensor(4), "int64")])
    return ops.broadcast_to(ops.ones((4,)), sizes) * x[:, :1, 0]


FUNCTIONS = [with_operations, with_tensorflow, with_stacked_sizes]


class Applies(keras.Layer):
    def __init__(self, function, **kwargs):
        super().__init__(**kwargs)
        self.function = function

    def call(self, inputs):
        return self.function(inputs)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_free_sizes_in_a_layer(function):
    layer = Applies(function)
    for shape in ((None, 4), (3, 4)):
        inputs = keras.Input(shape)
        outputs = layer(inputs)
        model = keras.Model(inputs, outputs)
        for batch in (2, 5):
            x = torch.rand(batch, 3, 4)
            torch.testing.assert_close(model(x), function(x))
            assert keras.TensorSpec(outputs.shape).is_compatible_with(model(x))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_compiled_and_exported(function):
    layer = Applies(function)
    compiled = torch.compile(layer, fullgraph=True, backend="eager", dynamic=True)
    exported = torch.export.export(layer, (torch.rand(2, 3, 4),), dynamic_shapes=({0: torch.export.Dim.AUTO},)).module()
    for batch in (2, 5):
        x = torch.rand(batch, 3, 4)
        torch.testing.assert_close(compiled(x), function(x))
        torch.testing.assert_close(exported(x), function(x))


def test_tensors_with_values_remember_nothing():
    assert remembered(ops.convert_to_tensor([1, 2])) is None
    assert remembered(True) is None
    assert remembered([1.5]) is None
