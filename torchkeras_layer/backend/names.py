"""Where does each function of `keras.backend` come from?"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any

from torchkeras_layer.ops.backend_names import function_of_backend, names_of_backend

# By the modules of this package.
HOMES = {
    "_names": "get_uid reset_uids",
    "_settings": "epsilon floatx image_data_format set_epsilon set_floatx set_image_data_format",
    "symbolic": "int_shape is_keras_tensor KerasTensor",
    "backend.context_values": "ContextValueCache eager symbolic",
    "backend.execution": "eval function",
    "backend.modes": (
        "clear_session deprecated_internal_learning_phase_scope deprecated_internal_set_learning_phase "
        "global_learning_phase_is_set in_test_phase in_train_phase learning_phase learning_phase_scope "
        "set_learning_phase switch symbolic_learning_phase"
    ),
    "backend.questions": (
        "backend cast_to_floatx convert_to_numpy convert_to_tensor count_params dtype get_variable_shape "
        "image_dim_ordering is_float_dtype is_int_dtype is_placeholder is_sparse is_symbolic is_tensor is_variable "
        "name_scope ndim normalize_data_format result_type set_image_dim_ordering standardize_dtype to_dense"
    ),
    "backend.variables": (
        "batch_get_value batch_set_value constant eye get_value moving_average_update ones placeholder "
        "random_normal_variable random_uniform_variable set_value track_variable update update_add update_sub "
        "variable zeros"
    ),
}


@functools.cache
def homes() -> dict[str, str]:
    """Return the module of each function that is no operation.

    >>> homes()["set_value"], homes()["floatx"]
    ('backend.variables', '_settings')
    """
    return {name: module for module, names in HOMES.items() for name in names.split()}


def names_of_functions() -> list[str]:
    """Return the names of all functions of `keras.backend`.

    >>> [name for name in names_of_functions() if name.startswith("batch_")]
    ['batch_dot', 'batch_flatten', 'batch_get_value', 'batch_normalization', 'batch_set_value']
    """
    return sorted({*homes(), *names_of_backend()})


def function_named(name: str) -> Callable[..., Any] | None:
    """Return a function of `keras.backend`, or `None` if there is none of this name.

    >>> function_named("dot")([[1.0, 2.0]], [[3.0], [4.0]]), function_named("get_session")
    (tensor([[11.]]), None)
    """
    if name in homes():
        return getattr(importlib.import_module(f"torchkeras_layer.{homes()[name]}"), name)
    return function_of_backend(name) if name in names_of_backend() else None
