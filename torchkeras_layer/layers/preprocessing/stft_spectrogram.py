"""How does a layer turn signals into spectrograms by kernels that may be trained?"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras_layer._settings import epsilon
from torchkeras_layer._shapes import Shape
from torchkeras_layer.initializers.stft import STFT
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import layout, one_of, positive_int, resolved
from torchkeras_layer.layers.built_in_layer import BuiltInLayer, weight_of
from torchkeras_layer.layers.window_counts import count_windows
from torchkeras_layer.symbolic import InputSpec

_MODES = ("log", "magnitude", "psd", "real", "imag", "angle", "stft")


@catalog.register()
class STFTSpectrogram(BuiltInLayer):
    """Compute the short-time Fourier transform of signals, as a convolution with kernels, which can be trained.

    Shapes: (batch, time, channels) -> (batch, frames, channels * frequencies), or with `expand_dims` (batch, frames,
    frequencies, channels). There are `fft_length // 2 + 1` frequencies, and twice as many for `mode='stft'`.

    Args:
        mode: what comes out: 'log' of the 'magnitude', 'psd' for the one-sided power, the 'real' or the 'imag' part,
            the 'angle', or 'stft' for the real parts and then the imaginary ones.
        frame_length: number of samples in a frame.
        frame_step: number of samples from one frame to the next, up to `frame_length`; `None` for half of it.
        fft_length: number of samples that are transformed, at least `frame_length`; `None` for the next power of 2.
        window: name of a window such as 'hann', an array of `frame_length` numbers, or `None`.
        periodic: whether a window that is given by name is periodic, and not symmetric.
        scaling: 'density', 'spectrum' or `None`, as in `initializers.STFT`.
        padding: 'valid', or 'same' for as many frames as there are steps in the signal.
        expand_dims: whether the frequencies have an axis of their own.
        data_format: 'channels_last', or 'channels_first' for (batch, channels, time) -> (batch, channels *
            frequencies, frames) or (batch, channels, frames, frequencies); by default `backend.image_data_format()`.
        **kwargs: those of `Layer`. `trainable=False` keeps the kernels as they are.

    Raises:
        ValueError: if an argument is not one of these; in a call, if the rank of the inputs is not 3.

    >>> import torchkeras_layer as keras
    >>> keras.layers.STFTSpectrogram(frame_length=16, trainable=False)(torch.ones(2, 64, 1)).shape
    torch.Size([2, 7, 9])
    """

    def __init__(
        self,
        mode: str = "log",
        frame_length: int = 256,
        frame_step: int | None = None,
        fft_length: int | None = None,
        window: Any = "hann",
        periodic: bool = False,
        scaling: str | None = "density",
        padding: str = "valid",
        expand_dims: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.mode = one_of(self, "mode", mode, *_MODES)
        self.frame_length = positive_int(self, "frame_length", frame_length)
        self.frame_step = None if frame_step is None else positive_int(self, "frame_step", frame_step)
        self.fft_length = None if fft_length is None else positive_int(self, "fft_length", fft_length)
        self.window, self.periodic, self.scaling = window, bool(periodic), scaling
        self.padding = one_of(self, "padding", padding, "valid", "same")
        self.expand_dims = bool(expand_dims)
        self.data_format = layout(self, data_format)
        self.input_spec = InputSpec(ndim=3)
        _check_lengths(self)
        resolved(self, "window or scaling", (window, scaling), lambda pair: STFT("real", pair[0], pair[1]))

    def build(self, input_shape: Shape) -> None:
        """Create the kernels, of shape (frame_length, 1, frequencies), that the mode needs."""
        for side, other in (("real", "imag"), ("imag", "real")):
            if self.mode != other:
                initializer = STFT(side, self.window, self.scaling, self.periodic)
                shape = (self.frame_length, 1, _fft_length(self) // 2 + 1)
                setattr(self, f"{side}_kernel", self.add_weight(f"{side}_kernel", shape, initializer=initializer))

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the spectrograms."""
        parts = [
            _transform(self, inputs, weight_of(self, f"{side}_kernel"))
            for side, other in (("real", "imag"), ("imag", "real"))
            if self.mode != other
        ]
        return _arranged(self, _result(self.mode, parts))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the spectrograms.

        Raises:
            ValueError: if the signals are too short.
        """
        is_last = self.data_format == "channels_last"
        batch, time, channels = input_shape if is_last else (input_shape[0], input_shape[2], input_shape[1])
        frames = _count_frames(self, time)
        frequencies = (_fft_length(self) // 2 + 1) * (2 if self.mode == "stft" else 1)
        if self.expand_dims:
            return (batch, frames, frequencies, channels) if is_last else (batch, channels, frames, frequencies)
        merged = None if channels is None else channels * frequencies
        return (batch, frames, merged) if is_last else (batch, merged, frames)


def _check_lengths(layer: STFTSpectrogram) -> None:
    name = type(layer).__name__
    if _step(layer) > layer.frame_length or _step(layer) < 1:
        raise ValueError(
            f"{name}: frame_step must be from 1 to frame_length. Received: frame_step={layer.frame_step}, "
            f"frame_length={layer.frame_length}."
        )
    if _fft_length(layer) < max(layer.frame_length, 2):
        raise ValueError(
            f"{name}: fft_length must be at least frame_length, and at least 2. Received: "
            f"fft_length={layer.fft_length}, frame_length={layer.frame_length}."
        )


def _step(layer: STFTSpectrogram) -> int:
    return layer.frame_step or layer.frame_length // 2


def _count_frames(layer: STFTSpectrogram, time: int | None) -> int | None:
    frames = count_windows(time, layer.frame_length, _step(layer), 1, layer.padding)
    if frames is not None and frames < 1:
        shortest = layer.frame_length if layer.padding == "valid" else 1
        raise ValueError(f"{layer.name}: a signal must have at least {shortest} samples. Received: {time}.")
    return frames


def _fft_length(layer: STFTSpectrogram) -> int:
    return layer.fft_length or 1 << (layer.frame_length - 1).bit_length()


def _transform(layer: STFTSpectrogram, inputs: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    """Return (batch, channels, frequencies, frames)."""
    signals = inputs.transpose(1, 2) if layer.data_format == "channels_last" else inputs
    batch, channels, time = signals.shape
    step, length = _step(layer), layer.frame_length
    _count_frames(layer, time)
    flat = signals.reshape(batch * channels, 1, time)
    if layer.padding == "same":
        missing = max((-(-time // step) - 1) * step + length - time, 0)
        flat = F.pad(flat, (missing // 2, missing - missing // 2))
    frames = F.conv1d(flat, kernel.permute(2, 1, 0).to(flat.dtype), stride=step)
    return frames.unflatten(0, (batch, channels))


def _result(mode: str, parts: list[torch.Tensor]) -> torch.Tensor:
    if mode in ("real", "imag"):
        return parts[0]
    if mode == "stft":
        return torch.cat(parts, dim=2)
    real, imaginary = parts
    if mode == "angle":
        return torch.atan2(imaginary, real)
    power = real**2 + imaginary**2
    if mode == "psd":
        return power + F.pad(power[:, :, 1:-1], (0, 0, 1, 1))
    magnitude = power.clamp(min=epsilon()).sqrt()
    return magnitude if mode == "magnitude" else magnitude.clamp(min=epsilon()).log()


def _arranged(layer: STFTSpectrogram, spectra: torch.Tensor) -> torch.Tensor:
    """Return (batch, channels, frequencies, frames) with the axes in their order."""
    is_last = layer.data_format == "channels_last"
    if layer.expand_dims:
        return spectra.permute(0, 3, 2, 1) if is_last else spectra.transpose(2, 3)
    merged = spectra.flatten(1, 2)
    return merged.transpose(1, 2) if is_last else merged
