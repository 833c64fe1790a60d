"""Which normalization layers are there?"""

from torchkeras_layer.layers.normalization.batch_normalization import BatchNormalization
from torchkeras_layer.layers.normalization.layer_normalization import GroupNormalization, LayerNormalization
from torchkeras_layer.layers.normalization.rms_normalization import RMSNormalization, UnitNormalization

__all__ = ["BatchNormalization", "GroupNormalization", "LayerNormalization", "RMSNormalization", "UnitNormalization"]
