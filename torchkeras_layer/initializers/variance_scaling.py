"""Which initializers scale their variance by the number of inputs and outputs of a weight?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import torch

from torchkeras_layer.initializers._catalog import catalog
from torchkeras_layer.initializers.base import finite_number
from torchkeras_layer.initializers.random import RandomInitializer
from torchkeras_layer.initializers.seeds import (
    check_floating,
    draw_normal,
    draw_truncated_normal,
    draw_uniform,
)

# The standard deviation of the standard normal distribution truncated at two standard deviations.
_STDDEV_AFTER_TRUNCATION = 0.87962566103423978
_MODES = ("fan_in", "fan_out", "fan_avg")
_DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")


def compute_fans(
    shape: Sequence[int], input_axes: Sequence[int] | None = None, output_axes: Sequence[int] | None = None
) -> tuple[int, int]:
    """Return the number of inputs and outputs of a weight of this shape: `(fan_in, fan_out)`.

    Args:
        shape: shape of the weight.
        input_axes, output_axes: its axes of inputs and of outputs; default: the last two axes, multiplied by the sizes
            of those before, which are the kernel's window.

    Raises:
        ValueError: if the shape has no such axis.

    >>> compute_fans((10, 20)), compute_fans((3, 3, 8, 16)), compute_fans((5,)), compute_fans(())
    ((10, 20), (72, 144), (5, 5), (1, 1))
    >>> compute_fans((4, 2, 8), input_axes=[0], output_axes=[1, 2])
    (4, 16)
    """
    if input_axes is not None and output_axes is not None:
        return _product_over(shape, input_axes), _product_over(shape, output_axes)
    if len(shape) < 2:
        return math.prod(shape), math.prod(shape)
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]


def _product_over(shape: Sequence[int], axes: Sequence[int]) -> int:
    try:
        return math.prod(shape[axis] for axis in axes)
    except IndexError:
        raise ValueError(
            f"compute_fans: the shape must have all of the axes {axes!r}. Received: shape={tuple(shape)}."
        ) from None


@catalog.register("VarianceScalingV2")
class VarianceScaling(RandomInitializer):
    """Random numbers of mean 0 and variance `scale / n`; `n` is the number of inputs or outputs, at least 1.

    Args:
        scale: positive number.
        mode: 'fan_in' to divide by the number of inputs, 'fan_out' by that of outputs, 'fan_avg' by their mean.
        distribution: 'truncated_normal' or 'normal' (both truncated at two standard deviations, with the variance above
            after the truncation), 'untruncated_normal' or 'uniform'.
        seed: `None`, an int or a `SeedGenerator`.
        input_axes, output_axes: the weight's axes of inputs and of outputs; see `compute_fans` for the default.

    Raises:
        ValueError: if an argument is not one of these, or only one of the two lists of axes is given.

    >>> VarianceScaling(scale=2.0, mode="fan_out", distribution="uniform", seed=1)((3, 4)).shape
    torch.Size([3, 4])
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        self.scale = finite_number(self, "scale", scale)
        if self.scale <= 0:
            raise ValueError(f"{type(self).__name__}: scale must be positive. Received: scale={scale!r}.")
        self.mode = self._one_of("mode", mode, _MODES)
        lowered = distribution.lower() if isinstance(distribution, str) else distribution
        lowered = "truncated_normal" if lowered == "normal" else lowered
        self.distribution = self._one_of("distribution", lowered, _DISTRIBUTIONS)
        self.input_axes = self._axes("input_axes", input_axes)
        self.output_axes = self._axes("output_axes", output_axes)
        if (input_axes is None) != (output_axes is None):
            raise ValueError(
                f"{type(self).__name__}: input_axes and output_axes must be given together. "
                f"Received: input_axes={input_axes!r}, output_axes={output_axes!r}. Pass both or neither."
            )
        super().__init__(seed)

    def fill(self, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
        """Draw the tensor."""
        check_floating(self, dtype)
        variance = self.scale / max(1.0, self._fan(shape))
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return draw_uniform(shape, dtype, -limit, limit, self.seed)
        if self.distribution == "untruncated_normal":
            return draw_normal(shape, dtype, 0.0, math.sqrt(variance), self.seed)
        stddev = math.sqrt(variance) / _STDDEV_AFTER_TRUNCATION
        return draw_truncated_normal(shape, dtype, 0.0, stddev, self.seed)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            **super().get_config(),
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
            "input_axes": self.input_axes,
            "output_axes": self.output_axes,
        }

    def _fan(self, shape: tuple[int, ...]) -> float:
        fan_in, fan_out = compute_fans(shape, self.input_axes, self.output_axes)
        return {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]

    def _one_of(self, name: str, value: Any, known: tuple[str, ...]) -> str:
        if value not in known:
            raise ValueError(f"{type(self).__name__}: {name} must be one of {known}. Received: {name}={value!r}.")
        return value

    def _axes(self, name: str, axes: Any) -> Sequence[int] | None:
        is_list = isinstance(axes, (list, tuple))
        if axes is not None and not (is_list and all(type(axis) is int for axis in axes)):
            raise ValueError(
                f"{type(self).__name__}: {name} must be a list of ints or None. Received: {name}={axes!r}."
            )
        return axes


class NamedScaling(VarianceScaling):
    """Base class of the initializers with a fixed scale, mode and distribution, which are their `settings`."""

    settings: ClassVar[tuple[float, str, str]]

    def __init__(
        self,
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(*self.settings, seed, input_axes, output_axes)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        config = super().get_config()
        return {name: config[name] for name in ("seed", "input_axes", "output_axes")}


@catalog.register("GlorotUniformV2", "glorot_uniformV2")
class GlorotUniform(NamedScaling):
    """Uniform on ±√(6 / (fan_in + fan_out)), also known as Xavier uniform (Glorot and Bengio, 2010).

    >>> bool(GlorotUniform(seed=1)((3, 3)).abs().max() <= 1)
    True
    """

    settings = (1.0, "fan_avg", "uniform")


@catalog.register("GlorotNormalV2", "glorot_normalV2")
class GlorotNormal(NamedScaling):
    """Truncated normal with standard deviation √(2 / (fan_in + fan_out)) (Glorot and Bengio, 2010).

    >>> round(float(GlorotNormal(seed=1)((200, 200)).std()), 3)
    0.071
    """

    settings = (1.0, "fan_avg", "truncated_normal")


@catalog.register("HeUniformV2", "he_uniformV2")
class HeUniform(NamedScaling):
    """Uniform on ±√(6 / fan_in), also known as Kaiming uniform (He et al., 2015).

    >>> bool(HeUniform(seed=1)((6, 3)).abs().max() <= 1)
    True
    """

    settings = (2.0, "fan_in", "uniform")


@catalog.register("HeNormalV2", "he_normalV2")
class HeNormal(NamedScaling):
    """Truncated normal with standard deviation √(2 / fan_in) (He et al., 2015).

    >>> round(float(HeNormal(seed=1)((200, 200)).std()), 2)
    0.1
    """

    settings = (2.0, "fan_in", "truncated_normal")


@catalog.register("LecunUniformV2", "lecun_uniformV2")
class LecunUniform(NamedScaling):
    """Uniform on ±√(3 / fan_in) (LeCun et al., 1998).

    >>> bool(LecunUniform(seed=1)((3, 3)).abs().max() <= 1)
    True
    """

    settings = (1.0, "fan_in", "uniform")


@catalog.register("LecunNormalV2", "lecun_normalV2")
class LecunNormal(NamedScaling):
    """Truncated normal with standard deviation √(1 / fan_in) (LeCun et al., 1998).

    >>> round(float(LecunNormal(seed=1)((100, 400)).std()), 2)
    0.1
    """

    settings = (1.0, "fan_in", "truncated_normal")
