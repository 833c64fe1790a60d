"""Which functions are in `keras.utils`? Pictures of models, registering and serializing classes, random seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchkeras_layer._placeholders import finder_in
from torchkeras_layer._settings import set_random_seed
from torchkeras_layer.models.drawing import model_to_dot, model_to_mermaid, plot_model
from torchkeras_layer.registry import (
    CustomObjectScope,
    custom_object_scope,
    deserialize_keras_object,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
    serialize_keras_object,
)

__all__ = [
    "CustomObjectScope",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "model_to_dot",
    "model_to_mermaid",
    "plot_model",
    "register_keras_serializable",
    "serialize_keras_object",
    "set_random_seed",
]

if not TYPE_CHECKING:
    __getattr__ = finder_in(__name__, "utils")
