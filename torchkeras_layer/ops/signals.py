"""Which operations are Fourier transforms, and cut signals into frames?

A complex signal is a pair of its real and imaginary parts, as in Keras.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from torchkeras_layer.ops.values import as_float, as_tensor

Parts = tuple[Tensor, Tensor]


def fft(x: Any) -> Parts:
    """Return the Fourier transform along the last axis."""
    return _parts(torch.fft.fft(_complex(x)))


def fft2(x: Any) -> Parts:
    """Return the Fourier transform along the last two axes."""
    return _parts(torch.fft.fft2(_complex(x)))


def ifft2(x: Any) -> Parts:
    """Return the inverse Fourier transform along the last two axes."""
    return _parts(torch.fft.ifft2(_complex(x)))


def rfft(x: Any, fft_length: int | None = None) -> Parts:
    """Return the first half of the Fourier transform of a real signal along the last axis."""
    return _parts(torch.fft.rfft(as_float(x), fft_length))


def irfft(x: Any, fft_length: int | None = None) -> Tensor:
    """Return the real signal whose `rfft` is given.

    >>> irfft(rfft([1.0, 2.0, 3.0, 4.0]))
    tensor([1., 2., 3., 4.])
    """
    return torch.fft.irfft(_complex(x), fft_length)


def extract_sequences(x: Any, sequence_length: int, sequence_stride: int) -> Tensor:
    """Return frames of a signal along a new axis before the last.

    >>> extract_sequences([1, 2, 3, 4], 2, 1)
    tensor([[1, 2],
            [2, 3],
            [3, 4]], dtype=torch.int32)
    """
    return as_tensor(x).unfold(-1, sequence_length, sequence_stride)


def stft(
    x: Any, sequence_length: int, sequence_stride: int, fft_length: int, window: Any = "hann", center: bool = True
) -> Parts:
    """Return the short-time Fourier transform of signals along the last axis: frames, then frequencies."""
    x = as_float(x)
    if center:
        margin = fft_length // 2
        flat = F.pad(x.reshape(1, -1, x.shape[-1]), (margin, margin), mode="reflect")
        x = flat.reshape(*x.shape[:-1], flat.shape[-1])
    frames = x.unfold(-1, fft_length, sequence_stride) * _window(window, sequence_length, fft_length, x)
    return _parts(torch.fft.rfft(frames, fft_length))


def istft(
    x: Any,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    length: int | None = None,
    window: Any = "hann",
    center: bool = True,
) -> Tensor:
    """Return the signal whose `stft` is given: frames are added, and divided by the sum of the squared windows."""
    frames = torch.fft.irfft(_complex(x), fft_length)
    shape, count = frames.shape[:-2], frames.shape[-2]
    weights = _window(window, sequence_length, fft_length, frames)
    total = fft_length + sequence_stride * (count - 1)

    def added(values: Tensor) -> Tensor:
        folded = F.fold(values.transpose(-1, -2), (1, total), (1, fft_length), stride=(1, sequence_stride))
        return folded.reshape(-1, total)

    signal = added((frames * weights).reshape(-1, count, fft_length))
    square = added((weights**2).expand(1, count, fft_length))
    is_silent = square.abs() < torch.finfo(square.dtype).eps
    signal = torch.where(is_silent, signal, signal / torch.where(is_silent, torch.ones_like(square), square))
    start = fft_length // 2 if center else 0
    end = total - start if length is None else start + length
    return signal[:, start:end].reshape(*shape, -1)


def _complex(x: Any) -> Tensor:
    real, imaginary = x
    return torch.complex(as_float(real), as_float(imaginary))


def _parts(x: Tensor) -> Parts:
    return torch.real(x).clone(), torch.imag(x).clone()


def _window(window: Any, length: int, fft_length: int, like: Tensor) -> Tensor:
    """Return a window of `length` values in the middle of `fft_length` ones."""
    if window is None:
        values = torch.ones(length, dtype=like.dtype, device=like.device)
    elif isinstance(window, str):
        makers = {"hann": torch.hann_window, "hamming": torch.hamming_window}
        if window not in makers:
            raise ValueError(f"stft: window must be 'hann', 'hamming', None or a tensor. Received: {window!r}.")
        values = makers[window](length, dtype=like.dtype, device=like.device)
    else:
        values = as_tensor(window, like.dtype)
    before = (fft_length - length) // 2
    return F.pad(values, (before, fft_length - length - before))
