"""Which layers wrap another layer?"""

from torchkeras_layer.layers.wrappers.bidirectional import Bidirectional
from torchkeras_layer.layers.wrappers.spectral_normalization import SpectralNormalization
from torchkeras_layer.layers.wrappers.time_distributed import TimeDistributed
from torchkeras_layer.layers.wrappers.wrapper import Wrapper

__all__ = ["Bidirectional", "SpectralNormalization", "TimeDistributed", "Wrapper"]
