"""What is an initializer, and which arguments do its calls take?"""

from __future__ import annotations

import inspect
import math
from typing import Any

import numpy as np
import torch
from typing_extensions import Self

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer._ported_code import read_class_as_keras
from torchkeras_layer._settings import floatx
from torchkeras_layer._shapes import full_shape

_IGNORED_ARGUMENTS = ("layout", "partition_info", "partition_offset", "partition_shape")


class Initializer:
    """Base class of initializers. Subclasses define `__call__(self, shape, dtype=None)` and, for configs, `get_config`.

    >>> class Halves(Initializer):
    ...     def __call__(self, shape, dtype=None, **kwargs):
    ...         return torch.full(shape, 0.5, dtype=dtype)
    >>> Halves()((2,))
    tensor([0.5000, 0.5000])
    """

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        read_class_as_keras(cls)

    def __call__(self, shape: Any, dtype: Any = None, **kwargs: Any) -> torch.Tensor:
        """Return a new tensor on torch's default device.

        Args:
            shape: tuple of ints.
            dtype: its dtype, default `floatx()`.
            **kwargs: none, or Keras's further arguments, which have no effect.

        Raises:
            NotImplementedError: in this base class.
        """
        raise NotImplementedError(f"{type(self).__name__}: define __call__(self, shape, dtype=None) in the class.")

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make an initializer from the result of `get_config()`."""
        return cls(**config)

    def clone(self) -> Self:
        """Return another initializer with the same config."""
        return self.from_config(self.get_config())

    def __repr__(self) -> str:
        arguments = ", ".join(f"{key}={value!r}" for key, value in self.get_config().items())
        return f"{type(self).__name__}({arguments})"


class CheckedInitializer(Initializer):
    """Base class of the built-in initializers: checks the arguments of a call, and has `fill` make the tensor.

    Raises:
        ValueError: when called, if the shape has a free or negative size, or for an unknown keyword argument.
        TypeError: when called, if there is no such dtype.
    """

    def __call__(self, shape: Any, dtype: Any = None, **kwargs: Any) -> torch.Tensor:
        """Return a new tensor of this shape and dtype (default `floatx()`) on torch's default device."""
        try:
            dimensions = full_shape(tuple(shape) if isinstance(shape, (np.ndarray, torch.Tensor)) else shape)
        except (TypeError, ValueError):
            raise ValueError(
                f"{type(self).__name__}: shape must be a tuple of ints of at least 0. Received: shape={shape!r}."
            ) from None
        for name, value in kwargs.items():
            if name not in _IGNORED_ARGUMENTS or value is not None:
                raise ValueError(
                    f"{type(self).__name__}: a call takes only shape and dtype. Received: {name}={value!r}."
                )
        return self.fill(dimensions, torch_dtype(floatx() if dtype is None else dtype))

    def fill(self, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
        """Return the tensor, for a shape and dtype that are checked already.

        Raises:
            NotImplementedError: in this base class.
        """
        raise NotImplementedError(f"{type(self).__name__}: define fill(self, shape, dtype) in the class.")

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make an initializer from a config; a `dtype` in it, which TF 1 wrote, is ignored."""
        if "dtype" in config and "dtype" not in inspect.signature(cls).parameters:
            config = {key: value for key, value in config.items() if key != "dtype"}
        return cls(**config)


def finite_number(owner: object, name: str, value: Any) -> int | float:
    """Return a constructor's argument as a Python number, and check that it is finite.

    Raises:
        ValueError: if it is not.

    >>> finite_number(Initializer(), "gain", torch.tensor(2.0))
    2.0
    """
    plain = value.item() if hasattr(value, "item") and getattr(value, "shape", ()) == () else value
    if isinstance(plain, bool) or not isinstance(plain, (int, float)) or not math.isfinite(plain):
        raise ValueError(f"{type(owner).__name__}: {name} must be a finite number. Received: {name}={value!r}.")
    return plain
