"""Does a layer train, and what does freezing it turn off?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from torch import nn

from torchkeras_layer.layer.record import is_layer
from torchkeras_layer.layer.unbuilt import UnbuiltWeights
from torchkeras_layer.layer.walk import layers_in, nearest_layers


def set_trainable(layer: Any, value: bool) -> None:
    """Freeze or thaw a layer; every layer inside is told by its own `trainable`."""
    record = layer._torchkeras
    record.trainable = record.is_thawed = value
    record.is_frozen_above = False
    if value:
        thaw_own_parameters(layer)
    else:
        freeze_own_parameters(layer)
    for inner in nearest_layers(layer):
        inner.trainable = value


def freeze_own_parameters(layer: Any) -> None:
    """Turn `requires_grad` off for the layer's own parameters and those of plain modules in it, and remember which."""
    for name, parameter in _own_parameters(layer):
        if parameter.requires_grad:
            parameter.requires_grad_(False)
            layer._torchkeras.frozen_names.add(_without_parametrization(name))


def thaw_own_parameters(layer: Any) -> None:
    """Turn `requires_grad` on for what freezing had turned off."""
    for name, parameter in _own_parameters(layer):
        if _without_parametrization(name) in layer._torchkeras.frozen_names:
            parameter.requires_grad_(True)
    layer._torchkeras.frozen_names.clear()


def freeze_assigned(layer: Any, value: nn.Module | nn.Parameter) -> None:
    """Freeze what a frozen layer gets assigned; the `trainable` flags of layers in it stay as they are."""
    freeze_own_parameters(layer)
    if isinstance(value, nn.Module):
        for inner in layers_in(value):
            freeze_own_parameters(inner)


def _without_parametrization(name: str) -> str:
    """Return the name of the weight that a parametrization's own parameter stands for.

    >>> _without_parametrization("parametrizations.kernel.original0")
    'kernel'
    """
    return re.sub(r"(^|\.)parametrizations\.(\w+)\.original\d*$", r"\1\2", name)


def _own_parameters(module: nn.Module, prefix: str = "") -> Iterator[tuple[str, nn.Parameter]]:
    for name, parameter in module._parameters.items():
        if parameter is not None and not isinstance(parameter, UnbuiltWeights):
            yield prefix + name, parameter
    for name, child in module._modules.items():
        if child is not None and not is_layer(child):
            yield from _own_parameters(child, f"{prefix}{name}.")
