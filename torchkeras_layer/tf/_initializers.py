"""What are TensorFlow's initializers here? Those of `keras.initializers`; `compat.v1` has other defaults."""

from __future__ import annotations

from typing import Any

from torchkeras_layer.initializers import (
    Constant,
    GlorotNormal,
    GlorotUniform,
    Identity,
    Initializer,
    Ones,
    Orthogonal,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
    Zeros,
)

__all__ = ["Constant", "GlorotNormal", "GlorotUniform", "Identity", "Ones", "Orthogonal", "VarianceScaling", "Zeros"]


def random_normal_of_v1(mean: float = 0.0, stddev: float = 1.0, seed: Any = None, dtype: Any = None) -> Initializer:
    """Return an initializer of normally distributed numbers, by default of deviation 1.

    >>> random_normal_of_v1().stddev
    1.0
    """
    return RandomNormal(mean, stddev, seed)


def truncated_normal_of_v1(mean: float = 0.0, stddev: float = 1.0, seed: Any = None, dtype: Any = None) -> Initializer:
    """Return an initializer of truncated normally distributed numbers, by default of deviation 1."""
    return TruncatedNormal(mean, stddev, seed)


def random_uniform_of_v1(minval: float = 0.0, maxval: float = 1.0, seed: Any = None, dtype: Any = None) -> Initializer:
    """Return an initializer of evenly distributed numbers, by default from 0 to 1."""
    return RandomUniform(minval, maxval, seed)


random_normal_initializer = RandomNormal
random_uniform_initializer = RandomUniform
