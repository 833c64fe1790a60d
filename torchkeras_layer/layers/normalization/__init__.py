"""Which normalization layers are there?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchkeras_layer._placeholders import finder_in
from torchkeras_layer.layers.normalization.batch_normalization import BatchNormalization
from torchkeras_layer.layers.normalization.layer_normalization import GroupNormalization, LayerNormalization
from torchkeras_layer.layers.normalization.rms_normalization import RMSNormalization, UnitNormalization

__all__ = ["BatchNormalization", "GroupNormalization", "LayerNormalization", "RMSNormalization", "UnitNormalization"]

if not TYPE_CHECKING:
    __getattr__ = finder_in(__name__, "layers")
