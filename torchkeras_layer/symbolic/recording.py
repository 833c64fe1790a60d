"""Who makes a node of a torch function that is called on a symbolic tensor?

A node belongs to a layer, and layers stand above this room: the layer of torch functions signs on here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Recorder = Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any]

_signed_on: list[Recorder] = []


def sign_on(recorder: Recorder) -> Recorder:
    """Have `recorder(function, args, kwargs)` make the nodes of torch functions."""
    _signed_on[:] = [recorder]
    return recorder


def record(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Return the symbolic output of a function of symbolic tensors."""
    return _signed_on[0](function, args, kwargs)
