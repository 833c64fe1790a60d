"""How do the tests keep torch from work that no test needs? Together it took two fifths of their time."""

from __future__ import annotations

import traceback
from types import ModuleType
from typing import Any

import torch


def seed_only_devices_that_are_there() -> None:
    """Have `torch.manual_seed` leave out the kinds of devices that this machine lacks.

    Torch keeps each seed for them, with the formatted stack of the call, until they are first used: 1 ms a call, and
    memory that is never given back.
    """
    kinds: list[ModuleType] = [torch.cuda, torch.xpu, torch.mtia]
    for kind in kinds:
        if not kind.is_available():
            _replace(kind, "manual_seed_all", _do_nothing)


def compile_without_statistics() -> None:
    """Have `torch.compile` leave out what it does for its logs and for the long run.

    It times the guards of each graph after flushing the caches of the processor (45 ms), formats the stack above the
    compiled call (35 ms under pytest) and above each operation (a fiftieth of the time), collects garbage (15 ms), and
    keeps the shape of each result for later graphs (a sixth of the time), which the reset before each test throws away.
    """
    import torch._dynamo.config
    import torch._dynamo.exc
    import torch._dynamo.guards
    import torch.utils._traceback

    _replace(torch._dynamo.guards, "profile_guard_manager", lambda *_: 0.0)
    _replace(torch._dynamo.exc, "_extract_stack_with_positions", traceback.StackSummary)
    _replace(torch.utils._traceback.CapturedTraceback, "summary", lambda _: traceback.StackSummary())
    torch._dynamo.config.run_gc_after_compile = False
    torch._dynamo.config.fake_tensor_cache_enabled = False


def _replace(owner: ModuleType | type, name: str, replacement: Any) -> None:
    """Replace a function of torch's; if torch has it no more, say so."""
    assert callable(getattr(owner, name)), f"{owner.__name__}.{name}"
    setattr(owner, name, replacement)


def _do_nothing(seed: int) -> None:
    pass
