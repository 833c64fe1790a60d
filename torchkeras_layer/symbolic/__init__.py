"""What is known about a tensor before it exists: its spec, its symbolic form, and the node that it comes from?"""

from torchkeras_layer.symbolic.input_spec import InputSpec, TensorSpec
from torchkeras_layer.symbolic.keras_tensor import KerasHistory, KerasTensor, is_symbolic
from torchkeras_layer.symbolic.node import Node, node_of
from torchkeras_layer.symbolic.order import int_shape, is_keras_tensor

__all__ = [
    "InputSpec",
    "KerasHistory",
    "KerasTensor",
    "Node",
    "TensorSpec",
    "int_shape",
    "is_keras_tensor",
    "is_symbolic",
    "node_of",
]
