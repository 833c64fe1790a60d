"""How does a layer build when `torch.compile` meets it before its first call?"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import torch
from torch._compile import _disable_dynamo

from torchkeras_layer.layer.dry_run import dry_run
from torchkeras_layer.layer.state import LayerState


def is_compiler_about() -> bool:
    """Whether code that runs now may be traced: it is, or the compiler has been imported and could trace its frame.

    >>> is_compiler_about() in (True, False)
    True
    """
    return torch.compiler.is_dynamo_compiling() or "torch._dynamo" in sys.modules


@_disable_dynamo
def outside_of_compiler(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Run what must not be traced. Only where the compiler is about: the first call imports it."""
    return function(*args, **kwargs)


class Compiling(LayerState):
    """torch's protocol for lazy modules: before it traces a call, the compiler has the module build."""

    @property
    def _initialize_hook(self) -> Any:  # type: ignore[override]
        if self._built:
            raise AttributeError(f"{self._name}: is built, so there is nothing to initialize.")
        return self._infer_parameters

    def _infer_parameters(self, module: Any, args: Any, kwargs: Any = None) -> None:
        try:
            dry_run(self, tuple(args), dict(kwargs or {}))
        except Exception:
            # A `call` that looks at values cannot run without them, but the build comes before it; what is wrong
            # with the call, if anything is, the compiler is about to find.
            if not self._built:
                raise
