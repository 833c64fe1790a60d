"""The contract of a Keras layer, as a `torch.nn.Module`."""

from torchkeras_layer.layer.history import record_history
from torchkeras_layer.layer.layer import Layer
from torchkeras_layer.layer.tracked_dict import TrackedDict
from torchkeras_layer.layer.tracked_sequences import TrackedList, TrackedTuple
from torchkeras_layer.layer.weight_spec import VariableAggregation, VariableSynchronization, WeightSpec

__all__ = [
    "Layer",
    "TrackedDict",
    "TrackedList",
    "TrackedTuple",
    "VariableAggregation",
    "VariableSynchronization",
    "WeightSpec",
    "record_history",
]
