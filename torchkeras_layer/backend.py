"""Which functions are in `keras.backend`? Process-wide settings, numbered names, and questions about tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchkeras_layer._names import get_uid, reset_uids
from torchkeras_layer._placeholders import finder_in
from torchkeras_layer._settings import (
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from torchkeras_layer.symbolic import int_shape, is_keras_tensor

clear_session = reset_uids

__all__ = [
    "clear_session",
    "epsilon",
    "floatx",
    "get_uid",
    "image_data_format",
    "int_shape",
    "is_keras_tensor",
    "reset_uids",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
]

if not TYPE_CHECKING:
    __getattr__ = finder_in(__name__, "backend")
