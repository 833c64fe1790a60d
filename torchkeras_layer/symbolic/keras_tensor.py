"""What is a tensor in a graph, before there is any data?"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer._names import unique_name
from torchkeras_layer._shapes import Shape
from torchkeras_layer._structures import leaves
from torchkeras_layer.symbolic.functions import mask_of
from torchkeras_layer.symbolic.input_spec import TensorSpec
from torchkeras_layer.symbolic.tensor_methods import TensorMethods, record


class KerasHistory(NamedTuple):
    """Which output of which call of which layer a symbolic tensor is."""

    layer: Any
    node_index: int
    tensor_index: int


class KerasTensor(TensorMethods):
    """A tensor without data, made by `Input` and by calling layers and torch functions on one.

    It has the `shape`, with `None` for a free axis, the torch `dtype` and a `name`. Any torch function, operator or
    tensor method applied to it gives another one and leaves a node in the graph. What needs data is a TypeError.

    >>> import torch
    >>> import torchkeras_layer as keras
    >>> x = keras.Input((3,), name="x")
    >>> torch.relu(x @ torch.ones(3, 2)).sum(-1)
    <KerasTensor sum shape=(None,) dtype=float32>
    """

    def __init__(self, shape: Any, dtype: Any = "float32", name: str | None = None) -> None:
        self._spec = TensorSpec(shape, dtype)
        self.name = unique_name("keras_tensor") if name is None else name
        self._keras_history: KerasHistory | None = None
        self._mask_spec: TensorSpec | None = None
        self._mask: KerasTensor | None = None

    @classmethod
    def from_spec(cls, spec: TensorSpec, name: str, mask: TensorSpec | None = None) -> KerasTensor:
        """Make one of a shape and dtype, and of those of the mask that it will carry."""
        tensor = cls(spec.shape, spec.dtype, name)
        tensor._mask_spec = mask
        return tensor

    @property
    def shape(self) -> Shape:
        """A tuple of ints, and of `None` for free axes."""
        return self._spec.shape

    @property
    def dtype(self) -> torch.dtype:
        """The torch dtype; strings have none."""
        return torch_dtype(self._spec.dtype)

    @property
    def spec(self) -> TensorSpec:
        """Shape and dtype alone."""
        return self._spec

    @property
    def _keras_shape(self) -> Shape:
        return self._spec.shape

    @property
    def _keras_mask(self) -> KerasTensor | None:
        """The mask that the tensor will carry, as a symbolic tensor of its own; `None` if it will carry none."""
        if self._mask is None and self._mask_spec is not None:
            self._mask = record(mask_of, self)
        return self._mask

    @_keras_mask.setter
    def _keras_mask(self, mask: KerasTensor | None) -> None:
        self._mask = mask
        self._mask_spec = None if mask is None else mask.spec

    def __deepcopy__(self, memo: dict[int, Any]) -> KerasTensor:
        """Return the tensor itself: a copy would stand in no graph."""
        return self

    def __repr__(self) -> str:
        return f"<KerasTensor {self.name} shape={self.shape} dtype={self._spec.dtype}>"


def is_symbolic(value: Any) -> bool:
    """Whether a value is a symbolic tensor.

    >>> is_symbolic(KerasTensor((None, 3))), is_symbolic(3)
    (True, False)
    """
    return isinstance(value, KerasTensor)


def any_symbolic(inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether there is a symbolic tensor anywhere among the arguments of a call.

    >>> any_symbolic([3, KerasTensor((None,))], (), {})
    True
    """
    if is_symbolic(inputs):
        return True
    is_nested = isinstance(inputs, (list, tuple, dict))
    return bool(is_nested or args or kwargs) and any(map(is_symbolic, leaves((inputs, args, kwargs))))


def symbolic_leaves(layer_name: str, method: str, inputs: Any) -> list[KerasTensor]:
    """Return the symbolic tensors in a structure in which there must be no others.

    Raises:
        TypeError: if there is anything else.
    """
    flat = leaves(inputs)
    if not all(map(is_symbolic, flat)):
        raise TypeError(f"{layer_name}: {method}() takes symbolic tensors or None. Received: {inputs!r}.")
    return flat
