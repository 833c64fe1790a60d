"""Which transforms of signals does TensorFlow have, which are complex tensors there and pairs in Keras?"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer.ops.values import as_float, as_sizes, as_tensor


def fft(input: Any) -> Tensor:
    """Return the Fourier transform along the last axis, as complex numbers."""
    return torch.fft.fft(as_tensor(input))


def ifft(input: Any) -> Tensor:
    """Return the inverse Fourier transform along the last axis."""
    return torch.fft.ifft(as_tensor(input))


def fft2d(input: Any) -> Tensor:
    """Return the Fourier transform along the last two axes, as complex numbers."""
    return torch.fft.fftn(as_tensor(input), dim=(-2, -1))


def ifft2d(input: Any) -> Tensor:
    """Return the inverse Fourier transform along the last two axes."""
    return torch.fft.ifftn(as_tensor(input), dim=(-2, -1))


def fft3d(input: Any) -> Tensor:
    """Return the Fourier transform along the last three axes, as complex numbers."""
    return torch.fft.fftn(as_tensor(input), dim=(-3, -2, -1))


def ifft3d(input: Any) -> Tensor:
    """Return the inverse Fourier transform along the last three axes."""
    return torch.fft.ifftn(as_tensor(input), dim=(-3, -2, -1))


def rfft(input: Any, fft_length: Any = None) -> Tensor:
    """Return the first half of the Fourier transform of real signals, as complex numbers."""
    return torch.fft.rfft(as_float(input), None if fft_length is None else as_sizes(fft_length)[0])


def irfft(input: Any, fft_length: Any = None) -> Tensor:
    """Return the real signals whose `rfft` is given."""
    return torch.fft.irfft(as_tensor(input), None if fft_length is None else as_sizes(fft_length)[0])


def rfft2d(input: Any, fft_length: Any = None) -> Tensor:
    """Return half of the Fourier transform of real signals along the last two axes, as complex numbers."""
    return torch.fft.rfftn(as_float(input), None if fft_length is None else as_sizes(fft_length), (-2, -1))


def irfft2d(input: Any, fft_length: Any = None) -> Tensor:
    """Return the real signals whose `rfft2d` is given."""
    return torch.fft.irfftn(as_tensor(input), None if fft_length is None else as_sizes(fft_length), (-2, -1))


def fftshift(x: Any, axes: Any = None) -> Tensor:
    """Return frequencies with 0 in the middle."""
    return torch.fft.fftshift(as_tensor(x), None if axes is None else as_sizes(axes))


def ifftshift(x: Any, axes: Any = None) -> Tensor:
    """Return frequencies with 0 first."""
    return torch.fft.ifftshift(as_tensor(x), None if axes is None else as_sizes(axes))


def frame(
    signal: Any, frame_length: Any, frame_step: Any, pad_end: bool = False, pad_value: float = 0, axis: int = -1
) -> Tensor:
    """Return frames of signals along an axis, which becomes two; `pad_end` fills the last frames with `pad_value`."""
    signal, (size,), (step,) = as_tensor(signal), as_sizes(frame_length), as_sizes(frame_step)
    axis = axis % signal.dim()
    signal = signal.movedim(axis, -1)
    if pad_end:
        length = signal.shape[-1]
        wanted = (-(-length // step) - 1) * step + size
        signal = F.pad(signal, (0, max(wanted - length, 0)), value=pad_value)
    return signal.unfold(-1, size, step).movedim((-2, -1), (axis, axis + 1))


def overlap_and_add(signal: Any, frame_step: Any) -> Tensor:
    """Return the signals of which `frame` gives the frames, summed where these overlap.

    >>> overlap_and_add([[1.0, 2.0], [3.0, 4.0]], 1)
    tensor([1., 5., 4.])
    """
    signal, (step,) = as_tensor(signal), as_sizes(frame_step)
    count, size = signal.shape[-2:]
    total = size + step * (count - 1)
    flat = signal.reshape(-1, count, size).mT
    return F.fold(flat, (1, total), (1, size), stride=(1, step)).reshape(*signal.shape[:-2], total)


def hann_window(window_length: Any, periodic: bool = True, dtype: Any = "float32") -> Tensor:
    """Return a Hann window."""
    return torch.hann_window(as_sizes(window_length)[0], periodic, dtype=torch_dtype(dtype))


def hamming_window(window_length: Any, periodic: bool = True, dtype: Any = "float32") -> Tensor:
    """Return a Hamming window."""
    return torch.hamming_window(as_sizes(window_length)[0], periodic, dtype=torch_dtype(dtype))


def kaiser_window(window_length: Any, beta: float = 12.0, dtype: Any = "float32") -> Tensor:
    """Return a Kaiser window."""
    return torch.kaiser_window(as_sizes(window_length)[0], False, beta, dtype=torch_dtype(dtype))


def vorbis_window(window_length: Any, dtype: Any = "float32") -> Tensor:
    """Return the window of the Vorbis codec."""
    count, target = as_sizes(window_length)[0], torch_dtype(dtype)
    places = torch.arange(count, dtype=target) + 0.5
    return torch.sin(math.pi / 2 * torch.sin(math.pi * places / count) ** 2)


def stft(
    signals: Any,
    frame_length: Any,
    frame_step: Any,
    fft_length: Any = None,
    window_fn: Any = hann_window,
    pad_end: bool = False,
) -> Tensor:
    """Return the short-time Fourier transform as complex numbers: frames, then frequencies; the window is Hann's."""
    length, size = _sizes_of_frames(frame_length, fft_length)
    frames = frame(as_float(signals), length, frame_step, pad_end)
    return torch.fft.rfft(_windowed(frames, window_fn, length), size)


def inverse_stft(
    stfts: Any, frame_length: Any, frame_step: Any, fft_length: Any = None, window_fn: Any = hann_window
) -> Tensor:
    """Return the sums of the frames whose `stft` is given, times the window."""
    length, size = _sizes_of_frames(frame_length, fft_length)
    frames = torch.fft.irfft(as_tensor(stfts), size)[..., :length]
    return overlap_and_add(_windowed(frames, window_fn, length), frame_step)


def inverse_stft_window_fn(frame_step: Any, forward_window_fn: Any = hann_window) -> Any:
    """Return the window for `inverse_stft` with which it is the inverse of `stft`."""

    def window_fn(frame_length: Any, dtype: Any = "float32") -> Tensor:
        (length,), (step,) = as_sizes(frame_length), as_sizes(frame_step)
        window = forward_window_fn(length, dtype=dtype)
        overlaps = -(-length // step)
        square = F.pad(torch.square(window), (0, overlaps * step - length)).reshape(overlaps, step)
        return window / torch.sum(square, 0, keepdim=True).expand(overlaps, step).reshape(-1)[:length]

    return window_fn


def _sizes_of_frames(frame_length: Any, fft_length: Any) -> tuple[int, int]:
    length = as_sizes(frame_length)[0]
    return length, 1 << (length - 1).bit_length() if fft_length is None else as_sizes(fft_length)[0]


def _windowed(frames: Tensor, window_fn: Any, length: int) -> Tensor:
    return frames if window_fn is None else frames * window_fn(length, dtype=frames.dtype).to(frames.device)


def dct(input: Any, type: int = 2, n: Any = None, axis: int = -1, norm: str | None = None) -> Tensor:
    """Return the discrete cosine transform, of type 1 to 4, along the last axis; `norm` is 'ortho' or `None`."""
    x = as_float(input)
    count = x.shape[-1] if n is None else as_sizes(n)[0]
    x = F.pad(x, (0, count - x.shape[-1])) if count > x.shape[-1] else x[..., :count]
    return x @ _cosines(type, count, norm, x)


def idct(input: Any, type: int = 2, n: Any = None, axis: int = -1, norm: str | None = None) -> Tensor:
    """Return the inverse of the discrete cosine transform along the last axis, scaled as TensorFlow's."""
    return dct(input, {1: 1, 2: 3, 3: 2, 4: 4}[type], None, axis, norm)


def _cosines(kind: int, count: int, norm: str | None, like: Tensor) -> Tensor:
    """Return the matrix of a transform: a row for each value, a column for each frequency."""
    places = torch.arange(count, dtype=torch.float64, device=like.device)
    value, frequency = places.unsqueeze(1), places.unsqueeze(0)
    if kind == 1:
        matrix = 2 * torch.cos(math.pi * value * frequency / (count - 1))
        matrix[[0, -1]] /= 2
    elif kind == 4:
        matrix = 2 * torch.cos(math.pi * (2 * value + 1) * (2 * frequency + 1) / (4 * count))
        matrix = matrix / math.sqrt(2 * count) if norm == "ortho" else matrix
    else:
        second = 2 * torch.cos(math.pi * (2 * value + 1) * frequency / (2 * count))
        scale = torch.full_like(places, math.sqrt(1 / (2 * count)))
        scale[0] /= math.sqrt(2)
        if norm == "ortho":
            matrix = second * scale if kind == 2 else (second * scale).T
        else:
            matrix = second if kind == 2 else second.T
            if kind == 3:
                matrix = torch.cat([matrix[:1] / 2, matrix[1:]])
    return matrix.to(like.dtype)


def linear_to_mel_weight_matrix(
    num_mel_bins: int = 20,
    num_spectrogram_bins: Any = 129,
    sample_rate: Any = 8000,
    lower_edge_hertz: float = 125.0,
    upper_edge_hertz: float = 3800.0,
    dtype: Any = "float32",
) -> Tensor:
    """Return the matrix that turns frequencies into the mel scale: a row for each frequency."""
    target = torch_dtype(dtype)
    frequencies = torch.linspace(0.0, float(sample_rate) / 2, as_sizes(num_spectrogram_bins)[0], dtype=target)[1:]
    mels = _mel(frequencies).unsqueeze(1)
    low, high = (_mel(torch.tensor(float(edge), dtype=target)) for edge in (lower_edge_hertz, upper_edge_hertz))
    edges = torch.linspace(float(low), float(high), num_mel_bins + 2, dtype=target)
    below, center, above = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (mels - below) / (center - below), (above - mels) / (above - center)
    return F.pad(torch.minimum(rising, falling).clamp(min=0), (0, 0, 1, 0))


def _mel(frequency: Tensor) -> Tensor:
    return 1127.0 * torch.log(1.0 + frequency / 700.0)


def mfccs_from_log_mel_spectrograms(log_mel_spectrograms: Any) -> Tensor:
    """Return the mel-frequency cepstral coefficients of logarithms of mel spectrograms."""
    x = as_float(log_mel_spectrograms)
    return dct(x, 2) * (2.0 * x.shape[-1]) ** -0.5
