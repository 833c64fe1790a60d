"""How is a metric kept from counting, while a module is run for its shapes only?"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch

from torchkeras_layer.metrics.metric import Metric


@contextlib.contextmanager
def muted(metric: Any) -> Iterator[None]:
    """While entered, updates of the metric do nothing, and a call of it gives 0.

    >>> from torchkeras_layer.metrics import Sum
    >>> total = Sum()
    >>> with muted(total):
    ...     _ = total(3.0)
    >>> total.result()
    tensor(0.)
    """
    state = metric.__dict__
    before = dict(state)

    def update(*_: Any, **__: Any) -> None:
        return None

    def forward(*_: Any, **__: Any) -> torch.Tensor:
        nothing = torch.zeros(())
        if isinstance(metric, Metric):
            metric._last.result = nothing
        else:
            state["_forward_cache"] = nothing
        return nothing

    # On the instance these hide the methods of the class, whatever code calls them.
    state.update(update=update, update_state=update, forward=forward)
    try:
        yield
    finally:
        state.clear()
        state.update(before)
        if isinstance(metric, Metric):
            metric._last.result = None
