"""Which layers and modules does the summary of a model list, with which shapes, connections and weights?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from torchkeras_layer._shapes import map_shapes
from torchkeras_layer._structures import leaves, map_leaves
from torchkeras_layer.layer import Layer
from torchkeras_layer.layer.containers import TrackedContainer
from torchkeras_layer.layer.weight_lists import lacks_weights, layers_in, weights_of
from torchkeras_layer.layers.core.torch_module_wrapper import TorchModuleWrapper
from torchkeras_layer.metrics import is_metric
from torchkeras_layer.models.graph_calls import GraphCalls
from torchkeras_layer.models.graphs import layer_under, operand_under, wiring_of
from torchkeras_layer.models.network.network import Network, Operand, TensorRef
from torchkeras_layer.models.summary.labels import name_label, printable, shape_label

_CONTAINERS = (TrackedContainer, nn.ModuleList, nn.ModuleDict)


@dataclass(frozen=True)
class Part:
    """A layer or module inside another.

    `shapes`: output shape of each call, or a single one if all are the same; `connections`: where the inputs of each
    call come from, empty if each layer follows the one before; `operands`: parameters that the model stores for it.
    """

    name: str
    module: Any
    shapes: tuple[str, ...]
    connections: tuple[str, ...] = ()
    operands: tuple[nn.Parameter, ...] = ()


def parts_of(module: Any) -> list[Part]:
    """List the layers of a model's graph or, without one, the layers and modules on a module's attributes.

    >>> [part.name for part in parts_of(nn.Sequential(nn.Linear(1, 1), nn.ModuleList([nn.ReLU()])))]
    ['0', '1.0']
    """
    wiring = wiring_of(module) if isinstance(module, GraphCalls) else None
    if wiring is not None:
        return _parts_of_network(module, wiring.network)
    inside = module.module if isinstance(module, TorchModuleWrapper) else module
    once = {id(part): (name, part) for name, part in reversed(list(_named_parts(inside)))}
    return [Part(name, part, (_shape_as_built(part),)) for name, part in reversed(once.values())]


def _named_parts(module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    for key, child in module._modules.items():
        if child is None or is_metric(child):
            continue
        if isinstance(child, _CONTAINERS):
            inner = _named_parts(child)
            yield from (
                (part.name if isinstance(part, Layer) else f"{printable(key)}.{name}", part) for name, part in inner
            )
        else:
            yield (name_label(child) if isinstance(child, Layer) else printable(key)), child


def _shape_as_built(module: nn.Module) -> str:
    """Return the output shape of a model's graph, or of a layer for the input shape that it was built with."""
    wiring = wiring_of(module) if isinstance(module, GraphCalls) else None
    if wiring is not None:
        return shape_label(map_leaves(wiring.network.spec, wiring.network.outputs))
    if not isinstance(module, Layer) or not module.built or not is_complete(module):
        return "?"
    shape = (module.get_build_config() or {}).get("input_shape")
    if shape is None:
        return "?"
    try:
        return shape_label(module.compute_output_shape(map_shapes(_with_any_batch, shape)))
    except Exception:
        # The method may be the user's, and an unknown shape must not prevent the rest from being shown.
        return "?"


def _with_any_batch(shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
    return (None, *shape[1:]) if shape else shape


def _parts_of_network(model: Any, network: Network) -> list[Part]:
    layers = {key: layer_under(model, key) for key in network.keys}
    listed = {id(layer) for layer in model.layers}
    calls: dict[str, list[int]] = {key: [] for key in network.keys}
    for number, call in enumerate(network.calls):
        calls[call.key].append(number)
    origins = [()] * len(network.calls) if _is_chain(network) else _origins(network, layers)
    operands = _operands(model, network)
    return [
        Part(
            name_label(layer),
            layer,
            _numbered(list(dict.fromkeys(shape_label(network.calls[n].outputs) for n in calls[key]))),
            _numbered([", ".join(origins[n]) for n in calls[key] if origins[n]]),
            tuple(operands[key]),
        )
        for key, layer in layers.items()
        if id(layer) in listed
    ]


def _is_chain(network: Network) -> bool:
    """Whether each layer is called once, on the one output of the call before, and on nothing else."""
    if len(network.keys) != len(network.calls):
        return False
    for number, call in enumerate(network.calls):
        needed = [TensorRef(number - 1, 0)] if number else []
        if _references(call) != needed or len(leaves(call.outputs)) != 1:
            return False
    return leaves(network.outputs) == [TensorRef(len(network.calls) - 1, 0)]


def _references(call: Any) -> list[TensorRef]:
    return [leaf for leaf in leaves((call.args, call.kwargs)) if isinstance(leaf, TensorRef)]


def _origins(network: Network, layers: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return the origins of each call's inputs: a layer's name, with call and output if it has several."""
    total = Counter(call.key for call in network.calls)
    so_far: Counter[str] = Counter()
    names: list[list[str]] = []
    for call in network.calls:
        name, count = name_label(layers[call.key]), len(leaves(call.outputs))
        is_only = total[call.key] == count == 1
        names.append([name if is_only else f"{name}[{so_far[call.key]}][{position}]" for position in range(count)])
        so_far[call.key] += 1
    return [tuple(names[ref.call][ref.position] for ref in _references(call)) for call in network.calls]


def _operands(model: Any, network: Network) -> dict[str, list[nn.Parameter]]:
    """Return the parameters that calls take from the model itself, by the key of the first layer that takes them."""
    found: dict[str, list[nn.Parameter]] = {key: [] for key in network.keys}
    seen: set[str] = set()
    for call in network.calls:
        for leaf in leaves((call.args, call.kwargs)):
            if isinstance(leaf, Operand) and "." not in leaf.key and leaf.key not in seen:
                seen.add(leaf.key)
                held = operand_under(model, leaf.key)
                found[call.key] += [held] if isinstance(held, nn.Parameter) else []
    return found


def _numbered(texts: list[str]) -> tuple[str, ...]:
    return tuple(texts) if len(texts) < 2 else tuple(f"[{number}] {text}" for number, text in enumerate(texts))


_UNITS = ("B", "KB", "MB", "GB", "TB")


class Amount(NamedTuple):
    """A number of scalars, and their size in bytes."""

    scalars: int
    size: int


class Weights(NamedTuple):
    """Trainable weights, and others: frozen parameters and buffers."""

    trainable: list[torch.Tensor]
    others: list[torch.Tensor]

    @property
    def training(self) -> str:
        """Which of the parameters train: 'all', 'some', 'none', or '' if there are none. Buffers never train."""
        frozen = any(isinstance(weight, nn.Parameter) for weight in self.others)
        if self.trainable:
            return "some" if frozen else "all"
        return "none" if frozen else ""


def weights_in(module: nn.Module) -> Weights:
    """Return the weights in a module, each once, without uninitialized ones of lazy modules.

    >>> weights_in(nn.Linear(2, 3)).training, weights_in(nn.LazyLinear(3)).training
    ('all', '')
    """
    trainable, others = weights_of(module)
    return Weights([w for w in trainable if not is_lazy(w)], [w for w in others if not is_lazy(w)])


def is_complete(module: nn.Module) -> bool:
    """Whether a module and all layers and modules inside it have their weights.

    >>> is_complete(nn.Linear(2, 3)), is_complete(nn.LazyLinear(3))
    (True, False)
    """
    if any(map(lacks_weights, layers_in(module))):
        return False
    return not any(is_lazy(tensor) for tensor in (*module.parameters(), *module.buffers()))


def amount_of(weights: Iterable[torch.Tensor]) -> Amount:
    """Return the number of scalars in tensors, and their size in bytes.

    >>> amount_of([torch.ones(3), torch.ones(2, 2, dtype=torch.float64)])
    Amount(scalars=7, size=44)
    """
    held = list(weights)
    return Amount(sum(w.numel() for w in held), sum(w.numel() * w.element_size() for w in held))


def readable_size(size: float) -> str:
    """Return a number of bytes in a suitable unit; 1 KB is 1,024 bytes.

    >>> readable_size(252), readable_size(3 * 1024**2)
    ('252.00 B', '3.00 MB')
    """
    for unit in _UNITS[:-1]:
        if size < 1024:
            return f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} {_UNITS[-1]}"
