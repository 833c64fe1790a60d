"""Does a layer train, and what does freezing it turn off?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from torch import nn

from torchkeras_layer.layer.state import LayerState
from torchkeras_layer.layer.unbuilt import UnbuiltWeights
from torchkeras_layer.layer.walk import layers_in, nearest_layers


class Freezing(LayerState):
    """The `trainable` flag."""

    @property
    def trainable(self) -> bool:
        """Whether the layer trains. Setting it reaches every layer inside, and every plain module between.

        False turns `requires_grad` off, and True turns it on again for what False had turned off: a parameter that was
        frozen with torch's means stays so. Works before the weights exist.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dense(2); layer.build((None, 3))
        >>> layer.trainable = False
        >>> [p.requires_grad for p in layer.parameters()], len(layer.trainable_weights)
        ([False, False], 0)
        """
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = self._is_thawed = bool(value)
        self._is_frozen_above = False
        if self._trainable:
            thaw_own_parameters(self)
        else:
            freeze_own_parameters(self)
        for layer in nearest_layers(self):
            layer.trainable = self._trainable  # type: ignore[assignment]


def freeze_own_parameters(layer: LayerState) -> None:
    """Turn `requires_grad` off for the layer's own parameters and those of plain modules in it, and remember which."""
    for name, parameter in _own_parameters(layer):
        if parameter.requires_grad:
            parameter.requires_grad_(False)
            layer._frozen_names.add(_without_parametrization(name))


def thaw_own_parameters(layer: LayerState) -> None:
    """Turn `requires_grad` on for what freezing had turned off."""
    for name, parameter in _own_parameters(layer):
        if _without_parametrization(name) in layer._frozen_names:
            parameter.requires_grad_(True)
    layer._frozen_names.clear()


def freeze_assigned(layer: LayerState, value: nn.Module | nn.Parameter) -> None:
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
        if child is not None and not isinstance(child, LayerState):
            yield from _own_parameters(child, f"{prefix}{name}.")
