"""What is a symbolic tensor: a tensor in a graph, without data?"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer._names import unique_name
from torchkeras_layer._shapes import Shape
from torchkeras_layer._structures import leaves
from torchkeras_layer._tensor_shape import TensorShape
from torchkeras_layer.symbolic.functions import mask_of
from torchkeras_layer.symbolic.input_spec import TensorSpec
from torchkeras_layer.symbolic.other_libraries import tell_loaded_libraries
from torchkeras_layer.symbolic.tensor_methods import TensorMethods, record


class KerasHistory(NamedTuple):
    """The place of a symbolic tensor in a graph.

    Attributes:
        layer: the layer that returned it.
        node_index: number of the layer's call, counted from 0.
        tensor_index: number of the tensor among the outputs of that call.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.Dense(2); y = layer(keras.Input((3,)))
    >>> y._keras_history.layer is layer, y._keras_history.node_index, y._keras_history.tensor_index
    (True, 0, 0)
    """

    layer: Any
    node_index: int
    tensor_index: int


class KerasTensor(TensorMethods):
    """A symbolic tensor: it has no data. `Input` returns one, and so do layers and torch functions called on one.

    Any torch function, operator or tensor method that is applied to it returns another symbolic tensor and adds a node
    to the graph. Whatever needs data raises a TypeError.

    Args:
        shape: tuple of ints and of `None` for free dimensions.
        dtype: dtype or its name; `'string'` too.
        name: name of the tensor; by default `keras_tensor`, numbered.

    Raises:
        TypeError: if `shape` is not a shape or `dtype` not a dtype.

    >>> import torch
    >>> import torchkeras_layer as keras
    >>> x = keras.Input((3,), name="x")
    >>> torch.relu(x @ torch.ones(3, 2)).sum(-1)
    <KerasTensor sum shape=(None,) dtype=float32>
    """

    def __init__(self, shape: Any, dtype: Any = "float32", name: str | None = None) -> None:
        tell_loaded_libraries()
        self._spec = TensorSpec(shape, dtype)
        self.name = unique_name("keras_tensor") if name is None else name
        self._keras_history: KerasHistory | None = None
        self._mask_spec: TensorSpec | None = None
        self._mask: KerasTensor | None = None
        # For the size of a tensor, which is an int or a tuple of ints: how it follows from the arguments of its
        # function, given what stands for each symbolic tensor among these.
        self._remake: Any = None

    @classmethod
    def from_spec(cls, spec: TensorSpec, name: str, mask: TensorSpec | None = None) -> KerasTensor:
        """Create a symbolic tensor from its spec and the spec of its mask.

        >>> KerasTensor.from_spec(TensorSpec((None, 3)), "x")
        <KerasTensor x shape=(None, 3) dtype=float32>
        """
        tensor = cls(spec.shape, spec.dtype, name)
        tensor._mask_spec = mask
        return tensor

    @property
    def shape(self) -> Shape:
        """The shape: a tuple of ints and of `None` for free dimensions, with the methods of TensorFlow's shapes."""
        return TensorShape(self._spec.shape)

    @property
    def dtype(self) -> torch.dtype:
        """The torch dtype. Raises TypeError for strings, which have none."""
        return torch_dtype(self._spec.dtype)

    @property
    def spec(self) -> TensorSpec:
        """The shape and dtype as a `TensorSpec`.

        >>> KerasTensor((None, 3)).spec
        TensorSpec(shape=(None, 3), dtype='float32')
        """
        return self._spec

    @property
    def _keras_shape(self) -> Shape:
        return self._spec.shape

    @property
    def _keras_mask(self) -> KerasTensor | None:
        """The mask of the tensor, also a symbolic tensor; `None` if it has none."""
        if self._mask is None and self._mask_spec is not None:
            self._mask = record(mask_of, self)
        return self._mask

    @_keras_mask.setter
    def _keras_mask(self, mask: KerasTensor | None) -> None:
        self._mask = mask
        self._mask_spec = None if mask is None else mask.spec

    def __deepcopy__(self, memo: dict[int, Any]) -> KerasTensor:
        """Return the tensor itself: a copy would not be part of the graph."""
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
    """Return the leaves of a structure that must contain symbolic tensors only.

    Raises:
        TypeError: if it contains anything else.
    """
    flat = leaves(inputs)
    if not all(map(is_symbolic, flat)):
        raise TypeError(f"{layer_name}: {method}() takes symbolic tensors or None. Received: {inputs!r}.")
    return flat
