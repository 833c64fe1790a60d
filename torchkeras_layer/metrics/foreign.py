"""How are metrics of torchmetrics told apart, read, reset and kept from counting, without importing it?"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from torchkeras_layer.metrics.metric import Metric


def is_metric(candidate: Any) -> bool:
    """Say whether something is a metric: one of ours, or a module with torchmetrics' three methods.

    >>> is_metric(Metric()), is_metric(nn.Linear(2, 2))
    (True, False)
    """
    if isinstance(candidate, Metric):
        return True
    # Asked of the class: a module that lacks an attribute is slow to say so.
    methods = ("update", "compute", "reset")
    return isinstance(candidate, nn.Module) and all(hasattr(type(candidate), name) for name in methods)


def metric_result(metric: Any) -> Any:
    """Return the statistic so far of a metric of ours or of torchmetrics.

    Raises:
        TypeError: if it is neither.

    >>> from torchkeras_layer.metrics import Mean
    >>> metric_result(Mean())
    tensor(0.)
    """
    return metric.result() if isinstance(metric, Metric) else _foreign(metric).compute()


def metric_reset(metric: Any) -> None:
    """Set a metric of ours or of torchmetrics to its start.

    Raises:
        TypeError: if it is neither.

    >>> metric_reset(Metric())
    """
    if isinstance(metric, Metric):
        metric.reset_state()
    else:
        _foreign(metric).reset()


def _foreign(metric: Any) -> Any:
    if not is_metric(metric):
        raise TypeError(f"Expected a Metric, or a module with update(), compute() and reset(). Received: {metric!r}.")
    return metric


def last_result(metric: Any) -> Any:
    """Return the very tensor that the last call of a metric gave, or `None` before the first.

    >>> from torchkeras_layer.metrics import Mean
    >>> mean = Mean()
    >>> mean(3.0) is last_result(mean)
    True
    """
    # torchmetrics keeps what its forward() returned under this name.
    return metric.last_result if isinstance(metric, Metric) else getattr(metric, "_forward_cache", None)


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
