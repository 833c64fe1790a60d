"""Layers that bring values to mean 0 and variance 1."""

from torchkeras_layer.layers.normalization.batch_normalization import BatchNormalization
from torchkeras_layer.layers.normalization.group_normalization import GroupNormalization
from torchkeras_layer.layers.normalization.layer_normalization import LayerNormalization
from torchkeras_layer.layers.normalization.rms_normalization import RMSNormalization
from torchkeras_layer.layers.normalization.unit_normalization import UnitNormalization

__all__ = ["BatchNormalization", "GroupNormalization", "LayerNormalization", "RMSNormalization", "UnitNormalization"]
