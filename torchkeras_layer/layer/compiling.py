"""How does a layer build when `torch.compile` meets it before its first call?

By torch's protocol for lazy modules: before it traces a call, the compiler has the module build.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from torchkeras_layer.layer.building import take_first_argument
from torchkeras_layer.layer.dry_run import dry_run
from torchkeras_layer.layer.record import Record
from torchkeras_layer.layer.unbuilt import not_built_message


def infer_parameters(layer: Any, args: Any, kwargs: Any) -> None:
    """Build for the arguments of a call, as well for all layers inside as a run without data allows."""
    record: Record = layer._torchkeras
    kwargs = dict(kwargs or {})
    if torch.compiler.is_exporting():
        # An exported program knows the parameters that there were when the export began.
        raise RuntimeError(not_built_message([record.name]))
    if record.dynamic:
        inputs = args[0] if args else take_first_argument(record, kwargs)
        layer._torchkeras_build(inputs, tuple(args[1:]), kwargs, None)
        return
    try:
        dry_run(layer, tuple(args), kwargs)
    except Exception:
        # A `call` that looks at values cannot run without them, but the build comes before it; what is wrong
        # with the call, if anything is, the compiler is about to find.
        if not record.built:
            raise


def build_and_call(layer: Any, compiled: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call what `layer.compile()` made, once the layer is built: torch has that done for inner modules only."""
    if not layer._torchkeras.built:
        infer_parameters(layer, args, kwargs)
    return compiled(*args, **kwargs)
