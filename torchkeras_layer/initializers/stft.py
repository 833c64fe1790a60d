"""Which convolution kernel computes a short-time Fourier transform, with which window?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from torchkeras_layer.initializers._catalog import catalog
from torchkeras_layer.initializers.base import CheckedInitializer
from torchkeras_layer.registry import deserialize_keras_object, serialize_keras_object


@catalog.register("STFTInitializer")
class STFT(CheckedInitializer):
    """The real or imaginary part of a windowed Fourier transform, as the kernel of a 1D convolution.

    The kernel has the shape (frame length, 1, FFT length // 2 + 1).

    Args:
        side: 'real' or 'imag'.
        window: name of a window, array of the frame's length, or `None` for no window.
        scaling: 'density' to scale the window to an L2 norm of 1, 'spectrum' to an L1 norm of 1, `None` for neither.
        periodic: whether a window that is given by name is periodic, and not symmetric.

    Raises:
        ValueError: if an argument is not one of these; when called, if the shape is not of this form, or the window
            has another length.

    >>> STFT(window=None)((4, 1, 3)).squeeze(1).round().add(0.0)
    tensor([[ 1.,  1.,  1.],
            [ 1.,  0., -1.],
            [ 1., -1.,  1.],
            [ 1.,  0., -1.]])
    """

    def __init__(
        self,
        side: str = "real",
        window: Any = "hann",
        scaling: str | None = "density",
        periodic: bool = False,
    ) -> None:
        if side not in ("real", "imag"):
            raise ValueError(f"STFT: side must be 'real' or 'imag'. Received: side={side!r}.")
        if isinstance(window, str) and window not in WINDOWS:
            raise ValueError(f"STFT: window must be one of {WINDOWS}, an array or None. Received: window={window!r}.")
        if scaling not in (None, "density", "spectrum"):
            raise ValueError(f"STFT: scaling must be 'density', 'spectrum' or None. Received: scaling={scaling!r}.")
        self.side = side
        self.window = window
        self.scaling = scaling
        self.periodic = periodic

    def fill(self, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
        """Return the tensor."""
        if len(shape) != 3 or shape[1] != 1 or shape[2] < 2:
            raise ValueError(
                f"STFT: the shape must be (frame length, 1, at least 2 frequencies). Received: shape={shape}."
            )
        length, _, frequencies = shape
        # In float64, because the phase reaches hundreds of turns, which leaves float32 few digits.
        turns = np.outer(np.arange(length), np.arange(frequencies)) / (2 * (frequencies - 1))
        wave = np.cos(2 * np.pi * turns) if self.side == "real" else -np.sin(2 * np.pi * turns)
        return torch.tensor((wave * self._weights(length)[:, None])[:, None, :]).to(dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "side": self.side,
            "window": serialize_keras_object(self.window),
            "periodic": self.periodic,
            "scaling": self.scaling,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> STFT:
        """Make an initializer from a config; its window may be a serialized array."""
        return super().from_config({key: deserialize_keras_object(item) for key, item in config.items()})

    def _weights(self, length: int) -> np.ndarray:
        if self.window is None:
            return np.ones(length)
        if isinstance(self.window, str):
            values = window_values(self.window, length, self.periodic)
        else:
            given = self.window.tolist() if isinstance(self.window, torch.Tensor) else self.window
            values = np.asarray(given, dtype=np.float64)
        if values.shape != (length,):
            raise ValueError(
                f"STFT: the window must have the shape ({length},). Received: an array of shape {values.shape}."
            )
        if self.scaling is None:
            return values
        return values / (np.linalg.norm(values) if self.scaling == "density" else np.abs(values).sum())


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


def _bartlett_hann(length: int) -> np.ndarray:
    place = np.linspace(-0.5, 0.5, length)
    return 0.62 - 0.48 * np.abs(place) + 0.38 * np.cos(2 * np.pi * place)


def _bohman(length: int) -> np.ndarray:
    place = np.abs(np.linspace(-1.0, 1.0, length))
    values = (1 - place) * np.cos(np.pi * place) + np.sin(np.pi * place) / np.pi
    values[[0, -1]] = 0.0
    return values


def _parzen(length: int) -> np.ndarray:
    place = np.abs(2 * np.arange(length) - (length - 1)) / length
    inner, outer = 1 - 6 * place**2 * (1 - place), 2 * (1 - place) ** 3
    return np.where(place <= (length - 1) / 2 / length, inner, outer)


def _exponential(length: int) -> np.ndarray:
    return np.exp(-np.abs(np.arange(length) - (length - 1) / 2))


def _lanczos(length: int) -> np.ndarray:
    return np.sinc(np.linspace(-1.0, 1.0, length))


def _tukey(length: int) -> np.ndarray:
    """Return a window that rises as a cosine in its first quarter, and falls in its last."""
    from_end = np.minimum(np.arange(length), np.arange(length)[::-1])
    return np.where(from_end < (length - 1) / 4, 0.5 - 0.5 * np.cos(4 * np.pi * from_end / (length - 1)), 1.0)


def _taylor(length: int) -> np.ndarray:
    """Return the window of 4 terms whose side lobes are 30 dB below the main lobe, scaled to 1 in the middle."""
    orders, spread = np.arange(1, 4), np.arccosh(10**1.5) / np.pi
    width = 16 / (spread**2 + 3.5**2)
    zeros = width * (spread**2 + (orders - 0.5) ** 2)
    factors = [
        -((-1) ** order) * np.prod(1 - order**2 / zeros) / 2 / np.prod(1 - order**2 / orders[orders != order] ** 2)
        for order in orders
    ]

    def values(place: np.ndarray) -> np.ndarray:
        return 1 + 2 * np.cos(2 * np.pi * np.outer(place, orders)) @ np.array(factors)

    return values((np.arange(length) - (length - 1) / 2) / length) / values(np.zeros(1))


_SHAPES: dict[str, Callable[[int], np.ndarray]] = {
    "bartlett": _bartlett,
    "triang": _triangle,
    "cosine": _cosine,
    "barthann": _bartlett_hann,
    "bohman": _bohman,
    "parzen": _parzen,
    "exponential": _exponential,
    "lanczos": _lanczos,
    "tukey": _tukey,
    "taylor": _taylor,
}

WINDOWS = (*_COSINE_SUMS, *_SHAPES)
"""The names of the windows."""


def window_values(name: str, length: int, periodic: bool) -> np.ndarray:
    """Return a window of `length` values; a periodic one is a symmetric one of `length + 1` without the last value.

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
