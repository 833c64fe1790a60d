"""Layers that arrange the same values in another shape."""

from torchkeras_layer.layers.reshaping.cropping import Cropping1D, Cropping2D, Cropping3D
from torchkeras_layer.layers.reshaping.flatten import Flatten
from torchkeras_layer.layers.reshaping.permute import Permute
from torchkeras_layer.layers.reshaping.repeat_vector import RepeatVector
from torchkeras_layer.layers.reshaping.reshape import Reshape
from torchkeras_layer.layers.reshaping.up_sampling import UpSampling1D, UpSampling2D, UpSampling3D
from torchkeras_layer.layers.reshaping.zero_padding import ZeroPadding1D, ZeroPadding2D, ZeroPadding3D

__all__ = [
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "Flatten",
    "Permute",
    "RepeatVector",
    "Reshape",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
]
