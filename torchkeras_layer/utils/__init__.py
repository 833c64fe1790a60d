"""Which functions are in `keras.utils`? Pictures of models, registering classes, seeds, and what scripts import."""

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
from torchkeras_layer.utils.arrays import normalize, pad_sequences, to_categorical, to_ordinal
from torchkeras_layer.utils.values import (
    convert_shapes,
    count_params,
    default,
    get_keras_mask,
    get_source_inputs,
    has_arg,
    in_tf_graph,
    is_all_none,
    is_default,
    is_tensor_or_variable,
    keras_export,
    object_list_uid,
    pack_x_y_sample_weight,
    set_keras_mask,
    shape_type_conversion,
    slice_arrays,
    smart_cond,
    to_list,
    to_snake_case,
    transpose_shape,
    unpack_singleton,
    unpack_x_y_sample_weight,
)
from torchkeras_layer.utils.windows import (
    conv_input_length,
    conv_output_length,
    convert_data_format,
    convert_kernel,
    deconv_length,
    deconv_output_length,
    normalize_data_format,
    normalize_padding,
    normalize_tuple,
    standardize_data_format,
    standardize_padding,
    standardize_tuple,
)

__all__ = [
    "CustomObjectScope",
    "conv_input_length",
    "conv_output_length",
    "convert_data_format",
    "convert_kernel",
    "convert_shapes",
    "count_params",
    "custom_object_scope",
    "deconv_length",
    "deconv_output_length",
    "default",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_keras_mask",
    "get_registered_name",
    "get_registered_object",
    "get_source_inputs",
    "has_arg",
    "in_tf_graph",
    "is_all_none",
    "is_default",
    "is_tensor_or_variable",
    "keras_export",
    "model_to_dot",
    "model_to_mermaid",
    "normalize",
    "normalize_data_format",
    "normalize_padding",
    "normalize_tuple",
    "object_list_uid",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "plot_model",
    "register_keras_serializable",
    "serialize_keras_object",
    "set_keras_mask",
    "set_random_seed",
    "shape_type_conversion",
    "slice_arrays",
    "smart_cond",
    "standardize_data_format",
    "standardize_padding",
    "standardize_tuple",
    "to_categorical",
    "to_list",
    "to_ordinal",
    "to_snake_case",
    "transpose_shape",
    "unpack_singleton",
    "unpack_x_y_sample_weight",
]

if not TYPE_CHECKING:
    __getattr__ = finder_in(__name__, "utils")
