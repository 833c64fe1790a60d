"""What do the checks of `tf.debugging` do? They raise at once; in a compiled graph, when it runs.

On symbolic tensors and in shape inference, where there are no values, only shapes are checked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from torchkeras_layer._tensor_shape import TensorShape
from torchkeras_layer.ops.calls import SymbolicTensor
from torchkeras_layer.ops.values import as_tensor
from torchkeras_layer.tf._errors import InvalidArgumentError


def Assert(condition: Any, data: Any = None, summarize: int | None = None, name: str | None = None) -> None:  # noqa: N802
    """Raise `tf.errors.InvalidArgumentError` if a condition is false.

    >>> Assert(torch.tensor(True), ["never shown"])
    """
    _check(condition, lambda: f"expected a true condition. {_shown(data)}")


def assert_all_finite(x: Any, message: str = "", name: str | None = None) -> Any:
    """Return a tensor. Raise an error if one of its values is infinite or not a number."""
    x = as_tensor(x) if not isinstance(x, SymbolicTensor) else x
    _check(_all_of(x, torch.isfinite), lambda: f"{message} : Tensor had NaN or infinite values. Received: {x}")
    return x


def check_numerics(tensor: Any, message: str = "", name: str | None = None) -> Any:
    """Return a tensor. Raise an error if one of its values is infinite or not a number."""
    return assert_all_finite(tensor, message)


def _comparison(name: str, compare: Callable[[Any, Any], Any], words: str) -> Callable[..., None]:
    def check(x: Any, y: Any, message: str | None = None, summarize: Any = None, name: str | None = None) -> None:
        if isinstance(x, SymbolicTensor) or isinstance(y, SymbolicTensor):
            return
        are_sizes = isinstance(x, (int, torch.SymInt)) and isinstance(y, (int, torch.SymInt))
        holds = compare(x, y) if are_sizes else compare(as_tensor(x), as_tensor(y))
        _check(holds, lambda: f"{message or ''} expected x {words} y for all values. Received: x={x}, y={y}".strip())

    check.__name__ = check.__qualname__ = name
    check.__doc__ = f"Raise `tf.errors.InvalidArgumentError` unless x {words} y holds for all values."
    return check


def _sign(name: str, compare: Callable[[Any], Any], words: str) -> Callable[..., None]:
    def check(x: Any, message: str | None = None, summarize: Any = None, name: str | None = None) -> None:
        if not isinstance(x, SymbolicTensor):
            _check(compare(as_tensor(x)), lambda: f"{message or ''} expected x {words} for all values. Received: {x}")

    check.__name__ = check.__qualname__ = name
    check.__doc__ = f"Raise `tf.errors.InvalidArgumentError` unless x {words} holds for all values."
    return check


assert_equal = _comparison("assert_equal", lambda x, y: x == y, "==")
assert_none_equal = _comparison("assert_none_equal", lambda x, y: x != y, "!=")
assert_less = _comparison("assert_less", lambda x, y: x < y, "<")
assert_less_equal = _comparison("assert_less_equal", lambda x, y: x <= y, "<=")
assert_greater = _comparison("assert_greater", lambda x, y: x > y, ">")
assert_greater_equal = _comparison("assert_greater_equal", lambda x, y: x >= y, ">=")
assert_positive = _sign("assert_positive", lambda x: x > 0, "> 0")
assert_negative = _sign("assert_negative", lambda x: x < 0, "< 0")
assert_non_negative = _sign("assert_non_negative", lambda x: x >= 0, ">= 0")
assert_non_positive = _sign("assert_non_positive", lambda x: x <= 0, "<= 0")


def assert_near(
    x: Any,
    y: Any,
    rtol: Any = None,
    atol: Any = None,
    message: str | None = None,
    summarize: Any = None,
    name: Any = None,
) -> None:
    """Raise `tf.errors.InvalidArgumentError` unless |x - y| <= atol + rtol |y| for all values.

    By default, both are ten times the precision of the dtype.
    """
    if isinstance(x, SymbolicTensor) or isinstance(y, SymbolicTensor):
        return
    x, y = as_tensor(x), as_tensor(y)
    precision = 10 * torch.finfo(x.dtype).eps if x.is_floating_point() else 0
    relative, absolute = (precision if given is None else given for given in (rtol, atol))
    holds = (x - y).abs() <= absolute + relative * y.abs()
    _check(holds, lambda: f"{message or ''} expected x and y to be close. Received: x={x}, y={y}")


def assert_rank(x: Any, rank: Any, message: str | None = None, name: str | None = None) -> None:
    """Raise ValueError if a tensor has another rank."""
    _check_rank(x, lambda found: found == int(rank), f"{message or ''} expected rank {rank}")


def assert_rank_at_least(x: Any, rank: Any, message: str | None = None, name: str | None = None) -> None:
    """Raise ValueError if a tensor has a lower rank."""
    _check_rank(x, lambda found: found >= int(rank), f"{message or ''} expected rank at least {rank}")


def assert_rank_in(x: Any, ranks: Any, message: str | None = None, name: str | None = None) -> None:
    """Raise ValueError if a tensor has none of the given ranks."""
    _check_rank(x, lambda found: found in [int(rank) for rank in ranks], f"{message or ''} expected a rank of {ranks}")


def assert_scalar(tensor: Any, message: str | None = None, name: str | None = None) -> Any:
    """Return a tensor. Raise ValueError if it has axes."""
    _check_rank(tensor, lambda found: found == 0, f"{message or ''} expected a scalar")
    return tensor


def assert_type(tensor: Any, tf_type: Any, message: str | None = None, name: str | None = None) -> None:
    """Raise TypeError if a tensor has another dtype."""
    if tensor.dtype != tf_type:
        raise TypeError(f"{message or ''} expected the dtype {tf_type}. Received: {tensor.dtype}".strip())


def assert_integer(x: Any, message: str | None = None, name: str | None = None) -> None:
    """Raise TypeError if the values of a tensor are not integers."""
    dtype = x.dtype if hasattr(x, "dtype") else as_tensor(x).dtype
    if dtype.is_floating_point or dtype.is_complex or dtype is torch.bool:
        raise TypeError(f"{message or ''} expected integers. Received: {dtype}".strip())


def assert_shapes(
    shapes: Any, data: Any = None, summarize: Any = None, message: str | None = None, name: str | None = None
) -> None:
    """Raise ValueError if tensors do not have the given shapes, in which equal names mean equal sizes.

    >>> assert_shapes([(torch.ones(2, 3), ("batch", 3)), (torch.ones(2), ("batch",))])
    """
    known: dict[Any, Any] = {}
    for tensor, wanted in shapes.items() if isinstance(shapes, dict) else shapes:
        sizes = tuple(tensor.shape)
        symbols = tuple(wanted) if isinstance(wanted, (list, tuple)) else (wanted,)
        if ... in symbols:
            place = symbols.index(...)
            symbols = (*symbols[:place], *[None] * (len(sizes) - len(symbols) + 1), *symbols[place + 1 :])
        fits = len(sizes) == len(symbols)
        for size, symbol in zip(sizes, symbols, strict=False):
            expected = symbol if isinstance(symbol, int) else known.setdefault(symbol, size)
            fits = fits and (symbol in (None, ".") or size is None or expected is None or expected == size)
        if not fits:
            raise ValueError(f"{message or ''} expected the shape {wanted}, with {known}. Received: {sizes}".strip())


def assert_proper_iterable(values: Any) -> None:
    """Raise TypeError if something is not a list or another iterable of tensors."""
    if isinstance(values, (Tensor, SymbolicTensor, str, bytes)) or not hasattr(values, "__iter__"):
        raise TypeError(f"Expected a list or tuple of tensors. Received: {type(values)}")


def assert_same_float_dtype(tensors: Any = None, dtype: Any = None) -> Any:
    """Return the dtype of all tensors. Raise ValueError if they differ, or it is not a floating-point one."""
    found = {tensor.dtype for tensor in tensors or ()} | ({dtype} if dtype is not None else set())
    if len(found) > 1 or not all(one.is_floating_point for one in found):
        raise ValueError(f"Expected one floating-point dtype. Received: {sorted(map(str, found))}")
    return next(iter(found), torch.float32)


def is_numeric_tensor(tensor: Any) -> bool:
    """Whether something is a tensor of numbers."""
    return isinstance(tensor, (Tensor, SymbolicTensor)) and getattr(tensor, "dtype", None) is not torch.bool


def enable_check_numerics(*args: Any, **kwargs: Any) -> None:
    """Let torch look for values that are not numbers in gradients."""
    torch.autograd.set_detect_anomaly(True)


def disable_check_numerics() -> None:
    """Let torch no longer look for values that are not numbers."""
    torch.autograd.set_detect_anomaly(False)


def _all_of(x: Any, test: Callable[[Tensor], Tensor]) -> Any:
    return True if isinstance(x, SymbolicTensor) else test(x)


def _check(holds: Any, message: Callable[[], str]) -> None:
    if not isinstance(holds, Tensor):
        if not isinstance(holds, SymbolicTensor) and not holds:
            raise InvalidArgumentError(message())
        return
    if torch.compiler.is_compiling():
        torch._assert_async(holds.all(), "a check of tf.debugging failed")  # type: ignore[attr-defined]
        return
    has_no_values = isinstance(holds, torch._subclasses.FakeTensor) or holds.is_meta
    if not has_no_values and not bool(holds.all()):
        raise InvalidArgumentError(message())


def _check_rank(x: Any, fits: Callable[[int], bool], wanted: str) -> None:
    shape = x.shape if hasattr(x, "shape") else as_tensor(x).shape
    if not fits(len(TensorShape(shape))):
        raise ValueError(f"{wanted.strip()}. Received: a tensor of shape {tuple(shape)}")


def _shown(data: Any) -> str:
    return f"Received: {data}" if data is not None else ""
