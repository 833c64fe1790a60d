"""How does a layer build when `torch.compile` meets it before its first call?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch._compile import _disable_dynamo

from torchkeras_layer.layer.dry_run import dry_run
from torchkeras_layer.layer.state import LayerState


@_disable_dynamo
def outside_of_compiler(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Run what must not be traced. Call it only where the compiler is imported: the first call imports it.

    >>> outside_of_compiler(max, 1, 2)
    2
    """
    return function(*args, **kwargs)


class Compiling(LayerState):
    """torch's protocol for lazy modules: outside the graph, before it traces the call, the compiler has a module build."""

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
