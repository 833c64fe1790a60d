"""Which dtype policies are there, in which dtypes do they store weights and compute, and which is the default?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer._dtypes import dtype_name, torch_dtype
from torchkeras_layer._settings import floatx
from torchkeras_layer.registry import Catalog, serialize_keras_object

# Keras writes the map of policies with its own module.
_OTHER_MODULES = ("keras.dtype_policies", "keras.mixed_precision", "keras.mixed_precision.experimental")
catalog = Catalog("dtype policy", module="keras", other_modules=_OTHER_MODULES)

_MIXED = {"mixed_float16": "float16", "mixed_bfloat16": "bfloat16"}


_QUANTIZED = (
    "QuantizedDTypePolicy",
    "QuantizedFloat8DTypePolicy",
    "GPTQDTypePolicy",
    "AWQDTypePolicy",
    "Int4DTypePolicy",
)
_MODES = ("int8_from_", "int4", "float8", "gptq", "awq")


@catalog.register("Policy", "PolicyV1", "FloatDTypePolicy", name="DTypePolicy")
class Policy:
    """A pair of dtypes: `compute_dtype` for inputs and computations, `variable_dtype` for weights.

    Policies with the same name are equal.

    Args:
        name: name of a dtype (`'float32'`, `'bfloat16'`, `'int32'`, …), which is used for both; or `'mixed_float16'` or
            `'mixed_bfloat16'`, which compute in 16 bits and store weights in float32; by default that of the global
            policy.

    Raises:
        TypeError: if there is no policy of this name, or it is the name of a quantized policy of Keras.

    >>> policy = Policy("mixed_bfloat16")
    >>> policy.compute_dtype, policy.variable_dtype
    ('bfloat16', 'float32')
    """

    __slots__ = ("compute", "name", "variable")

    name: str
    compute: torch.dtype
    variable: torch.dtype

    # Keras's quantized policies have one.
    quantization_mode = None

    def __init__(self, name: str | None = None) -> None:
        name = global_policy().at(None).name if name is None else name
        if not isinstance(name, str):
            raise TypeError(f"Policy: name must be a string such as 'mixed_bfloat16'. Received: name={name!r}.")
        if name.startswith(_MODES):
            raise _quantized(name)
        try:
            self.compute = torch_dtype(_MIXED.get(name, name))
        except TypeError:
            known = "the name of a dtype such as 'float32', or one of " + ", ".join(map(repr, _MIXED))
            raise TypeError(f"Unknown dtype policy: expected {known}. Received: {name!r}.") from None
        self.variable = torch.float32 if name in _MIXED else self.compute
        self.name = name if name in _MIXED else dtype_name(self.compute)

    @property
    def compute_dtype(self) -> str:
        """The name of the dtype in which layers compute.

        >>> Policy("mixed_float16").compute_dtype
        'float16'
        """
        return dtype_name(self.compute)

    @property
    def variable_dtype(self) -> str:
        """The name of the dtype in which layers store their weights.

        >>> Policy("mixed_float16").variable_dtype
        'float32'
        """
        return dtype_name(self.variable)

    @property
    def is_mixed(self) -> bool:
        """Whether the two dtypes are different.

        >>> Policy("mixed_float16").is_mixed, Policy("float16").is_mixed
        (True, False)
        """
        return self.compute is not self.variable

    def at(self, path: str | None) -> Policy:
        """Return the policy of the layer with a path; `None` if the path is not known yet. A map has several.

        >>> Policy("float16").at("encoder/dense")
        <Policy 'float16'>
        """
        return self

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate this policy.

        >>> Policy("float16").get_config()
        {'name': 'float16'}
        """
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Policy:
        """Create a policy from what `get_config()` returned.

        >>> Policy.from_config({"name": "float16"})
        <Policy 'float16'>
        """
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Policy) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __deepcopy__(self, memo: dict[int, Any]) -> Policy:
        return self

    def __repr__(self) -> str:
        return f"<Policy {self.name!r}>"

    def __reduce__(self) -> tuple[type[Policy], tuple[Any, ...]]:
        return Policy, (self.name,)


_global: dict[str, Policy | None] = {"policy": None}


def global_policy() -> Policy:
    """Return the policy of layers that are created without `dtype`: the one that was set, else that of `floatx()`.

    >>> global_policy().name
    'float32'
    """
    return _global["policy"] or Policy(floatx())


def set_global_policy(policy: Any) -> None:
    """Set the policy of layers that are created from now on without `dtype`.

    Args:
        policy: a `Policy`, its name or config, or a dtype; `None` for that of `floatx()`.

    Raises:
        TypeError: if `policy` is none of these.
        ValueError: if its compute dtype is not a floating-point dtype.

    >>> set_global_policy("mixed_bfloat16"); global_policy().compute_dtype
    'bfloat16'
    >>> set_global_policy(None)
    """
    chosen = None if policy is None else as_policy(policy)
    if chosen is not None and not chosen.compute.is_floating_point:
        raise ValueError(
            f"set_global_policy: the policy must compute in a floating-point dtype, such as 'float32'. Received: "
            f"policy={policy!r}."
        )
    _global["policy"] = chosen


def as_policy(dtype: Any) -> Policy:
    """Return the policy that a layer's argument `dtype` means: `None`, a name, a dtype, a `Policy` or its config.

    Raises:
        TypeError: if it does not mean a policy.

    >>> as_policy(torch.float64), as_policy({"class_name": "Policy", "config": {"name": "mixed_float16"}})
    (<Policy 'float64'>, <Policy 'mixed_float16'>)
    """
    if dtype is None:
        return global_policy()
    if isinstance(dtype, Policy):
        return dtype
    if isinstance(dtype, dict):
        return _from_envelope(dtype)
    return Policy(dtype if isinstance(dtype, str) else dtype_name(dtype))


def _from_envelope(envelope: dict[str, Any]) -> Policy:
    config = envelope.get("config")
    if envelope.get("class_name") == "DTypePolicyMap":
        return catalog.deserialize(envelope)
    if envelope.get("class_name") in _QUANTIZED:
        raise _quantized(envelope)
    known = ("Policy", "DTypePolicy", "PolicyV1", "FloatDTypePolicy")
    if envelope.get("class_name") not in known or not isinstance(config, dict) or "name" not in config:
        raise TypeError(
            "A dtype policy's config must be like {'class_name': 'DTypePolicy', 'config': {'name': 'float32'}}. "
            f"Received: {envelope!r}."
        )
    return Policy(config["name"])


def written(policy: Policy) -> Any:
    """Return what a config has for a policy: its name, or the config of a map of policies.

    >>> written(Policy("float16"))
    'float16'
    """
    return policy.name if type(policy) is Policy else serialize_keras_object(policy)


def _quantized(received: Any) -> TypeError:
    return TypeError(
        f"A quantized dtype policy is not supported. Received: {received!r}. Quantize the model with torchao. "
        "See docs/differences.md#arguments-that-are-not-supported"
    )


@catalog.register(*_QUANTIZED[1:], name=_QUANTIZED[0], module="keras.dtype_policies")
class _QuantizedPolicy:
    """Stands for Keras's quantized policies in configs, so that reading one raises the clear error."""

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        raise _quantized(config)
