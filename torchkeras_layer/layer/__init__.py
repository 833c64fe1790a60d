"""Which public classes make a Keras layer out of a `torch.nn.Module`?"""

# Imported for its effect: what assigning to a weight does in a call.
from torchkeras_layer.layer import assignments as assignments
from torchkeras_layer.layer.layer import Layer
from torchkeras_layer.layer.tracked import TrackedDict, TrackedList, TrackedTuple
from torchkeras_layer.layer.weight_arguments import VariableAggregation, VariableSynchronization, WeightSpec

__all__ = [
    "Layer",
    "TrackedDict",
    "TrackedList",
    "TrackedTuple",
    "VariableAggregation",
    "VariableSynchronization",
    "WeightSpec",
]
