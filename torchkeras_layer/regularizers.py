"""Which regularizers are there, and how are they found by name and written into configs?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Real
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor
from typing_extensions import Self

from torchkeras_layer._placeholders import finder_in
from torchkeras_layer._ported_code import read_class_as_keras
from torchkeras_layer._settings import epsilon
from torchkeras_layer.registry import Catalog

_catalog = Catalog("regularizer", module="keras.regularizers")


@_catalog.register()
class Regularizer:
    """Base class of regularizers: called with a tensor, a regularizer returns a scalar, which is added to the loss.

    Subclasses define `__call__` and, for configs, `get_config`.

    >>> class Sharpness(Regularizer):
    ...     def __call__(self, x):
    ...         return x.abs().amax()
    >>> Sharpness()(torch.tensor([1.0, -3.0]))
    tensor(3.)
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        read_class_as_keras(cls)

    def __call__(self, x: Tensor) -> Any:
        """Return the penalty on `x`: here, 0."""
        return 0.0

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments. Subclasses define it.

        Raises:
            NotImplementedError: in this base class.
        """
        name = type(self).__name__
        raise NotImplementedError(f"{name}: define get_config() in the class; it returns the constructor's arguments.")

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a regularizer from the result of `get_config()`.

        >>> L2.from_config(L2(0.5).get_config()).l2
        0.5
        """
        return cls(**config)


@_catalog.register()
class L1L2(Regularizer):
    """L1 and L2 penalty: `l1 * sum(|x|) + l2 * sum(x²)`.

    Args:
        l1, l2: factors of the penalties, numbers >= 0; `None` is 0.

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
    """L1 penalty: `l1 * sum(|x|)`.

    Args:
        l1: factor of the penalty, a number >= 0; `None` is 0.01.

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
    """L2 penalty: `l2 * sum(x²)`.

    Args:
        l2: factor of the penalty, a number >= 0; `None` is 0.01.

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
    """Penalty on rows or columns of a matrix that are not orthogonal: `factor` times the mean of their |cosines|.

    Shapes: (rows, columns) -> ().

    Args:
        factor: factor of the penalty, a number >= 0.
        mode: 'rows' or 'columns'.

    Raises:
        ValueError: if an argument is not one of these; when called, if the tensor is not a matrix.

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
            raise ValueError(f"OrthogonalRegularizer: expected a matrix. Received: a tensor of shape {tuple(x.shape)}.")
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
    """Return the regularizer for a name, a config, a class, a callable (unchanged) or `None` (`None`).

    Raises:
        ValueError: if the identifier is unknown.

    >>> get("l2").get_config(), get(None)
    ({'l2': 0.01}, None)
    """
    # Keras 2's name of both penalties. With the defaults of Keras 3's class, there would be no penalty.
    if isinstance(identifier, str) and identifier == "l1_l2":
        return L1L2(0.01, 0.01)
    return _catalog.get(identifier)


def serialize(regularizer: Any, use_legacy_format: bool = False) -> Any:
    """Return the config of a regularizer.

    Args:
        regularizer: the object.
        use_legacy_format: whether the config has the two keys of Keras 2 only, `class_name` and `config`.

    >>> serialize(L2(0.5))["config"]
    {'l2': 0.5}
    """
    return _catalog.serialize(regularizer, use_legacy_format)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None, use_legacy_format: bool = False) -> Any:
    """Return the regularizer for a name or for a config from `serialize`.

    Args:
        config: the name or config.
        custom_objects: classes and functions by the names that the config has for them.
        use_legacy_format: ignored: the config says which format it has.

    Raises:
        ValueError: if it is unknown.

    >>> deserialize({"class_name": "L2", "config": {"l2": 0.5}}).l2
    0.5
    """
    return _catalog.deserialize(config, custom_objects)


if not TYPE_CHECKING:
    __getattr__ = finder_in(__name__, "regularizers")
