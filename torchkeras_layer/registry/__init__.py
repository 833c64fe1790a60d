"""How are objects written into configs and read from them, and which names are known?"""

from torchkeras_layer.registry.catalog import Catalog
from torchkeras_layer.registry.custom_objects import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from torchkeras_layer.registry.deserialization import deserialize_keras_object
from torchkeras_layer.registry.envelope import DeserializationError
from torchkeras_layer.registry.serialization import Codec, add_codec, serialize_keras_object
from torchkeras_layer.registry.table import import_when_asked

__all__ = [
    "Catalog",
    "Codec",
    "CustomObjectScope",
    "DeserializationError",
    "add_codec",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "import_when_asked",
    "register_keras_serializable",
    "serialize_keras_object",
]
