"""How does a layer turn signals into spectrograms on the mel scale, which is that of hearing?"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import as_plain, finite_number, one_of, plain_int, positive_int
from torchkeras_layer.layers.preprocessing.data_layer import DataLayer, in_compute_dtype
from torchkeras_layer.ops.signals import stft

# Mel is HIGH_Q * ln(1 + hertz / BREAK).
_HIGH_Q = 1127.0
_BREAK = 700.0


@catalog.register()
class MelSpectrogram(DataLayer):
    """Compute spectrograms of signals with frequencies on the mel scale.

    Shapes: (batch, time) or (time,) -> the same with (num_mel_bins, frames) in place of the time; a frame is in the
    middle of each `sequence_stride` samples.

    Args:
        fft_length: number of samples that are transformed, at least `sequence_length`.
        sequence_stride: number of samples from one frame to the next.
        sequence_length: number of samples in a frame; `None` for `fft_length`.
        window: 'hann', 'hamming', an array of `sequence_length` numbers, or `None`.
        sampling_rate: samples per second.
        num_mel_bins: number of bands.
        min_freq: lowest frequency, in hertz.
        max_freq: highest frequency; `None` for half of the sampling rate.
        power_to_db: whether to give decibels.
        top_db: decibels are raised to at least so many below the largest of the batch.
        mag_exp: the exponent of magnitudes: 1 for amplitudes, 2 for powers.
        min_power: smallest power, in decibels.
        ref_power: the power that has 0 decibels.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these; in a call, if there is no time axis, or a signal is too short.

    >>> import torchkeras_layer as keras
    >>> keras.layers.MelSpectrogram(64, 16, sampling_rate=800, num_mel_bins=5)(torch.ones(2, 160)).shape
    torch.Size([2, 5, 11])
    """

    def __init__(
        self,
        fft_length: int = 2048,
        sequence_stride: int = 512,
        sequence_length: int | None = None,
        window: Any = "hann",
        sampling_rate: float = 16000,
        num_mel_bins: int = 128,
        min_freq: float = 20.0,
        max_freq: float | None = None,
        power_to_db: bool = True,
        top_db: float = 80.0,
        mag_exp: float = 2.0,
        min_power: float = 1e-10,
        ref_power: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.fft_length = positive_int(self, "fft_length", fft_length)
        self.sequence_stride = positive_int(self, "sequence_stride", sequence_stride)
        self.sequence_length = positive_int(self, "sequence_length", sequence_length or fft_length)
        self.window = _read_window(self, window)
        self.sampling_rate = finite_number(self, "sampling_rate", sampling_rate, 0)
        self.num_mel_bins = positive_int(self, "num_mel_bins", num_mel_bins)
        self.min_freq = finite_number(self, "min_freq", min_freq, 0)
        self.max_freq = finite_number(self, "max_freq", max_freq or int(sampling_rate / 2), 0)
        self.power_to_db = bool(power_to_db)
        self.top_db = finite_number(self, "top_db", top_db)
        self.mag_exp = finite_number(self, "mag_exp", mag_exp)
        self.min_power = finite_number(self, "min_power", min_power, 0)
        self.ref_power = finite_number(self, "ref_power", ref_power)
        _check(self)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the spectrograms."""
        _check_signal(self, inputs.shape)
        signals = in_compute_dtype(self, inputs)
        # There are no Fourier transforms in half precision.
        values = signals.to(torch.promote_types(signals.dtype, torch.float32))
        parts = stft(values, self.sequence_length, self.sequence_stride, self.fft_length, _window(self, values))
        # Of a complex number, because its absolute value has a gradient at 0.
        powers = torch.complex(*parts).abs() ** self.mag_exp
        mel = powers @ _mel_matrix(self).to(dtype=powers.dtype, device=powers.device)
        return (_decibels(self, mel) if self.power_to_db else mel).transpose(-1, -2).to(signals.dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the spectrograms.

        Raises:
            ValueError: if there is no time axis, or a signal is too short.
        """
        _check_signal(self, input_shape)
        *batch, time = input_shape
        odd = self.fft_length % 2
        return (*batch, self.num_mel_bins, None if time is None else 1 + (time - odd) // self.sequence_stride)


def _check(layer: MelSpectrogram) -> None:
    if layer.fft_length < layer.sequence_length:
        raise ValueError(
            f"{type(layer).__name__}: fft_length must be at least sequence_length. Received: "
            f"fft_length={layer.fft_length}, sequence_length={layer.sequence_length}."
        )
    if layer.min_freq >= layer.max_freq:
        raise ValueError(
            f"{type(layer).__name__}: min_freq must be below max_freq, which is half of sampling_rate by default. "
            f"Received: min_freq={layer.min_freq}, max_freq={layer.max_freq}."
        )


def _check_signal(layer: MelSpectrogram, shape: Any) -> None:
    shortest = layer.fft_length // 2 + 1
    time = plain_int(shape[-1]) if len(shape) else 0
    if time is not None and time < shortest:
        raise ValueError(
            f"{layer.name}: a signal must have at least {shortest} samples, more than half of fft_length, because it "
            f"is mirrored at its ends. Received: inputs of shape {tuple(shape)}."
        )


def _read_window(layer: MelSpectrogram, window: Any) -> Any:
    if window is None or isinstance(window, str):
        return None if window is None else one_of(layer, "window", window, "hann", "hamming")
    if np.shape(as_plain(window)) != (layer.sequence_length,):
        raise ValueError(
            f"{type(layer).__name__}: window must be 'hann', 'hamming', None or an array of {layer.sequence_length} "
            f"numbers. Received: window={window!r}."
        )
    return window


def _window(layer: MelSpectrogram, like: torch.Tensor) -> torch.Tensor | str | None:
    if layer.window is None or isinstance(layer.window, str):
        return layer.window
    return torch.as_tensor(layer.window, dtype=like.dtype, device=like.device)


def _mel(hertz: Any) -> Any:
    return _HIGH_Q * np.log1p(np.asarray(hertz, dtype="float64") / _BREAK)


def _mel_matrix(layer: MelSpectrogram) -> torch.Tensor:
    """Return the weight of each frequency in each band, (frequencies, bands): triangles of height 1, as in HTK."""
    bins = _mel(np.linspace(0, layer.sampling_rate / 2, layer.fft_length // 2 + 1))[:, None]
    edges = np.linspace(_mel(layer.min_freq), _mel(layer.max_freq), layer.num_mel_bins + 2)
    lower, center, upper = edges[:-2], edges[1:-1], edges[2:]
    weights = np.maximum(0, np.minimum((bins - lower) / (center - lower), (upper - bins) / (upper - center)))
    # The frequency 0 is left out.
    weights[0] = 0
    return torch.as_tensor(weights)


def _decibels(layer: MelSpectrogram, powers: torch.Tensor) -> torch.Tensor:
    reference = 10 * math.log10(max(abs(layer.ref_power), layer.min_power))
    decibels = 10 * powers.clamp(min=layer.min_power).log10() - reference
    return torch.maximum(decibels, decibels.amax() - layer.top_db) if decibels.numel() else decibels
