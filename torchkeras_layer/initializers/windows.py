"""What are the values of the window functions that a Fourier transform is weighted with?

The formulas are those of Harris, "On the use of windows for harmonic analysis with the discrete Fourier
transform" (1978), and Nuttall (1981), as `scipy.signal.get_window` names and scales them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

# The coefficients of 1, -cos(t), cos(2t), -cos(3t), …
_COSINE_SUMS = {
    "boxcar": (1.0,),
    "hann": (0.5, 0.5),
    "hamming": (0.54, 0.46),
    "blackman": (0.42, 0.5, 0.08),
    "nuttall": (0.3635819, 0.4891775, 0.1365995, 0.0106411),
    "blackmanharris": (0.35875, 0.48829, 0.14128, 0.01168),
    "flattop": (0.21557895, 0.41663158, 0.277263158, 0.083578947, 0.006947368),
}


def _bartlett(length: int) -> np.ndarray:
    return 1.0 - np.abs(np.linspace(-1.0, 1.0, length))


def _triangle(length: int) -> np.ndarray:
    from_middle = np.abs(2 * np.arange(length) - (length - 1))
    return 1.0 - from_middle / (length + length % 2)


def _cosine(length: int) -> np.ndarray:
    return np.sin(np.pi / length * (np.arange(length) + 0.5))


_SHAPES: dict[str, Callable[[int], np.ndarray]] = {
    "bartlett": _bartlett,
    "triang": _triangle,
    "cosine": _cosine,
}

WINDOWS = (*_COSINE_SUMS, *_SHAPES)
"""The names of the windows."""


def window_values(name: str, length: int, periodic: bool) -> np.ndarray:
    """Return a window of `length` values; a periodic one is a symmetric one of `length + 1` without its last.

    >>> window_values("hann", 4, periodic=True).round(2).tolist()
    [0.0, 0.5, 1.0, 0.5]
    """
    if length <= 1:
        return np.ones(length)
    full = length + 1 if periodic else length
    if name in _SHAPES:
        return _SHAPES[name](full)[:length]
    angle = np.linspace(-np.pi, np.pi, full)
    terms = [weight * np.cos(order * angle) for order, weight in enumerate(_COSINE_SUMS[name])]
    return np.sum(terms, axis=0)[:length]
