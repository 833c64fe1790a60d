"""In which order are the calls of a graph made, and which tensors depend on which?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torchkeras_layer._shapes import Shape
from torchkeras_layer.symbolic.keras_tensor import KerasTensor
from torchkeras_layer.symbolic.node import Node, node_of


def nodes_between(inputs: Iterable[KerasTensor], outputs: Iterable[KerasTensor]) -> list[Node]:
    """List the nodes from `inputs` to `outputs`, each after those that it depends on.

    The nodes that returned the inputs are not in the list. A node of an `Input` in it means that the outputs depend on
    something that is not among `inputs`.
    """
    known = {id(tensor) for tensor in inputs}
    finished: dict[int, Node] = {}
    # A stack and not recursion, because a graph may be deeper than Python's recursion limit.
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
    """Return the depth of each node, by its id, and of each layer: the number of steps to the outputs, which have 0.

    `nodes` is in the order of `nodes_between`. A layer with several calls has the depth of the earliest one.
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
    """Number the layers in the order of a walk back from the outputs: each layer before those that it depends on."""
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
    """Whether `x` is a symbolic tensor that `Input` or a layer has returned.

    Args:
        x: a tensor, symbolic or not.

    Raises:
        ValueError: if `x` is not a tensor.

    >>> import torch
    >>> import torchkeras_layer as keras
    >>> is_keras_tensor(keras.Input((3,))), is_keras_tensor(torch.ones(2))
    (True, False)
    """
    if not hasattr(x, "shape") or not hasattr(x, "dtype"):
        raise ValueError(f"is_keras_tensor: expected a tensor, symbolic or not. Received: {x!r}.")
    return isinstance(x, KerasTensor) and x._keras_history is not None


def int_shape(x: Any) -> Shape | None:
    """Return the shape of a tensor as a tuple of ints and of `None` for free dimensions.

    Args:
        x: a tensor, symbolic or not; for anything without a shape, the result is `None`.

    >>> import torch
    >>> int_shape(torch.ones(2, 3))
    (2, 3)
    """
    shape = getattr(x, "shape", None)
    return None if shape is None else tuple(shape)
