"""In which dtype and on which device does a layer store its weights and compute?"""

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
    """Set the dtypes in which a layer computes and creates weights."""
    change(layer, policy=policy, casts_weights=policy.is_mixed, pinned_dtype=None)


def weights_device(layer: Any) -> torch.device | None:
    """Return the device of a layer's own weights, or the one where they will be created; `None` if it is not known."""
    for registry in (layer._parameters, layer._buffers):
        for weight in registry.values():
            if weight is not None:
                return weight.device
    return layer._torchkeras.pinned_device


def as_tensor(layer: Any, leaf: Any) -> Any:
    """Return a numpy array or a Python number as a tensor, anything else unchanged."""
    if isinstance(leaf, torch.Tensor):
        return leaf
    if isinstance(leaf, (np.ndarray, np.generic)) and leaf.dtype.kind in "biufc":
        return _array_as_tensor(layer, leaf)
    if isinstance(leaf, (bool, int, float)):
        return torch.tensor(leaf, dtype=_dtype_of_number(leaf), device=weights_device(layer))
    return leaf


def as_tensors(layer: Any, inputs: Any) -> Any:
    """Return the inputs with numpy arrays and Python numbers replaced by tensors."""
    return map_leaves(lambda leaf: as_tensor(layer, leaf), list(inputs) if isinstance(inputs, range) else inputs)


def _array_as_tensor(layer: Any, array: Any) -> torch.Tensor:
    # A copy in native byte order, so that a layer that works in place does not change the array.
    native = np.array(array, dtype=array.dtype.newbyteorder("="))
    try:
        return torch.as_tensor(native, device=weights_device(layer))
    except TypeError:
        raise TypeError(
            f"{layer._torchkeras.name}: torch has no dtype for this array. Received: an array of dtype {array.dtype}. "
            "Convert it, for instance by `array.astype('float32')`."
        ) from None


def _dtype_of_number(number: float) -> torch.dtype:
    if isinstance(number, bool):
        return torch.bool
    if isinstance(number, int):
        return torch.int32 if -(2**31) <= number < 2**31 else torch.int64
    return torch_dtype(floatx())


def cast_inputs(record: Record, inputs: Any, flat: list[Any]) -> list[Any]:
    """Return the leaves of the inputs, `flat`, with floating-point tensors cast to the compute dtype.

    Inside `torch.autocast`, which casts by itself, return them unchanged.
    """
    dtype = record.compute_dtype
    graph_casts = record.graph is not None and record.graph.adapts_inputs
    if graph_casts or not record.autocast or not dtype.is_floating_point:
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
    """Cast weights that pruning or a replica stores as plain attributes, for the duration of a call.

    Returns:
        the uncast weights, by attribute, to be restored after the call.
    """
    # Without a variable for the `__dict__`: torch.compile would guard on everything in it, also on the mode.
    specs = layer._torchkeras.weight_specs
    hidden = {key: layer.__dict__[key] for key in specs if key in layer.__dict__}
    layer.__dict__.update({key: cast_for_call(value, specs[key]) for key, value in hidden.items()})
    return hidden


def move(layer: Any, fn: Callable[[torch.Tensor], torch.Tensor], move_weights: Callable[[], Any]) -> None:
    """Apply `.to()`, `.half()`, `.cuda()`, …, and use the new device and dtype for later weights and for computing."""
    record: Record = layer._torchkeras
    placeholder = layer._parameters.pop(PLACEHOLDER, None)
    # Empty tensors show what `fn` does, even if the layer has no weights of its own.
    before = torch.empty(0, dtype=record.policy.variable, device=record.pinned_device)
    other = before.to(torch.bfloat16 if before.dtype is torch.float16 else torch.float16)
    after, after_other = fn(before), fn(other)
    move_weights()
    if after.device != before.device:
        record.pinned_device = after.device
    if after.dtype != before.dtype:
        set_policy(layer, Policy(dtype_name(after.dtype)))
    if after.dtype is after_other.dtype:
        record.pinned_dtype = after.dtype
    if placeholder is not None:
        layer._parameters[PLACEHOLDER] = _moved_placeholder(record, placeholder)


def _moved_placeholder(record: Record, placeholder: nn.Parameter) -> nn.Parameter:
    return placeholder_for(record.name, record.pinned_device, record.policy.variable, placeholder.requires_grad)
