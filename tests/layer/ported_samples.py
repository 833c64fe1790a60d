"""Which layers read members of Keras's tensors? They are in a file whose asserts pytest does not rewrite."""

from __future__ import annotations

import numpy as np
import torch

import torchkeras_layer as keras
from torchkeras_layer import backend as K
from torchkeras_layer import ops


def total_of(inputs):
    assert inputs.get_shape().as_list()[-1] == 3
    return inputs.sum()


class Total(keras.Layer):
    """Adds up all inputs in a weight, and adds that to its outputs."""

    def build(self, input_shape):
        self.width = input_shape.as_list()[-1] + input_shape[-1].value
        self.total = self.add_weight(name="total", shape=(), initializer="zeros", trainable=False)
        self.scale = self.add_weight(name="scale", shape=(3,), initializer="ones")

    def call(self, inputs):
        return inputs * self.scale.read_value() + self.total.assign_add(defined_later(inputs))

    @property
    def array(self):
        return self.scale.numpy()


def defined_later(inputs):
    return total_of(inputs)


class Members(keras.Layer):
    """Reads members of tensors, shapes and dtypes."""

    def build(self, input_shape):
        self.w = self.add_weight(name="w", shape=(3,), initializer="ones")

    def call(self, inputs):
        shape = inputs.get_shape()
        assert shape.rank == inputs.shape.rank == shape.ndims == inputs.shape.ndims == 2
        assert inputs.shape.as_list() == shape.as_list()
        assert inputs.shape[1].value == shape[1].value == 3
        assert shape.is_compatible_with([None, 3])
        inputs.set_shape((None, 3))
        assert inputs.dtype.name == "float32"
        assert inputs.dtype.is_floating
        assert inputs.dtype.base_dtype is torch.float32
        assert inputs.dtype.max > 1e38
        assert inputs.dtype.as_numpy_dtype is np.float32
        assert self.w.value is self.w
        before = self.w.value()
        self.w.assign_sub([1.0, 1.0, 1.0])
        return inputs * self.w.assign(self.w.value() + before) + self.own.value

    @property
    def own(self):
        return Own()


class Own:
    """Has members of the same names, which are its own."""

    value = 5
    rank = 2

    def assign(self, value):
        return value + self.value


class Refused(keras.Layer):
    def build(self, input_shape):
        self.w = self.add_weight(name="w", shape=(3,))

    def call(self, inputs):
        return inputs + self.w.assign(inputs)

    def resize(self, inputs):
        inputs.set_shape((4, 3))

    def colour(self, inputs):
        return inputs.get_shape().colour


class Decorated(keras.Layer):
    """Members in all kinds of functions of a class."""

    @keras.Layer.with_name_scope
    def decorated(self, x):
        return x.get_shape().as_list()

    @staticmethod
    def static(x):
        return x.get_shape().as_list()

    @classmethod
    def of_class(cls, x):
        return [size.value for size in [x.get_shape()[0:]][0:]][0].as_list()

    def inner(self, x):
        name = "unused"

        def sizes(tensor=x):
            return (lambda t: t.get_shape().as_list())(tensor) if name else None

        super().extra_repr()
        return sizes()


class Other(keras.Layer):
    """Reads members of an object that has its own."""

    def call(self, inputs):
        own = Own()
        assert own.value == 5
        assert own.rank == 2
        return inputs + own.assign(2)


class Adding(keras.Layer):
    """Changes variables as TensorFlow's code does, where tensors are not changed in place."""

    def call(self, inputs):
        total = inputs
        total += 1.0
        total *= K.ones((2, 1, 1))
        total -= sum_of(inputs)
        sizes = []
        sizes += [1]
        count = 1
        count <<= 2
        assert len(sizes) == 1
        return total * count, inputs


def sum_of(inputs):
    inputs /= 2.0
    return ops.sum(inputs, axis=-1, keepdims=True)


class AddingInPlace(keras.Layer):
    """Code of torch, whose changes stay in place."""

    def call(self, inputs):
        inputs = inputs + 0
        outputs = inputs
        outputs += torch.ones(3)
        return outputs, inputs


def _wrapped(function):
    class Decorated:
        """A decorator that is an object, as that of TensorFlow's functions."""

        def __init__(self):
            self.__wrapped__ = function

        def __get__(self, layer, owner=None):
            return lambda *args: function(layer, *args)

    return Decorated()


class DecoratedByAnObject(keras.Layer):
    """Reads a member in a method that an object stands for."""

    @_wrapped
    def sizes(self, x):
        return x.get_shape().as_list()


class Masked(keras.Layer):
    """Computes with arrays of numpy, as with tensors."""

    def build(self, input_shape):
        self.kernel = self.add_weight(name="kernel", shape=(3,), initializer="ones")
        self.mask = np.array([1.0, 0.0, 1.0])

    def call(self, inputs):
        assert np.ones(2) * 2 is not None
        assert [-1] + inputs.shape[1:] == [-1, 3] == inputs.shape[:0] + [-1, 3]
        assert [1] + [2] == [1, 2]
        kernel = self.kernel.read_value() * self.mask
        return self.mask * inputs + kernel - np.array([1, 1, 1]) ** 2
