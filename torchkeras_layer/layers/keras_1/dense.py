"""How do the dense layers of Keras 1 compute that Keras has no more: a gate around one, the largest of several?"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras_layer import activations, constraints, initializers, regularizers
from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import filled_sizes, positive_int, resolved
from torchkeras_layer.layers.built_in_layer import BuiltInLayer, add_parameter, is_torchs_to_cast, weight_of
from torchkeras_layer.symbolic import InputSpec


class _WithKernel(BuiltInLayer):
    """What both layers have: a kernel and a bias, for inputs of rank 2."""

    def __init__(
        self,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = resolved(self, "kernel_initializer", kernel_initializer, initializers.get)
        self.bias_initializer = resolved(self, "bias_initializer", bias_initializer, initializers.get)
        self.kernel_regularizer = resolved(self, "kernel_regularizer", kernel_regularizer, regularizers.get)
        self.bias_regularizer = resolved(self, "bias_regularizer", bias_regularizer, regularizers.get)
        self.kernel_constraint = resolved(self, "kernel_constraint", kernel_constraint, constraints.get)
        self.bias_constraint = resolved(self, "bias_constraint", bias_constraint, constraints.get)
        self.input_spec = InputSpec(ndim=2)


def _cast(inputs: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    is_other = inputs.dtype is not kernel.dtype and not is_torchs_to_cast(inputs)
    return inputs.to(kernel.dtype) if is_other else inputs


@catalog.register()
class MaxoutDense(_WithKernel):
    """The largest of several dense layers, for each unit: `max(inputs @ kernel[i] + bias[i])` over `i`.

    Shapes: (batch, in) -> (batch, units), with `kernel` (nb_feature, in, units) and `bias` (nb_feature, units).

    Args:
        units: size of the last axis of the output.
        nb_feature: how many dense layers there are.
        use_bias: whether there is a `bias`.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint:
            identifiers or callables.
        activity_regularizer: on the output.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `units` or `nb_feature` is not a positive int, an identifier is unknown, or the last axis of the
            inputs has no known size.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.MaxoutDense(1, nb_feature=2)
    >>> _ = layer(torch.ones(1, 2)); layer.set_weights([[[[1.0], [2.0]], [[-1.0], [-2.0]]], [[0.0], [1.0]]])
    >>> layer(torch.tensor([[1.0, 1.0], [-1.0, -1.0]])).detach()
    tensor([[3.],
            [4.]])
    """

    def __init__(
        self,
        units: int,
        nb_feature: int = 4,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint,
            bias_constraint, activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip
        self.units = positive_int(self, "units", units)
        self.nb_feature = positive_int(self, "nb_feature", nb_feature)

    def build(self, input_shape: Shape) -> None:
        """Create `kernel` and `bias`."""
        (size,) = filled_sizes(self, input_shape, [-1])
        self.kernel = add_parameter(self, "kernel", (self.nb_feature, size, self.units))
        self.bias = add_parameter(self, "bias", (self.nb_feature, self.units)) if self.use_bias else None
        self.input_spec = InputSpec(ndim=2, axes={-1: size})

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the largest result for each unit."""
        kernel = weight_of(self, "kernel")
        results = torch.matmul(_cast(inputs, kernel), kernel)
        if self.use_bias:
            results = results + weight_of(self, "bias").unsqueeze(1)
        return results.amax(0)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return (batch, units)."""
        return (*input_shape[:-1], self.units)


@catalog.register()
class Highway(_WithKernel):
    """A dense layer with a gate: `gate * activation(inputs @ kernel + bias) + (1 - gate) * inputs`.

    The gate is `sigmoid(inputs @ carry_kernel + carry_bias)`. Shapes: (batch, in) -> the same; the kernels are
    (in, in), the biases (in,).

    Args:
        activation: name, function or layer; default none.
        use_bias: whether there are a `bias` and a `carry_bias`.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint:
            identifiers or callables; the kernel's initializer is that of both kernels.
        carry_bias_initializer: identifier or callable.
        activity_regularizer: on the output.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an identifier is unknown, or the last axis of the inputs has no known size.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.Highway(kernel_initializer="zeros", carry_bias_initializer="zeros")
    >>> layer(torch.tensor([[1.0, -2.0]])).detach()
    tensor([[ 0.5000, -1.0000]])
    """

    def __init__(
        self,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        carry_bias_initializer: Any = "ones",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            use_bias, kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint,
            bias_constraint, activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip
        self.activation = resolved(self, "activation", activation, activations.get)
        self.carry_bias_initializer = resolved(self, "carry_bias_initializer", carry_bias_initializer, initializers.get)

    def build(self, input_shape: Shape) -> None:
        """Create the kernels and biases, in the order of Keras 1.2."""
        (size,) = filled_sizes(self, input_shape, [-1])
        self.kernel = add_parameter(self, "kernel", (size, size))
        self.carry_kernel = self.add_weight("carry_kernel", (size, size), initializer=self.kernel_initializer)
        self.bias = self.carry_bias = None
        if self.use_bias:
            self.bias = add_parameter(self, "bias", (size,))
            self.carry_bias = self.add_weight("carry_bias", (size,), initializer=self.carry_bias_initializer)
        self.input_spec = InputSpec(ndim=2, axes={-1: size})

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the gated results."""
        kernel, carry_kernel = weight_of(self, "kernel"), weight_of(self, "carry_kernel")
        inputs = _cast(inputs, kernel)
        bias, carry_bias = (weight_of(self, "bias"), weight_of(self, "carry_bias")) if self.use_bias else (None, None)
        gate = torch.sigmoid(F.linear(inputs, carry_kernel.t(), carry_bias))
        return torch.lerp(inputs, self.activation(F.linear(inputs, kernel.t(), bias)).to(gate.dtype), gate)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs."""
        return tuple(input_shape)
