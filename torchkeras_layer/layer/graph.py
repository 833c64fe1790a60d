"""Where does a layer stand in a graph of symbolic calls?"""

from __future__ import annotations

from typing import Any

from torchkeras_layer.layer.record import Record

_ADVICE = (
    "Only calls on an `Input` are remembered; to see calls on real tensors, make them inside `with record_history():`."
)


class NotRecordedError(RuntimeError, AttributeError):
    """A layer stands in no graph. An AttributeError too, so that `hasattr(layer, "graph")` can answer."""


def telling_nodes(record: Record) -> list[Any]:
    """Return the nodes of symbolic calls; where there are none, those that `record_history()` made."""
    # Free axes tell more than the sizes that one call had.
    return record.inbound_nodes or record.eager_nodes


def first_node(record: Record, what: str) -> Any:
    """Return the node of the first call; `what` is asked of it.

    Raises:
        AttributeError: if there is none.
    """
    nodes = telling_nodes(record)
    if not nodes:
        raise AttributeError(f"{record.name}: has no {what}, because it was never called on an `Input`. {_ADVICE}")
    return nodes[0]


def common_shape(record: Record, what: str) -> Any:
    """Return the `input_shape` or `output_shape` of all calls.

    Raises:
        AttributeError: if there was no call, or they had different ones.
    """
    first_node(record, what)
    shapes = [getattr(node, f"{what}s") for node in telling_nodes(record)]
    if any(shape != shapes[0] for shape in shapes):
        raise AttributeError(
            f"{record.name}: has no single {what}, because its {len(shapes)} calls had different ones: {shapes}. "
            f"Use get_{what}_at(node_index)."
        )
    return unwrap(shapes[0])


def node_at(record: Record, node_index: int, what: str) -> Any:
    """Return the node of one call; negative indices count from the last.

    Raises:
        RuntimeError: if there was no call.
        ValueError: if there were fewer.
    """
    nodes = [*record.inbound_nodes, *record.eager_nodes]
    if not nodes:
        raise RuntimeError(never_symbolic(record, f"get_{what.replace(' ', '_')}_at"))
    if not -len(nodes) <= node_index < len(nodes):
        count = len(nodes)
        raise ValueError(f"{record.name}: asked for the {what} of call {node_index}, but there are {count} calls.")
    return nodes[node_index]


def never_symbolic(record: Record, method: str) -> str:
    """Say that a method needs a symbolic call."""
    return f"{record.name}: {method}() needs a call on an `Input`, and there was none. {_ADVICE}"


def unwrap(structure: Any) -> Any:
    """Return what is in a list of one.

    >>> unwrap([3]), unwrap([3, 4])
    (3, [3, 4])
    """
    is_single = isinstance(structure, list) and len(structure) == 1
    return structure[0] if is_single else structure
