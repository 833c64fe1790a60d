"""Which penalties on a tensor are there, and how does one go from a name to a regularizer and back?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Real
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from typing_extensions import Self

from torchkeras_layer._settings import epsilon
from torchkeras_layer.registry import Catalog

_catalog = Catalog("regularizer", module="keras.regularizers")


@_catalog.register()
class Regularizer:
    """A penalty: called with a tensor, it returns a scalar tensor that is added to the loss.

    Subclasses define `__call__`, and `get_config` to be saved.

    >>> class Sharpness(Regularizer):
    ...     def __call__(self, x):
    ...         return x.abs().amax()
    >>> Sharpness()(torch.tensor([1.0, -3.0]))
    tensor(3.)
    """

    def __call__(self, x: Tensor) -> Any:
        """Return the penalty on `x`: none."""
        return 0.0

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments.

        Raises:
            NotImplementedError: if the subclass does not define it.
        """
        name = type(self).__name__
        raise NotImplementedError(f"{name}: define get_config(), returning the constructor's arguments, to save it.")

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a regularizer from `get_config()`."""
        return cls(**config)


@_catalog.register()
class L1L2(Regularizer):
    """`l1 * sum(|x|) + l2 * sum(x²)`.

    Raises:
        ValueError: if a factor is not a finite number >= 0.

    >>> L1L2(l1=0.5, l2=1.0)(torch.tensor([1.0, -2.0]))
    tensor(6.5000)
    """

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0) -> None:
        self.l1 = _factor(0.0 if l1 is None else l1, "L1L2: l1")
        self.l2 = _factor(0.0 if l2 is None else l2, "L1L2: l2")

    def __call__(self, x: Tensor) -> Tensor:
        """Return the penalty on `x`, a scalar in its dtype."""
        if not self.l1:
            return _l2_penalty(self.l2, x) if self.l2 else x.new_zeros(())
        penalty = _l1_penalty(self.l1, x)
        return penalty + _l2_penalty(self.l2, x) if self.l2 else penalty

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"l1": self.l1, "l2": self.l2}


@_catalog.register()
class L1(Regularizer):
    """`l1 * sum(|x|)`, 0.01 by default.

    Raises:
        ValueError: if `l1` is not a finite number >= 0.

    >>> L1(0.5)(torch.tensor([1.0, -2.0]))
    tensor(1.5000)
    """

    def __init__(self, l1: float | None = 0.01) -> None:
        self.l1 = _factor(0.01 if l1 is None else l1, "L1: l1")

    def __call__(self, x: Tensor) -> Tensor:
        """Return the penalty on `x`, a scalar in its dtype."""
        return _l1_penalty(self.l1, x)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"l1": self.l1}


@_catalog.register()
class L2(Regularizer):
    """`l2 * sum(x²)`, 0.01 by default.

    Raises:
        ValueError: if `l2` is not a finite number >= 0.

    >>> L2(0.5)(torch.tensor([1.0, -2.0]))
    tensor(2.5000)
    """

    def __init__(self, l2: float | None = 0.01) -> None:
        self.l2 = _factor(0.01 if l2 is None else l2, "L2: l2")

    def __call__(self, x: Tensor) -> Tensor:
        """Return the penalty on `x`, a scalar in its dtype."""
        return _l2_penalty(self.l2, x)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"l2": self.l2}


@_catalog.register()
class OrthogonalRegularizer(Regularizer):
    """`factor` times the mean |cosine| between the rows (or `mode="columns"`) of a matrix.

    Shapes: (rows, columns) -> ().

    Raises:
        ValueError: if `factor` is not a finite number >= 0, `mode` is unknown, or the tensor is not a matrix.

    >>> OrthogonalRegularizer(factor=0.5)(torch.tensor([[1.0, 0.0], [1.0, 1.0]]))
    tensor(0.3536)
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = _factor(factor, "OrthogonalRegularizer: factor")
        if mode not in ("rows", "columns"):
            raise ValueError(f"OrthogonalRegularizer: mode must be 'rows' or 'columns'. Received: mode={mode!r}.")
        self.mode = mode

    def __call__(self, x: Tensor) -> Tensor:
        """Return the penalty on the matrix `x`, a scalar in its dtype."""
        if x.ndim != 2:
            raise ValueError(f"OrthogonalRegularizer: expected a matrix. Received a tensor of shape {tuple(x.shape)}.")
        vectors = x if self.mode == "rows" else x.t()
        unit = F.normalize(vectors, dim=1, eps=epsilon())
        cosines = unit @ unit.t()
        count = len(vectors)
        pairs = max(count * (count - 1) / 2, 1.0)
        return self.factor * torch.triu(cosines, 1).abs().sum() / pairs

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"factor": self.factor, "mode": self.mode}


def _factor(value: Any, argument: str) -> float:
    number = float(value) if isinstance(value, Real) else math.nan
    if not 0 <= number < math.inf:
        raise ValueError(f"{argument} must be a finite number >= 0. Received: {value!r}.")
    return number


def _l1_penalty(factor: float, x: Tensor) -> Tensor:
    return factor * x.abs().sum()


def _l2_penalty(factor: float, x: Tensor) -> Tensor:
    return factor * x.square().sum()


l1 = L1
l2 = L2
l1_l2 = L1L2
orthogonal_regularizer = OrthogonalRegularizer


def get(identifier: Any) -> Any:
    """Return the regularizer for a name, a config, a class, a callable (as it is) or `None` (`None`).

    Raises:
        ValueError: if it stands for no regularizer.

    >>> get("l2").get_config(), get(None)
    ({'l2': 0.01}, None)
    """
    # Keras 2's name for both penalties; by Keras 3's defaults of the class it would mean none at all.
    if isinstance(identifier, str) and identifier == "l1_l2":
        return L1L2(0.01, 0.01)
    return _catalog.get(identifier)


def serialize(regularizer: Any) -> Any:
    """Return the config that makes this regularizer again.

    >>> serialize(L2(0.5))["config"]
    {'l2': 0.5}
    """
    return _catalog.serialize(regularizer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the regularizer that `serialize` described.

    Raises:
        ValueError: if it is neither built in nor in `custom_objects`.

    >>> deserialize({"class_name": "L2", "config": {"l2": 0.5}}).l2
    0.5
    """
    return _catalog.deserialize(config, custom_objects)
