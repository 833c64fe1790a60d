"""Which models are there, and how are they cloned and loaded?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchkeras_layer._placeholders import finder_in
from torchkeras_layer.layers.core.input_layer import Input
from torchkeras_layer.models.cloning import clone_model
from torchkeras_layer.models.loading import model_from_config, model_from_json, model_from_yaml
from torchkeras_layer.models.model import Functional, Model
from torchkeras_layer.models.model_files import load_model
from torchkeras_layer.models.model_saving import save_model
from torchkeras_layer.models.sequential import Sequential

__all__ = [
    "Functional",
    "Input",
    "Model",
    "Sequential",
    "clone_model",
    "load_model",
    "model_from_config",
    "model_from_json",
    "model_from_yaml",
    "save_model",
]

if not TYPE_CHECKING:
    __getattr__ = finder_in(__name__, "models")
