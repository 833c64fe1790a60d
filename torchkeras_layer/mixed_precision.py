"""Which names are in `keras.mixed_precision`? Dtype policies and the global default."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torchkeras_layer._placeholders import find_missing
from torchkeras_layer.precision import Policy, global_policy, set_global_policy

DTypePolicy = Policy
dtype_policy = global_policy
set_dtype_policy = set_global_policy

__all__ = ["DTypePolicy", "Policy", "dtype_policy", "global_policy", "set_dtype_policy", "set_global_policy"]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        return find_missing(__name__, name, "mixed_precision")
