"""How does a model run its network, and make it again in a copy?"""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable
from typing import Any

from torch import nn

from torchkeras_layer._structures import leaves, map_leaves
from torchkeras_layer.layer.dry_run import Effects
from torchkeras_layer.layers.core.torch_function import TorchFunction
from torchkeras_layer.layers.core.torch_module_wrapper import TorchModuleWrapper
from torchkeras_layer.models.network.code_generation import function_of, graph_of
from torchkeras_layer.models.network.network import Call, Network, Operand, TensorRef
from torchkeras_layer.symbolic import KerasTensor, Node, TensorSpec


class Wiring:
    """A network, its symbolic inputs and outputs, and the function that runs it.

    Only the network is copied and pickled: symbolic tensors and code are made from it.
    """

    __slots__ = ("_layers", "_wrappers", "inputs", "network", "outputs", "run", "sinks")

    def __init__(self, network: Network) -> None:
        self.network = network
        self.inputs: Any = None
        self.outputs: Any = None
        self.sinks: list[KerasTensor] = []
        self.run: Callable[..., Any] = _not_wired
        self._layers: dict[str, weakref.ref[Any]] = {}
        self._wrappers: dict[str, TorchModuleWrapper] = {}

    def generate(self, name: str, layer_under: Callable[[str], Any]) -> None:
        """Make the function that runs the network, and remember the layers that it was made for."""
        self.run = function_of(graph_of(self.network), name)
        self._layers = {key: weakref.ref(layer_under(key)) for key in self.network.keys}

    def has_its_layers(self, layer_under: Callable[[str], Any]) -> bool:
        """Whether no layer has been replaced."""
        return all(layer() is layer_under(key) for key, layer in self._layers.items())

    def wrapper_for(self, key: str, module: nn.Module) -> TorchModuleWrapper:
        """Return the layer of the graph for a plain module that replaced a layer."""
        if key not in self._wrappers or self._wrappers[key].module is not module:
            self._wrappers[key] = TorchModuleWrapper(module, name=key)
        return self._wrappers[key]

    def __deepcopy__(self, memo: dict[int, Any]) -> Wiring:
        return Wiring(copy.deepcopy(self.network, memo))

    def __reduce__(self) -> tuple[type[Wiring], tuple[Network]]:
        return Wiring, (self.network,)


def _not_wired(*_: Any) -> Any:
    raise RuntimeError("A copy of a model was called before it was complete.")


def record_again(wiring: Wiring, layer_under: Callable[[str], Any], held: Callable[[str], Any]) -> None:
    """Record the calls of a network as nodes of the layers of a model; no layer is called.

    `layer_under` and `held` return layers and operands by their keys.
    """
    network = wiring.network
    made: list[list[Any]] = []

    def argument(leaf: Any) -> Any:
        if isinstance(leaf, TensorRef):
            return made[leaf.call][leaf.position]
        return held(leaf.key) if isinstance(leaf, Operand) else leaf

    for call in network.calls:
        layer = layer_under(call.key)
        args, kwargs = map_leaves(argument, (call.args, call.kwargs))
        outputs = _symbolic_outputs(call, layer.name)
        effects = Effects() if call.is_input or isinstance(layer, TorchFunction) else None
        Node(layer, args, kwargs, outputs, effects)
        made.append(leaves(outputs))
    wiring.inputs = map_leaves(argument, network.inputs)
    wiring.outputs = map_leaves(argument, network.outputs)
    wiring.sinks = [argument(ref) for ref in network.sinks]


def _symbolic_outputs(call: Call, name: str) -> Any:
    masks = iter(call.masks)

    def tensor_of(spec: TensorSpec | None) -> KerasTensor | None:
        mask = next(masks)
        return None if spec is None else KerasTensor.from_spec(spec, name, mask)

    return map_leaves(tensor_of, call.outputs)
