"""How does a layer normalize each sample in groups of channels?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import axes_in, filled_sizes, plain_int
from torchkeras_layer.layers.built_in_layer import add_parameter, cast_output, weight_of
from torchkeras_layer.layers.normalization.axis_normalization import AxisNormalization
from torchkeras_layer.symbolic import InputSpec


@catalog.register()
class GroupNormalization(AxisNormalization):
    """Bring each group of neighbouring channels of a sample to mean 0 and variance 1, then `gamma * x + beta`.

    Inputs are computed in float32 at least, and the output is cast to the compute dtype.

    Shapes: (batch, …) -> the same; gamma and beta have the size of the axis.

    Args:
        groups: how many; a divisor of the channels, or -1 for a group for each channel.
        axis: that of the channels; not the batch. epsilon: added to the variance.
        center, scale: whether there is a `beta`, a `gamma`.
        beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint:
            identifiers or callables.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `groups` is neither positive nor -1 or does not divide the channels, `epsilon` is no number of at
            least 0, an identifier is unknown, or the axis does not exist, has no known size, is
            empty or is the batch.
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
        self.groups = self._read_groups(groups)
        # Inputs with more digits than the compute dtype are normalized with them, as in Keras 3.
        self._torchkeras.autocast = False

    def _read_groups(self, groups: Any) -> int:
        number = plain_int(groups)
        if number is None or (number < 1 and number != -1):
            raise ValueError(
                f"{type(self).__name__}: groups must be a positive int, or -1 for a group for each channel. "
                f"Received: groups={groups!r}."
            )
        return number

    def build(self, input_shape: Shape) -> None:
        """Create `gamma` and `beta`, in this order."""
        (axis,) = self._axes = axes_in(self, self.axis, input_shape)
        (channels,) = sizes = filled_sizes(self, input_shape, self._axes)
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
        (axis,) = self._axes
        values, gamma, beta = self._in_one_dtype(inputs, weight_of(self, "gamma"), weight_of(self, "beta"))
        if gamma is None and beta is not None:
            # Torch's gradient of a bias without a weight fails.
            gamma = torch.ones_like(beta)
        # In torch's channels_last format, its kernel takes a difference of squares: with a mean of 100 and a deviation
        # of 1, its outputs are wrong by 0.01, and those of contiguous inputs by 0.00001. So the values are copied.
        moved = values.movedim(axis, 1).contiguous()
        groups = moved.shape[1] if self.groups == -1 else self.groups
        outputs = torch.group_norm(moved, groups, gamma, beta, self.epsilon).movedim(1, axis)
        return cast_output(self, outputs)
