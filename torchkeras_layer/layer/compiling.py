"""How does a layer build when `torch.compile` meets it before its first call?"""

from __future__ import annotations

from typing import Any

from torchkeras_layer.layer.dry_run import dry_run
from torchkeras_layer.layer.state import LayerState


class Compiling(LayerState):
    """torch's protocol for lazy modules: outside the graph, before it traces the call, the compiler has a module build."""

    @property
    def _initialize_hook(self) -> Any:  # type: ignore[override]
        if self._built:
            raise AttributeError(f"{self._name}: is built, so there is nothing to initialize.")
        return self._infer_parameters

    def _infer_parameters(self, module: Any, args: Any, kwargs: Any = None) -> None:
        dry_run(self, tuple(args), dict(kwargs or {}))
