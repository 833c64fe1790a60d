"""How do all layers inside a module build, without anything being computed?"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from torchkeras_layer._structures import map_leaves
from torchkeras_layer.layer.context import per_thread


def dry_run(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Call a module on fake copies of the arguments: layers build real weights, all else stays as it was.

    No memory is taken for activations, buffers are not written, random numbers not drawn, losses and metrics not
    recorded; metrics that a `call` adds do come to be.
    """
    from torch._subclasses.fake_tensor import FakeTensorMode

    context = per_thread.context
    records, context.records = context.records, False
    mode = FakeTensorMode(allow_non_fake_inputs=True)
    try:
        with _buffers_kept(module), mode, torch.no_grad():
            fake_args, fake_kwargs = map_leaves(_fake, (tuple(args), dict(kwargs)))
            module(*fake_args, **fake_kwargs)
    finally:
        context.records = records


def _fake(leaf: Any) -> Any:
    if not isinstance(leaf, torch.Tensor):
        return leaf
    fake = torch.empty([plain_size(size) for size in leaf.shape], dtype=leaf.dtype, device=leaf.device)
    if getattr(leaf, "_keras_mask", None) is not None:
        fake._keras_mask = _fake(leaf._keras_mask)  # type: ignore[attr-defined]
    return fake


def plain_size(size: Any) -> int:
    """Return a dimension as an int; torch.compile's symbol gives its example value and is not pinned to it.

    >>> plain_size(3)
    3
    """
    return size.node.hint if isinstance(size, torch.SymInt) else int(size)


@contextlib.contextmanager
def _buffers_kept(module: nn.Module) -> Iterator[None]:
    """Put back buffers that a module replaces by new tensors, as some do instead of writing into them."""
    before = [(m, name, buffer) for m in module.modules() for name, buffer in m._buffers.items()]
    try:
        yield
    finally:
        for owner, name, buffer in before:
            if name in owner._buffers:
                owner._buffers[name] = buffer
