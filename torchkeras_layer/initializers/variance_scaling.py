"""Which initializers adapt their scale to the number of inputs and outputs of a weight?"""

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

# What is left of the standard deviation of a normal distribution that is cut at two of them.
_STDDEV_AFTER_TRUNCATION = 0.87962566103423978
_MODES = ("fan_in", "fan_out", "fan_avg")
_DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")


def compute_fans(
    shape: Sequence[int], input_axes: Sequence[int] | None = None, output_axes: Sequence[int] | None = None
) -> tuple[int, int]:
    """Return how many inputs and outputs a weight of this shape has: `(fan_in, fan_out)`.

    Without axes, the last two dimensions are inputs and outputs, and those before are the kernel's window.

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
        raise ValueError(f"compute_fans: the shape {tuple(shape)} has not all of the axes {axes!r}.") from None


@catalog.register("VarianceScalingV2")
class VarianceScaling(RandomInitializer):
    """Random numbers of variance `scale / n`, n being the fan that `mode` names, at least 1.

    `mode`: `'fan_in'`, `'fan_out'` or `'fan_avg'`. `distribution`: `'truncated_normal'` (also called
    `'normal'`; cut at two standard deviations, the variance is what is left), `'untruncated_normal'` or
    `'uniform'`. The axes that count as inputs and as outputs can be given.

    Raises:
        ValueError: if an argument is not one of these, or only one of the two sorts of axes is given.

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
                f"{type(self).__name__}: input_axes and output_axes go together. "
                f"Received: input_axes={input_axes!r}, output_axes={output_axes!r}. Give both or none."
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
        """Return the arguments that make this initializer again."""
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
    """Base class of the scalings with fixed `settings`: scale, mode and distribution."""

    settings: ClassVar[tuple[float, str, str]]

    def __init__(
        self,
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(*self.settings, seed, input_axes, output_axes)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that make this initializer again."""
        config = super().get_config()
        return {name: config[name] for name in ("seed", "input_axes", "output_axes")}


@catalog.register("GlorotUniformV2", "glorot_uniformV2")
class GlorotUniform(NamedScaling):
    """Uniform within ±√(6 / (fan_in + fan_out)), also called Xavier's (Glorot and Bengio, 2010).

    >>> bool(GlorotUniform(seed=1)((3, 3)).abs().max() <= 1)
    True
    """

    settings = (1.0, "fan_avg", "uniform")


@catalog.register("GlorotNormalV2", "glorot_normalV2")
class GlorotNormal(NamedScaling):
    """Truncated normal of standard deviation √(2 / (fan_in + fan_out)) (Glorot and Bengio, 2010).

    >>> round(float(GlorotNormal(seed=1)((200, 200)).std()), 3)
    0.071
    """

    settings = (1.0, "fan_avg", "truncated_normal")


@catalog.register("HeUniformV2", "he_uniformV2")
class HeUniform(NamedScaling):
    """Uniform within ±√(6 / fan_in), also called Kaiming's (He et al., 2015).

    >>> bool(HeUniform(seed=1)((6, 3)).abs().max() <= 1)
    True
    """

    settings = (2.0, "fan_in", "uniform")


@catalog.register("HeNormalV2", "he_normalV2")
class HeNormal(NamedScaling):
    """Truncated normal of standard deviation √(2 / fan_in) (He et al., 2015).

    >>> round(float(HeNormal(seed=1)((200, 200)).std()), 2)
    0.1
    """

    settings = (2.0, "fan_in", "truncated_normal")


@catalog.register("LecunUniformV2", "lecun_uniformV2")
class LecunUniform(NamedScaling):
    """Uniform within ±√(3 / fan_in) (LeCun et al., 1998).

    >>> bool(LecunUniform(seed=1)((3, 3)).abs().max() <= 1)
    True
    """

    settings = (1.0, "fan_in", "uniform")


@catalog.register("LecunNormalV2", "lecun_normalV2")
class LecunNormal(NamedScaling):
    """Truncated normal of standard deviation √(1 / fan_in) (LeCun et al., 1998).

    >>> round(float(LecunNormal(seed=1)((100, 400)).std()), 2)
    0.1
    """

    settings = (1.0, "fan_in", "truncated_normal")
