"""How does a layer multiply its inputs by a tensor of weights, along the axes that an equation names?"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import Any

import torch

from torchkeras_layer import activations, constraints, initializers, regularizers
from torchkeras_layer._shapes import Shape, as_shape
from torchkeras_layer.initializers import VarianceScaling
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import resolved, sizes_in
from torchkeras_layer.layers.built_in_layer import BuiltInLayer, add_parameter, is_torchs_to_cast, weight_of
from torchkeras_layer.layers.core.einsum_dense_equation import read_equation
from torchkeras_layer.symbolic import InputSpec


@catalog.register()
class EinsumDense(BuiltInLayer):
    """`activation(einsum(equation, inputs, kernel) + bias)`.

    Shapes: as the equation says, such as `abc,cd->abd` for (batch, steps, in) -> (batch, steps, out). Where the
    equation is one product of matrices, that is what is computed, on views of inputs and kernel. Int inputs are cast.

    Args:
        equation: a letter for each axis of the inputs, of the kernel and of the output; `...` may stand for further
            axes of inputs and output, before or after the letters.
        output_shape: sizes of the output without the batch and without what `...` stands for, an int or several.
            `None` for those that the inputs have.
        activation: name, function or layer; default none.
        bias_axes: letters of the axes of the output that `bias` has; default no bias.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint:
            identifiers or callables.
        activity_regularizer: on the output after the activation.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if the equation has not that form, the shapes contradict it, a size that the weights have is not
            known, an identifier is unknown, or `lora_rank`, `lora_alpha`, `gptq_unpacked_column_size` or
            `quantization_config` is given.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.EinsumDense("abc,cde->abde", (None, 2, 3), bias_axes="de")
    >>> layer(torch.ones(5, 7, 4)).shape, layer.kernel.shape, layer.bias.shape
    (torch.Size([5, 7, 2, 3]), torch.Size([4, 2, 3]), torch.Size([2, 3]))
    """

    _torchkeras_unsupported = {
        "lora_rank": None,
        "lora_alpha": None,
        "gptq_unpacked_column_size": None,
        "quantization_config": None,
    }

    def __init__(
        self,
        equation: str,
        output_shape: int | Sequence[int | None],
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        *,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        activity_regularizer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.equation = equation
        self._read = resolved(self, f"equation {equation!r}", equation, read_equation)
        self._output_shape = self._read_output_shape(output_shape)
        self.activation = resolved(self, "activation", activation, activations.get)
        self.bias_axes = None if bias_axes is None else self._read_bias_axes(bias_axes)
        self.kernel_initializer = resolved(self, "kernel_initializer", kernel_initializer, initializers.get)
        self.bias_initializer = resolved(self, "bias_initializer", bias_initializer, initializers.get)
        self.kernel_regularizer = resolved(self, "kernel_regularizer", kernel_regularizer, regularizers.get)
        self.bias_regularizer = resolved(self, "bias_regularizer", bias_regularizer, regularizers.get)
        self.kernel_constraint = resolved(self, "kernel_constraint", kernel_constraint, constraints.get)
        self.bias_constraint = resolved(self, "bias_constraint", bias_constraint, constraints.get)
        # What the call does, known after the build: how many axes of the inputs one product of matrices sums over (0:
        # it is none), the shape of the kernel as a matrix, whether that is the other way round, the sizes made by it,
        # and whether the bias goes into the product.
        self._summed_axes, self._matrix_shape, self._is_transposed = 0, (0, 0), False
        self._made_sizes: tuple[int, ...] = ()
        self._adds_bias_within = False

    def build(self, input_shape: Shape) -> None:
        """Create `kernel` and `bias`."""
        shape = as_shape(input_shape)
        sizes = self._sizes(shape)
        try:
            kernel_shape = self._read.kernel_shape(sizes)
            bias_shape = () if self.bias_axes is None else self._read.bias_shape(sizes, self.bias_axes, len(shape))
        except ValueError as error:
            raise ValueError(self._misfit(shape, error)) from error
        self.kernel = self.add_weight(
            "kernel",
            kernel_shape,
            initializer=self._scaled_by_fans(),
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None if self.bias_axes is None else add_parameter(self, "bias", bias_shape)
        axes = self._read.input_axes(len(shape))
        known = {axis: sizes[letter] for letter, axis in axes.items() if letter in self._read.kernel}
        self.input_spec = InputSpec(ndim=len(shape), axes=known)
        self._plan(kernel_shape)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return what the equation says, plus `bias`, activated."""
        kernel = weight_of(self, "kernel")
        if inputs.dtype is not kernel.dtype and not is_torchs_to_cast(inputs):
            inputs = inputs.to(kernel.dtype)
        bias = None if self.bias_axes is None else weight_of(self, "bias")
        if self._summed_axes:
            outputs = self._multiply(inputs, kernel, bias if self._adds_bias_within else None)
        else:
            outputs = torch.einsum(self.equation, inputs, kernel)
        if bias is not None and not self._adds_bias_within:
            # Within torch.autocast the product is in another dtype than the bias.
            outputs = outputs + bias.to(outputs.dtype)
        return outputs if self.activation is activations.linear else self.activation(outputs)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the output.

        Raises:
            ValueError: if the inputs do not fit the equation.
        """
        shape = as_shape(input_shape)
        return self._read.output_shape(self._sizes(shape), shape)

    def _multiply(self, inputs: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
        """Return the product of matrices: all that is given to it are views, so nothing is copied."""
        if bias is not None and inputs.dim() == kernel.dim() == 2 and not self._is_transposed:
            return torch.addmm(bias, inputs, kernel)
        summed = self._summed_axes
        rows = inputs.flatten(0, -1 - summed)
        if summed > 1:
            rows = rows.flatten(1)
        matrix = kernel if kernel.dim() == 2 else kernel.reshape(self._matrix_shape)
        if self._is_transposed:
            matrix = matrix.t()
        outputs = torch.mm(rows, matrix) if bias is None else torch.addmm(bias.flatten(), rows, matrix)
        return outputs.view(*inputs.shape[:-summed], *self._made_sizes)

    def _plan(self, kernel_shape: tuple[int, ...]) -> None:
        product = self._read.contracted()
        if product is None:
            return
        summed, made = product
        self._is_transposed = not self._read.kernel.startswith(summed)
        rows = len(made) if self._is_transposed else len(summed)
        self._matrix_shape = (math.prod(kernel_shape[:rows]), math.prod(kernel_shape[rows:]))
        self._made_sizes = kernel_shape[:rows] if self._is_transposed else kernel_shape[rows:]
        self._adds_bias_within = self.bias_axes is not None and set(self.bias_axes) == set(made)
        self._summed_axes = len(summed)

    def _sizes(self, input_shape: Shape) -> dict[str, int | None]:
        try:
            return self._read.sizes(input_shape, self._output_shape)
        except ValueError as error:
            raise ValueError(self._misfit(input_shape, error)) from error

    def _misfit(self, input_shape: Shape, error: ValueError) -> str:
        return (
            f"{self.name}: {error}. Received: equation={self.equation!r}, output_shape={self._output_shape}, inputs of "
            f"shape {input_shape}."
        )

    def _scaled_by_fans(self) -> Any:
        """Return the initializer of the kernel; one that scales by the fans is told which axes they are."""
        initializer = self.kernel_initializer
        if isinstance(initializer, VarianceScaling) and initializer.input_axes is None:
            initializer = copy.copy(initializer)
            initializer.input_axes, initializer.output_axes = self._read.fan_axes()
        return initializer

    def _read_output_shape(self, output_shape: Any) -> Shape:
        shape = sizes_in(self, "output_shape", output_shape, "a positive int, or several and None")
        counts = self._read.stated_counts()
        if len(shape) not in counts:
            raise ValueError(
                f"{type(self).__name__}: output_shape has the sizes of the output without the batch and without '...': "
                f"{' or '.join(map(str, counts))} for equation {self.equation!r}. Received: {output_shape!r}."
            )
        return shape

    def _read_bias_axes(self, bias_axes: Any) -> str:
        letters = self._read.outputs
        if not isinstance(bias_axes, str) or not bias_axes or any(letter not in letters for letter in bias_axes):
            raise ValueError(
                f"{type(self).__name__}: bias_axes must be letters of the output, {letters!r}. "
                f"Received: bias_axes={bias_axes!r}."
            )
        return bias_axes
