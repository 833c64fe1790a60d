"""What stands beside each layer that wraps another?"""

from __future__ import annotations

from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from benchmarks.layer_comparison.entry import Entry

ENTRIES = [
    Entry(
        "SpectralNormalization",
        lambda k: {"layer": k.layers.Dense(64)},
        (128,),
        lambda: spectral_norm(nn.Linear(128, 64)),
    ),
    Entry(
        "TimeDistributed",
        lambda k: {"layer": k.layers.Dense(64)},
        (16, 128),
        lambda: nn.Linear(128, 64),
        why="steps are reshaped to samples and back, and the layer inside is called: about 10 µs.",
    ),
]

WITHOUT_COUNTERPART = {"Wrapper": "is what a user derives from"}
