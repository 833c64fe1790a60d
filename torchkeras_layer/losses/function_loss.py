"""How is a function of targets and predictions a loss, with a reduction and arguments of its own?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor
from typing_extensions import Self

from torchkeras_layer._ported_code import read_as_keras
from torchkeras_layer._ranks import same_rank
from torchkeras_layer._structures import leaves, pack
from torchkeras_layer.losses._catalog import catalog
from torchkeras_layer.losses.loss import Loss
from torchkeras_layer.registry import deserialize_keras_object, serialize_keras_object


@catalog.register(also_in=("keras.src.losses.losses",))
class LossFunctionWrapper(Loss):
    """A loss that calls a function `fn(y_true, y_pred, **kwargs)`, which returns one number a sample, or for each part.

    Args:
        fn: the function.
        reduction, name, dtype: see `Loss`.
        **kwargs: further arguments of the function.

    >>> import torch
    >>> loss = LossFunctionWrapper(lambda y_true, y_pred, power: torch.abs(y_true - y_pred) ** power, power=3)
    >>> loss([1.0, 2.0], [1.0, 4.0])
    tensor(4.)
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        if not callable(fn):
            raise TypeError(f"{type(self).__name__}: fn must be a function. Received: fn={fn!r}.")
        read_as_keras(fn)
        self.fn = fn
        self._fn_kwargs = kwargs

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return what the function returns for targets and predictions of the same rank."""
        targets, predictions = leaves(y_true), leaves(y_pred)
        if len(targets) == len(predictions) and all(isinstance(x, Tensor) for x in (*targets, *predictions)):
            pairs = [same_rank(one, other) for one, other in zip(targets, predictions, strict=True)]
            y_true, y_pred = pack(y_true, [one for one, _ in pairs]), pack(y_pred, [other for _, other in pairs])
        return self.fn(y_true, y_pred, **self._fn_kwargs)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments; the function by its name.

        Raises:
            TypeError: if the function is not registered.
        """
        return {
            **super().get_config(),
            "fn": serialize_keras_object(self.fn),
            **serialize_keras_object(self._fn_kwargs),
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a loss from the result of `get_config()`."""
        return cls(**deserialize_keras_object(dict(config)))

    def __repr__(self) -> str:
        return f"<{type(self).__name__}({self.fn}, kwargs={self._fn_kwargs})>"
