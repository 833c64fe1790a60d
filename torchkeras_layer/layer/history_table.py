"""How are recorded calls shown as text?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer._dtypes import dtype_name
from torchkeras_layer.symbolic.eager_node import EagerNode, SeenTensor

_LONGEST = 60


def table_of(nodes: list[EagerNode]) -> str:
    """Return a table with a line for each call: indented by its depth, aligned, with what went in and came out."""
    if not nodes:
        return "no calls of modules on real tensors"
    modes = {node.training for node in nodes}
    numbers = {id(node): str(place) for place, node in enumerate(nodes)}
    least = min(node.depth for node in nodes)
    rows = [["#", "call", "input", "output", "from", "mode" if len(modes) > 1 else ""]]
    for node in nodes:
        call = "  " * (node.depth - least) + _name_of(node)
        sources = ", ".join(numbers[id(parent)] for parent in node.parent_nodes if id(parent) in numbers)
        output = node.error or _text_of(node.seen_outputs)
        mode = _mode(node.training) if len(modes) > 1 else ""
        rows.append([numbers[id(node)], call, _inputs_of(node), output, sources, mode])
    count = f"{len(nodes)} call{'s' if len(nodes) > 1 else ''}"
    return "\n".join([*_aligned(rows), f"{count}, in {_mode(modes.pop())} mode" if len(modes) == 1 else count])


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _mode(training: bool) -> str:
    return "training" if training else "inference"


def _name_of(node: EagerNode) -> str:
    """Return path in the call around it, class, and the name of a layer if it is another: `0: Dense 'hidden'`."""
    path = f"{node.path}: " if node.path else ""
    name = f" {node.name!r}" if node.name not in (None, node.path) else ""
    return path + node.class_name + name


def _inputs_of(node: EagerNode) -> str:
    given = [*map(_text_of, node.seen_args), *(f"{key}={_text_of(value)}" for key, value in node.seen_kwargs.items())]
    return _shortened(", ".join(given))


def _text_of(value: Any) -> str:
    return _shortened(_text_in_full(value))


def _text_in_full(value: Any) -> str:
    if isinstance(value, SeenTensor):
        dtype = "" if value.dtype is torch.float32 else f" {dtype_name(value.dtype)}"
        shape = "nested" if value.shape is None else str(value.shape)
        return f"{shape}{dtype}{' masked' if value.has_mask else ''}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {_text_in_full(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_text_in_full, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(_text_in_full, value))}{',' if len(value) == 1 else ''})"
    return value.__name__ if isinstance(value, type) else repr(value)


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
