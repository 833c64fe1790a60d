"""What is inside a layer that can be drawn: a network of calls, or steps that follow each other?"""

from __future__ import annotations

from typing import Any

from torch import nn

from torchkeras_layer.layer import Layer
from torchkeras_layer.layers.core.torch_module_wrapper import TorchModuleWrapper
from torchkeras_layer.models.graph_calls import GraphCalls
from torchkeras_layer.models.graph_state import wiring_of
from torchkeras_layer.models.network.network import Network
from torchkeras_layer.models.sequential import Sequential
from torchkeras_layer.models.summary.labels import name_label, printable


def network_inside(layer: nn.Module) -> Network | None:
    """Return the network that a call of a model runs, `None` if there is none or a `call` of its own.

    >>> network_inside(nn.Linear(2, 2)) is None
    True
    """
    if not isinstance(layer, GraphCalls) or type(layer).call not in (GraphCalls.call, Sequential.call):
        return None
    wiring: Any = wiring_of(layer)
    return None if wiring is None else wiring.network


def steps_inside(module: nn.Module) -> list[tuple[str, nn.Module]]:
    """Return names and modules of what runs one after the other, `[]` if that is not known.

    >>> [name for name, _ in steps_inside(nn.Sequential(nn.Linear(2, 2), nn.ReLU()))]
    ['0', '1']
    """
    if isinstance(module, TorchModuleWrapper):
        return steps_inside(module.module)
    # A subclass may run its parts in another way.
    is_model = isinstance(module, Sequential) and type(module).call is Sequential.call
    if not is_model and type(module) is not nn.Sequential:
        return []
    steps = module._modules.items()
    return [
        (name_label(step) if isinstance(step, Layer) else printable(key), step)
        for key, step in steps
        if step is not None
    ]
