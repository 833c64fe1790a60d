"""How does a layer multiply its inputs by a matrix of weights?"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras_layer import activations, constraints, initializers, regularizers
from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import known_sizes, positive_int, resolved
from torchkeras_layer.layers.built_in_layer import BuiltInLayer, add_parameter, is_torchs_to_cast, weight_of
from torchkeras_layer.symbolic import InputSpec


@catalog.register()
class Dense(BuiltInLayer):
    """`activation(inputs @ kernel + bias)`.

    Shapes: (batch, …, in) -> (batch, …, units), with `kernel` (in, units) and `bias` (units,). Int inputs are cast.

    Args:
        units: size of the last axis of the output.
        activation: name, function or layer; default none.
        use_bias: whether there is a `bias`.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint:
            identifiers or callables.
        activity_regularizer: on the output after the activation.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `units` is not a positive int, an identifier is unknown, `lora_rank`, `lora_alpha` or
            `quantization_config` is given, or the last axis of the inputs has no known size.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.Dense(2, activation="relu", kernel_initializer="ones")
    >>> layer(torch.tensor([[1.0, 2.0], [-3.0, 1.0]]))
    tensor([[3., 3.],
            [0., 0.]], grad_fn=<ReluBackward0>)
    """

    _torchkeras_unsupported = {"lora_rank": None, "lora_alpha": None, "quantization_config": None}

    def __init__(
        self,
        units: int,
        activation: Any = None,
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
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.units = positive_int(self, "units", units)
        self.activation = resolved(self, "activation", activation, activations.get)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = resolved(self, "kernel_initializer", kernel_initializer, initializers.get)
        self.bias_initializer = resolved(self, "bias_initializer", bias_initializer, initializers.get)
        self.kernel_regularizer = resolved(self, "kernel_regularizer", kernel_regularizer, regularizers.get)
        self.bias_regularizer = resolved(self, "bias_regularizer", bias_regularizer, regularizers.get)
        self.kernel_constraint = resolved(self, "kernel_constraint", kernel_constraint, constraints.get)
        self.bias_constraint = resolved(self, "bias_constraint", bias_constraint, constraints.get)
        self.input_spec = InputSpec(min_ndim=2)
        self.supports_masking = True

    def build(self, input_shape: Shape) -> None:
        """Create `kernel` and `bias`."""
        (size,) = known_sizes(self, input_shape, [-1])
        self.kernel = add_parameter(self, "kernel", (size, self.units))
        self.bias = add_parameter(self, "bias", (self.units,)) if self.use_bias else None
        self.input_spec = InputSpec(min_ndim=2, axes={-1: size})

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return `activation(inputs @ kernel + bias)`."""
        kernel = weight_of(self, "kernel")
        if inputs.dtype is not kernel.dtype and not is_torchs_to_cast(inputs):
            inputs = inputs.to(kernel.dtype)
        if self.use_bias and inputs.dim() == 2:
            outputs = torch.addmm(weight_of(self, "bias"), inputs, kernel)
        else:
            outputs = F.linear(inputs, kernel.t(), weight_of(self, "bias") if self.use_bias else None)
        return outputs if self.activation is activations.linear else self.activation(outputs)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs with `units` for the last axis."""
        return (*input_shape[:-1], self.units)
