"""Which layers are there, and how does one go from a name or config to one and back?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torchkeras_layer.layer import Layer
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.core.activation import Activation
from torchkeras_layer.layers.core.dense import Dense
from torchkeras_layer.layers.core.embedding import Embedding
from torchkeras_layer.layers.core.identity import Identity
from torchkeras_layer.layers.core.input_layer import Input, InputLayer
from torchkeras_layer.layers.core.lambda_layer import Lambda
from torchkeras_layer.layers.core.masking import Masking
from torchkeras_layer.layers.core.torch_function import TorchFunction
from torchkeras_layer.layers.core.torch_module_wrapper import TorchModuleWrapper
from torchkeras_layer.layers.merging.add import Add, add
from torchkeras_layer.layers.merging.average import Average, average
from torchkeras_layer.layers.merging.concatenate import Concatenate, concatenate
from torchkeras_layer.layers.merging.dot import Dot, dot
from torchkeras_layer.layers.merging.maximum import Maximum, maximum
from torchkeras_layer.layers.merging.minimum import Minimum, minimum
from torchkeras_layer.layers.merging.multiply import Multiply, multiply
from torchkeras_layer.layers.merging.subtract import Subtract, subtract
from torchkeras_layer.layers.normalization.batch_normalization import BatchNormalization
from torchkeras_layer.layers.normalization.layer_normalization import LayerNormalization
from torchkeras_layer.layers.regularization.dropout import Dropout
from torchkeras_layer.layers.reshaping.flatten import Flatten
from torchkeras_layer.layers.reshaping.permute import Permute
from torchkeras_layer.layers.reshaping.repeat_vector import RepeatVector
from torchkeras_layer.layers.reshaping.reshape import Reshape
from torchkeras_layer.symbolic import InputSpec


def get(identifier: Any) -> Any:
    """Return the layer meant by a name, a config, a class or a callable (`None` stays `None`).

    Raises:
        ValueError: if no layer is meant by it, or if one cannot be made without arguments.

    >>> get("flatten").name
    'flatten'
    """
    return catalog.get(identifier)


def serialize(layer: Any) -> Any:
    """Return the config of a layer, with its class, and with the shapes it is built for.

    >>> serialize(Activation("relu", name="act"))["config"]
    {'name': 'act', 'trainable': True, 'dtype': 'float32', 'activation': 'relu'}
    """
    return catalog.serialize(layer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the layer that a config means, built if the config tells the shapes. Weights are not in it.

    Raises:
        ValueError: if it means none.

    >>> deserialize({"class_name": "Dense", "config": {"units": 3}}).units
    3
    """
    return catalog.deserialize(config, custom_objects)


__all__ = [
    "Activation",
    "Add",
    "Average",
    "BatchNormalization",
    "Concatenate",
    "Dense",
    "Dot",
    "Dropout",
    "Embedding",
    "Flatten",
    "Identity",
    "Input",
    "InputLayer",
    "InputSpec",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "Masking",
    "Maximum",
    "Minimum",
    "Multiply",
    "Permute",
    "RepeatVector",
    "Reshape",
    "Subtract",
    "TorchFunction",
    "TorchModuleWrapper",
    "add",
    "average",
    "concatenate",
    "deserialize",
    "dot",
    "get",
    "maximum",
    "minimum",
    "multiply",
    "serialize",
    "subtract",
]
