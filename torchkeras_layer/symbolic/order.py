"""In which order do the calls of a graph stand, and what comes before what?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torchkeras_layer._shapes import Shape
from torchkeras_layer.symbolic.keras_tensor import KerasTensor
from torchkeras_layer.symbolic.node import Node, node_of


def nodes_between(inputs: Iterable[KerasTensor], outputs: Iterable[KerasTensor]) -> list[Node]:
    """List the nodes that lead to `outputs`, each after those that it needs; nothing before `inputs` is looked at.

    The nodes of the inputs themselves are not in the list. It ends at nodes of an `Input`, which are in it: with them
    the graph does not hang together.
    """
    known = {id(tensor) for tensor in inputs}
    finished: dict[int, Node] = {}
    # A stack and not recursion: a graph may be deeper than Python's limit.
    stack = [(tensor, False) for tensor in reversed(list(outputs))]
    while stack:
        tensor, has_been_expanded = stack.pop()
        if id(tensor) in known:
            continue
        node = node_of(tensor)
        if id(node) in finished:
            continue
        if has_been_expanded:
            finished[id(node)] = node
        else:
            stack.append((tensor, True))
            stack.extend((needed, False) for needed in reversed(node.keras_inputs))
    return list(finished.values())


def depends_on(tensors: Iterable[KerasTensor], targets: Iterable[KerasTensor]) -> bool:
    """Whether one of `tensors` is one of `targets` or was computed from one."""
    wanted = {id(target) for target in targets}
    stack, seen = list(tensors), set()
    while stack:
        tensor = stack.pop()
        if id(tensor) in wanted:
            return True
        if id(tensor) not in seen:
            seen.add(id(tensor))
            stack.extend(node_of(tensor).keras_inputs)
    return False


def depths_of(nodes: list[Node]) -> tuple[dict[int, int], dict[Any, int]]:
    """Return how far before the end each node, by its id, and each layer stands, 0 being the end.

    `nodes` is in the order of `nodes_between`. A layer with several calls stands where its earliest call does.
    """
    of_node: dict[int, int] = {}
    of_layer: dict[Any, int] = {}
    for node in reversed(nodes):
        depth = max(of_node.get(id(node), 0), of_layer.get(node.layer, 0))
        of_node[id(node)] = of_layer[node.layer] = depth
        for parent in node.parent_nodes:
            of_node[id(parent)] = max(depth + 1, of_node.get(id(parent), 0))
    return of_node, of_layer


def layers_in_order_of_visit(inputs: Iterable[KerasTensor], outputs: Iterable[KerasTensor]) -> dict[Any, int]:
    """Number the layers as one meets them going back from the outputs: a layer before those that it needs."""
    known = {id(tensor) for tensor in inputs}
    numbers: dict[Any, int] = {}
    stack, seen = list(reversed(list(outputs))), set()
    while stack:
        tensor = stack.pop()
        node = node_of(tensor)
        if id(node) in seen:
            continue
        seen.add(id(node))
        numbers.setdefault(node.layer, len(numbers))
        if id(tensor) not in known:
            stack.extend(reversed(node.keras_inputs))
    return numbers


def is_keras_tensor(x: Any) -> bool:
    """Whether `x` came out of a symbolic call of a layer, and so knows its history.

    Raises:
        ValueError: if `x` is no tensor at all.

    >>> import torch
    >>> is_keras_tensor(torch.ones(2))
    False
    """
    if not hasattr(x, "shape") or not hasattr(x, "dtype"):
        raise ValueError(f"is_keras_tensor: expected a tensor. Received: {x!r}.")
    return isinstance(x, KerasTensor) and x._keras_history is not None


def int_shape(x: Any) -> Shape | None:
    """Return the shape of a tensor as a tuple of ints and `None`; `None` for what has no shape.

    >>> import torch
    >>> int_shape(torch.ones(2, 3))
    (2, 3)
    """
    shape = getattr(x, "shape", None)
    return None if shape is None else tuple(shape)
