"""How is a loss called: what is converted, which mask counts, and how does a class of a user's fit in?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor
from typing_extensions import Self

from torchkeras_layer._dtypes import dtype_name, torch_dtype
from torchkeras_layer._names import to_snake_case, unique_name
from torchkeras_layer._ported_code import read_class_as_keras
from torchkeras_layer._settings import floatx
from torchkeras_layer._structures import leaves, map_parts
from torchkeras_layer.losses._catalog import catalog
from torchkeras_layer.losses.arguments import read
from torchkeras_layer.losses.reductions import MEANS, in_order, read_reduction, reduced
from torchkeras_layer.ops.calls import recorded
from torchkeras_layer.ops.values import as_tensor
from torchkeras_layer.precision import as_policy
from torchkeras_layer.symbolic.functions import give_name


@catalog.register()
class Loss:
    """A loss: `loss(y_true, y_pred, sample_weight=None)` returns a scalar, or one number a sample without a reduction.

    Subclasses define `call(y_true, y_pred)`, which returns one number a sample, or for each of its parts. A loss is
    a plain object without parameters, which pickles, and compiles as part of a function. On symbolic tensors, it is
    a node of their graph.

    Args:
        *args: the same in this order, or, as in Keras 2, the reduction before the name.
        name: default the class name in snake case, counted: `my_loss`, `my_loss_1`, …
        reduction: 'sum_over_batch_size' and 'mean' divide the sum by the number of losses, or of those that a mask
            keeps; 'mean_with_sample_weight' by the sum of the weights; 'sum' does not divide; 'none' and `None` return
            the losses. 'auto' of Keras 2 is the first.
        dtype: dtype of the computation, to which all arguments are converted. Default: `floatx()`, or float64 for
            predictions in float64.

    Raises:
        ValueError: if there is no such reduction, or if `dtype` is not a float type.
        TypeError: if there is no such dtype.

    >>> class Distance(Loss):
    ...     def call(self, y_true, y_pred):
    ...         return torch.linalg.vector_norm(y_true - y_pred, dim=-1)
    >>> loss = Distance()
    >>> loss([[0.0, 0.0], [0.0, 0.0]], [[3.0, 4.0], [6.0, 8.0]])
    tensor(7.5000)
    >>> loss([[0.0, 0.0], [0.0, 0.0]], [[3.0, 4.0], [6.0, 8.0]], sample_weight=[1, 0])
    tensor(2.5000)
    """

    # The arguments of the constructor beside those of `Loss`; each is an attribute.
    _torchkeras_arguments: ClassVar[tuple[str, ...]] = ()
    # Whether targets keep their dtype: classes as ints, which float32 does not hold beyond 2**24.
    _torchkeras_keeps_targets: ClassVar[bool] = False

    def __init__(
        self, *args: Any, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: Any = None
    ) -> None:
        owner = type(self).__name__
        if args:
            name, reduction, dtype = in_order(owner, args, name, reduction, dtype)
        if name is not None and not isinstance(name, str):
            raise ValueError(f"{owner}: name must be a string. Received: name={name!r}.")
        self.name = name or unique_name(to_snake_case(owner))
        self.reduction = read_reduction(owner, reduction)
        self._has_dtype = dtype is not None
        self._dtype = torch_dtype(as_policy(floatx() if dtype is None else dtype).compute_dtype)
        if not self._dtype.is_floating_point:
            raise ValueError(f"{owner}: dtype must be a float type. Received: dtype={dtype!r}.")

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        read_class_as_keras(cls)
        # The mean is that of the `call` beside it, and not that of one in a class of a user, a mixin included.
        calling = next(one for one in cls.__mro__ if "call" in vars(one))
        if "_torchkeras_mean" not in vars(calling):
            setattr(cls, "_torchkeras_mean", Loss._torchkeras_mean)  # noqa: B010 (typed as a method)

    @property
    def dtype(self) -> str:
        """The name of the dtype of the computation.

        >>> Loss(dtype="float64").dtype
        'float64'
        """
        return dtype_name(self._dtype)

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """Return the loss of predictions.

        Args:
            y_true: the targets: tensors, arrays or lists of numbers, also nested ones if `call` takes them.
            y_pred: the predictions, likewise. Their mask counts.
            sample_weight: weights in the shape of what `call` returns, or one that broadcasts to it.

        Raises:
            ValueError: if shapes do not fit.
        """
        return _compute(self, y_true, y_pred, sample_weight)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return one number a sample, or for each of its parts. Subclasses define it.

        Raises:
            NotImplementedError: in this base class.
        """
        raise NotImplementedError(f"{type(self).__name__}: define call(self, y_true, y_pred) in the class.")

    def _torchkeras_mean(self, y_true: Tensor, y_pred: Tensor) -> Tensor | None:
        """Return the mean over all by one function of torch's, or `None` if there is none for these tensors.

        They are in the dtype of the loss, but for targets that are classes, and in the same shape.
        """
        return None

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments; `dtype` only if it was given.

        >>> Loss(name="distance").get_config()
        {'name': 'distance', 'reduction': 'sum_over_batch_size'}
        """
        names = ("name", "reduction", *(("dtype",) if self._has_dtype else ()), *self._torchkeras_arguments)
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make a loss from the result of `get_config()`.

        >>> Loss.from_config({"name": "distance", "reduction": "sum"}).reduction
        'sum'
        """
        return cls(**config)

    def __getattr__(self, name: str) -> Any:
        if name in ("name", "reduction", "_dtype", "_has_dtype"):
            owner = type(self).__name__
            raise RuntimeError(f"{owner}: super().__init__() has not been called. Call it first in __init__.")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({arguments})"


def _loss(loss: Loss, y_true: Any, y_pred: Any, sample_weight: Any) -> Tensor:
    if sample_weight is None and _is_plain(loss, y_true, y_pred):
        mean = loss._torchkeras_mean(y_true, y_pred)
        if mean is not None:
            return mean
    mask = getattr(y_pred, "_keras_mask", None)
    dtype = _dtype_of(loss, y_pred)
    owner = type(loss).__name__
    _check_order(loss, y_true, y_pred)
    y_pred = _converted(f"{owner}: y_pred", y_pred, dtype, None)
    device = next((leaf.device for leaf in leaves(y_pred)), None)
    y_true = _converted(f"{owner}: y_true", y_true, None if loss._torchkeras_keeps_targets else dtype, device)
    losses = loss.call(y_true, y_pred)
    if losses is None:
        raise ValueError(f"{owner}: call() returned None. Return the loss of each sample.")
    own = getattr(losses, "_keras_mask", None)
    if own is not None:
        mask = own if mask is None else mask & own
    return reduced(owner, as_tensor(losses, dtype), sample_weight, mask, loss.reduction)


_compute = recorded(_loss, "_loss", __name__)
give_name("keras.losses.loss", _loss)


def _is_plain(loss: Loss, y_true: Any, y_pred: Any) -> bool:
    """Whether the mean over all of two tensors is asked for, which need no conversion."""
    return (
        loss.reduction in MEANS
        and isinstance(y_pred, Tensor)
        and isinstance(y_true, Tensor)
        and (y_pred.dtype is loss._dtype or y_pred.dtype is _dtype_of(loss, y_pred))
        and (loss._torchkeras_keeps_targets or (y_true.dtype is y_pred.dtype and y_true.shape == y_pred.shape))
        and getattr(y_pred, "_keras_mask", None) is None
        and y_pred.numel() > 0
    )


def _dtype_of(loss: Loss, y_pred: Any) -> torch.dtype:
    is_double = any(isinstance(x, Tensor) and x.dtype is torch.float64 for x in leaves(y_pred))
    return torch.float64 if is_double and not loss._has_dtype else loss._dtype


def _check_order(loss: Loss, y_true: Any, y_pred: Any) -> None:
    are_tensors = isinstance(y_true, Tensor) and isinstance(y_pred, Tensor)
    if not are_tensors or not y_true.requires_grad or y_pred.is_floating_point() or y_pred.is_complex():
        return
    # Classes and functions of users may take what they are called with in any order.
    if type(loss).__module__.startswith(__name__.rpartition(".")[0]) and not hasattr(loss, "fn"):
        raise ValueError(
            f"{type(loss).__name__}: y_true has gradients, and y_pred consists of ints. The targets come first: "
            "loss(y_true, y_pred)."
        )


def _converted(what: str, values: Any, dtype: torch.dtype | None, device: torch.device | None) -> Any:
    """Return the tensors of a nested structure in a dtype; arrays, and nested lists of numbers, on a device."""
    if isinstance(values, Tensor):
        return values if values.dtype is dtype else as_tensor(values, dtype)
    is_nested = isinstance(values, dict) or (
        isinstance(values, (list, tuple)) and any(hasattr(leaf, "__array__") for leaf in leaves(values))
    )
    if is_nested:
        return map_parts(lambda part: _converted(what, part, dtype, device), values)
    found = as_tensor(read(what, values), dtype)
    return found if device is None else found.to(device)
