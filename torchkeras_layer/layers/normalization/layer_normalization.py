"""How does a layer normalize each sample by itself?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import axes_in, filled_sizes, sizes_as_counted
from torchkeras_layer.layers.built_in_layer import add_parameter, cast_output, weight_of
from torchkeras_layer.layers.normalization.axis_normalization import AxisNormalization
from torchkeras_layer.symbolic import InputSpec


@catalog.register()
class LayerNormalization(AxisNormalization):
    """`gamma * (x - mean) / sqrt(variance + epsilon) + beta`, with mean and variance over `axis`.

    Inputs are computed in float32 at least, and the output is cast to the compute dtype.

    Shapes: any -> the same; gamma and beta have the sizes of the axes, in ascending order as they are given: [-1, 1]
    gives (size of -1, size of 1). As in Keras 3, their numbers, row by row, are those of the axes from first to last.

    Args:
        axis: int or list of ints. epsilon: added to the variance.
        center, scale: whether there is a `beta`, a `gamma`.
        beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint:
            identifiers or callables.
        rms_scaling: Keras 3's deprecated `gamma * x / sqrt(variance + epsilon)`, without a `beta`; it is not RMS
            normalization.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `epsilon` is no number of at least 0, an identifier is unknown, or an axis does not exist,
            has no known size or is empty.
        TypeError: if `axis` is neither an int nor a list of ints.

    >>> import torchkeras_layer as keras
    >>> keras.layers.LayerNormalization(epsilon=0.0, center=False, scale=False)(torch.tensor([[1.0, 3.0]]))
    tensor([[-1.,  1.]])
    """

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        rms_scaling: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            axis=axis,
            epsilon=epsilon,
            center=center,
            scale=scale,
            beta_initializer=beta_initializer,
            gamma_initializer=gamma_initializer,
            beta_regularizer=beta_regularizer,
            gamma_regularizer=gamma_regularizer,
            beta_constraint=beta_constraint,
            gamma_constraint=gamma_constraint,
            **kwargs,
        )
        self.rms_scaling = bool(rms_scaling)
        self._sizes: tuple[int, ...] = ()
        self._reads_anew = False
        # Inputs with more digits than the compute dtype are normalized with them, as in Keras 3.
        self._torchkeras.autocast = False

    def build(self, input_shape: Shape) -> None:
        """Create `gamma` and `beta`, in this order."""
        axes, rank = axes_in(self, self.axis, input_shape), len(input_shape)
        self._sizes = filled_sizes(self, input_shape, axes)
        shape = sizes_as_counted(self.axis, input_shape)
        self._reads_anew = shape != self._sizes
        self._axes = tuple(axis - rank for axis in axes)
        has_gamma, has_beta = self.scale or self.rms_scaling, self.center and not self.rms_scaling
        self.gamma = add_parameter(self, "gamma", shape, autocast=False) if has_gamma else None
        self.beta = add_parameter(self, "beta", shape, autocast=False) if has_beta else None
        self.input_spec = InputSpec(
            min_ndim=-self._axes[0] if self._counts_from_the_end() else rank,
            max_ndim=None if self._counts_from_the_end() else rank,
            axes=dict(zip(self._axes, self._sizes, strict=True)),
        )

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the normalized inputs."""
        gamma, beta = weight_of(self, "gamma"), weight_of(self, "beta")
        weight = beta if gamma is None else gamma
        if weight is None or inputs.dtype is not weight.dtype:
            inputs, gamma, beta = self._in_one_dtype(inputs, gamma, beta)
        if self._reads_anew:
            gamma, beta = (one if one is None else one.reshape(self._sizes) for one in (gamma, beta))
        last = tuple(range(-len(self._axes), 0))
        moved = inputs if self._axes == last else inputs.movedim(self._axes, last)
        if self.rms_scaling:
            outputs = _divided_by_deviation(moved, last, self.epsilon) * gamma
        else:
            outputs = torch.layer_norm(moved, self._sizes, gamma, beta, self.epsilon)
        outputs = outputs if self._axes == last else outputs.movedim(last, self._axes)
        return outputs if outputs.dtype is self._torchkeras.compute_dtype else cast_output(self, outputs)

    def _counts_from_the_end(self) -> bool:
        """Whether inputs of another rank than that of the build have the same axes."""
        axes = [self.axis] if isinstance(self.axis, int) else self.axis
        return all(axis < 0 for axis in axes)


def _divided_by_deviation(inputs: torch.Tensor, axes: tuple[int, ...], epsilon: float) -> Any:
    variance = inputs.var(axes, correction=0, keepdim=True)
    return inputs * torch.rsqrt(variance + epsilon)
