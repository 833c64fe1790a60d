"""Keras layers that are honest `torch.nn.Module`s: `import torchkeras_layer as keras`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchkeras_layer import (
    activations,
    backend,
    constraints,
    initializers,
    layers,
    metrics,
    mixed_precision,
    models,
    regularizers,
    saving,
    utils,
)
from torchkeras_layer._absent import describe_missing
from torchkeras_layer.history import record_history
from torchkeras_layer.initializers import Initializer
from torchkeras_layer.layer import Layer, VariableAggregation, VariableSynchronization, WeightSpec
from torchkeras_layer.models import Functional, Input, Model, Sequential
from torchkeras_layer.modules import build, collect_losses
from torchkeras_layer.precision import Policy
from torchkeras_layer.symbolic import InputSpec, KerasTensor, TensorSpec

DTypePolicy = Policy

__version__ = "0.1.0"

__all__ = [
    "DTypePolicy",
    "Functional",
    "Initializer",
    "Input",
    "InputSpec",
    "KerasTensor",
    "Layer",
    "Model",
    "Policy",
    "Sequential",
    "TensorSpec",
    "VariableAggregation",
    "VariableSynchronization",
    "WeightSpec",
    "activations",
    "backend",
    "build",
    "collect_losses",
    "constraints",
    "initializers",
    "layers",
    "metrics",
    "mixed_precision",
    "models",
    "record_history",
    "regularizers",
    "saving",
    "utils",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> None:
        raise AttributeError(describe_missing(__name__, name, "keras"))
