"""How does a layer multiply its inputs by a tensor of weights, along the axes of an einsum equation?"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from torchkeras_layer import activations, constraints, initializers, regularizers
from torchkeras_layer._shapes import Shape, as_shape
from torchkeras_layer.initializers import VarianceScaling
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import resolved, sizes_in
from torchkeras_layer.layers.built_in_layer import BuiltInLayer, add_parameter, is_torchs_to_cast, weight_of
from torchkeras_layer.layers.core.einsum_dense_equation import Equation, read_equation
from torchkeras_layer.symbolic import InputSpec


@dataclass(slots=True)
class Contraction:
    """What a layer computes: the equation, the given sizes of its output and, once it is built, the way to compute it.

    If the equation is one matrix product, `summed_axes` is the number of axes of the inputs that it sums over (else 0),
    `matrix_shape` the shape of the kernel as a matrix, `is_transposed` whether that matrix is transposed, `made_sizes`
    the new sizes of the output, and `adds_bias_within` whether the product adds the bias too.

    >>> Contraction(read_equation("ab,bc->ac"), (3,)).summed_axes
    0
    """

    equation: Equation
    output_shape: Shape
    summed_axes: int = 0
    matrix_shape: tuple[int, int] = (0, 0)
    is_transposed: bool = False
    made_sizes: tuple[int, ...] = ()
    adds_bias_within: bool = False


@catalog.register()
class EinsumDense(BuiltInLayer):
    """`activation(einsum(equation, inputs, kernel) + bias)`.

    Shapes: those of the equation; `abc,cd->abd` maps (batch, steps, in) to (batch, steps, out). If the equation is one
    matrix product, it is computed as such, on views of inputs and kernel. Int inputs are cast.

    Args:
        equation: a letter for each axis of the inputs, of the kernel and of the output; `...` may stand for further
            axes of inputs and output, before or after the letters.
        output_shape: int or ints, sizes of the output without the batch and the axes of `...`; `None` for sizes that
            the inputs have.
        activation: name, function or layer; default none.
        bias_axes: letters of the output axes that `bias` has; default: no bias.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint:
            identifiers or callables.
        activity_regularizer: on the output after the activation.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if the equation does not have that form, the shapes contradict it, a size of the weights is
            not known, an identifier is unknown, or `lora_rank`, `lora_alpha`, `gptq_unpacked_column_size` or
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
        read = resolved(self, f"equation {equation!r}", equation, read_equation)
        self._torchkeras.derived = Contraction(read, _read_output_shape(self, read, output_shape))
        self.activation = resolved(self, "activation", activation, activations.get)
        self.bias_axes = None if bias_axes is None else _read_bias_axes(self, read, bias_axes)
        self.kernel_initializer = resolved(self, "kernel_initializer", kernel_initializer, initializers.get)
        self.bias_initializer = resolved(self, "bias_initializer", bias_initializer, initializers.get)
        self.kernel_regularizer = resolved(self, "kernel_regularizer", kernel_regularizer, regularizers.get)
        self.bias_regularizer = resolved(self, "bias_regularizer", bias_regularizer, regularizers.get)
        self.kernel_constraint = resolved(self, "kernel_constraint", kernel_constraint, constraints.get)
        self.bias_constraint = resolved(self, "bias_constraint", bias_constraint, constraints.get)

    def build(self, input_shape: Shape) -> None:
        """Create `kernel` and `bias`."""
        shape = as_shape(input_shape)
        equation: Equation = self._torchkeras.derived.equation
        sizes = _sizes(self, shape)
        try:
            kernel_shape = equation.kernel_shape(sizes)
            bias_shape = () if self.bias_axes is None else equation.bias_shape(sizes, self.bias_axes, len(shape))
        except ValueError as error:
            raise ValueError(_misfit(self, shape, error)) from error
        self.kernel = self.add_weight(
            "kernel",
            kernel_shape,
            initializer=_scaled_by_fans(self),
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None if self.bias_axes is None else add_parameter(self, "bias", bias_shape)
        axes = equation.input_axes(len(shape))
        known = {axis: sizes[letter] for letter, axis in axes.items() if letter in equation.kernel}
        self.input_spec = InputSpec(ndim=len(shape), axes=known)
        _plan(self, kernel_shape)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return `activation(einsum(equation, inputs, kernel) + bias)`."""
        kernel = weight_of(self, "kernel")
        if inputs.dtype is not kernel.dtype and not is_torchs_to_cast(inputs):
            inputs = inputs.to(kernel.dtype)
        bias = None if self.bias_axes is None else weight_of(self, "bias")
        contraction: Contraction = self._torchkeras.derived
        if contraction.summed_axes:
            outputs = _multiply(contraction, inputs, kernel, bias if contraction.adds_bias_within else None)
        else:
            outputs = torch.einsum(self.equation, inputs, kernel)
        if bias is not None and not contraction.adds_bias_within:
            # Within torch.autocast the product is in another dtype than the bias.
            outputs = outputs + bias.to(outputs.dtype)
        return outputs if self.activation is activations.linear else self.activation(outputs)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the output.

        Raises:
            ValueError: if the inputs do not fit the equation.
        """
        shape = as_shape(input_shape)
        return self._torchkeras.derived.equation.output_shape(_sizes(self, shape), shape)


def _read_output_shape(layer: EinsumDense, equation: Equation, output_shape: Any) -> Shape:
    shape = sizes_in(layer, "output_shape", output_shape, "a positive int, or several and None")
    counts = equation.stated_counts()
    if len(shape) not in counts:
        raise ValueError(
            f"{type(layer).__name__}: output_shape has the sizes of the output without the batch and without '...': "
            f"{' or '.join(map(str, counts))} for equation {layer.equation!r}. Received: {output_shape!r}."
        )
    return shape


def _read_bias_axes(layer: EinsumDense, equation: Equation, bias_axes: Any) -> str:
    letters = equation.outputs
    if not isinstance(bias_axes, str) or not bias_axes or any(letter not in letters for letter in bias_axes):
        raise ValueError(
            f"{type(layer).__name__}: bias_axes must be letters of the output, {letters!r}. "
            f"Received: bias_axes={bias_axes!r}."
        )
    return bias_axes


def _sizes(layer: EinsumDense, input_shape: Shape) -> dict[str, int | None]:
    try:
        contraction: Contraction = layer._torchkeras.derived
        return contraction.equation.sizes(input_shape, contraction.output_shape)
    except ValueError as error:
        raise ValueError(_misfit(layer, input_shape, error)) from error


def _misfit(layer: EinsumDense, input_shape: Shape, error: ValueError) -> str:
    output_shape = layer._torchkeras.derived.output_shape
    return (
        f"{layer.name}: {error}. Received: equation={layer.equation!r}, output_shape={output_shape}, inputs of "
        f"shape {input_shape}."
    )


def _scaled_by_fans(layer: EinsumDense) -> Any:
    """Return the initializer of the kernel; one that scales by the fans gets its axes of inputs and outputs."""
    initializer = layer.kernel_initializer
    if isinstance(initializer, VarianceScaling) and initializer.input_axes is None:
        initializer = copy.copy(initializer)
        initializer.input_axes, initializer.output_axes = layer._torchkeras.derived.equation.fan_axes()
    return initializer


def _plan(layer: EinsumDense, kernel_shape: tuple[int, ...]) -> None:
    """Find out whether the equation is one matrix product, and which one."""
    contraction: Contraction = layer._torchkeras.derived
    product = contraction.equation.contracted()
    if product is None:
        return
    summed, made = product
    is_transposed = not contraction.equation.kernel.startswith(summed)
    rows = len(made) if is_transposed else len(summed)
    layer._torchkeras.derived = replace(
        contraction,
        summed_axes=len(summed),
        matrix_shape=(math.prod(kernel_shape[:rows]), math.prod(kernel_shape[rows:])),
        is_transposed=is_transposed,
        made_sizes=kernel_shape[:rows] if is_transposed else kernel_shape[rows:],
        adds_bias_within=layer.bias_axes is not None and set(layer.bias_axes) == set(made),
    )


def _multiply(
    contraction: Contraction, inputs: torch.Tensor, kernel: torch.Tensor, bias: torch.Tensor | None
) -> torch.Tensor:
    """Return the matrix product; it is computed on views, so that nothing is copied."""
    if bias is not None and inputs.dim() == kernel.dim() == 2 and not contraction.is_transposed:
        return torch.addmm(bias, inputs, kernel)
    summed = contraction.summed_axes
    rows = inputs.flatten(0, -1 - summed)
    if summed > 1:
        rows = rows.flatten(1)
    matrix = kernel if kernel.dim() == 2 else kernel.reshape(contraction.matrix_shape)
    if contraction.is_transposed:
        matrix = matrix.t()
    outputs = torch.mm(rows, matrix) if bias is None else torch.addmm(bias.flatten(), rows, matrix)
    return outputs.view(*inputs.shape[:-summed], *contraction.made_sizes)
