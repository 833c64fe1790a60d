"""Dense."""

from __future__ import annotations
from typing import Any
import torch
from torchkeras_layer import activations, constraints, initializers, regularizers
from torchkeras_layer.layer import Layer
from torchkeras_layer.symbolic import InputSpec


class Dense(Layer):
    def __init__(
        self,
        units,
        activation=None,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        bias_initializer="zeros",
        kernel_regularizer=None,
        kernel_constraint=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.units = units
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.supports_masking = True

    def build(self, input_shape):
        self.kernel = self.add_weight(
            "kernel",
            (input_shape[-1], self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = self.add_weight("bias", (self.units,), initializer=self.bias_initializer)
        self.input_spec = InputSpec(min_ndim=2, axes={-1: input_shape[-1]})

    def call(self, inputs):
        if inputs.dim() == 2:
            outputs = torch.addmm(self.bias, inputs, self.kernel)
        else:
            outputs = inputs @ self.kernel + self.bias
        return self.activation(outputs)
