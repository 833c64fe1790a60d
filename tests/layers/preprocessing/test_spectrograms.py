"""Do the spectrograms give Keras's numbers, gradients, shapes and configs for all of their arguments?"""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

import torchkeras_layer as ours
from tests.oracle import assert_close, keras
from torchkeras_layer import layers

SIGNALS = torch.tensor(np.random.default_rng(1).normal(size=(2, 48, 3)), dtype=torch.float32)
_SHORT = {"fft_length": 16, "sequence_stride": 8, "sampling_rate": 400, "num_mel_bins": 5}
_FRAMES = {"frame_length": 8}
WINDOW = [0.1, 0.4, 0.9, 1.0, 1.0, 0.9, 0.4, 0.1]
CASES = [
    ("MelSpectrogram", _SHORT),
    ("MelSpectrogram", _SHORT | {"power_to_db": False, "window": "hamming", "sequence_length": 12}),
    ("MelSpectrogram", _SHORT | {"mag_exp": 1.0, "top_db": 9.0, "ref_power": 3.0, "min_power": 1e-3, "window": None}),
    ("MelSpectrogram", _SHORT | {"min_freq": 30.0, "max_freq": 150, "window": WINDOW, "sequence_length": 8}),
    *(("STFTSpectrogram", _FRAMES | {"mode": mode}) for mode in ("log", "magnitude", "psd", "real", "imag", "stft")),
    ("STFTSpectrogram", _FRAMES | {"mode": "angle", "window": "hamming", "padding": "same"}),
    ("STFTSpectrogram", _FRAMES | {"frame_step": 3, "fft_length": 16, "expand_dims": True, "scaling": "spectrum"}),
    ("STFTSpectrogram", _FRAMES | {"frame_step": 5, "padding": "same", "periodic": True, "scaling": None}),
    ("STFTSpectrogram", _FRAMES | {"data_format": "channels_first", "window": WINDOW}),
    ("STFTSpectrogram", _FRAMES | {"data_format": "channels_first", "mode": "stft", "expand_dims": True}),
    ("STFTSpectrogram", {"frame_length": 6, "window": None, "trainable": False}),
]
every_case = pytest.mark.parametrize(
    ("name", "arguments"), CASES, ids=[f"{name}-{number}" for number, (name, _) in enumerate(CASES)]
)


def signals_for(name, arguments):
    if name == "MelSpectrogram":
        return SIGNALS[..., 0].clone()
    return SIGNALS.transpose(1, 2).clone() if arguments.get("data_format") == "channels_first" else SIGNALS.clone()


@every_case
def test_numbers_gradients_and_shapes_are_keras_s(name, arguments):
    results = []
    for library in (ours, keras):
        layer = getattr(library.layers, name)(**arguments)
        signals = signals_for(name, arguments).requires_grad_()
        outputs = layer(signals)
        wanted = [signals, *(getattr(weight, "value", weight) for weight in layer.trainable_weights)]
        direction = torch.linspace(-1, 1, outputs.numel()).reshape(outputs.shape)
        results.append((outputs, list(torch.autograd.grad((outputs * direction).sum(), wanted)), layer))
    (mine, own_gradients, layer), (theirs, gradients, other) = results
    if arguments.get("mode") == "angle":
        # At the highest frequency the imaginary part is 0 but for rounding, and its sign is that of chance.
        mine, theirs = torch.cos(mine), torch.cos(theirs)
    assert_close(mine, theirs, name, rtol=1e-4, atol=1e-4)
    assert_close(
        own_gradients, gradients, name, rtol=1e-3, atol=1e-3 * max(float(one.abs().max()) for one in gradients)
    )
    assert [weight.shape for weight in layer.weights] == [tuple(weight.shape) for weight in other.weights]
    free = (None, *signals_for(name, arguments).shape[1:])
    assert layer.compute_output_shape(free) == (None, *mine.shape[1:])


@every_case
def test_configs_are_keras_s(name, arguments):
    mine, theirs = (getattr(library.layers, name)(**arguments, name="one") for library in (ours, keras))
    written, expected = (json.loads(json.dumps(layer.get_config())) for layer in (mine, theirs))
    assert written == expected | {"dtype": "float32"}
    assert json.loads(json.dumps(type(mine).from_config(theirs.get_config()).get_config())) == written
    assert type(theirs).from_config(mine.get_config()).get_config() == theirs.get_config()


@every_case
def test_the_surroundings_of_torch(name, arguments):
    layer = getattr(layers, name)(**arguments)
    signals = signals_for(name, arguments)
    expected = layer(signals)
    stacked = torch.stack([signals, signals.flip(0)])
    if not arguments.get("top_db"):
        torch.testing.assert_close(torch.func.vmap(layer)(stacked)[0], expected)
    inputs = ours.Input(signals.shape[1:])
    model = ours.Model(inputs, layer(inputs))
    torch.testing.assert_close(model(signals), expected)
    assert layer.to("meta")(signals.to("meta")).shape == expected.shape


def test_programs_are_for_any_batch():
    batch = torch.export.Dim("batch", min=2)
    for name, arguments in (CASES[0], CASES[4]):
        layer, signals = getattr(layers, name)(**arguments), signals_for(name, arguments)
        layer.build(signals.shape)
        program = torch.export.export(layer.eval(), (signals,), dynamic_shapes=({0: batch},)).module()
        more = torch.cat([signals, signals])
        torch.testing.assert_close(program(more), layer(more))


def test_one_signal_and_half_precision():
    layer = layers.MelSpectrogram(**_SHORT)
    assert_close(layer(SIGNALS[0, :, 0]), keras.layers.MelSpectrogram(**_SHORT)(SIGNALS[0, :, 0]), rtol=1e-4)
    assert layers.MelSpectrogram(**_SHORT, dtype="float16")(SIGNALS[..., 0]).dtype is torch.float16
    assert layers.STFTSpectrogram(**_FRAMES, dtype="bfloat16")(SIGNALS).dtype is torch.bfloat16
    silent = torch.zeros(2, 48, requires_grad=True)
    (gradient,) = torch.autograd.grad(layers.MelSpectrogram(**_SHORT)(silent).sum(), silent)
    assert bool(gradient.isfinite().all())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.STFTSpectrogram("power"), "STFTSpectrogram: mode must be one of"),
        (lambda: layers.STFTSpectrogram(frame_length=8, frame_step=9), "frame_step must be from 1 to frame_length"),
        (lambda: layers.STFTSpectrogram(frame_length=8, fft_length=4), "fft_length must be at least frame_length"),
        (lambda: layers.STFTSpectrogram(window="round"), "STFTSpectrogram: window or scaling: .*round"),
        (lambda: layers.STFTSpectrogram(scaling="big"), "STFTSpectrogram: window or scaling: .*big"),
        (lambda: layers.STFTSpectrogram()(SIGNALS), "a signal must have at least 256 samples. Received: 48"),
        (lambda: layers.STFTSpectrogram()(SIGNALS[0]), "rank|ndim"),
        (lambda: layers.MelSpectrogram(16, sequence_length=17), "fft_length must be at least sequence_length"),
        (lambda: layers.MelSpectrogram(16, window="blackman"), "window must be one of 'hann', 'hamming'"),
        (lambda: layers.MelSpectrogram(16, window=[1.0]), "an array of 16 numbers"),
        (lambda: layers.MelSpectrogram(16, sampling_rate=30), "min_freq must be below max_freq"),
        (lambda: layers.MelSpectrogram(64)(SIGNALS[:, :20, 0]), "at least 33 samples.*mirrored"),
    ],
)
def test_nonsense_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
