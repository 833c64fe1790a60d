"""Which inputs does a layer accept, and how are the shape and dtype of a tensor described without the tensor?"""

from __future__ import annotations

import reprlib
from typing import Any

import numpy as np
import torch

from torchkeras_layer._call_mistakes import rank_advice
from torchkeras_layer._dtypes import dtype_name, torch_dtype
from torchkeras_layer._shapes import Shape, as_dimension, as_shape
from torchkeras_layer._structures import leaves


class TensorSpec:
    """The shape and dtype of a tensor.

    Args:
        shape: tuple of ints and of `None` for free dimensions.
        dtype: dtype or its name.
        name: stored only.

    Raises:
        TypeError: if `shape` is not a shape or `dtype` not a dtype.

    >>> TensorSpec((None, 3), "int64")
    TensorSpec(shape=(None, 3), dtype='int64')
    """

    __slots__ = ("dtype", "name", "shape")

    shape: Shape
    dtype: str
    name: str | None

    def __init__(self, shape: Any, dtype: Any = "float32", name: str | None = None) -> None:
        self.shape = as_shape(shape)
        self.dtype = dtype_name(dtype)
        self.name = name

    @classmethod
    def from_tensor(cls, tensor: Any, name: str | None = None) -> TensorSpec:
        """Return the shape and dtype of a tensor.

        >>> TensorSpec.from_tensor(torch.ones(2, 3))
        TensorSpec(shape=(2, 3), dtype='float32')
        """
        return cls(tuple(tensor.shape), tensor.dtype, name)

    def is_compatible_with(self, tensor: Any) -> bool:
        """Whether a tensor, or another spec, has this dtype and a shape that fits this one.

        >>> TensorSpec((None, 3)).is_compatible_with(TensorSpec((7, 3)))
        True
        """
        if dtype_name(tensor.dtype) != self.dtype or len(tensor.shape) != len(self.shape):
            return False
        pairs = zip(self.shape, tensor.shape, strict=True)
        return all(own is None or other is None or own == other for own, other in pairs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TensorSpec) and (other.shape, other.dtype) == (self.shape, self.dtype)

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype))

    def __repr__(self) -> str:
        return f"TensorSpec(shape={self.shape}, dtype={self.dtype!r})"


# The number of leaves of a structure that an error message shows.
_MOST_LEAVES = 12


class InputSpec:
    """The dtype, shape, rank and sizes of axes that one input of a layer must have. Arguments left out are not checked.

    Args:
        dtype: dtype or its name.
        shape: tuple of ints and of `None` for free dimensions; it determines `ndim`.
        ndim: the rank.
        max_ndim: the greatest rank.
        min_ndim: the least rank.
        axes: dict from axes, which may be negative, to their sizes; `None` accepts any size.
        allow_last_axis_squeeze: whether an input may lack a last axis of size 1, or have one more than `shape`.
        name: key of the input, if inputs are a dict.
        optional: whether the input may be `None`.

    Raises:
        TypeError: if an argument has the wrong type.
        ValueError: if an axis does not exist for `ndim` or `max_ndim`.

    >>> InputSpec(min_ndim=2, axes={-1: 3})
    InputSpec(min_ndim=2, axes={-1: 3})
    >>> InputSpec(dtype="float32", shape=(None, 3))
    InputSpec(dtype=float32, shape=(None, 3), ndim=2)
    """

    def __init__(
        self,
        dtype: Any = None,
        shape: Any = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: dict[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        self._torch_dtype = None if dtype is None else torch_dtype(dtype)
        self.dtype = None if dtype is None else str(self._torch_dtype).removeprefix("torch.")
        self.shape = None if shape is None else as_shape(shape)
        self.ndim = as_dimension(ndim) if self.shape is None else len(self.shape)
        self.max_ndim = as_dimension(max_ndim)
        self.min_ndim = as_dimension(min_ndim)
        self.axes = self._read_axes(axes)
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        self.name = name
        self.optional = optional
        self._one_axis = self._find_one_axis()

    def _find_one_axis(self) -> tuple[int, int, int | None, int | None] | None:
        """Return (least rank, greatest rank, axis, size) if the spec contains nothing else, which is fast to check."""
        if len(self.axes) > 1 or self.shape is not None or self._torch_dtype is not None:
            return None
        least = self.min_ndim if self.ndim is None else self.ndim
        most = self.max_ndim if self.ndim is None else self.ndim
        if not self.axes:
            return (0 if least is None else least), 64 if most is None else most, None, None
        ((axis, size),) = self.axes.items()
        if least is None or size is None or not -least <= axis < least:
            return None
        return least, 64 if most is None else most, axis, size

    def _read_axes(self, axes: Any) -> dict[int, int | None]:
        try:
            sizes = {int(axis): as_dimension(size) for axis, size in (axes or {}).items()}
        except (AttributeError, TypeError, ValueError):
            raise TypeError(
                f"InputSpec: axes must be a dict from ints to sizes, such as {{-1: 3}}. Received: axes={axes!r}."
            ) from None
        rank = self.ndim if self.ndim is not None else self.max_ndim
        for axis in sizes:
            if rank is not None and not -rank <= axis < rank:
                raise ValueError(
                    f"InputSpec: axis {axis} does not exist in inputs of rank {rank}. Received: axes={axes!r}."
                )
        return sizes

    def accepts(self, tensor: Any) -> bool:
        """Whether a tensor fits the spec; calls use this fast check.

        >>> import torch
        >>> InputSpec(ndim=2).accepts(torch.ones(3))
        False
        """
        if self._one_axis is not None:
            least, most, axis, size = self._one_axis
            return least <= tensor.dim() <= most and (axis is None or tensor.size(axis) == size)
        return self.fault_of(tensor) is None

    def fault_of(self, tensor: Any) -> str | None:
        """Return what is wrong with a tensor as text, or `None` if it fits the spec.

        >>> import torch
        >>> InputSpec(axes={-1: 3}).fault_of(torch.ones(2, 4))
        'expected axis -1 to have size 3, found size 4'
        """
        return next(self._faults(tensor), None)

    def _faults(self, tensor: Any):
        shape, expected = tuple(tensor.shape), self.shape
        if self.allow_last_axis_squeeze and expected is not None:
            shape = shape[:-1] if shape and shape[-1] == 1 else shape
            expected = expected[:-1] if expected and expected[-1] == 1 else expected
        elif self.ndim is not None and len(shape) != self.ndim:
            yield f"expected ndim={self.ndim}, found ndim={len(shape)}"
        if self.max_ndim is not None and len(shape) > self.max_ndim:
            yield f"expected max_ndim={self.max_ndim}, found ndim={len(shape)}"
        if self.min_ndim is not None and len(shape) < self.min_ndim:
            yield f"expected min_ndim={self.min_ndim}, found ndim={len(shape)}"
        if self._torch_dtype is not None and tensor.dtype is not self._torch_dtype:
            yield f"expected dtype={self.dtype}, found dtype={str(tensor.dtype).removeprefix('torch.')}"
        yield from self._axis_faults(tuple(tensor.shape))
        pairs = zip(expected or (), shape, strict=False)
        if any(own is not None and other is not None and own != other for own, other in pairs):
            yield f"expected shape={self.shape}, found shape={tuple(tensor.shape)}"

    def _axis_faults(self, shape: tuple[int | None, ...]):
        for axis, size in self.axes.items():
            if not -len(shape) <= axis < len(shape):
                yield f"expected an axis {axis}, found rank {len(shape)}"
            elif size is not None and shape[axis] not in (size, None):
                yield f"expected axis {axis} to have size {size}, found size {shape[axis]}"

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate this spec.

        >>> InputSpec.from_config(InputSpec(ndim=2).get_config())
        InputSpec(ndim=2)
        """
        names = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes", "optional")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> InputSpec:
        """Create a spec from what `get_config()` returned.

        >>> InputSpec.from_config({"min_ndim": 2})
        InputSpec(min_ndim=2)
        """
        return cls(**config)

    def __repr__(self) -> str:
        names = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes")
        given = [(name, getattr(self, name)) for name in names]
        return f"InputSpec({', '.join(f'{n}={v}' for n, v in given if v is not None and v != {})})"


def check_input_spec(spec: Any, inputs: Any, layer_name: str, layer: Any = None) -> None:
    """Check the first argument of a call against a layer's `input_spec`.

    Args:
        spec: the layer's specs.
        inputs: the first argument.
        layer_name: begins the messages.
        layer: the layer, whose class may say what to write for the shape of an input that does not fit.

    Raises:
        ValueError: if the number of inputs is wrong, or one of them does not fit.
        TypeError: if an input is not a tensor.

    >>> import torch
    >>> check_input_spec(InputSpec(ndim=2), torch.ones(2, 3), "dense")
    """
    if not spec:
        return
    specs = leaves(spec)
    values = _match_inputs(specs, inputs, layer_name)
    if len(values) != len(specs):
        way_out = (
            "Call the layer on each tensor, or join them first, as in `keras.layers.Concatenate()([a, b])`; of a batch "
            "(inputs, labels), pass the inputs only."
            if len(specs) == 1
            else "Pass several inputs as a list, tuple or dict."
        )
        raise ValueError(
            f"{layer_name}: expects {len(specs)} input(s), but received {len(values)}. Received: {describe(inputs)}. "
            f"{way_out}"
        )
    for index, (one, value) in enumerate(zip(specs, values, strict=True)):
        if one is None or (one.optional and value is None):
            continue
        if not hasattr(value, "shape"):
            raise TypeError(f"{layer_name}: input {index} must be a tensor. Received: {value!r}.")
        fault = one.fault_of(value)
        if fault is not None:
            shape = tuple(value.shape)
            advise = getattr(layer, "_torchkeras_advise", lambda shape: "")
            advice = advise(shape) or rank_advice(shape, one.ndim, one.min_ndim)
            raise ValueError(
                f"{layer_name}: input {index} does not fit the layer: {fault}. "
                f"Received: {_kind_of(value)} of shape {shape}. {advice}".rstrip()
            )


def _kind_of(value: Any) -> str:
    return f"an array of dtype {value.dtype}" if isinstance(value, np.ndarray) else "a tensor"


def _match_inputs(specs: list[Any], inputs: Any, layer_name: str) -> list[Any]:
    names = [getattr(spec, "name", None) for spec in specs]
    if not isinstance(inputs, dict) or not all(names):
        return leaves(inputs)
    missing = [name for name in names if name not in inputs]
    if missing:
        raise ValueError(
            f"{layer_name}: there is no input {missing[0]!r}. Received keys: {list(inputs)}. Expected keys: {names}."
        )
    return [inputs[name] for name in names]


def describe(inputs: Any) -> str:
    """Return the shapes of the first leaves of a nested structure as text, for error messages.

    >>> import torch
    >>> describe([torch.ones(2, 3), None])
    '(2, 3), None'
    """
    flat = leaves(inputs)
    words = [_shape_in_words(leaf) if hasattr(leaf, "shape") else reprlib.repr(leaf) for leaf in flat[:_MOST_LEAVES]]
    return ", ".join(words + [f"… ({len(flat)} in all)"] * (len(flat) > _MOST_LEAVES))


def _shape_in_words(tensor: Any) -> str:
    return str(tuple(None if isinstance(size, torch.SymInt) else size for size in tensor.shape))
