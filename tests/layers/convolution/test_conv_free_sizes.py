"""Do convolutions work where spatial sizes are free: in models, shapes, torch.compile and torch.export?"""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from torch._dynamo.testing import CompileCounterWithBackend
from torch.export import Dim

from torchkeras_layer import Input, Layer, Model, layers

LAYERS = {
    "stride 2": lambda: layers.Conv2D(2, 3, 2, "same"),
    "all strides": lambda: layers.Conv2D(2, (5, 4), (3, 2), "same"),
    "kernel below stride": lambda: layers.Conv2D(2, 2, 3, "same"),
    "size 1": lambda: layers.Conv2D(2, 1, 2, "same"),
    "even kernel": lambda: layers.Conv2D(2, 4, padding="same"),
    "dilated": lambda: layers.Conv2D(2, 2, padding="same", dilation_rate=3),
    "valid": lambda: layers.Conv2D(2, 3, 2),
    "channels first": lambda: layers.Conv2D(2, 3, 2, "same", "channels_first"),
    "sequence": lambda: layers.Conv1D(2, 3, 2, "same"),
    "causal": lambda: layers.Conv1D(2, 3, padding="causal", dilation_rate=2),
    "volume": lambda: layers.Conv3D(2, 2, 2, "same"),
    "depthwise": lambda: layers.DepthwiseConv2D(3, 2, "same"),
    "depthwise, even": lambda: layers.DepthwiseConv1D(2, padding="same"),
    "separable": lambda: layers.SeparableConv2D(2, 3, 2, "same"),
}
every_layer = pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
# Compilers are slow: what differs for them is how the kernel is padded.
_SOME = ("all strides", "size 1", "causal", "depthwise")
some_layers = pytest.mark.parametrize("make", [LAYERS[name] for name in _SOME], ids=_SOME)


def _shape(layer: Any, batch: Any, sizes: tuple[Any, ...], channels: int = 3) -> tuple[Any, ...]:
    return (batch, *sizes, channels) if layer.data_format == "channels_last" else (batch, channels, *sizes)


def _images(layer: Any, batch: int, length: int) -> torch.Tensor:
    shape = _shape(layer, batch, tuple(length + axis for axis in range(layer.rank)))
    return torch.sin(torch.arange(torch.Size(shape).numel())).reshape(shape)


@every_layer
def test_shapes_that_are_stated_are_those_of_a_trace(make):
    layer = make()
    layer.build(_shape(layer, None, (None,) * layer.rank))
    for free in itertools.product((None, 9), repeat=layer.rank):
        asked = _shape(layer, None, free)
        assert layer.compute_output_shape(asked) == Layer.compute_output_shape(layer, asked)
    everything = layer.compute_output_shape(_shape(layer, None, (None,) * layer.rank))
    assert everything[1:].count(None) == layer.rank


@every_layer
def test_a_model_takes_images_of_all_sizes(make):
    layer = make()
    inputs = Input(_shape(layer, None, (None,) * layer.rank)[1:])
    model = Model(inputs, layer(inputs))
    for length in (7, 8, 9):
        images = _images(layer, 2, length)
        assert tuple(model(images).shape) == layer.compute_output_shape(tuple(images.shape))


@some_layers
def test_one_graph_serves_all_sizes(make):
    layer = make()
    layer(_images(layer, 2, 7))
    torch._dynamo.reset()
    counted = CompileCounterWithBackend("aot_eager")
    compiled = torch.compile(layer, fullgraph=True, dynamic=True, backend=counted)
    for length in (7, 8, 9, 10, 12):
        images = _images(layer, 2, length)
        torch.testing.assert_close(compiled(images), layer(images))
    assert counted.frame_count == 1


@pytest.mark.filterwarnings("ignore:While compiling, we found certain side effects:UserWarning")
@some_layers
@pytest.mark.parametrize(("strict", "mode"), [(True, torch.enable_grad), (False, torch.no_grad)])
def test_an_exported_program_takes_images_of_all_sizes(make, strict, mode):
    layer = make()
    layer(_images(layer, 2, 7))
    first = 1 if layer.data_format == "channels_last" else 2
    free = {0: Dim("batch"), **{first + axis: Dim(f"size_{axis}", min=5) for axis in range(layer.rank)}}
    with mode():
        program = torch.export.export(layer, (_images(layer, 2, 8),), dynamic_shapes=(free,), strict=strict)
    for batch, length in ((2, 7), (3, 8), (1, 9), (2, 12)):
        images = _images(layer, batch, length)
        torch.testing.assert_close(program.module()(images), layer(images))


def test_branches_that_stride_alike_meet_again():
    """Of free sizes, torch must see that both branches give the same."""
    inputs = Input((None, None, 3))
    strided = layers.Conv2D(4, 3, 2, "same")(inputs)
    model = Model(inputs, layers.Add()([strided, layers.Conv2D(4, 1, 2, "same")(inputs)]))
    assert model.output_shape == (None, None, None, 4)
    free = {0: Dim("batch"), 1: Dim("height", min=4), 2: Dim("width", min=4)}
    program = torch.export.export(model, (torch.ones(2, 9, 8, 3),), dynamic_shapes=(free,))
    for shape in ((1, 9, 8, 3), (3, 12, 5, 3)):
        images = torch.linspace(-1, 1, torch.Size(shape).numel()).reshape(shape)
        torch.testing.assert_close(program.module()(images), model(images))
