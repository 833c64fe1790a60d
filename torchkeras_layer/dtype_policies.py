"""Which names are in `keras.dtype_policies`? Dtype policies, maps of them, and how they are written and read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from torchkeras_layer._placeholders import finder_in
from torchkeras_layer.precision import Policy, as_policy
from torchkeras_layer.precision_map import DTypePolicyMap
from torchkeras_layer.registry import CustomObjectScope, serialize_keras_object

DTypePolicy = Policy
FloatDTypePolicy = Policy
get = as_policy

__all__ = ["DTypePolicy", "DTypePolicyMap", "FloatDTypePolicy", "deserialize", "get", "serialize"]


def serialize(dtype_policy: Policy) -> dict[str, Any]:
    """Return the config of a policy.

    >>> serialize(Policy("float16"))["config"]
    {'name': 'float16'}
    """
    return serialize_keras_object(dtype_policy)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Policy:
    """Return the policy for a config; also for anything else that `dtype=` of a layer takes.

    Args:
        config: what `serialize` returned.
        custom_objects: classes by the names that the config has for them.

    Raises:
        TypeError: if it is not the config of a policy, or that of a quantized one.

    >>> deserialize({"class_name": "DTypePolicy", "config": {"name": "float16"}})
    <Policy 'float16'>
    """
    with CustomObjectScope(custom_objects):
        return as_policy(config)


if not TYPE_CHECKING:
    __getattr__ = finder_in(__name__, "dtype_policies")
