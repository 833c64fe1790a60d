"""Layers that make one tensor of several."""

from torchkeras_layer.layers.merging.add import Add, add
from torchkeras_layer.layers.merging.average import Average, average
from torchkeras_layer.layers.merging.concatenate import Concatenate, concatenate
from torchkeras_layer.layers.merging.dot import Dot, dot
from torchkeras_layer.layers.merging.maximum import Maximum, maximum
from torchkeras_layer.layers.merging.minimum import Minimum, minimum
from torchkeras_layer.layers.merging.multiply import Multiply, multiply
from torchkeras_layer.layers.merging.subtract import Subtract, subtract

__all__ = [
    "Add",
    "Average",
    "Concatenate",
    "Dot",
    "Maximum",
    "Minimum",
    "Multiply",
    "Subtract",
    "add",
    "average",
    "concatenate",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "subtract",
]
