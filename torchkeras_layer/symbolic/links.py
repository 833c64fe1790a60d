"""Which nodes have taken a layer's outputs, as long as they live?"""

from __future__ import annotations

import itertools
import weakref
from typing import Any


class NodeLinks:
    """Weak references to nodes in the order of their making: a layer does not keep alive what was built on it."""

    def __init__(self) -> None:
        self._nodes: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
        self._numbers = itertools.count()

    def add(self, node: Any) -> None:
        """Remember a node; once per tensor that it took."""
        self._nodes[next(self._numbers)] = node

    def alive(self) -> list[Any]:
        """List the nodes that something else still keeps."""
        return list(self._nodes.values())

    def __reduce__(self) -> tuple[type[NodeLinks], tuple[()]]:
        # Copies of a layer stand in no graph.
        return NodeLinks, ()
