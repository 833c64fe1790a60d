"""What stands beside each layer that reshapes?"""

from __future__ import annotations

from torch import nn

from benchmarks.layer_comparison.entry import Entry, by_function

_SEQUENCES = (64, 32)
_IMAGES = (16, 16, 32)
_VOLUMES = (8, 8, 8, 16)
_VIEW = "it only makes a view, in 1 or 2 µs."

ENTRIES = [
    Entry("Cropping1D", {}, _SEQUENCES, by_function(lambda x: x[:, 1:-1]), why=_VIEW),
    Entry("Cropping2D", {"cropping": 1}, _IMAGES, by_function(lambda x: x[:, 1:-1, 1:-1]), why=_VIEW),
    Entry("Cropping3D", {}, _VOLUMES, by_function(lambda x: x[:, 1:-1, 1:-1, 1:-1]), why=_VIEW),
    Entry("Flatten", {}, _SEQUENCES, nn.Flatten, why=_VIEW),
    Entry("Permute", {"dims": (2, 1)}, _SEQUENCES, by_function(lambda x: x.permute(0, 2, 1)), why=_VIEW),
    Entry("RepeatVector", {"n": 8}, (64,), by_function(lambda x: x.unsqueeze(1).repeat(1, 8, 1))),
    Entry("Reshape", {"target_shape": (32, 64)}, _SEQUENCES, by_function(lambda x: x.reshape(-1, 32, 64)), why=_VIEW),
    Entry("UpSampling1D", {}, _SEQUENCES, lambda: nn.Upsample(scale_factor=2), channels_second=True),
    Entry("UpSampling2D", {}, _IMAGES, lambda: nn.Upsample(scale_factor=2), channels_second=True),
    Entry("UpSampling3D", {}, _VOLUMES, lambda: nn.Upsample(scale_factor=2), channels_second=True),
    Entry("ZeroPadding1D", {}, _SEQUENCES, lambda: nn.ZeroPad1d(1), channels_second=True),
    Entry("ZeroPadding2D", {}, _IMAGES, lambda: nn.ZeroPad2d(1), channels_second=True),
    Entry("ZeroPadding3D", {}, _VOLUMES, lambda: nn.ZeroPad3d(1), channels_second=True),
]
