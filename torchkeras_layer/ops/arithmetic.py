"""Which operations compute one value from two, such as sums, comparisons and bits?"""

from __future__ import annotations

import operator
from typing import Any

import torch
from torch import Tensor

from torchkeras_layer.ops.values import as_number, as_wide_float, operands, pair, promoted, promoted_floats

_BOOLS = frozenset({bool, torch.bool})


def add(x1: Any, x2: Any) -> Tensor:
    """Return the sums."""
    return operator.add(*operands(x1, x2))


def multiply(x1: Any, x2: Any) -> Tensor:
    """Return the products."""
    return operator.mul(*operands(x1, x2))


def equal(x1: Any, x2: Any) -> Tensor:
    """Return whether values are equal."""
    return operator.eq(*operands(x1, x2))


def not_equal(x1: Any, x2: Any) -> Tensor:
    """Return whether values differ."""
    return operator.ne(*operands(x1, x2))


def greater(x1: Any, x2: Any) -> Tensor:
    """Return whether the first values are greater."""
    return operator.gt(*operands(x1, x2))


def greater_equal(x1: Any, x2: Any) -> Tensor:
    """Return whether the first values are greater or equal."""
    return operator.ge(*operands(x1, x2))


def less(x1: Any, x2: Any) -> Tensor:
    """Return whether the first values are less."""
    return operator.lt(*operands(x1, x2))


def less_equal(x1: Any, x2: Any) -> Tensor:
    """Return whether the first values are less or equal."""
    return operator.le(*operands(x1, x2))


def maximum(x1: Any, x2: Any) -> Tensor:
    """Return the greater values."""
    return torch.maximum(*pair(x1, x2))


def minimum(x1: Any, x2: Any) -> Tensor:
    """Return the lesser values."""
    return torch.minimum(*pair(x1, x2))


def logical_and(x1: Any, x2: Any) -> Tensor:
    """Return whether both values are true."""
    return torch.logical_and(*pair(x1, x2))


def logical_or(x1: Any, x2: Any) -> Tensor:
    """Return whether any of both values is true."""
    return torch.logical_or(*pair(x1, x2))


def logical_xor(x1: Any, x2: Any) -> Tensor:
    """Return whether exactly one of both values is true."""
    return torch.logical_xor(*pair(x1, x2))


def fmax(x1: Any, x2: Any) -> Tensor:
    """Return the greater values; a number wins over NaN."""
    return torch.fmax(*promoted(x1, x2))


def fmin(x1: Any, x2: Any) -> Tensor:
    """Return the lesser values; a number wins over NaN."""
    return torch.fmin(*promoted(x1, x2))


def arctan2(x1: Any, x2: Any) -> Tensor:
    """Return the angles in radians of the points (x2, x1)."""
    return torch.arctan2(*promoted_floats(x1, x2))


def hypot(x1: Any, x2: Any) -> Tensor:
    """Return the lengths of the hypotenuses."""
    return torch.hypot(*_wide_floats(x1, x2))


def logaddexp(x1: Any, x2: Any) -> Tensor:
    """Return log(exp(x1) + exp(x2)), without overflow."""
    return torch.logaddexp(*promoted_floats(x1, x2))


def logaddexp2(x1: Any, x2: Any) -> Tensor:
    """Return log2(2 ** x1 + 2 ** x2), without overflow."""
    return torch.logaddexp2(*promoted_floats(x1, x2))


def heaviside(x1: Any, x2: Any) -> Tensor:
    """Return the step function of x1: 0, `x2` at 0, or 1."""
    return torch.heaviside(*_wide_floats(x1, x2))


def nextafter(x1: Any, x2: Any) -> Tensor:
    """Return the next numbers of the dtype after x1, towards x2."""
    return torch.nextafter(*promoted_floats(x1, x2))


def gcd(x1: Any, x2: Any) -> Tensor:
    """Return the greatest common divisors."""
    return torch.gcd(*_ints(x1, x2))


def lcm(x1: Any, x2: Any) -> Tensor:
    """Return the least common multiples."""
    return torch.lcm(*_ints(x1, x2))


def bitwise_and(x: Any, y: Any) -> Tensor:
    """Return the bits that are set in both values."""
    return torch.bitwise_and(*promoted(x, y))


def bitwise_or(x: Any, y: Any) -> Tensor:
    """Return the bits that are set in any of both values."""
    return torch.bitwise_or(*promoted(x, y))


def bitwise_xor(x: Any, y: Any) -> Tensor:
    """Return the bits that are set in exactly one of both values."""
    return torch.bitwise_xor(*promoted(x, y))


def bitwise_left_shift(x: Any, y: Any) -> Tensor:
    """Return the values with their bits shifted to the left."""
    return torch.bitwise_left_shift(*_ints(x, y))


def bitwise_right_shift(x: Any, y: Any) -> Tensor:
    """Return the values with their bits shifted to the right."""
    return torch.bitwise_right_shift(*_ints(x, y))


def subtract(x1: Any, x2: Any) -> Tensor:
    """Return the differences."""
    x1, x2 = operands(x1, x2)
    if _has_bool(x1, x2):
        x1, x2 = promoted(x1, x2)
        return torch.logical_xor(x1, x2) if x1.dtype is torch.bool else x1 - x2
    return x1 - x2


def divide(x1: Any, x2: Any) -> Tensor:
    """Return the quotients, as floats.

    >>> divide([1, 3], 2)
    tensor([0.5000, 1.5000])
    """
    return operator.truediv(*operands(x1, x2))


def divide_no_nan(x1: Any, x2: Any) -> Tensor:
    """Return the quotients, 0 where the divisor is 0.

    >>> divide_no_nan([1.0, 3.0], [0.0, 2.0])
    tensor([0.0000, 1.5000])
    """
    x1, x2 = promoted_floats(x1, x2)
    is_zero = x2 == 0
    return torch.where(is_zero, torch.zeros_like(x2), x1 / torch.where(is_zero, torch.ones_like(x2), x2))


def floor_divide(x1: Any, x2: Any) -> Tensor:
    """Return the quotients, rounded down."""
    return operator.floordiv(*_numbers(x1, x2))


def mod(x1: Any, x2: Any) -> Tensor:
    """Return the remainders, which have the sign of the divisors."""
    return operator.mod(*_numbers(x1, x2))


def fmod(x1: Any, x2: Any) -> Tensor:
    """Return the remainders, which have the sign of the dividends."""
    return torch.fmod(*pair(*_numbers(x1, x2)))


def power(x1: Any, x2: Any) -> Tensor:
    """Return `x1` to the power of `x2`."""
    return operator.pow(*_numbers(x1, x2))


def ldexp(x1: Any, x2: Any) -> Tensor:
    """Return x1 * 2 ** x2."""
    dtype = promoted_floats(x1, x2)[0].dtype
    x1, x2 = pair(x1, x2)
    return torch.ldexp(x1.to(dtype), x2).to(dtype)


def isclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """Return whether values are equal within a tolerance."""
    return torch.isclose(*promoted(x1, x2), rtol=rtol, atol=atol, equal_nan=equal_nan)


def allclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """Return whether all values are equal within a tolerance, as a tensor.

    >>> allclose([1.0], [1.0])
    tensor(True)
    """
    return torch.all(isclose(x1, x2, rtol, atol, equal_nan))


def _wide_floats(x1: Any, x2: Any) -> list[Tensor]:
    return [as_wide_float(x) for x in promoted(x1, x2)]


def _ints(x1: Any, x2: Any) -> list[Tensor]:
    found = promoted(x1, x2)
    return [x.to(torch.int32) for x in found] if found[0].dtype is torch.bool else found


def _numbers(x1: Any, x2: Any) -> tuple[Any, Any]:
    x1, x2 = operands(x1, x2)
    are_bools = _dtype(x1) is torch.bool and _dtype(x2) is torch.bool
    return (as_number(x1), as_number(x2)) if are_bools else (x1, x2)


def _has_bool(x1: Any, x2: Any) -> bool:
    # Torch does not subtract bools.
    first = x1.dtype if isinstance(x1, Tensor) else type(x1)
    return first in _BOOLS or (x2.dtype if isinstance(x2, Tensor) else type(x2)) in _BOOLS


def _dtype(x: Any) -> Any:
    if isinstance(x, Tensor):
        return x.dtype
    return torch.bool if isinstance(x, bool) else None


left_shift = bitwise_left_shift
right_shift = bitwise_right_shift
true_divide = divide
