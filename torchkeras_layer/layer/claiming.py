"""What happens to a weight when it is assigned to an attribute of a layer?"""

from __future__ import annotations

import dataclasses
from typing import Any

import torch
from torch import nn

from torchkeras_layer.layer.record import Record
from torchkeras_layer.layer.unassigned_weights import claim_free_spec, forget_creator, forget_spec
from torchkeras_layer.layer.weight_creation import not_built_message


def claim_weight(layer: Any, record: Record, name: str, weight: torch.Tensor) -> None:
    """Give a weight the name of the attribute that it is assigned to.

    Raises:
        RuntimeError: if `build` assigns it to an attribute that holds a tensor already.
    """
    registry = layer._parameters if isinstance(weight, nn.Parameter) else layer._buffers
    key = next((k for k in record.unclaimed if registry.get(k) is weight), None)
    if key is None:
        _claim_known_buffer(layer, record, name, weight)
        _claim_variable(layer, record, name, weight)
        return
    if record.is_building and name not in record.weight_specs and _holds_tensor(layer, name):
        # torch.func.functional_call puts tensors there; it would then compute with the new weight instead of its own.
        raise RuntimeError(
            f"{record.name} ({type(layer).__name__}): the attribute {name!r} holds a tensor already, so `build` cannot "
            f"assign a weight to it. After the build, write `with torch.no_grad(): layer.{name}.copy_(tensor)`. "
            f"{not_built_message([record.name])}"
        )
    # A previous value, such as the `None` that an __init__ assigned, would hide the weight.
    layer.__dict__.pop(name, None)
    layer._modules.pop(name, None)
    spec = record.weight_specs[key]
    if name in registry and name in record.weight_specs:
        # It takes the place of the weight that it replaces.
        spec = dataclasses.replace(spec, position=record.weight_specs[name].position)
    if key != name:
        other = layer._buffers if registry is layer._parameters else layer._parameters
        other.pop(name, None)
        _move(registry, key, name)
        forget_spec(record, key)
    record.unclaimed.discard(key)
    record.weight_specs[name] = spec
    forget_creator(weight)


def _claim_known_buffer(layer: Any, record: Record, name: str, weight: torch.Tensor) -> None:
    if not any(buffer is weight for buffer in layer._buffers.values()) or layer._buffers.get(name) is weight:
        return
    # A previous value, such as the `None` that an __init__ assigned, would hide the weight.
    forget_spec(record, name)
    for registry in (layer.__dict__, layer._modules, layer._parameters):
        registry.pop(name, None)
    layer._buffers[name] = weight


def _claim_variable(layer: Any, record: Record, name: str, weight: torch.Tensor) -> None:
    """Store the spec of a variable that was created outside of a layer; torch registers the variable itself."""
    # torch.compile traces no calls that make variables.
    spec = None if torch.compiler.is_dynamo_compiling() else claim_free_spec(weight)
    if spec is None:
        return
    known = record.weight_specs.get(name)
    record.weight_count += known is None
    position = record.weight_count if known is None else known.position
    record.weight_specs[name] = dataclasses.replace(spec, name=spec.name or name, position=position)


def _holds_tensor(layer: Any, name: str) -> bool:
    registered = name in layer._parameters or name in layer._buffers
    return registered or isinstance(layer.__dict__.get(name), torch.Tensor)


def _move(registry: dict[str, Any], key: str, name: str) -> None:
    """Rename an entry without changing the order; if an entry of the new name exists, replace its value instead."""
    weight = registry[key]
    if name in registry:
        del registry[key]
        registry[name] = weight
        return
    renamed = [(name if k == key else k, v) for k, v in registry.items()]
    registry.clear()
    registry.update(renamed)
