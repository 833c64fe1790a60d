"""What is a map of dtype policies, with one for each path of a layer?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

import torch

from torchkeras_layer._settings import floatx
from torchkeras_layer.precision import Policy, as_policy, catalog, global_policy
from torchkeras_layer.registry import deserialize_keras_object, serialize_keras_object


@catalog.register(module="keras.dtype_policies")
class DTypePolicyMap(Policy, MutableMapping[str, Policy]):
    """Dtype policies by the paths of layers, such as `'encoder/dense'`, or by regular expressions for whole paths.

    A layer that is given a map takes the policy of its path when it is built; until then it has the default policy. It
    gives the map to the layers that it makes with `dtype=self.dtype_policy`, as those of `keras.layers` do.

    Args:
        default_policy: policy of the other paths, in any form that `dtype=` takes; by default the global policy.
        policy_map: policies by path.

    Raises:
        TypeError: if `policy_map` is not a dict, a key not a string, or a value not a policy.
        ValueError: if a key is not a regular expression.

    >>> import torchkeras_layer as keras
    >>> policies = DTypePolicyMap("float32", {"block/.*": "bfloat16"})
    >>> policies["block/dense"], policies["head"]
    (<Policy 'bfloat16'>, <Policy 'float32'>)
    >>> attention = keras.layers.MultiHeadAttention(2, 4, name="block", dtype=policies)
    >>> attention.build((None, 3, 8), (None, 3, 8)); attention.compute_dtype, attention.query_dense.compute_dtype
    ('float32', 'bfloat16')
    """

    __slots__ = ("_default", "_policies")

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, default_policy: Any = None, policy_map: Mapping[str, Any] | None = None) -> None:
        if not isinstance(policy_map, (Mapping, type(None))):
            raise TypeError(f"DTypePolicyMap: policy_map must be a dict. Received: policy_map={policy_map!r}.")
        self._default = None if default_policy is None else as_policy(default_policy).at(None)
        self._policies: dict[str, Policy] = {}
        self.update(policy_map or {})

    @property
    def default_policy(self) -> Policy:
        """The policy of paths that the map does not have.

        >>> DTypePolicyMap().default_policy
        <Policy 'float32'>
        """
        if self._default is not None:
            return self._default
        chosen = global_policy()
        # The global policy may be a map too, even this one.
        return Policy(floatx()) if isinstance(chosen, DTypePolicyMap) and chosen._default is None else chosen.at(None)

    @property
    def name(self) -> str:  # type: ignore[override]
        """`'map_'` and the name of the default policy.

        >>> DTypePolicyMap("float16").name
        'map_float16'
        """
        return f"map_{self.default_policy.name}"

    @property
    def compute(self) -> torch.dtype:  # type: ignore[override]
        """The compute dtype of the default policy.

        >>> DTypePolicyMap("mixed_float16").compute
        torch.float16
        """
        return self.default_policy.compute

    @property
    def variable(self) -> torch.dtype:  # type: ignore[override]
        """The dtype of weights of the default policy.

        >>> DTypePolicyMap("mixed_float16").variable
        torch.float32
        """
        return self.default_policy.variable

    def at(self, path: str | None) -> Policy:
        """Return the policy of a path; the default one if the path is not known yet.

        >>> DTypePolicyMap("float32", {"head": "float64"}).at("head")
        <Policy 'float64'>
        """
        return self.default_policy if path is None else self[path]

    def __getitem__(self, path: str) -> Policy:
        """Return the policy of a path: of an equal key, or of the one expression that matches all of it."""
        if path in self._policies:
            return self._policies[path]
        matching = [key for key in self._policies if re.fullmatch(key, path)]
        if len(matching) > 1:
            raise ValueError(
                f"DTypePolicyMap: the path {path!r} must match one key only. Received: {matching}. Make the "
                "expressions more specific, or add the path itself."
            )
        return self._policies[matching[0]] if matching else self.default_policy

    def __setitem__(self, path: str, policy: Any) -> None:
        if not isinstance(path, str):
            raise TypeError(f"DTypePolicyMap: a key must be a path of a layer. Received: {path!r}.")
        if path in self._policies:
            raise ValueError(
                f"DTypePolicyMap: there already is a policy for {path!r}, {self._policies[path]}. "
                f"Received: {policy!r}. Delete the key first."
            )
        try:
            re.compile(path)
        except re.error as error:
            raise ValueError(
                f"DTypePolicyMap: a key must be a path or a regular expression. Received: {path!r}: {error}."
            ) from error
        self._policies[path] = as_policy(policy).at(None)

    def __delitem__(self, path: str) -> None:
        del self._policies[path]

    def __contains__(self, path: object) -> bool:
        return path in self._policies

    def __iter__(self) -> Iterator[str]:
        return iter(self._policies)

    def __len__(self) -> int:
        return len(self._policies)

    def __bool__(self) -> bool:
        # A policy, even if it has no paths yet.
        return True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicyMap) and self._contents() == other._contents()

    def __repr__(self) -> str:
        return f"<DTypePolicyMap default_policy={self._default!r}, {self._policies!r}>"

    def __deepcopy__(self, memo: dict[int, Any]) -> DTypePolicyMap:
        return DTypePolicyMap(*self._contents())

    def __reduce__(self) -> tuple[type[Policy], tuple[Any, ...]]:
        return DTypePolicyMap, self._contents()

    def _contents(self) -> tuple[Policy | None, dict[str, Policy]]:
        return self._default, dict(self._policies)

    def get_config(self) -> dict[str, Any]:
        """Return the default policy's name, `None` for the global policy, and the config of each policy.

        >>> DTypePolicyMap("float16").get_config()
        {'default_policy': 'float16', 'policy_map': {}}
        """
        default = None if self._default is None else self._default.name
        return {"default_policy": default, "policy_map": serialize_keras_object(self._policies)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DTypePolicyMap:
        """Create a map from what `get_config()` returned.

        >>> DTypePolicyMap.from_config({"default_policy": "float16", "policy_map": {"a": "float64"}})["a"]
        <Policy 'float64'>
        """
        policies = config.get("policy_map")
        return cls(**{**config, "policy_map": deserialize_keras_object(policies)})
