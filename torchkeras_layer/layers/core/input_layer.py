"""How is the symbolic input of a graph made?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from torchkeras_layer._dtypes import dtype_name
from torchkeras_layer._names import get_uid
from torchkeras_layer._settings import floatx
from torchkeras_layer._shapes import Shape, as_shape
from torchkeras_layer._structures import leaves
from torchkeras_layer.layer import Layer
from torchkeras_layer.layer.context import prefix_errors
from torchkeras_layer.layer.dry_run import Effects
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.symbolic import KerasTensor, Node
from torchkeras_layer.symbolic.node import set_starter

_MOST_AXES = 64


@dataclass(slots=True)
class InputDtype:
    """The dtype of an input, by its name: 'string' is not a dtype of torch.

    >>> InputDtype("string").name
    'string'
    """

    name: str


@catalog.register()
class InputLayer(Layer):
    """The layer of a symbolic input. `Input` makes it; a `Sequential` may begin with one.

    Args:
        shape: shape of one input without the batch; `None` for a free axis. Give this, `batch_shape` or `input_tensor`.
        batch_size: size of the batch, with `shape`.
        dtype: default `floatx()`; 'string' for layers such as `TextVectorization`.
        name: default `input_1`, `input_2`, …
        batch_shape: shape with the batch; also called `batch_input_shape`.
        input_tensor: a symbolic tensor whose shape and dtype are used; one that was made by `KerasTensor(shape)`
            becomes the output itself.
        input_shape: another name of `shape`.
        optional: whether a model may be given `None` for this input, which then reaches the layers that take it.

    Raises:
        ValueError: if no shape or several shapes are given, if a size is negative, or for `sparse` or `ragged`.
        TypeError: if a shape is not a tuple of ints and `None`, or `optional` not a bool.

    >>> InputLayer((3,), name="features").output
    <KerasTensor features shape=(None, 3) dtype=float32>
    """

    def __init__(
        self,
        shape: Any = None,
        batch_size: int | None = None,
        dtype: Any = None,
        *,
        input_tensor: Any = None,
        name: str | None = None,
        batch_shape: Any = None,
        batch_input_shape: Any = None,
        input_shape: Any = None,
        sparse: bool = False,
        ragged: bool = False,
        optional: bool = False,
    ) -> None:
        if sparse or ragged:
            raise ValueError(
                "Input: sparse and ragged inputs are not supported. "
                f"Received: sparse={sparse!r}, ragged={ragged!r}. Leave the argument out. "
                "See docs/differences.md#arguments-that-are-not-supported"
            )
        if not isinstance(optional, bool):
            raise TypeError(f"Input: optional must be True or False. Received: optional={optional!r}.")
        with prefix_errors("Input"):
            full = _batch_shape(
                {"shape": shape, "input_shape": input_shape},
                {"batch_shape": batch_shape, "batch_input_shape": batch_input_shape},
                batch_size,
                input_tensor,
            )
            name_of_dtype = _dtype_name(dtype, input_tensor)
        super().__init__(name=f"input_{get_uid('input')}" if name is None else name, autocast=False)
        self.batch_shape, self.optional = full, optional
        self._torchkeras.derived = InputDtype(name_of_dtype)
        self._torchkeras.built = True
        is_bare = isinstance(input_tensor, KerasTensor) and input_tensor._keras_history is None
        made = KerasTensor(full, name_of_dtype, name=self._torchkeras.name)
        Node(self, (), {}, input_tensor if is_bare else made, Effects())

    @property
    def dtype(self) -> str:
        """Name of the dtype of the input."""
        return self._torchkeras.derived.name

    @property
    def sparse(self) -> bool:
        """Whether the input is sparse, which it never is here.

        >>> InputLayer((3,)).sparse
        False
        """
        return False

    def call(self, inputs: Any) -> Any:
        """Return the inputs."""
        return inputs

    def get_config(self) -> dict[str, Any]:
        """Return shape, dtype and name, and `optional` if it is true.

        >>> InputLayer((3,), name="x").get_config()
        {'batch_shape': (None, 3), 'dtype': 'float32', 'name': 'x'}
        """
        config = {"batch_shape": self.batch_shape, "dtype": self.dtype, "name": self._torchkeras.name}
        return {**config, "optional": True} if self.optional else config

    def __repr__(self) -> str:
        return f"InputLayer(name={self.name!r}, batch_shape={self.batch_shape}, dtype={self.dtype!r})"


def Input(  # noqa: N802
    shape: Any = None,
    batch_size: int | None = None,
    dtype: Any = None,
    name: str | None = None,
    tensor: Any = None,
    *,
    batch_shape: Any = None,
    sparse: bool = False,
    ragged: bool = False,
    optional: bool = False,
) -> KerasTensor:
    """Return a symbolic tensor with which a graph begins. Arguments and errors are those of `InputLayer`.

    >>> Input((None, 8), batch_size=4, dtype="int64", name="tokens")
    <KerasTensor tokens shape=(4, None, 8) dtype=int64>
    """
    layer = InputLayer(
        shape,
        batch_size,
        dtype,
        input_tensor=tensor,
        name=name,
        batch_shape=batch_shape,
        sparse=sparse,
        ragged=ragged,
        optional=optional,
    )
    return layer.output


@set_starter
def begin_at(tensor: KerasTensor) -> InputLayer:
    """Make the input layer of a symbolic tensor that was made by hand.

    >>> begin_at(KerasTensor((None, 3), name="x"))
    InputLayer(name='x', batch_shape=(None, 3), dtype='float32')
    """
    return InputLayer(input_tensor=tensor, name=tensor.name)


def _dtype_name(dtype: Any, tensor: Any) -> str:
    if dtype is None and isinstance(tensor, KerasTensor):
        # Strings have no dtype of torch.
        return tensor.spec.dtype
    given = dtype if dtype is not None else getattr(tensor, "dtype", None)
    return floatx() if given is None else dtype_name(given)


def _batch_shape(without: dict[str, Any], full: dict[str, Any], batch_size: int | None, tensor: Any) -> Shape:
    if isinstance(batch_size, (str, torch.dtype)):
        raise TypeError(f"batch_size must be an int or None. Received: {batch_size=}. Write dtype={batch_size!r}.")
    of_tensor = next((value for value in without.values() if isinstance(value, torch.Tensor)), None)
    if of_tensor is not None:
        raise TypeError(
            f"shape must be a tuple of ints and None. Received: a tensor of shape {tuple(of_tensor.shape)}. Write "
            f"Input({tuple(of_tensor.shape[1:])}), or call the model on the tensor."
        )
    if batch_size is not None and any(value is not None for value in full.values()):
        raise ValueError(f"batch_shape has the batch size in it. Received: {full}, batch_size={batch_size!r}.")
    given = {name: value for name, value in {**without, **full, "tensor": tensor}.items() if value is not None}
    if len(given) != 1:
        raise ValueError(
            f"expected one of shape (without the batch), batch_shape and tensor. Received: {given or 'none of them'}."
        )
    ((name, value),) = given.items()
    if name == "tensor":
        if not hasattr(value, "shape"):
            raise TypeError(f"tensor must be a tensor. Received: {value!r}.")
        return tuple(value.shape)
    if isinstance(value, int) and not isinstance(value, bool) and name in without:
        value = (value,)
    shape = as_shape(value) if name in full else as_shape((batch_size, *as_shape(value)))
    if len(shape) > _MOST_AXES:
        raise ValueError(f"the rank must be at most {_MOST_AXES}. Received: a shape of rank {len(shape)}.")
    if any(size is not None and size < 0 for size in leaves(shape)):
        raise ValueError(f"sizes must not be negative. Received: {name}={value!r}, {batch_size=}.")
    return shape
