"""Which layers are there, and how does one go from a name or config to one and back?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torchkeras_layer.layer import Layer
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.activations.elu import ELU
from torchkeras_layer.layers.activations.leaky_relu import LeakyReLU
from torchkeras_layer.layers.activations.prelu import PReLU
from torchkeras_layer.layers.activations.relu import ReLU
from torchkeras_layer.layers.activations.softmax import Softmax
from torchkeras_layer.layers.activations.thresholded_relu import ThresholdedReLU
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
from torchkeras_layer.layers.normalization.group_normalization import GroupNormalization
from torchkeras_layer.layers.normalization.layer_normalization import LayerNormalization
from torchkeras_layer.layers.normalization.rms_normalization import RMSNormalization
from torchkeras_layer.layers.normalization.unit_normalization import UnitNormalization
from torchkeras_layer.layers.pooling.average_pooling import AveragePooling1D, AveragePooling2D, AveragePooling3D
from torchkeras_layer.layers.pooling.global_average_pooling import (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
)
from torchkeras_layer.layers.pooling.global_max_pooling import (
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
)
from torchkeras_layer.layers.pooling.max_pooling import MaxPooling1D, MaxPooling2D, MaxPooling3D
from torchkeras_layer.layers.regularization.activity_regularization import ActivityRegularization
from torchkeras_layer.layers.regularization.alpha_dropout import AlphaDropout
from torchkeras_layer.layers.regularization.dropout import Dropout
from torchkeras_layer.layers.regularization.gaussian_dropout import GaussianDropout
from torchkeras_layer.layers.regularization.gaussian_noise import GaussianNoise
from torchkeras_layer.layers.regularization.spatial_dropout import SpatialDropout1D, SpatialDropout2D, SpatialDropout3D
from torchkeras_layer.layers.reshaping.cropping import Cropping1D, Cropping2D, Cropping3D
from torchkeras_layer.layers.reshaping.flatten import Flatten
from torchkeras_layer.layers.reshaping.permute import Permute
from torchkeras_layer.layers.reshaping.repeat_vector import RepeatVector
from torchkeras_layer.layers.reshaping.reshape import Reshape
from torchkeras_layer.layers.reshaping.up_sampling import UpSampling1D, UpSampling2D, UpSampling3D
from torchkeras_layer.layers.reshaping.zero_padding import ZeroPadding1D, ZeroPadding2D, ZeroPadding3D
from torchkeras_layer.symbolic import InputSpec

AvgPool1D = AveragePooling1D
AvgPool2D = AveragePooling2D
AvgPool3D = AveragePooling3D
GlobalAvgPool1D = GlobalAveragePooling1D
GlobalAvgPool2D = GlobalAveragePooling2D
GlobalAvgPool3D = GlobalAveragePooling3D
GlobalMaxPool1D = GlobalMaxPooling1D
GlobalMaxPool2D = GlobalMaxPooling2D
GlobalMaxPool3D = GlobalMaxPooling3D
MaxPool1D = MaxPooling1D
MaxPool2D = MaxPooling2D
MaxPool3D = MaxPooling3D


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
    "ActivityRegularization",
    "Add",
    "AlphaDropout",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "BatchNormalization",
    "Concatenate",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "Dense",
    "Dot",
    "Dropout",
    "ELU",
    "Embedding",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "GroupNormalization",
    "Identity",
    "Input",
    "InputLayer",
    "InputSpec",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Masking",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "Maximum",
    "Minimum",
    "Multiply",
    "PReLU",
    "Permute",
    "RMSNormalization",
    "ReLU",
    "RepeatVector",
    "Reshape",
    "Softmax",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "Subtract",
    "ThresholdedReLU",
    "TorchFunction",
    "TorchModuleWrapper",
    "UnitNormalization",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
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
