"""In which dtype and on which device does a layer keep its weights and compute?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from torchkeras_layer._dtypes import dtype_name, torch_dtype
from torchkeras_layer._settings import floatx
from torchkeras_layer._structures import map_leaves
from torchkeras_layer.layer.autocasting import cast_for_call
from torchkeras_layer.layer.building import Building
from torchkeras_layer.layer.masking import mask_of
from torchkeras_layer.layer.unbuilt import STAND_IN, stand_in_for
from torchkeras_layer.precision import Policy, as_policy


class Dtypes(Building):
    """The dtype policy, the cast of inputs, and `.to()`."""

    @property
    def dtype(self) -> str:
        """Name of the dtype of the weights, such as `'float32'`.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Dense(2, dtype="mixed_bfloat16").dtype
        'float32'
        """
        return self._policy.variable_dtype

    @property
    def variable_dtype(self) -> str:
        """Name of the dtype of the weights; the same as `dtype`."""
        return self._policy.variable_dtype

    @property
    def compute_dtype(self) -> str:
        """Name of the dtype that inputs are cast to.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Dense(2, dtype="mixed_bfloat16").compute_dtype
        'bfloat16'
        """
        return self._policy.compute_dtype

    @property
    def dtype_policy(self) -> Policy:
        """The pair of both dtypes. Setting it does not change weights that exist; `.to(dtype)` does."""
        return self._policy

    @dtype_policy.setter
    def dtype_policy(self, policy: Any) -> None:
        self._set_policy(as_policy(policy))

    @property
    def autocast(self) -> bool:
        """Whether floating inputs are cast to the compute dtype."""
        return self._autocast

    def _set_policy(self, policy: Policy) -> None:
        self.__dict__.update(_policy=policy, _casts_weights=policy.is_mixed)
        self._choose_route()

    def _as_tensors(self, inputs: Any) -> Any:
        """Turn numpy arrays and Python numbers among the inputs into tensors; leave anything else."""
        return map_leaves(self._as_tensor, list(inputs) if isinstance(inputs, range) else inputs)

    def _as_tensor(self, leaf: Any) -> Any:
        if isinstance(leaf, torch.Tensor):
            return leaf
        if isinstance(leaf, (np.ndarray, np.generic)) and leaf.dtype.kind in "biufc":
            return self._array_as_tensor(leaf)
        if isinstance(leaf, (bool, int, float)):
            return torch.tensor(leaf, dtype=_dtype_of_number(leaf), device=self._weights_device())
        return leaf

    def _array_as_tensor(self, array: Any) -> torch.Tensor:
        # A copy, so that a layer that works in place leaves the array alone, in this machine's byte order.
        native = np.array(array, dtype=array.dtype.newbyteorder("="))
        try:
            return torch.as_tensor(native, device=self._weights_device())
        except TypeError:
            raise TypeError(f"{self._name}: torch has no dtype for an array of {array.dtype}. Convert it.") from None

    def _weights_device(self) -> torch.device | None:
        for registry in (self._parameters, self._buffers):
            for weight in registry.values():
                if weight is not None:
                    return weight.device
        return self._pinned_device

    def _cast_inputs(self, inputs: Any) -> Any:
        """Cast floating tensors to the compute dtype, except within `torch.autocast`, which casts by itself."""
        dtype = self._policy.compute
        if not self._autocast or not dtype.is_floating_point or _autocast_is_on(inputs):
            return inputs

        def cast(leaf: Any) -> Any:
            is_float = isinstance(leaf, torch.Tensor) and leaf.is_floating_point() and leaf.dtype is not dtype
            return _cast(leaf, dtype) if is_float else leaf

        return map_leaves(cast, inputs)

    def _cast_hidden_weights(self) -> dict[str, torch.Tensor]:
        """Cast, for a call, weights that pruning or a replica keeps as plain attributes; return them as they were."""
        hidden = {key: self.__dict__[key] for key in self._weight_specs if key in self.__dict__}
        self.__dict__.update({key: cast_for_call(value, self._weight_specs[key]) for key, value in hidden.items()})
        return hidden

    def _apply(self, fn: Callable[[torch.Tensor], torch.Tensor], recurse: bool = True) -> Any:
        """Follow `.to()`, `.half()`, `.cuda()`, …: weights that come later, and computation, go there too."""
        stand_in = self._parameters.pop(STAND_IN, None)
        # An empty tensor tells what `fn` does, also where the layer has no weights of its own.
        before = torch.empty(0, dtype=self._policy.variable, device=self._pinned_device)
        after = fn(before)
        super()._apply(fn, recurse)
        if after.device != before.device:
            self._pinned_device = after.device
        if after.dtype != before.dtype:
            self._set_policy(Policy(dtype_name(after.dtype)))
        if stand_in is not None:
            variable, wants = self._policy.variable, stand_in.requires_grad
            self._parameters[STAND_IN] = stand_in_for(self._name, self._pinned_device, variable, wants)
        return self


def _dtype_of_number(number: float) -> torch.dtype:
    if isinstance(number, bool):
        return torch.bool
    if isinstance(number, int):
        return torch.int32 if -(2**31) <= number < 2**31 else torch.int64
    return torch_dtype(floatx())


def _cast(tensor: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    cast, mask = tensor.to(dtype), mask_of(tensor)
    if mask is not None:
        cast._keras_mask = mask  # type: ignore[attr-defined]
    return cast


def _autocast_is_on(inputs: Any) -> bool:
    if not isinstance(inputs, torch.Tensor):
        return torch.is_autocast_enabled() or torch.is_autocast_enabled("cpu")
    return torch.is_autocast_enabled(inputs.device.type) if inputs.device.type != "meta" else False
