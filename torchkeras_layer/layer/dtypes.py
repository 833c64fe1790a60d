"""In which dtype and on which device does a layer store its weights and compute?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from torchkeras_layer._dtypes import dtype_name, torch_dtype
from torchkeras_layer._settings import floatx
from torchkeras_layer._structures import leaves, map_leaves, map_parts
from torchkeras_layer.layer.context import cast_for_call
from torchkeras_layer.layer.record import Record, change, take_policy
from torchkeras_layer.layer.weight_creation import PLACEHOLDER, placeholder_for
from torchkeras_layer.precision import Policy
from torchkeras_layer.precision_map import DTypePolicyMap
from torchkeras_layer.symbolic.keras_tensor import is_symbolic

_NUMERIC = "biufc"
NUMBERS = (bool, int, float, np.number, np.bool_)

if TYPE_CHECKING:
    from torchkeras_layer.layer.attributes import LayerBase


def set_policy(layer: LayerBase, policy: Policy) -> None:
    """Set the dtypes in which a layer computes and creates weights."""
    take_policy(layer._torchkeras, policy)
    change(layer, pinned_dtype=None)


def assign_policy(layer: LayerBase, policy: Policy) -> None:
    """Do the same; in a map of policies, change the one of the layer's path, as Keras does."""
    given, path = layer._torchkeras.given_policy, layer._torchkeras.path
    if isinstance(given, DTypePolicyMap) and path is not None and not isinstance(policy, DTypePolicyMap):
        if path in given:
            del given[path]
        given[path] = policy
        policy = given
    set_policy(layer, policy)


def weights_device(layer: LayerBase) -> torch.device | None:
    """Return the device of a layer's own weights, or the one where they will be created; `None` if it is not known."""
    for registry in (layer._parameters, layer._buffers):
        for weight in registry.values():
            if weight is not None:
                return weight.device
    return layer._torchkeras.pinned_device


def as_tensor(layer: Any, leaf: Any) -> Any:
    """Return an array, also of another library than numpy, or a Python number as a tensor, anything else unchanged."""
    if isinstance(leaf, torch.Tensor) or leaf is None:
        return leaf
    if isinstance(leaf, (np.ndarray, np.generic)):
        return _array_as_tensor(layer, leaf) if leaf.dtype.kind in _NUMERIC else leaf
    if isinstance(leaf, (bool, int, float)):
        return torch.tensor(leaf, dtype=_dtype_of_number(leaf), device=weights_device(layer))
    if is_array(leaf):
        array = np.asarray(leaf)
        return _array_as_tensor(layer, array) if array.dtype.kind in _NUMERIC else leaf
    return leaf


def as_tensors(layer: Any, inputs: Any) -> Any:
    """Return the inputs with arrays, Python numbers and lists of numbers replaced by tensors."""
    if isinstance(inputs, torch.Tensor):
        return inputs
    inputs = list(inputs) if isinstance(inputs, range) else inputs
    return map_leaves(lambda leaf: as_tensor(layer, leaf), lists_as_tensors(layer, inputs))


def is_array(leaf: Any) -> bool:
    """Whether a value is a numpy array, or converts itself into one as those of pandas do.

    >>> is_array(np.ones(2)), is_array(torch.ones(2)), is_array(np.float32(2)), is_array([1.0])
    (True, False, False, False)
    """
    if isinstance(leaf, (np.ndarray, torch.Tensor)):
        return isinstance(leaf, np.ndarray)
    return hasattr(type(leaf), "__array__") and not isinstance(leaf, np.generic) and not is_symbolic(leaf)


def lists_as_tensors(layer: Any, inputs: Any) -> Any:
    """Return the inputs with each list or tuple of numbers, nested or not, and each number replaced by a tensor.

    The rows of such a list have equal lengths. For a layer with several inputs in a list, the list itself is not one.
    """
    if not isinstance(inputs, (list, tuple, dict)) or not any(isinstance(leaf, NUMBERS) for leaf in leaves(inputs)):
        return inputs
    graph = layer._torchkeras.graph
    if layer._torchkeras_facts.takes_a_list or (graph is not None and graph.takes_several):
        return map_parts(lambda part: _numbers_as_tensor(layer, part), inputs)
    return _numbers_as_tensor(layer, inputs)


def _numbers_as_tensor(layer: Any, value: Any) -> Any:
    if isinstance(value, NUMBERS):
        return as_tensor(layer, value)
    if not isinstance(value, (list, tuple, dict)) or not value:
        return value
    if shape_of_numbers(value) is None:
        return map_parts(lambda part: _numbers_as_tensor(layer, part), value)
    numbers = leaves(value)
    dtype = _dtype_of_numbers(numbers)
    return torch.tensor(value, dtype=dtype, device=weights_device(layer))


def shape_of_numbers(value: Any) -> tuple[int, ...] | None:
    """Return the shape of a number or a nested list of numbers; `None` for anything else.

    >>> shape_of_numbers([[1, 2], (3, 4.0)]), shape_of_numbers([[1, 2], [3]]), shape_of_numbers(5)
    ((2, 2), None, ())
    """
    if isinstance(value, NUMBERS):
        return ()
    if type(value) not in (list, tuple):
        return None
    shapes = {shape_of_numbers(part) for part in value}
    shape = shapes.pop() if len(shapes) == 1 else None
    return None if shape is None else (len(value), *shape)


def read_arguments(layer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments of a call after the first, with tensors in place of arrays, and of some lists of numbers.

    A list of numbers may be a setting, such as an axis or a size. It becomes a tensor where a tensor is expected: as a
    mask, in a built-in layer, and as a nested list that is given by position.
    """
    if not any(map(_may_be_array, args)) and not any(map(_may_be_array, kwargs.values())):
        return args, kwargs
    names = layer._torchkeras.signature.positional
    named = [*names, *[""] * len(args)]
    read = tuple(_read_argument(layer, name, value, True) for name, value in zip(named, args, strict=False))
    return read, {name: _read_argument(layer, name, value, False) for name, value in kwargs.items()}


def _may_be_array(value: Any) -> bool:
    if value is None or isinstance(value, (torch.Tensor, bool)):
        return False
    return isinstance(value, (list, tuple, dict)) or is_array(value)


def _read_argument(layer: Any, name: str, value: Any, is_positional: bool) -> Any:
    signature, facts = layer._torchkeras.signature, layer._torchkeras_facts
    is_tensor = name == "mask" or name.endswith("_mask") or (facts.runs_built_in_call and name in signature.positional)
    is_nested = is_positional and name != "" and len(shape_of_numbers(value) or ()) > 1
    read = lists_as_tensors(layer, value) if is_tensor or is_nested else value
    if isinstance(read, (list, tuple, dict)):
        has_arrays = any(map(is_array, leaves(read)))
        return (
            map_leaves(lambda leaf: _read_array(layer, leaf) if is_array(leaf) else leaf, read) if has_arrays else read
        )
    return read if read is value and not is_array(value) else _read_array(layer, read)


def _read_array(layer: Any, array: Any) -> Any:
    """Return an array as a tensor, one of floats in the compute dtype: numpy's own default is float64."""
    record: Record = layer._torchkeras
    tensor = as_tensor(layer, array)
    is_cast = record.autocast and record.compute_dtype.is_floating_point and isinstance(tensor, torch.Tensor)
    return tensor.to(record.compute_dtype) if is_cast and tensor.is_floating_point() else tensor


def _array_as_tensor(layer: LayerBase, array: Any) -> torch.Tensor:
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


def _dtype_of_numbers(numbers: list[Any]) -> torch.dtype | None:
    """Return the dtype for a list of numbers: that of the widest kind; `None` for complex numbers."""
    if any(isinstance(number, np.complexfloating) for number in numbers):
        return None
    if any(isinstance(number, (float, np.floating)) for number in numbers):
        return torch_dtype(floatx())
    if all(isinstance(number, (bool, np.bool_)) for number in numbers):
        return torch.bool
    return _dtype_of_number(max((int(number) for number in numbers), key=abs))


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


def cast_hidden_weights(layer: LayerBase) -> dict[str, torch.Tensor]:
    """Cast weights that pruning or a replica stores as plain attributes, for the duration of a call.

    Returns:
        the uncast weights, by attribute, to be restored after the call.
    """
    # Without a variable for the `__dict__`: torch.compile would guard on everything in it, also on the mode.
    specs = layer._torchkeras.weight_specs
    hidden = {key: layer.__dict__[key] for key in specs if key in layer.__dict__}
    layer.__dict__.update({key: cast_for_call(value, specs[key]) for key, value in hidden.items()})
    return hidden


def move(layer: LayerBase, fn: Callable[[torch.Tensor], torch.Tensor], move_weights: Callable[[], Any]) -> None:
    """Apply `.to()`, `.half()`, `.cuda()`, …, and use the new device, dtype and memory format for later weights."""
    record: Record = layer._torchkeras
    placeholder = layer._parameters.pop(PLACEHOLDER, None)
    # Two small tensors show what `fn` does, even if the layer has no weights of its own.
    before = torch.zeros((2, 2, 2, 2), dtype=record.policy.variable, device=record.pinned_device)
    other = before.to(torch.bfloat16 if before.dtype is torch.float16 else torch.float16)
    other = other.contiguous(memory_format=torch.channels_last)
    try:
        after, after_other = fn(before), fn(other)
        memory_format = _asked_format(after, after_other, record)
    except RuntimeError:
        # Torch's memory format of volumes is for tensors of rank 5 only.
        after, after_other = fn(before[0, 0, 0]), fn(other[0, 0, 0])
        memory_format = "channels_last_3d"
    move_weights()
    for key in record.weight_specs:
        # Torch puts plain tensors in the place of buffers.
        buffer = layer._buffers.get(key)
        if buffer is not None:
            layer._buffers[key] = nn.Buffer(buffer)
    record.memory_format = memory_format
    if after.device != before.device:
        record.pinned_device = after.device
    if after.dtype != before.dtype:
        set_policy(layer, Policy(dtype_name(after.dtype)))
    if after.dtype is after_other.dtype:
        record.pinned_dtype = after.dtype
    if placeholder is not None:
        layer._parameters[PLACEHOLDER] = _moved_placeholder(record, placeholder)


def _asked_format(plain: torch.Tensor, channels_last: torch.Tensor, record: Record) -> str | None:
    """Return the memory format that the weights of a layer have from now on; the arguments show what was asked for."""
    if not plain.is_contiguous():
        return "channels_last"
    return None if channels_last.is_contiguous() else record.memory_format


def _moved_placeholder(record: Record, placeholder: nn.Parameter) -> nn.Parameter:
    return placeholder_for(record.name, record.pinned_device, record.policy.variable, placeholder.requires_grad)
