"""What do single layers cost for which there is a target, forward and in training?"""

from __future__ import annotations

from functools import partial

from torch import nn

from benchmarks.layer_comparison.attention import MULTI_HEAD
from benchmarks.layer_comparison.entry import Entry, Side, keras_side, our_side, sides_by_hand
from benchmarks.layer_comparison.recurrent import Recurrent
from benchmarks.peers import keras3
from benchmarks.rows import Contest, Row, ratio_row
from benchmarks.timing import Call

_IMAGES = (32, 32, 16)
_CONVOLUTION = {"filters": 32, "kernel_size": 3, "padding": "same"}

_LSTM = Entry("LSTM", {"units": 32}, (50, 16), lambda: Recurrent(nn.LSTM(16, 32, batch_first=True), last=True))
_GRU = Entry("GRU", {"units": 64}, (64, 128), lambda: Recurrent(nn.GRU(128, 64, batch_first=True), last=True))
_CONV = Entry("Conv2D", _CONVOLUTION, _IMAGES, lambda: nn.Conv2d(16, 32, 3, padding=1), channels_second=True)
_STRIDED = Entry(
    "Conv2D",
    _CONVOLUTION | {"strides": 2},
    _IMAGES,
    # The padding that gives Keras's numbers: all of it at the end.
    lambda: nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), nn.Conv2d(16, 32, 3, stride=2)),
    channels_second=True,
)
_DEPTHWISE = Entry(
    "DepthwiseConv2D",
    {"kernel_size": 3, "padding": "same"},
    _IMAGES,
    lambda: nn.Conv2d(16, 16, 3, padding=1, groups=16),
    channels_second=True,
)
_POOLING = Entry("MaxPooling2D", {}, _IMAGES, lambda: nn.MaxPool2d(2), channels_second=True)


def _contest(entry: Entry, training: bool) -> Contest:
    library = keras3()
    theirs = None if library is None else _call(keras_side(entry, library, 32, training), training)
    by_hand = [_call(side, training) for side in sides_by_hand(entry, 32, training)]
    return Contest(_call(our_side(entry, 32, training), training), by_hand, theirs)


def _call(side: Side, training: bool) -> Call:
    step = side.step() if training else None
    return side.forward() if step is None else step


def _row(name: str, target: float, entry: Entry, training: bool = False) -> Row:
    return ratio_row(name, target, partial(_contest, entry, training))


ROWS = [
    _row("LSTM(32) on (32, 50, 16)", 1.05, _LSTM),
    _row("GRU(64) on (32, 64, 128)", 1.05, _GRU),
    _row("GRU(64) on (32, 64, 128), a training step", 1.05, _GRU, training=True),
    _row("Conv2D 3×3, 16 to 32, on (32, 32, 32, 16)", 1.03, _CONV),
    _row("Conv2D 3×3, 16 to 32, strides 2, on (32, 32, 32, 16)", 1.10, _STRIDED),
    _row("DepthwiseConv2D 3×3 on (32, 32, 32, 16)", 1.05, _DEPTHWISE),
    _row("MaxPooling2D on (32, 32, 32, 16)", 1.05, _POOLING),
    _row("MultiHeadAttention(8, 16) on (32, 64, 128)", 1.0, MULTI_HEAD),
]
