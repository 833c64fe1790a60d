"""Is the Fourier kernel that of Keras, and are its windows those of scipy?"""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch

from tests.oracle import assert_close, keras
from torchkeras_layer import initializers
from torchkeras_layer.initializers.stft import WINDOWS, window_values

signal = pytest.importorskip("scipy.signal")


@pytest.mark.parametrize("name", WINDOWS)
@pytest.mark.parametrize("length", [1, 2, 3, 8, 9])
@pytest.mark.parametrize("periodic", [False, True])
def test_windows_are_those_of_scipy(name, length, periodic):
    expected = signal.get_window(name, length, periodic)
    assert_close(window_values(name, length, periodic), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("side", ["real", "imag"])
@pytest.mark.parametrize("window", ["hann", "hamming", None, np.linspace(1, 2, 16)])
@pytest.mark.parametrize("scaling", ["density", "spectrum", None])
@pytest.mark.parametrize("periodic", [False, True])
def test_kernels_are_those_of_keras(side, window, scaling, periodic):
    arguments = (side, window, scaling, periodic)
    ours, theirs = initializers.STFT(*arguments), keras.initializers.STFT(*arguments)
    assert_close(ours((16, 1, 9)), theirs((16, 1, 9)), atol=1e-5)
    assert_close(ours((16, 1, 33), dtype="float64"), theirs((16, 1, 33), dtype="float64"), atol=1e-12)


@pytest.mark.parametrize("window", ["hann", None, np.linspace(1, 2, 4), [1.0, 2.0, 2.0, 1.0]])
def test_configs_are_those_of_keras(window):
    ours = initializers.STFT("imag", window, periodic=True)
    config = initializers.serialize(ours)
    assert config["class_name"] == "STFT"
    if not isinstance(window, np.ndarray):
        assert config == keras.initializers.serialize(keras.initializers.STFT("imag", window, periodic=True))
    assert torch.equal(initializers.get(config)((4, 1, 3)), ours((4, 1, 3)))


def test_it_is_a_fourier_transform():
    frame = torch.randn(16, dtype=torch.float64)
    expected = torch.fft.rfft(frame)
    for side, part in (("real", expected.real), ("imag", expected.imag)):
        kernel = initializers.STFT(side, window=None)((16, 1, 9), dtype="float64")
        assert_close(frame @ kernel[:, 0], part, atol=1e-12)


def test_a_window_may_be_a_tensor_and_the_kernel_of_any_type():
    window = torch.tensor([1.0, 2.0, 1.0])
    expected = initializers.STFT(window=window.numpy())((3, 1, 4))
    assert torch.equal(initializers.STFT(window=window)((3, 1, 4)), expected)
    assert initializers.STFT()((3, 1, 4), dtype="bfloat16").dtype is torch.bfloat16
    with torch.device("meta"):
        assert initializers.STFT()((3, 1, 4)).is_meta


@pytest.mark.parametrize(
    "arguments", [{"side": "both"}, {"window": "round"}, {"scaling": "none"}, {"side": None}, {"scaling": 3}]
)
def test_wrong_arguments_are_errors(arguments):
    (name, value), *_ = arguments.items()
    with pytest.raises(ValueError, match=f"STFT: {name} must be .* Received: {name}={re.escape(repr(value))}"):
        initializers.STFT(**arguments)


@pytest.mark.parametrize("shape", [(4, 3), (4, 2, 3), (4, 1, 1), (4, 1, 0), (4, 1, 3, 1)])
def test_wrong_shapes_are_errors(shape):
    with pytest.raises(ValueError, match=r"STFT: the shape must be \(frame length, 1, at least 2 frequencies\)"):
        initializers.STFT()(shape)


def test_a_window_of_another_length_is_an_error():
    with pytest.raises(
        ValueError, match=r"STFT: the window must have the shape \(4,\)\. Received: an array of shape \(3,\)"
    ):
        initializers.STFT(window=[1, 2, 1])((4, 1, 3))
