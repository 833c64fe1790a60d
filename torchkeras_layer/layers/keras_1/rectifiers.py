"""How do the activation layers of Keras 1 compute that Keras has no more: SReLU and the parametric softplus?"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras_layer import initializers
from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import filled_sizes, finite_number, resolved
from torchkeras_layer.layers.built_in_layer import BuiltInLayer, is_torchs_to_cast, weight_of
from torchkeras_layer.layers.inputs import as_real, check_shape
from torchkeras_layer.symbolic import InputSpec


class _WithNumbersForPositions(BuiltInLayer):
    """What both layers have: weights of the shape of a sample."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.input_spec = InputSpec(min_ndim=2)
        self.supports_masking = True

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs."""
        return tuple(input_shape)


def _shape_of_weights(layer: BuiltInLayer, input_shape: Shape) -> tuple[int, ...]:
    check_shape(layer, input_shape)
    axes = list(range(1, len(input_shape)))
    sizes = filled_sizes(layer, input_shape, axes)
    layer.input_spec = InputSpec(ndim=len(input_shape), axes=dict(zip(axes, sizes, strict=True)))
    return sizes


def _cast(layer: BuiltInLayer, inputs: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    is_other = inputs.dtype is not weight.dtype and not is_torchs_to_cast(inputs)
    return as_real(layer, inputs, weight.dtype) if is_other else inputs


@catalog.register()
class ParametricSoftplus(_WithNumbersForPositions):
    """`alphas * log(1 + exp(betas * x))`, with learned `alphas` and `betas` for each position in a sample.

    Shapes: (batch, …) -> the same; the weights have the shape of a sample.

    Args:
        alpha, beta: the numbers that the weights are initialized to.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `alpha` or `beta` is not a finite number, or an axis after the batch has no known size.

    >>> import torchkeras_layer as keras
    >>> keras.layers.ParametricSoftplus(alpha=2.0, beta=1.0)(torch.zeros(1, 2)).detach()
    tensor([[1.3863, 1.3863]])
    """

    def __init__(self, alpha: float = 0.2, beta: float = 5.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = finite_number(self, "alpha", alpha)
        self.beta = finite_number(self, "beta", beta)

    def build(self, input_shape: Shape) -> None:
        """Create `alphas` and `betas`."""
        shape = _shape_of_weights(self, input_shape)
        self.alphas = self.add_weight("alphas", shape, initializer=initializers.Constant(self.alpha))
        self.betas = self.add_weight("betas", shape, initializer=initializers.Constant(self.beta))

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the softplus of the scaled inputs, scaled."""
        alphas, betas = weight_of(self, "alphas"), weight_of(self, "betas")
        scaled = betas * _cast(self, inputs, betas)
        return alphas * F.softplus(scaled)


@catalog.register()
class SReLU(_WithNumbersForPositions):
    """Three straight lines: slope 1 in the middle, and learned slopes to the left and right of learned places.

    `t_left + a_left * (x - t_left)` to the left of `t_left`, `t_right + a_right * (x - t_right)` to the right of
    `t_right = t_left + |t_right weight|`, and `x` between. Shapes: (batch, …) -> the same; the weights have the shape
    of a sample.

    Args:
        t_left_initializer, a_left_initializer, t_right_initializer, a_right_initializer: identifiers or callables.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an identifier is unknown, or an axis after the batch has no known size.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.SReLU(a_left_initializer="zeros", t_right_initializer="ones", a_right_initializer="zeros")
    >>> layer(torch.tensor([[-1.0, 0.5, 3.0]])).detach()
    tensor([[0.0000, 0.5000, 1.0000]])
    """

    def __init__(
        self,
        t_left_initializer: Any = "zeros",
        a_left_initializer: Any = "glorot_uniform",
        t_right_initializer: Any = "glorot_uniform",
        a_right_initializer: Any = "ones",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.t_left_initializer = resolved(self, "t_left_initializer", t_left_initializer, initializers.get)
        self.a_left_initializer = resolved(self, "a_left_initializer", a_left_initializer, initializers.get)
        self.t_right_initializer = resolved(self, "t_right_initializer", t_right_initializer, initializers.get)
        self.a_right_initializer = resolved(self, "a_right_initializer", a_right_initializer, initializers.get)

    def build(self, input_shape: Shape) -> None:
        """Create the places and slopes."""
        shape = _shape_of_weights(self, input_shape)
        self.t_left = self.add_weight("t_left", shape, initializer=self.t_left_initializer)
        self.a_left = self.add_weight("a_left", shape, initializer=self.a_left_initializer)
        self.t_right = self.add_weight("t_right", shape, initializer=self.t_right_initializer)
        self.a_right = self.add_weight("a_right", shape, initializer=self.a_right_initializer)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the values of the three lines."""
        left, right = weight_of(self, "t_left"), weight_of(self, "t_right")
        inputs = _cast(self, inputs, left)
        right = left + right.abs()
        middle = torch.clamp(inputs, left, right)
        below, above = torch.relu(left - inputs), torch.relu(inputs - right)
        return middle - weight_of(self, "a_left") * below + weight_of(self, "a_right") * above
