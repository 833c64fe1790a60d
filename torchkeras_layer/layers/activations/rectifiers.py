"""Which layers are rectified linear units?"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F

from torchkeras_layer import activations
from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import finite_number, number_between
from torchkeras_layer.layers.built_in_layer import BuiltInLayer


@catalog.register()
class ReLU(BuiltInLayer):
    """`x` above `threshold`, at most `max_value`; else `negative_slope * (x - threshold)`. Shapes: any -> the same.

    Args:
        max_value: number >= 0; `None` (or infinity) for no bound.
        negative_slope: finite number >= 0.
        threshold: finite number >= 0.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if one of them is not such a number.

    >>> import torchkeras_layer as keras
    >>> keras.layers.ReLU(max_value=6.0, negative_slope=0.5)(torch.tensor([-2.0, 3.0, 8.0]))
    tensor([-1.,  3.,  6.])
    """

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.max_value = None if max_value is None else number_between(self, "max_value", max_value, 0, math.inf)
        self.negative_slope = finite_number(self, "negative_slope", negative_slope, 0)
        self.threshold = finite_number(self, "threshold", threshold, 0)
        self.supports_masking = True

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the rectified inputs."""
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs."""
        return tuple(input_shape)


# A default with its own identity, which shows whether both names are given.
_DEFAULT_SLOPE = float("0.3")


@catalog.register()
class LeakyReLU(BuiltInLayer):
    """`x` if positive, else `negative_slope * x`. Shapes: any -> the same.

    Args:
        negative_slope: finite number >= 0; default 0.3. Keras 2's name, `alpha`, is accepted too, and may be negative.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if the slope is not such a number, or is given under both names with different values.

    >>> import torchkeras_layer as keras
    >>> keras.layers.LeakyReLU(0.5)(torch.tensor([-2.0, 3.0]))
    tensor([-1.,  3.])
    """

    def __init__(self, negative_slope: float = _DEFAULT_SLOPE, **kwargs: Any) -> None:
        alpha = kwargs.pop("alpha", _DEFAULT_SLOPE)
        super().__init__(**kwargs)
        slopes = {"negative_slope": negative_slope, "alpha": alpha}
        least = {"negative_slope": 0, "alpha": -math.inf}
        given = {
            finite_number(self, name, slope, least[name])
            for name, slope in slopes.items()
            if slope is not _DEFAULT_SLOPE
        }
        if len(given) > 1:
            raise ValueError(
                f"{type(self).__name__}: alpha is another name of negative_slope. "
                f"Received: negative_slope={negative_slope!r}, alpha={alpha!r}. Give one of them."
            )
        self.negative_slope = next(iter(given), _DEFAULT_SLOPE)
        self.supports_masking = True

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the inputs, with negative ones multiplied by the slope."""
        return F.leaky_relu(inputs, self.negative_slope)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs."""
        return tuple(input_shape)


@catalog.register()
class ELU(BuiltInLayer):
    """`x` if positive, else `alpha * (exp(x) - 1)`. Shapes: any -> the same.

    Args:
        alpha: a finite number.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `alpha` is not a finite number.

    >>> import torchkeras_layer as keras
    >>> keras.layers.ELU(2.0)(torch.tensor([-1.0, 3.0]))
    tensor([-1.2642,  3.0000])
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = finite_number(self, "alpha", alpha)
        self.supports_masking = True

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the inputs, with `alpha * (exp(x) - 1)` for negative ones."""
        return F.elu(inputs, self.alpha)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs."""
        return tuple(input_shape)


@catalog.register()
class ThresholdedReLU(BuiltInLayer):
    """`x` above `theta`, else 0: a layer of Keras 2. Shapes: any -> the same.

    Args:
        theta: finite number >= 0.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `theta` is not such a number.

    >>> import torchkeras_layer as keras
    >>> keras.layers.ThresholdedReLU(2.0)(torch.tensor([-1.0, 2.0, 3.0]))
    tensor([0., 0., 3.])
    """

    def __init__(self, theta: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.theta = finite_number(self, "theta", theta, 0)
        self.supports_masking = True

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the inputs, with 0 for those that do not exceed the threshold."""
        return F.threshold(inputs, self.theta, 0)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs."""
        return tuple(input_shape)
