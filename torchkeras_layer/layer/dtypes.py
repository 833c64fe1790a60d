"""In which dtype and on which device does a layer keep its weights and compute?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from torchkeras_layer._dtypes import dtype_name, torch_dtype
from torchkeras_layer._settings import floatx
from torchkeras_layer._structures import map_leaves
from torchkeras_layer.layer.context import cast_for_call
from torchkeras_layer.layer.record import Record, change
from torchkeras_layer.layer.weight_creation import PLACEHOLDER, placeholder_for
from torchkeras_layer.precision import Policy


def set_policy(layer: Any, policy: Policy) -> None:
    """Have a layer compute, and make weights, in other dtypes."""
    change(layer, policy=policy, casts_weights=policy.is_mixed)


def weights_device(layer: Any) -> torch.device | None:
    """Return the device of a layer's own weights, or where they will be; `None` if nothing says it."""
    for registry in (layer._parameters, layer._buffers):
        for weight in registry.values():
            if weight is not None:
                return weight.device
    return layer._torchkeras.pinned_device


def as_tensor(layer: Any, leaf: Any) -> Any:
    """Return a numpy array or a Python number as a tensor; anything else as it is."""
    if isinstance(leaf, torch.Tensor):
        return leaf
    if isinstance(leaf, (np.ndarray, np.generic)) and leaf.dtype.kind in "biufc":
        return _array_as_tensor(layer, leaf)
    if isinstance(leaf, (bool, int, float)):
        return torch.tensor(leaf, dtype=_dtype_of_number(leaf), device=weights_device(layer))
    return leaf


def as_tensors(layer: Any, inputs: Any) -> Any:
    """Return inputs with tensors in the place of the numpy arrays and Python numbers among them."""
    return map_leaves(lambda leaf: as_tensor(layer, leaf), list(inputs) if isinstance(inputs, range) else inputs)


def _array_as_tensor(layer: Any, array: Any) -> torch.Tensor:
    # A copy, so that a layer that works in place leaves the array alone, in this machine's byte order.
    native = np.array(array, dtype=array.dtype.newbyteorder("="))
    try:
        return torch.as_tensor(native, device=weights_device(layer))
    except TypeError:
        name = layer._torchkeras.name
        raise TypeError(f"{name}: torch has no dtype for an array of {array.dtype}. Convert it.") from None


def _dtype_of_number(number: float) -> torch.dtype:
    if isinstance(number, bool):
        return torch.bool
    if isinstance(number, int):
        return torch.int32 if -(2**31) <= number < 2**31 else torch.int64
    return torch_dtype(floatx())


def cast_inputs(record: Record, inputs: Any, flat: list[Any]) -> list[Any]:
    """Return the leaves of inputs, `flat`, with floating tensors cast to the compute dtype.

    Except within `torch.autocast`, which casts by itself.
    """
    dtype = record.compute_dtype
    adapts_by_itself = record.graph is not None and record.graph.adapts_inputs
    if adapts_by_itself or not record.autocast or not dtype.is_floating_point:
        return flat
    cast = None
    for place, leaf in enumerate(flat):
        if isinstance(leaf, torch.Tensor) and leaf.dtype is not dtype and leaf.is_floating_point():
            if cast is None:
                if _autocast_is_on(inputs):
                    return flat
                cast = list(flat)
            cast[place] = _cast(leaf, dtype)
    return flat if cast is None else cast


def _cast(tensor: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    cast, mask = tensor.to(dtype), getattr(tensor, "_keras_mask", None)
    if mask is not None:
        cast._keras_mask = mask  # type: ignore[attr-defined]
    return cast


def _autocast_is_on(inputs: Any) -> bool:
    if not isinstance(inputs, torch.Tensor):
        return torch.is_autocast_enabled() or torch.is_autocast_enabled("cpu")
    return torch.is_autocast_enabled(inputs.device.type) if inputs.device.type != "meta" else False


def cast_hidden_weights(layer: Any) -> dict[str, torch.Tensor]:
    """Cast, for a call, weights that pruning or a replica keeps as plain attributes; return them as they were."""
    # Not by a name for the `__dict__`: torch.compile would guard on all that is in it, the mode too.
    specs = layer._torchkeras.weight_specs
    hidden = {key: layer.__dict__[key] for key in specs if key in layer.__dict__}
    layer.__dict__.update({key: cast_for_call(value, specs[key]) for key, value in hidden.items()})
    return hidden


def move(layer: Any, fn: Callable[[torch.Tensor], torch.Tensor], move_weights: Callable[[], Any]) -> None:
    """Follow `.to()`, `.half()`, `.cuda()`, …: weights that come later, and computation, go there too."""
    record: Record = layer._torchkeras
    placeholder = layer._parameters.pop(PLACEHOLDER, None)
    # An empty tensor tells what `fn` does, also where the layer has no weights of its own.
    before = torch.empty(0, dtype=record.policy.variable, device=record.pinned_device)
    after = fn(before)
    move_weights()
    if after.device != before.device:
        record.pinned_device = after.device
    if after.dtype != before.dtype:
        set_policy(layer, Policy(dtype_name(after.dtype)))
    if placeholder is not None:
        layer._parameters[PLACEHOLDER] = _moved_placeholder(record, placeholder)


def _moved_placeholder(record: Record, placeholder: nn.Parameter) -> nn.Parameter:
    return placeholder_for(record.name, record.pinned_device, record.policy.variable, placeholder.requires_grad)
