"""The layers."""

from torchkeras_layer.layer import Layer
from torchkeras_layer.layers.core.dense import Dense
