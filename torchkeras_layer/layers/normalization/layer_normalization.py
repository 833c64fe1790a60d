"""Which layers normalize each sample, or groups of its channels?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import axes_in, filled_sizes, plain_int, sizes_as_counted
from torchkeras_layer.layers.built_in_layer import add_parameter, cast_output, weight_of
from torchkeras_layer.layers.normalization.axis_normalization import (
    AxisNormalization,
    NormalizedSizes,
    in_one_dtype_unless_autocast,
)
from torchkeras_layer.symbolic import InputSpec


@dataclass(slots=True)
class NormalizedAxes(NormalizedSizes):
    """The normalized axes, counted from the end, which is -1, and their sizes.

    >>> NormalizedAxes((3,), False, (-1,)).axes
    (-1,)
    """

    axes: tuple[int, ...]


@catalog.register()
class LayerNormalization(AxisNormalization):
    """`gamma * (x - mean) / sqrt(variance + epsilon) + beta`, with mean and variance over `axis`.

    Outputs are computed in float32 or more, and cast to the compute dtype.

    Shapes: any -> the same. gamma and beta have the sizes of the axes, sorted by their given numbers: [-1, 1] gives
        (size
    of -1, size of 1). As in Keras 3, their flattened values are in the order of the axes from first to last.

    Args:
        axis: int or list of ints. epsilon: added to the variance.
        center, scale: whether there is a `beta`, a `gamma`.
        beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint:
            identifiers or callables.
        rms_scaling: Keras 3's deprecated `gamma * x / sqrt(variance + epsilon)`, without a `beta`; it is not RMS
            normalization.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `epsilon` is not a number >= 0, an identifier is unknown, or an axis does not exist,
            has no known size or is empty.
        TypeError: if `axis` is not an int or a list of ints.

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
        # Inputs with more bits than the compute dtype are normalized in their own dtype, as in Keras 3.
        self._torchkeras.autocast = False

    def build(self, input_shape: Shape) -> None:
        """Create `gamma` and `beta`, in this order."""
        axes, rank = axes_in(self, self.axis, input_shape), len(input_shape)
        sizes, shape = filled_sizes(self, input_shape, axes), sizes_as_counted(self.axis, input_shape)
        axes = tuple(axis - rank for axis in axes)
        self._torchkeras.derived = NormalizedAxes(sizes, shape != sizes, axes)
        has_gamma, has_beta = self.scale or self.rms_scaling, self.center and not self.rms_scaling
        self.gamma = add_parameter(self, "gamma", shape, autocast=False) if has_gamma else None
        self.beta = add_parameter(self, "beta", shape, autocast=False) if has_beta else None
        self.input_spec = InputSpec(
            min_ndim=-axes[0] if _counts_from_the_end(self) else rank,
            max_ndim=None if _counts_from_the_end(self) else rank,
            axes=dict(zip(axes, sizes, strict=True)),
        )

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the normalized inputs."""
        gamma, beta = weight_of(self, "gamma"), weight_of(self, "beta")
        weight = beta if gamma is None else gamma
        if weight is None or inputs.dtype is not weight.dtype:
            inputs, gamma, beta = in_one_dtype_unless_autocast(self, inputs, gamma, beta)
        normalized: NormalizedAxes = self._torchkeras.derived
        axes, sizes = normalized.axes, normalized.sizes
        if normalized.are_reordered:
            gamma, beta = (one if one is None else one.reshape(sizes) for one in (gamma, beta))
        last = tuple(range(-len(axes), 0))
        is_moved = axes != last
        if is_moved:
            rank = inputs.dim()
            axes, last = (tuple(axis + rank for axis in one) for one in (axes, last))
        moved = inputs.movedim(axes, last) if is_moved else inputs
        if self.rms_scaling:
            outputs = _divided_by_deviation(moved, last, self.epsilon) * gamma
        else:
            outputs = torch.layer_norm(moved, sizes, gamma, beta, self.epsilon)
        outputs = outputs.movedim(last, axes) if is_moved else outputs
        return outputs if outputs.dtype is self._torchkeras.compute_dtype else cast_output(self, outputs)


@catalog.register()
class GroupNormalization(AxisNormalization):
    """Normalize groups of neighbouring channels of each sample to mean 0 and variance 1, then `gamma * x + beta`.

    Outputs are computed in float32 or more, and cast to the compute dtype.

    Shapes: (batch, …) -> the same; gamma and beta have the size of the axis.

    Args:
        groups: number of groups, which divides the channels; -1 for one group for each channel.
        axis: axis of the channels, not of the batch. epsilon: added to the variance.
        center, scale: whether there is a `beta`, a `gamma`.
        beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint:
            identifiers or callables.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `groups` is not positive or -1, or does not divide the channels, `epsilon` is not a number >= 0,
            an identifier is unknown, or the axis does not exist, has no known size, is empty or is the batch.
        TypeError: if `axis` is not an int.

    >>> import torchkeras_layer as keras
    >>> keras.layers.GroupNormalization(groups=2, epsilon=0.0)(torch.tensor([[1.0, 3.0, 10.0, 30.0]])).detach()
    tensor([[-1.,  1., -1.,  1.]])
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
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
        if isinstance(self.axis, list):
            raise TypeError(f"{type(self).__name__}: axis must be one int. Received: axis={axis!r}.")
        self.groups = _read_groups(self, groups)
        # Inputs with more bits than the compute dtype are normalized in their own dtype, as in Keras 3.
        self._torchkeras.autocast = False

    def build(self, input_shape: Shape) -> None:
        """Create `gamma` and `beta`, in this order."""
        (axis,) = axes = axes_in(self, self.axis, input_shape)
        (channels,) = sizes = filled_sizes(self, input_shape, axes)
        if axis == 0:
            raise ValueError(
                f"{self.name}: axis must not be that of the batch. Received: axis={self.axis} for inputs of shape "
                f"{tuple(input_shape)}."
            )
        if channels % self.groups:
            raise ValueError(
                f"{self.name}: groups must divide the channels, {channels} at axis {self.axis} of inputs of shape "
                f"{tuple(input_shape)}. Received: groups={self.groups}."
            )
        self.gamma = add_parameter(self, "gamma", sizes, autocast=False) if self.scale else None
        self.beta = add_parameter(self, "beta", sizes, autocast=False) if self.center else None
        self.input_spec = InputSpec(ndim=len(input_shape), axes={axis: channels})

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the normalized inputs."""
        axis: int = self.axis  # type: ignore[assignment]
        axis = axis + inputs.dim() if axis < 0 else axis
        values, gamma, beta = in_one_dtype_unless_autocast(
            self, inputs, weight_of(self, "gamma"), weight_of(self, "beta")
        )
        if gamma is None and beta is not None:
            # Torch fails to compute the gradient of a bias without a weight.
            gamma = torch.ones_like(beta)
        # For torch's channels_last format, its kernel subtracts squares: with mean 100 and standard deviation
        # of 1, its outputs are wrong by 0.01, and those of contiguous inputs by 0.00001. So the values are copied.
        moved = values.movedim(axis, 1).contiguous()
        groups = moved.shape[1] if self.groups == -1 else self.groups
        outputs = torch.group_norm(moved, groups, gamma, beta, self.epsilon).movedim(1, axis)
        return cast_output(self, outputs)


def _counts_from_the_end(layer: LayerNormalization) -> bool:
    """Whether the same axes are normalized for inputs of another rank than that of the build."""
    axes = [layer.axis] if isinstance(layer.axis, int) else layer.axis
    return all(axis < 0 for axis in axes)


def _divided_by_deviation(inputs: torch.Tensor, axes: tuple[int, ...], epsilon: float) -> Any:
    variance = inputs.var(axes, correction=0, keepdim=True)
    return inputs * torch.rsqrt(variance + epsilon)


def _read_groups(layer: GroupNormalization, groups: Any) -> int:
    number = plain_int(groups)
    if number is None or (number < 1 and number != -1):
        raise ValueError(
            f"{type(layer).__name__}: groups must be a positive int, or -1 for a group for each channel. "
            f"Received: groups={groups!r}."
        )
    return number
