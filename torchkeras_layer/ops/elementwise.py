"""Which operations change each value of one tensor by itself?"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer.ops.values import as_float, as_number, as_tensor, as_wide_float


def absolute(x: Any) -> Tensor:
    """Return the absolute values."""
    x = as_tensor(x)
    return x if x.dtype is torch.bool else torch.abs(x)


def angle(x: Any) -> Tensor:
    """Return the angles of complex numbers, in radians."""
    return torch.angle(as_float(x))


def arccos(x: Any) -> Tensor:
    """Return the angles in radians whose cosines are the values."""
    return torch.arccos(as_float(x))


def arccosh(x: Any) -> Tensor:
    """Return the inverse hyperbolic cosines."""
    return torch.arccosh(as_float(x))


def arcsin(x: Any) -> Tensor:
    """Return the angles in radians whose sines are the values."""
    return torch.arcsin(as_float(x))


def arcsinh(x: Any) -> Tensor:
    """Return the inverse hyperbolic sines."""
    return torch.arcsinh(as_float(x))


def arctan(x: Any) -> Tensor:
    """Return the angles in radians whose tangents are the values."""
    return torch.arctan(as_float(x))


def arctanh(x: Any) -> Tensor:
    """Return the inverse hyperbolic tangents."""
    return torch.arctanh(as_float(x))


def bitwise_not(x: Any) -> Tensor:
    """Return the values with each bit inverted."""
    return torch.bitwise_not(as_tensor(x))


def ceil(x: Any) -> Tensor:
    """Return the smallest integers that are not less than the values, as floats."""
    return torch.ceil(as_float(x))


def conjugate(x: Any) -> Tensor:
    """Return the complex conjugates."""
    return torch.conj(as_tensor(x)).resolve_conj()


def cos(x: Any) -> Tensor:
    """Return the cosines of angles in radians."""
    return torch.cos(as_float(x))


def cosh(x: Any) -> Tensor:
    """Return the hyperbolic cosines."""
    return torch.cosh(as_float(x))


def deg2rad(x: Any) -> Tensor:
    """Return the angles in radians of angles in degrees."""
    return torch.deg2rad(as_wide_float(x))


def exp(x: Any) -> Tensor:
    """Return e to the power of each value."""
    return torch.exp(as_float(x))


def exp2(x: Any) -> Tensor:
    """Return 2 to the power of each value."""
    return torch.exp2(as_float(x))


def expm1(x: Any) -> Tensor:
    """Return e to the power of each value, minus 1, exact near 0."""
    return torch.expm1(as_float(x))


def floor(x: Any) -> Tensor:
    """Return the largest integers that are not greater than the values, as floats."""
    return torch.floor(as_float(x))


def i0(x: Any) -> Tensor:
    """Return the modified Bessel function of the first kind, of order 0."""
    return torch.i0(as_wide_float(x))


def isfinite(x: Any) -> Tensor:
    """Return whether values are finite."""
    return torch.isfinite(as_tensor(x))


def isinf(x: Any) -> Tensor:
    """Return whether values are infinite."""
    return torch.isinf(as_tensor(x))


def isnan(x: Any) -> Tensor:
    """Return whether values are not numbers."""
    return torch.isnan(as_tensor(x))


def isneginf(x: Any) -> Tensor:
    """Return whether values are minus infinity."""
    return torch.isneginf(as_tensor(x))


def isposinf(x: Any) -> Tensor:
    """Return whether values are plus infinity."""
    return torch.isposinf(as_tensor(x))


def isreal(x: Any) -> Tensor:
    """Return whether values have no imaginary part."""
    return torch.isreal(as_tensor(x))


def log(x: Any) -> Tensor:
    """Return the natural logarithms."""
    return torch.log(as_float(x))


def log10(x: Any) -> Tensor:
    """Return the logarithms to base 10."""
    return torch.log10(as_float(x))


def log1p(x: Any) -> Tensor:
    """Return the natural logarithms of 1 + x, exact near 0."""
    return torch.log1p(as_float(x))


def log2(x: Any) -> Tensor:
    """Return the logarithms to base 2."""
    return torch.log2(as_float(x))


def logical_not(x: Any) -> Tensor:
    """Return whether values are 0 or False."""
    return torch.logical_not(as_tensor(x))


def negative(x: Any) -> Tensor:
    """Return the values with the other sign."""
    return torch.neg(as_tensor(x))


def rad2deg(x: Any) -> Tensor:
    """Return the angles in degrees of angles in radians."""
    return torch.rad2deg(as_wide_float(x))


def real(x: Any) -> Tensor:
    """Return the real parts."""
    return torch.real(as_tensor(x))


def reciprocal(x: Any) -> Tensor:
    """Return 1 divided by the values."""
    return torch.reciprocal(as_float(x))


def sign(x: Any) -> Tensor:
    """Return -1, 0 or 1 by the signs of the values."""
    return torch.sign(as_tensor(x))


def signbit(x: Any) -> Tensor:
    """Return whether values are negative; -0.0 is."""
    return torch.signbit(as_tensor(x))


def sin(x: Any) -> Tensor:
    """Return the sines of angles in radians."""
    return torch.sin(as_float(x))


def sinc(x: Any) -> Tensor:
    """Return sin(pi x) / (pi x)."""
    return torch.sinc(as_float(x))


def sinh(x: Any) -> Tensor:
    """Return the hyperbolic sines."""
    return torch.sinh(as_float(x))


def sqrt(x: Any) -> Tensor:
    """Return the square roots."""
    return torch.sqrt(as_float(x))


def square(x: Any) -> Tensor:
    """Return the squares."""
    return torch.square(as_number(x))


def tan(x: Any) -> Tensor:
    """Return the tangents of angles in radians."""
    return torch.tan(as_float(x))


def tanh(x: Any) -> Tensor:
    """Return the hyperbolic tangents."""
    return torch.tanh(as_float(x))


def cbrt(x: Any) -> Tensor:
    """Return the cube roots, also of negative values.

    >>> cbrt([-8.0, 27.0])
    tensor([-2., 3.])
    """
    x = as_wide_float(x)
    return torch.sign(x) * torch.pow(torch.abs(x), 1 / 3)


def clip(x: Any, x_min: Any, x_max: Any) -> Tensor:
    """Return the values, those below `x_min` or above `x_max` replaced by these.

    >>> clip([1, 5, 9], 2, 6)
    tensor([2, 5, 6], dtype=torch.int32)
    """
    x = as_number(x)
    if isinstance(x_min, (int, float)) and isinstance(x_max, (int, float)):
        return torch.clamp(x, x_min, x_max)
    return torch.clamp(x, as_tensor(x_min), as_tensor(x_max))


def imag(x: Any) -> Tensor:
    """Return the imaginary parts, 0 for real numbers."""
    x = as_tensor(x)
    return torch.imag(x) if x.is_complex() else torch.zeros_like(x)


def nan_to_num(x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Tensor:
    """Return the values, with finite numbers in place of NaN and the infinities.

    >>> nan_to_num([float("nan"), 2.0])
    tensor([0., 2.])
    """
    return torch.nan_to_num(as_tensor(x), nan, posinf, neginf)


def round(x: Any, decimals: int = 0) -> Tensor:
    """Return the values, rounded to the given number of decimals; halves are rounded to even digits.

    >>> round([0.5, 1.5, 2.25])
    tensor([0., 2., 2.])
    """
    x = as_tensor(x)
    if not x.is_floating_point():
        return x if decimals >= 0 else torch.round(as_float(x), decimals=decimals).to(x.dtype)
    return torch.round(x, decimals=decimals)


def trunc(x: Any) -> Tensor:
    """Return the integers that are nearest to the values towards 0."""
    x = as_tensor(x)
    return torch.trunc(x) if x.is_floating_point() else x


def copy(x: Any) -> Tensor:
    """Return a copy."""
    return as_tensor(x).clone()


def view(x: Any, dtype: Any = None) -> Tensor:
    """Return the bytes of a tensor, read as another dtype."""
    return as_tensor(x).view(torch_dtype(dtype or "float32"))


def fabs(x: Any) -> Tensor:
    """Return the absolute values, as floats."""
    return torch.abs(as_float(x))


abs = absolute
bitwise_invert = bitwise_not
conj = conjugate
