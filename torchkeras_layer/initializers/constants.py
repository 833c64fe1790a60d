"""Which initializers return fixed numbers: zeros, ones, a constant, an identity matrix?"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from torchkeras_layer.initializers._catalog import catalog
from torchkeras_layer.initializers.base import CheckedInitializer, finite_number
from torchkeras_layer.registry import deserialize_keras_object, serialize_keras_object


@catalog.register("zero", "ZerosV2")
class Zeros(CheckedInitializer):
    """All zeros, in any dtype.

    >>> Zeros()((2,), dtype="int32")
    tensor([0, 0], dtype=torch.int32)
    """

    def fill(self, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
        """Return the tensor."""
        return torch.zeros(shape, dtype=dtype)


@catalog.register("one", "OnesV2")
class Ones(CheckedInitializer):
    """All ones, in any dtype.

    >>> Ones()((2,), dtype="bool")
    tensor([True, True])
    """

    def fill(self, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
        """Return the tensor."""
        return torch.ones(shape, dtype=dtype)


@catalog.register("ConstantV2")
class Constant(CheckedInitializer):
    """A constant: one number, or an array of the requested shape.

    An array is not broadcast to another shape, because that is more often a mistake. An integer dtype truncates the
    numbers.

    Args:
        value: number, or array of numbers.

    Raises:
        ValueError: if `value` is not a number or an array of numbers; when called, if the array has another shape, or
            a number does not fit into the dtype.

    >>> Constant(0.5)((2,)), Constant([1, 2])((2,))
    (tensor([0.5000, 0.5000]), tensor([1., 2.]))
    """

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value
        self._check(value)

    def _check(self, value: Any) -> None:
        if isinstance(value, torch.Tensor):
            return
        try:
            is_numeric = np.asarray(value).dtype.kind in "biufc"
        except ValueError:
            is_numeric = False
        if not is_numeric:
            raise ValueError(f"Constant: value must be a number or an array of numbers. Received: value={value!r}.")

    def fill(self, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
        """Return the tensor, which does not share memory with the value."""
        if isinstance(self.value, (bool, int, float, complex, np.generic)):
            return self._full(shape, dtype)
        source = self.value if isinstance(self.value, torch.Tensor) else torch.tensor(np.array(self.value))
        if source.numel() == 1:
            source = source.reshape(()).expand(shape)
        if source.shape != shape:
            raise ValueError(
                f"Constant: the value is an array of shape {tuple(source.shape)}. Received: shape={shape}. "
                "Pass one number, or an array of the weight's shape."
            )
        device = torch.get_default_device()
        return source.detach().to(device, dtype, copy=True, memory_format=torch.contiguous_format)

    def _full(self, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
        number = self.value.item() if isinstance(self.value, np.generic) else self.value
        try:
            return torch.full(shape, number, dtype=dtype)
        except (RuntimeError, TypeError, OverflowError) as error:
            raise ValueError(f"Constant: value={number!r} does not fit into {dtype}. {error}") from error

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"value": serialize_keras_object(self.value)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Constant:
        """Make an initializer from a config; its value may be a serialized array."""
        return super().from_config({key: deserialize_keras_object(item) for key, item in config.items()})


@catalog.register("IdentityInitializer", "IdentityV2")
class Identity(CheckedInitializer):
    """A matrix with `gain` on the diagonal and zeros elsewhere.

    Args:
        gain: number on the diagonal.

    Raises:
        ValueError: if `gain` is not a finite number; when called, if the shape is not that of a matrix.

    >>> Identity(gain=2.0)((2, 3))
    tensor([[2., 0., 0.],
            [0., 2., 0.]])
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = finite_number(self, "gain", gain)

    def fill(self, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
        """Return the tensor."""
        if len(shape) != 2:
            raise ValueError(f"{type(self).__name__}: the shape must be that of a matrix. Received: shape={shape}.")
        return (torch.eye(*shape, dtype=dtype) * self.gain).to(dtype)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, including the gain, which Keras 3 omits."""
        return {"gain": self.gain}
