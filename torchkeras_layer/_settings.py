"""Which process-wide defaults are there: floating-point dtype, epsilon, image layout, random seed?"""

from __future__ import annotations

import operator
import random

import numpy as np
import torch

_FLOAT_TYPES = ("float16", "bfloat16", "float32", "float64")
_IMAGE_FORMATS = ("channels_last", "channels_first")

_settings = {"floatx": "float32", "epsilon": 1e-7, "image_data_format": "channels_last"}


def floatx() -> str:
    """Return the name of the default floating-point dtype of new layers.

    >>> floatx()
    'float32'
    """
    return _settings["floatx"]


def set_floatx(value: str) -> None:
    """Set the default floating-point dtype of layers that are created from now on.

    Args:
        value: `'float16'`, `'bfloat16'`, `'float32'` or `'float64'`.

    Raises:
        ValueError: for anything else.

    >>> set_floatx("float64"); floatx()
    'float64'
    >>> set_floatx("float32")
    """
    if value not in _FLOAT_TYPES:
        raise ValueError(f"set_floatx: expected one of {_FLOAT_TYPES}. Received: {value!r}.")
    _settings["floatx"] = value


def epsilon() -> float:
    """Return the small number that is added to denominators to avoid division by zero.

    >>> epsilon()
    1e-07
    """
    return _settings["epsilon"]


def set_epsilon(value: float) -> None:
    """Set the small number that is added to denominators to avoid division by zero.

    Args:
        value: a positive number.

    Raises:
        ValueError: if `value` is not a positive number.

    >>> set_epsilon(1e-5); epsilon()
    1e-05
    >>> set_epsilon(1e-7)
    """
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not value > 0:
        raise ValueError(f"set_epsilon: expected a positive number. Received: {value!r}.")
    _settings["epsilon"] = float(value)


def image_data_format() -> str:
    """Return the default layout of images: `'channels_last'` or `'channels_first'`.

    >>> image_data_format()
    'channels_last'
    """
    return _settings["image_data_format"]


def set_image_data_format(data_format: str) -> None:
    """Set the default layout of images, for layers that are created from now on.

    Args:
        data_format: `'channels_last'` (batch, height, width, channels) or `'channels_first'` (batch, channels, height,
            width).

    Raises:
        ValueError: for anything else.

    >>> set_image_data_format("channels_first"); image_data_format()
    'channels_first'
    >>> set_image_data_format("channels_last")
    """
    if data_format not in _IMAGE_FORMATS:
        raise ValueError(f"set_image_data_format: expected one of {_IMAGE_FORMATS}. Received: {data_format!r}.")
    _settings["image_data_format"] = data_format


_LARGEST_SEED = 2**32 - 1


def set_random_seed(seed: int) -> None:
    """Seed the random generators of Python, numpy and torch (on every device), to make a program reproducible.

    Args:
        seed: an int from 0 to 2**32 - 1, the range that numpy accepts.

    Raises:
        ValueError: for anything else.

    >>> set_random_seed(7); first = torch.rand(2); set_random_seed(7); torch.equal(first, torch.rand(2))
    True
    """
    number = None if isinstance(seed, bool) or not hasattr(seed, "__index__") else operator.index(seed)
    if number is None or not 0 <= number <= _LARGEST_SEED:
        raise ValueError(f"set_random_seed: seed must be an int from 0 to {_LARGEST_SEED}. Received: {seed!r}.")
    random.seed(number)
    np.random.seed(number)
    torch.manual_seed(number)
