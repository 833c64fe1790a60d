"""How is the graph of a model represented as plain data, to be copied, saved, drawn and turned into code?"""

from __future__ import annotations

import builtins
import itertools
import keyword
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch.fx.graph import _custom_builtins

from torchkeras_layer._names import to_snake_case
from torchkeras_layer._structures import in_order, leaves, map_leaves
from torchkeras_layer.layers.core.input_layer import InputLayer
from torchkeras_layer.layers.core.torch_function import TorchFunction
from torchkeras_layer.symbolic import KerasTensor, Node, TensorSpec, is_symbolic, node_of
from torchkeras_layer.symbolic.order import depths_of, layers_in_order_of_visit, nodes_between

_WRITABLE = (
    type(None), bool, int, float, complex, str, slice, type(...), torch.dtype, torch.device, torch.layout,
    torch.memory_format,
)  # fmt: skip


# Other names that generated code uses.
_NAMES_IN_CODE = frozenset({"self", *_custom_builtins})


@dataclass(frozen=True)
class TensorRef:
    """One output of one call of the network: the number of the call, and the position in its flat outputs."""

    call: int
    position: int


@dataclass(frozen=True)
class Operand:
    """An argument that the model stores under `key`: a real tensor, or an object that cannot be written as code."""

    key: str


@dataclass(frozen=True)
class Call:
    """One call of one layer, with `TensorRef` and `Operand` in place of tensors in its arguments.

    `key`: that of the layer in the model; `outputs`: structure of `TensorSpec`; `masks`: flat list of their masks.
    """

    key: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    outputs: Any
    masks: tuple[TensorSpec | None, ...]

    @property
    def is_input(self) -> bool:
        """Whether this is the `Input` of a tensor."""
        return not self.args and not self.kwargs


@dataclass
class Network:
    """The calls from inputs to outputs, each after those that it needs.

    `inputs`, `outputs`: structures of `TensorRef`; `sinks`: outputs of symbolic losses and metrics; `keys`: those of
    all layers, in Keras's order; `depths`: of the layers, by key; `without_state`: the input layers and torch functions
    by key, which are not children of the model.
    """

    calls: list[Call]
    inputs: Any
    outputs: Any
    sinks: list[TensorRef]
    keys: list[str]
    depths: dict[str, int]
    without_state: dict[str, Any] = field(default_factory=dict)

    def spec(self, ref: TensorRef) -> TensorSpec:
        """Return the shape and dtype of a tensor."""
        return leaves(self.calls[ref.call].outputs)[ref.position]

    def calls_by_key(self) -> dict[str, list[Call]]:
        """Return the calls of each layer."""
        found: dict[str, list[Call]] = {key: [] for key in self.keys}
        for call in self.calls:
            found[call.key].append(call)
        return found

    def numbers_within_layers(self) -> list[int]:
        """Return for each call its number among the calls of its layer."""
        counts: dict[str, int] = {}
        numbers = []
        for call in self.calls:
            numbers.append(counts.get(call.key, 0))
            counts[call.key] = numbers[-1] + 1
        return numbers


@dataclass(frozen=True)
class Parts:
    """A network, and the layers and operands that a model must store for it, by key."""

    network: Network
    children: dict[str, Any]
    operands: dict[str, Any]


def read_network(inputs: Any, outputs: Any, sinks: list[KerasTensor], held: dict[int, str], taken: set[str]) -> Parts:
    """Read the network from the nodes between symbolic inputs and outputs.

    Args:
        inputs, outputs: structures of symbolic tensors.
        sinks: outputs of symbolic losses and metrics.
        held: the keys of layers and tensors that the model stores already, by their ids.
        taken: the names of all its attributes.
    """
    ends = [*in_order(outputs), *sinks]
    starts = [node_of(tensor) for tensor in in_order(inputs)]
    nodes = [*starts, *nodes_between(leaves(inputs), ends)]
    depth_of_node, depth_of_layer = depths_of(nodes)
    visits = layers_in_order_of_visit(leaves(inputs), ends)
    layers = sorted(depth_of_layer, key=lambda layer: (-depth_of_layer[layer], visits.get(layer, -1)))
    keys = _choose_keys(layers, held, taken)
    nodes.sort(key=lambda node: -depth_of_node[id(node)])
    numbers = {id(node): number for number, node in enumerate(nodes)}
    operands = _Operands(held, keys, taken)

    def reference(leaf: Any) -> Any:
        if is_symbolic(leaf):
            return TensorRef(numbers[id(node_of(leaf))], leaf._keras_history.tensor_index)
        can_be_written_out = type(leaf) in _WRITABLE and not has_marker(leaf)
        return leaf if can_be_written_out else operands.hold(leaf)

    calls = [_read_call(node, keys[node.layer], reference) for node in nodes]
    by_key = {keys[layer]: layer for layer in layers}
    stateless = {key: layer for key, layer in by_key.items() if isinstance(layer, (InputLayer, TorchFunction))}
    network = Network(
        calls,
        map_leaves(reference, inputs),
        map_leaves(reference, outputs),
        [reference(tensor) for tensor in sinks],
        list(by_key),
        {keys[layer]: depth for layer, depth in depth_of_layer.items()},
        stateless,
    )
    children = {key: layer for key, layer in by_key.items() if key not in stateless and id(layer) not in held}
    return Parts(network, children, operands.held)


def has_marker(value: Any) -> bool:
    """Whether a string contains text that torch replaces in generated code, even between quotes.

    >>> has_marker("# COUNTER: 0"), has_marker(3)
    (True, False)
    """
    # Torch removes lines with the first; the others are replaced by public names.
    return isinstance(value, str) and any(mark in value for mark in ("# COUNTER", "torch._C._nn.", "torch.functional."))


def _read_call(node: Node, key: str, reference: Callable[[Any], Any]) -> Call:
    tensors = leaves(node.outputs)
    return Call(
        key,
        tuple(map_leaves(reference, argument) for argument in node.call_args),
        {name: map_leaves(reference, value) for name, value in node.call_kwargs.items()},
        map_leaves(lambda tensor: tensor.spec if is_symbolic(tensor) else None, node.outputs),
        tuple(tensor._mask_spec if is_symbolic(tensor) else None for tensor in tensors),
    )


class _Operands:
    """Chooses keys for the operands that the model must store, one for each object."""

    def __init__(self, held: dict[int, str], layers: dict[Any, str], taken: set[str]) -> None:
        self.held: dict[str, Any] = {}
        self._layers = layers
        self._keys = dict(held)
        self._free = FreeKeys(taken | set(layers.values()))

    def hold(self, value: Any) -> Operand:
        if not self.held:
            for layer, key in self._layers.items():
                weights = [*layer.named_parameters(), *layer.named_buffers()]
                self._keys.update({id(weight): f"{key}.{path}" for path, weight in weights})
        if id(value) not in self._keys:
            base = "operand" if isinstance(value, torch.Tensor) else "constant"
            key = self._free.next(base)
            self._keys[id(value)] = key
            self.held[key] = value
        return Operand(self._keys[id(value)])


def _choose_keys(layers: list[Any], held: dict[int, str], taken: set[str]) -> dict[Any, str]:
    """Choose the keys of layers in a model: their names, unless these were generated.

    Generated names are numbered anew within the model, so that a model that is made twice, or after others, has the
    same `state_dict` keys.
    """
    keys = {layer: held[id(layer)] for layer in layers if id(layer) in held}
    bases = {layer: _base_of(layer) for layer in layers if layer not in keys}
    free = FreeKeys(taken)
    for wants_count in (False, True):
        for layer, base in bases.items():
            if (base is not None) is wants_count:
                keys[layer] = free.next(base or _as_identifier(layer.name))
    return keys


def _base_of(layer: Any) -> str | None:
    """Return the base of a layer's generated name, `None` if the name does not look generated."""
    base = "input" if isinstance(layer, InputLayer) else to_snake_case(type(layer).__name__)
    if isinstance(layer, TorchFunction):
        base = re.sub(r"_\d+$", "", layer.name)
    base = {"functional": "model"}.get(base, base)
    return _as_identifier(base) if re.fullmatch(re.escape(base) + r"(_\d+)?", layer.name) else None


class FreeKeys:
    """Returns `base`, `base_1`, `base_2`, …, each once and none that is taken.

    >>> free = FreeKeys({"dense"}); free.next("dense"), free.next("dense")
    ('dense_1', 'dense_2')
    """

    def __init__(self, taken: set[str]) -> None:
        self._taken = set(taken)
        self._numbers: dict[str, Iterator[int]] = {}

    def next(self, base: str) -> str:
        """Return the next free key."""
        key, numbers = base, self._numbers.setdefault(base, itertools.count(1))
        while key in self._taken:
            key = f"{base}_{next(numbers)}"
        self._taken.add(key)
        return key


def _as_identifier(name: str) -> str:
    """Return a name as an identifier, which code can contain and torch accepts for a child of a module."""
    word = re.sub(r"\W", "_", name, flags=re.ASCII) or "layer"
    word = f"_{word}" if word[0].isdigit() else word
    is_taken = keyword.iskeyword(word) or hasattr(builtins, word) or word in _NAMES_IN_CODE
    return f"{word}_" if is_taken else word
