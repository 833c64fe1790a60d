"""How is the mean of a function of targets and predictions a metric?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from typing_extensions import Self

from torchkeras_layer._ported_code import read_as_keras
from torchkeras_layer.metrics._catalog import catalog
from torchkeras_layer.metrics.reductions import Mean, add_to_mean
from torchkeras_layer.metrics.values import masked
from torchkeras_layer.registry import deserialize_keras_object, serialize_keras_object


@catalog.register()
class MeanMetricWrapper(Mean):
    """The weighted mean, over all calls, of a function `fn(y_true, y_pred, **kwargs)`, which returns a number a sample.

    Args:
        fn: the function, or a loss.
        name, dtype: see `Metric`.
        **kwargs: further arguments of the function.

    Raises:
        TypeError: if `fn` is no function; from `update_state`, if it gets or returns no numbers.
        ValueError: from `update_state`, if shapes do not fit.

    >>> import torch
    >>> metric = MeanMetricWrapper(lambda y_true, y_pred, power: torch.abs(y_true - y_pred) ** power, power=3)
    >>> metric(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 4.0]))
    tensor(4.)
    """

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any) -> None:
        super().__init__(name, dtype)
        if not callable(fn):
            raise TypeError(f"{type(self).__name__}: fn must be a function. Received: fn={fn!r}.")
        read_as_keras(fn)
        self._fn = fn
        self._fn_kwargs = kwargs

    def update_state(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> None:
        """Add what the function returns to the mean.

        Args:
            y_true: the targets.
            y_pred: the predictions. Their mask counts as weights.
            sample_weight: weights in the shape of what the function returns, or in the first axes of it.
        """
        values = self._fn(y_true, y_pred, **self._fn_kwargs)
        mask = getattr(y_pred, "_keras_mask", None)
        add_to_mean(self, values, sample_weight if mask is None else masked(self, sample_weight, mask))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        if self._torchkeras_arguments is not None:
            return super().get_config()
        return {
            **super().get_config(),
            "fn": serialize_keras_object(self._fn),
            **{name: serialize_keras_object(value) for name, value in self._fn_kwargs.items()},
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a metric, without its state, from the result of `get_config()`."""
        if "fn" in config:
            return cls(**{name: deserialize_keras_object(value) for name, value in config.items()})
        return cls(**config)
