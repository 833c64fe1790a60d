"""What does a layer need to know about the calls around it?"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torchkeras_layer.layer.call_states import Recording


class CallContext:
    """The calls and builds under way in one thread.

    `layer`: the innermost layer that is in its `call` or its `build`. `outer`: the layer around one that builds in its
    own call. `training`: what the nearest outer call was explicitly given. `recording`: the losses of the outermost
    call under way, once there are any. `dry_run`: where a call only finds out shapes, and must leave no loss,
    metric or update. `is_tracing`: where free dimensions are symbols. `building`: in a `build`; `alone`: in one that no
    call needed; `frozen`: in one below a frozen layer. `uncast`: where weights are read as they are kept. `scope`: the
    name scope that was entered by hand, with the layer in whose call that was.
    """

    __slots__ = (
        "alone",
        "building",
        "dry_run",
        "frozen",
        "is_tracing",
        "layer",
        "outer",
        "recording",
        "scope",
        "training",
        "uncast",
    )

    def __init__(self) -> None:
        self.layer: Any = None
        self.outer: Any = None
        self.training: Any = None
        self.recording: Recording | None = None
        self.dry_run: Any = None
        self.is_tracing = False
        self.building = False
        self.alone = False
        self.frozen = False
        self.uncast = False
        self.scope: tuple[Any, str] | None = None


class _PerThread(threading.local):
    # threading.local and not ContextVar: torch.compile(fullgraph=True) cannot trace the latter. The context is one
    # plain object a thread, because torch.compile loses what is written to attributes of the local itself.
    def __init__(self) -> None:
        self.context = CallContext()


per_thread = _PerThread()
