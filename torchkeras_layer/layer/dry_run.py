"""How does a module run for its shapes only, and leave everything as it was but the weights that layers build?"""

from __future__ import annotations

import contextlib
import logging
from typing import Any

import torch
from torch import nn

from torchkeras_layer._structures import map_leaves
from torchkeras_layer.layer.context import per_thread
from torchkeras_layer.metrics import is_metric, muted


class DryRun:
    """While entered, calls record no loss, metric or update, and what they write into buffers is lost.

    Metrics that a `call` adds do come to be.
    """

    def __init__(self, module: nn.Module) -> None:
        self._module = module
        self._shielded: list[tuple[nn.Module, str, torch.Tensor]] = []
        self._compiled: list[tuple[nn.Module, Any]] = []

    def __enter__(self) -> DryRun:
        context = per_thread.context
        self._outer = context.dry_run
        context.dry_run = self
        self._muted = contextlib.ExitStack()
        for module in self._module.modules():
            if module._compiled_call_impl is not None:
                self._compiled.append((module, module._compiled_call_impl))
                module._compiled_call_impl = None
            if is_metric(module):
                self._muted.enter_context(muted(module))
            else:
                self.shield(module)
        return self

    def shield(self, module: nn.Module) -> None:
        """Put a copy in the place of each of a module's buffers; layers that build meanwhile ask for it too."""
        for name, buffer in module._buffers.items():
            if buffer is not None and not nn.parameter.is_lazy(buffer):
                self._shielded.append((module, name, buffer))
                module._buffers[name] = buffer.detach().clone()

    def note_losses(self, losses: list[Any], is_conditional: bool) -> None:
        """Take losses that a call adds: here, they are lost."""

    def note_updates(self, functions: list[Any], owner: Any) -> None:
        """Take updates that a call asks for: here, they are not run."""

    def __exit__(self, *_: Any) -> None:
        per_thread.context.dry_run = self._outer
        self._muted.close()
        for module, compiled in self._compiled:
            module._compiled_call_impl = compiled
        for module, name, buffer in self._shielded:
            module._buffers[name] = buffer


def dry_run(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Call a module on copies of the arguments without data, so that all layers in it build real weights."""
    from torch._subclasses.fake_tensor import FakeTensorMode

    # Torch would print a report of every operation that fails; the error that is raised says it.
    reports = logging.getLogger("torch._subclasses.fake_tensor")
    was_disabled, reports.disabled = reports.disabled, True
    try:
        with DryRun(module), FakeTensorMode(allow_non_fake_inputs=True), torch.no_grad():
            fake_args, fake_kwargs = map_leaves(_without_data, (tuple(args), dict(kwargs)))
            module(*fake_args, **fake_kwargs)
    finally:
        reports.disabled = was_disabled


def _without_data(leaf: Any) -> Any:
    if not isinstance(leaf, torch.Tensor):
        return leaf
    fake = torch.empty([plain_size(size) for size in leaf.shape], dtype=leaf.dtype, device=leaf.device)
    if getattr(leaf, "_keras_mask", None) is not None:
        fake._keras_mask = _without_data(leaf._keras_mask)  # type: ignore[attr-defined]
    return fake


def plain_size(size: Any) -> int:
    """Return a dimension as an int; torch.compile's symbol gives its example value and is not pinned to it.

    >>> plain_size(3)
    3
    """
    return size.node.hint if isinstance(size, torch.SymInt) else int(size)
