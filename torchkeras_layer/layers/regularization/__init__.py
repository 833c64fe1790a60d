"""Layers that act against overfitting."""

from torchkeras_layer.layers.regularization.activity_regularization import ActivityRegularization
from torchkeras_layer.layers.regularization.alpha_dropout import AlphaDropout
from torchkeras_layer.layers.regularization.dropout import Dropout
from torchkeras_layer.layers.regularization.gaussian_dropout import GaussianDropout
from torchkeras_layer.layers.regularization.gaussian_noise import GaussianNoise
from torchkeras_layer.layers.regularization.spatial_dropout import SpatialDropout1D, SpatialDropout2D, SpatialDropout3D

__all__ = [
    "ActivityRegularization",
    "AlphaDropout",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
]
