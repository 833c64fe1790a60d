"""Which functions of this library does Keras have in `keras.saving`?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchkeras_layer._placeholders import finder_in
from torchkeras_layer.models.model_files import load_model
from torchkeras_layer.models.model_saving import save_model
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
from torchkeras_layer.weight_files import LoadReport, ModelFileError, load_weights, save_weights

__all__ = [
    "CustomObjectScope",
    "LoadReport",
    "ModelFileError",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "load_model",
    "load_weights",
    "register_keras_serializable",
    "save_model",
    "save_weights",
    "serialize_keras_object",
]

if not TYPE_CHECKING:
    __getattr__ = finder_in(__name__, "saving")
