"""Which layers merge several tensors into one?"""

from torchkeras_layer.layers.merging.concatenate import Concatenate, concatenate
from torchkeras_layer.layers.merging.dot import Dot, dot
from torchkeras_layer.layers.merging.elementwise_merge import (
    Add,
    Average,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    maximum,
    minimum,
    multiply,
    subtract,
)

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
