"""How are metrics of torchmetrics recognized, read, reset and muted, without importing torchmetrics?"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from torchkeras_layer.metrics.metric import Metric


def is_metric(candidate: Any) -> bool:
    """Whether something is a metric: a `Metric`, or a module with torchmetrics' methods update, compute and reset.

    >>> is_metric(Metric()), is_metric(nn.Linear(2, 2))
    (True, False)
    """
    if isinstance(candidate, Metric):
        return True
    # Looked up on the class, because a module is slow to raise an error for a missing attribute.
    methods = ("update", "compute", "reset")
    return isinstance(candidate, nn.Module) and all(hasattr(type(candidate), name) for name in methods)


def metric_result(metric: Any) -> Any:
    """Return the present value of a `Metric` or a metric of torchmetrics.

    Raises:
        TypeError: if it is neither.

    >>> from torchkeras_layer.metrics import Mean
    >>> metric_result(Mean())
    tensor(0.)
    """
    return metric.result() if isinstance(metric, Metric) else _foreign(metric).compute()


def metric_reset(metric: Any) -> None:
    """Reset a `Metric` or a metric of torchmetrics.

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
        raise TypeError(
            f"Metric: expected a Metric, or a module with update(), compute() and reset(). Received: {metric!r}."
        )
    return metric


def last_result(metric: Any) -> Any:
    """Return the same tensor that the last call of a metric returned; `None` before the first call.

    >>> from torchkeras_layer.metrics import Mean
    >>> mean = Mean()
    >>> mean(3.0) is last_result(mean)
    True
    """
    # Where torchmetrics stores the result of forward().
    return metric.last_result if isinstance(metric, Metric) else getattr(metric, "_forward_cache", None)


@contextlib.contextmanager
def muted(metric: Any) -> Iterator[None]:
    """In this context, updates of the metric have no effect, and calls of it return 0.

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

    # Attributes of the instance hide the methods of the class from all callers.
    state.update(update=update, update_state=update, forward=forward)
    try:
        yield
    finally:
        state.clear()
        state.update(before)
        if isinstance(metric, Metric):
            metric._last.result = None
