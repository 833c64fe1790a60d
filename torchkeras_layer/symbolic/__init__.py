"""What is known of a tensor before there is one?"""

from torchkeras_layer.symbolic.input_spec import InputSpec
from torchkeras_layer.symbolic.node import Node
from torchkeras_layer.symbolic.queries import int_shape, is_keras_tensor
from torchkeras_layer.symbolic.tensor_spec import TensorSpec

__all__ = ["InputSpec", "Node", "TensorSpec", "int_shape", "is_keras_tensor"]
