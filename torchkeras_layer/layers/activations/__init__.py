"""Which layers apply an activation function that has arguments or weights?"""

from torchkeras_layer.layers.activations.prelu import PReLU
from torchkeras_layer.layers.activations.rectifiers import ELU, LeakyReLU, ReLU, ThresholdedReLU
from torchkeras_layer.layers.activations.softmax import Softmax

__all__ = ["ELU", "LeakyReLU", "PReLU", "ReLU", "Softmax", "ThresholdedReLU"]
