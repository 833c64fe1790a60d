"""Layers that apply an activation with arguments or weights of its own."""

from torchkeras_layer.layers.activations.elu import ELU
from torchkeras_layer.layers.activations.leaky_relu import LeakyReLU
from torchkeras_layer.layers.activations.prelu import PReLU
from torchkeras_layer.layers.activations.relu import ReLU
from torchkeras_layer.layers.activations.softmax import Softmax
from torchkeras_layer.layers.activations.thresholded_relu import ThresholdedReLU

__all__ = ["ELU", "LeakyReLU", "PReLU", "ReLU", "Softmax", "ThresholdedReLU"]
