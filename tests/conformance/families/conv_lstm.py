"""Which convolutional LSTMs go through the conformance suite?"""

from __future__ import annotations

from functools import partial

from tests.conformance.case import Case

# Weights on both sides of 0, so that the gates are not all open. Keras on the CPU lacks convolutions in float16.
_case = partial(Case, weights=(-0.5, 0.5), keras_has_halves=False, mask_axes=2)
_SAME = {"padding": "same", "return_sequences": True}

CASES = [
    _case("ConvLSTM1D", {"filters": 2, "kernel_size": 3}, (2, 3, 6, 2)),
    _case("ConvLSTM1D", {"filters": 3, "kernel_size": 2, "data_format": "channels_first", **_SAME}, (2, 3, 2, 6)),
    _case("ConvLSTM2D", {"filters": 2, "kernel_size": 2, **_SAME}, (2, 3, 5, 4, 2)),
    _case("ConvLSTM2D", {"filters": 2, "kernel_size": (3, 1), "strides": 2, "go_backwards": True}, (2, 3, 6, 5, 2)),
    _case("ConvLSTM2D", {"filters": 2, "kernel_size": 2, "dropout": 0.4, "seed": 3}, (2, 3, 4, 4, 2), training=True),
    _case("ConvLSTM3D", {"filters": 2, "kernel_size": 2, "use_bias": False}, (2, 2, 4, 3, 3, 2)),
]
