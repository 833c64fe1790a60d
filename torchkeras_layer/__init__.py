"""Keras layers that are honest `torch.nn.Module`s: `import torchkeras_layer as keras`."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from torchkeras_layer import (
    activations,
    constraints,
    dtype_policies,
    initializers,
    layers,
    metrics,
    mixed_precision,
    models,
    regularizers,
    saving,
)
from torchkeras_layer._placeholders import find_missing, let_modules_be_imported
from torchkeras_layer.initializers import Initializer
from torchkeras_layer.layer import Layer, VariableAggregation, VariableSynchronization, WeightSpec
from torchkeras_layer.models import Functional, Input, Model, Sequential
from torchkeras_layer.models.model import Function
from torchkeras_layer.modules import build, collect_losses
from torchkeras_layer.precision import Policy
from torchkeras_layer.registry import import_when_asked
from torchkeras_layer.symbolic import InputSpec, KerasTensor, TensorSpec

if TYPE_CHECKING:
    from torchkeras_layer import applications, backend, config, losses, ops, porting, random, tf, tree, utils
    from torchkeras_layer.history import record_history
    from torchkeras_layer.layer.variables import Variable
    from torchkeras_layer.losses import Loss

import_when_asked("loss", f"{__name__}.losses")
DTypePolicy = FloatDTypePolicy = Policy

__version__ = "0.1.0"


def version() -> str:
    """Return the version of this library.

    >>> version() == __version__
    True
    """
    return __version__


__all__ = [
    "DTypePolicy",
    "FloatDTypePolicy",
    "Function",
    "Functional",
    "Initializer",
    "Input",
    "InputSpec",
    "KerasTensor",
    "Layer",
    "Loss",
    "Model",
    "Policy",
    "Sequential",
    "TensorSpec",
    "Variable",
    "VariableAggregation",
    "VariableSynchronization",
    "WeightSpec",
    "activations",
    "applications",
    "backend",
    "build",
    "collect_losses",
    "config",
    "constraints",
    "dtype_policies",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "mixed_precision",
    "models",
    "ops",
    "porting",
    "random",
    "record_history",
    "regularizers",
    "saving",
    "tf",
    "tree",
    "utils",
    "version",
]

if not TYPE_CHECKING:
    let_modules_be_imported()
    _IMPORTED_WHEN_NAMED = frozenset(
        ("applications", "backend", "config", "losses", "ops", "porting", "random", "tree", "tf", "utils")
    )

    # Imported when they are first named, because few programs need each of them.
    def __getattr__(name: str) -> Any:
        if name in _IMPORTED_WHEN_NAMED:
            return importlib.import_module(f"{__name__}.{name}")
        if name == "record_history":
            return importlib.import_module(f"{__name__}.history").record_history
        if name == "Loss":
            return importlib.import_module(f"{__name__}.losses").Loss
        if name == "Variable":
            return importlib.import_module(f"{__name__}.layer.variables").Variable
        return find_missing(__name__, name, "keras")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
