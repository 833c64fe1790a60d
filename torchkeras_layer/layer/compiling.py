"""How does a layer build when `torch.compile` meets it before its first call?"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch

from torchkeras_layer.layer.building import Building
from torchkeras_layer.layer.dry_run import dry_run
from torchkeras_layer.layer.unbuilt import not_built_message


class Compiling(Building):
    """torch's protocol for lazy modules: before it traces a call, the compiler has the module build."""

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Compile the layer in place, as `nn.Module.compile` does; takes what `torch.compile` takes."""
        super().compile(*args, **kwargs)
        compiled: Any = self._compiled_call_impl
        # The protocol is for modules that are compiled from outside or stand inside one.
        self._compiled_call_impl = functools.partial(_build_and_call, self, compiled)

    @property
    def _initialize_hook(self) -> Any:  # type: ignore[override]
        if self._built:
            raise AttributeError(f"{self._name}: is built, so there is nothing to initialize.")
        return self._infer_parameters

    def _infer_parameters(self, module: Any, args: Any, kwargs: Any = None) -> None:
        kwargs = dict(kwargs or {})
        if torch.compiler.is_exporting():
            # An exported program knows the parameters that there were when the export began.
            raise RuntimeError(not_built_message([self._name]))
        if self._dynamic:
            inputs = args[0] if args else self._take_first_argument(kwargs)
            self._build_for_call(inputs, tuple(args[1:]), kwargs, None)
            return
        try:
            dry_run(self, tuple(args), kwargs)
        except Exception:
            # A `call` that looks at values cannot run without them, but the build comes before it; what is wrong
            # with the call, if anything is, the compiler is about to find.
            if not self._built:
                raise


def _build_and_call(layer: Compiling, compiled: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    if not layer._built:
        layer._infer_parameters(layer, args, kwargs)
    return compiled(*args, **kwargs)
