"""Which functions of this library does Keras have in `keras.saving`?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torchkeras_layer._placeholders import find_missing
from torchkeras_layer.models.model_files import load_model
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
from torchkeras_layer.weight_files import LoadReport, ModelFileError, load_weights

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
    "serialize_keras_object",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        return find_missing(__name__, name, "saving")
