"""What do the normalization layers have in common?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from torchkeras_layer import constraints, initializers, regularizers
from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers.arguments import axes_in, number_between, one_or_more_axes, resolved
from torchkeras_layer.layers.built_in_layer import BuiltInLayer, is_torchs_to_cast
from torchkeras_layer.layers.inputs import as_real


@dataclass(slots=True)
class NormalizedSizes:
    """The sizes of the normalized axes, from the first axis to the last.

    `are_reordered`: whether the weights have these sizes in another order.

    >>> NormalizedSizes((3, 2), True)
    NormalizedSizes(sizes=(3, 2), are_reordered=True)
    """

    sizes: tuple[int, ...]
    are_reordered: bool


class AxisNormalization(BuiltInLayer):
    """Base class of the layers that normalize to mean 0 and variance 1, and then apply `gamma * x + beta`.

    >>> import torchkeras_layer as keras
    >>> keras.layers.LayerNormalization(axis=-1).compute_output_shape((None, 3))
    (None, 3)
    """

    def __init__(
        self,
        *,
        axis: int | Sequence[int],
        epsilon: float,
        center: bool,
        scale: bool,
        beta_initializer: Any,
        gamma_initializer: Any,
        beta_regularizer: Any,
        gamma_regularizer: Any,
        beta_constraint: Any,
        gamma_constraint: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.axis = one_or_more_axes(self, axis)
        self.epsilon = number_between(self, "epsilon", epsilon, 0, math.inf)
        self.center = bool(center)
        self.scale = bool(scale)
        self.beta_initializer = resolved(self, "beta_initializer", beta_initializer, initializers.get)
        self.gamma_initializer = resolved(self, "gamma_initializer", gamma_initializer, initializers.get)
        self.beta_regularizer = resolved(self, "beta_regularizer", beta_regularizer, regularizers.get)
        self.gamma_regularizer = resolved(self, "gamma_regularizer", gamma_regularizer, regularizers.get)
        self.beta_constraint = resolved(self, "beta_constraint", beta_constraint, constraints.get)
        self.gamma_constraint = resolved(self, "gamma_constraint", gamma_constraint, constraints.get)
        self.supports_masking = True

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs.

        Raises:
            ValueError: if an axis does not exist in it.
        """
        axes_in(self, self.axis, input_shape)
        return tuple(input_shape)


def in_one_dtype(layer: BuiltInLayer, inputs: torch.Tensor, *weights: Any) -> tuple[Any, ...]:
    """Cast to the dtype of the inputs, or to float32 if that has fewer bits, as Keras 3 does; `None` is kept.

    Raises:
        TypeError: if the inputs are complex.

    >>> [tensor.dtype for tensor in in_one_dtype(BuiltInLayer(), torch.ones(1).half(), torch.ones(1).double())]
    [torch.float32, torch.float32]
    """
    dtype = torch.promote_types(inputs.dtype, torch.float32)
    return as_real(layer, inputs, dtype), *(None if weight is None else weight.to(dtype) for weight in weights)


def in_one_dtype_unless_autocast(layer: BuiltInLayer, inputs: torch.Tensor, *weights: Any) -> tuple[Any, ...]:
    """Cast as `in_one_dtype`, except floats within `torch.autocast`, which torch casts.

    >>> in_one_dtype_unless_autocast(BuiltInLayer(), torch.ones(1).half(), None)
    (tensor([1.]), None)
    """
    if is_torchs_to_cast(inputs):
        return inputs, *weights
    return in_one_dtype(layer, inputs, *weights)
