"""What do kernels of single values do, whose strides skip others: torch's own routines die or learn wrongly there?"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from torchkeras_layer import layers

# The rank of each layer's images, and how it is made.
LAYERS = {
    "Conv1D": (1, lambda **own: layers.Conv1D(2, 1, 2, **own)),
    "Conv2D": (2, lambda **own: layers.Conv2D(2, 1, 2, **own)),
    "Conv2D of one axis": (2, lambda **own: layers.Conv2D(2, 1, (1, 3), **own)),
    "Conv3D": (3, lambda **own: layers.Conv3D(2, 1, (1, 2, 3), **own)),
    "Conv1DTranspose": (1, lambda **own: layers.Conv1DTranspose(2, 1, 2, **own)),
    "Conv2DTranspose": (2, lambda **own: layers.Conv2DTranspose(2, 1, (1, 3), **own)),
    "Conv3DTranspose": (3, lambda **own: layers.Conv3DTranspose(2, 1, (1, 2, 3), **own)),
    "DepthwiseConv1D": (1, lambda **own: layers.DepthwiseConv1D(1, 2, depth_multiplier=2, **own)),
    "DepthwiseConv2D": (2, lambda **own: layers.DepthwiseConv2D(1, 3, **own)),
    "SeparableConv2D": (2, lambda **own: layers.SeparableConv2D(2, 1, 2, **own)),
    "ConvLSTM2D": (2, lambda **own: layers.ConvLSTM2D(2, 1, 2, **own)),
}

# Before, every run of this died or printed wrong gradients.
LOOP = """
import torch
from torchkeras_layer import layers

torch.set_num_threads(1)
for _ in range(40):
    for layer in (layers.Conv2D(8, 1, 2), layers.Conv2DTranspose(3, 1, 2), layers.DepthwiseConv2D(1, 2)):
        channels = 1 if isinstance(layer, layers.DepthwiseConv2D) else 3
        images = torch.rand(2, 8, 8, channels)
        gradients = [
            torch.autograd.grad(layer.to(dtype)(images.to(dtype)).square().sum(), list(layer.parameters()))
            for dtype in (torch.float32, torch.float64)
        ]
        for single, double in zip(*gradients, strict=True):
            torch.testing.assert_close(single.double(), double, rtol=1e-3, atol=1e-3)
print("lived")
"""


class _Strides(TorchDispatchMode):
    """Collects the strides of the convolutions of torch whose kernels are single values."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func is torch.ops.aten.convolution.default and max(args[1].shape[2:]) == 1:
            self.seen.extend(args[3])
        return func(*args, **(kwargs or {}))


def _inputs(name, rank, data_format):
    shape = (2, *[6] * rank, 1) if data_format == "channels_last" else (2, 1, *[6] * rank)
    inputs = torch.linspace(-1, 1, torch.Size(shape).numel()).reshape(shape)
    return inputs.unsqueeze(1) if "LSTM" in name else inputs


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("name", LAYERS)
def test_torch_gets_no_strides_with_single_values(name, data_format):
    rank, make = LAYERS[name]
    layer, inputs = make(data_format=data_format), _inputs(name, rank, data_format)
    outputs = layer(inputs)
    for order in (torch.contiguous_format, torch.channels_last_3d if rank == 3 else torch.channels_last):
        layer.to(memory_format=order)
        with _Strides() as strides:
            torch.testing.assert_close(layer(inputs), outputs)
        assert set(strides.seen) <= {1}


def test_values_lie_where_keras_puts_them():
    ones: Any = {"kernel_initializer": "ones", "bias_initializer": "ones"}
    steps = torch.tensor([[[1.0], [2.0], [3.0], [4.0]]])
    assert layers.Conv1D(1, 1, 3, **ones)(steps).flatten().tolist() == [2, 5]
    assert layers.Conv1D(1, 1, 3, "same", **ones)(steps[:, :3]).flatten().tolist() == [2]
    assert layers.Conv1DTranspose(1, 1, 3, **ones)(steps[:, :2]).flatten().tolist() == [2, 1, 1, 3, 1, 1]
    assert layers.Conv1DTranspose(1, 1, 3, output_padding=0, **ones)(steps[:, :2]).flatten().tolist() == [2, 1, 1, 3]
    assert layers.Conv1DTranspose(1, 1, 3, "same", output_padding=1, **ones)(steps[:, :2]).shape == (1, 5, 1)


def test_many_small_images_do_not_end_the_process():
    command = [sys.executable, "-c", LOOP]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "lived\n"
