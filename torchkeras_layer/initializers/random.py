"""Which initializers draw from a distribution with fixed parameters?"""

from __future__ import annotations

import math
from typing import Any

import torch

from torchkeras_layer.initializers._catalog import catalog
from torchkeras_layer.initializers.base import CheckedInitializer, finite_number
from torchkeras_layer.initializers.seeds import (
    SeedGenerator,
    as_seed,
    check_floating,
    draw_normal,
    draw_truncated_normal,
    draw_uniform,
)
from torchkeras_layer.registry import serialize_keras_object


class RandomInitializer(CheckedInitializer):
    """Base class of the initializers that draw random numbers.

    Args:
        seed: `None` to draw from torch's global generator, which `torch.manual_seed` seeds; an int for the same numbers
            at each call; or a `SeedGenerator` for different, reproducible numbers at each call.
    """

    def __init__(self, seed: Any = None) -> None:
        self.seed: int | SeedGenerator | None = as_seed(self, seed)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"seed": serialize_keras_object(self.seed)}


class NormalInitializer(RandomInitializer):
    """Base class of the initializers with a mean and a standard deviation."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        self.mean = finite_number(self, "mean", mean)
        self.stddev = finite_number(self, "stddev", stddev)
        if self.stddev < 0:
            raise ValueError(f"{type(self).__name__}: stddev must not be negative. Received: stddev={stddev!r}.")
        super().__init__(seed)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


@catalog.register("normal", "RandomNormalV2")
class RandomNormal(NormalInitializer):
    """Random numbers from the normal distribution.

    Args:
        mean: mean of the distribution.
        stddev: its standard deviation.
        seed: `None`, an int or a `SeedGenerator`.

    Raises:
        ValueError: if `mean` or `stddev` is not a finite number, or `stddev` is negative.

    >>> RandomNormal(mean=1.0, stddev=0.0)((2,))
    tensor([1., 1.])
    """

    def fill(self, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
        """Draw the tensor."""
        check_floating(self, dtype)
        return draw_normal(shape, dtype, self.mean, self.stddev, self.seed)


@catalog.register("TruncatedNormalV2")
class TruncatedNormal(NormalInitializer):
    """Random numbers from the normal distribution, truncated at two standard deviations from the mean.

    Args:
        mean: mean of the distribution.
        stddev: standard deviation before the truncation; that of the numbers is 0.88 times this.
        seed: `None`, an int or a `SeedGenerator`.

    Raises:
        ValueError: if `mean` or `stddev` is not a finite number, or `stddev` is negative.

    >>> values = TruncatedNormal(stddev=1.0, seed=1)((1000,))
    >>> bool(values.abs().max() <= 2)
    True
    """

    def fill(self, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
        """Draw the tensor."""
        check_floating(self, dtype)
        return draw_truncated_normal(shape, dtype, self.mean, self.stddev, self.seed)


@catalog.register("uniform", "RandomUniformV2")
class RandomUniform(RandomInitializer):
    """Random numbers from the uniform distribution on [minval, maxval); for an integer dtype, ints.

    Args:
        minval: lower bound, included.
        maxval: upper bound, excluded.
        seed: `None`, an int or a `SeedGenerator`.

    Raises:
        ValueError: if a bound is not a finite number, or `maxval` is less than `minval`; when called with an integer
            dtype, if the bounds are not two different ints.

    >>> values = RandomUniform(0, 10, seed=1)((100,), dtype="int64")
    >>> int(values.min()), int(values.max())
    (0, 9)
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None) -> None:
        self.minval = finite_number(self, "minval", minval)
        self.maxval = finite_number(self, "maxval", maxval)
        if self.maxval < self.minval:
            raise ValueError(
                f"{type(self).__name__}: maxval must not be less than minval. "
                f"Received: minval={minval!r}, maxval={maxval!r}."
            )
        super().__init__(seed)

    def fill(self, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
        """Draw the tensor."""
        bounds = (self.minval, self.maxval)
        if dtype is torch.bool or dtype.is_complex:
            check_floating(self, dtype)
        elif not dtype.is_floating_point and (any(int(b) != b for b in bounds) or bounds[0] == bounds[1]):
            raise ValueError(
                f"{type(self).__name__}: for dtype={dtype}, minval and maxval must be ints, and maxval the larger. "
                f"Received: minval={self.minval!r}, maxval={self.maxval!r}."
            )
        return draw_uniform(shape, dtype, *bounds, self.seed)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "minval": self.minval, "maxval": self.maxval}


@catalog.register("OrthogonalInitializer", "OrthogonalV2")
class Orthogonal(RandomInitializer):
    """A random orthogonal matrix, times `gain` (Saxe et al., 2014).

    If there are more columns than rows, the rows are orthonormal, else the columns. All axes but the last one form the
    rows. The matrix is the Q of a random matrix's QR decomposition, with signs that make its distribution uniform.

    Args:
        gain: factor of the matrix.
        seed: `None`, an int or a `SeedGenerator`.

    Raises:
        ValueError: if `gain` is not a finite number; when called, if the shape has a rank below 2.

    >>> matrix = Orthogonal(seed=1)((2, 2, 3))
    >>> torch.allclose(matrix.reshape(4, 3).T @ matrix.reshape(4, 3), torch.eye(3), atol=1e-5)
    True
    """

    def __init__(self, gain: float = 1.0, seed: Any = None) -> None:
        self.gain = finite_number(self, "gain", gain)
        super().__init__(seed)

    def fill(self, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
        """Draw the tensor."""
        check_floating(self, dtype)
        if len(shape) < 2:
            raise ValueError(f"{type(self).__name__}: the shape must have rank 2 or more. Received: shape={shape}.")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        # QR supports no dtypes of less than 32 bits.
        wide = torch.float32 if dtype.itemsize < torch.float32.itemsize else dtype
        drawn = draw_normal((max(rows, columns), min(rows, columns)), wide, 0.0, 1.0, self.seed)
        q, r = torch.linalg.qr(drawn)
        q = torch.where(r.diagonal() < 0, -q, q)
        # QR returns its factors in column-major order.
        return (self.gain * (q.T if rows < columns else q).reshape(shape)).to(dtype).contiguous()

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "gain": self.gain}
