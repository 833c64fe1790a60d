"""Which layers wrap another layer?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchkeras_layer._placeholders import finder_in
from torchkeras_layer.layers.wrappers.bidirectional import Bidirectional
from torchkeras_layer.layers.wrappers.spectral_normalization import SpectralNormalization
from torchkeras_layer.layers.wrappers.time_distributed import TimeDistributed
from torchkeras_layer.layers.wrappers.wrapper import Wrapper

__all__ = ["Bidirectional", "SpectralNormalization", "TimeDistributed", "Wrapper"]

if not TYPE_CHECKING:
    __getattr__ = finder_in(__name__, "layers")
