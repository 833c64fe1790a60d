"""Which layers did Keras 1 have that Keras has no more? Old files contain them."""

from torchkeras_layer.layers.keras_1.dense import Highway, MaxoutDense
from torchkeras_layer.layers.keras_1.rectifiers import ParametricSoftplus, SReLU

__all__ = ["Highway", "MaxoutDense", "ParametricSoftplus", "SReLU"]
