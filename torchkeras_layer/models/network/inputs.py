"""How are the inputs of a call adapted to the tensors, or strings, that a network takes?"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Collection
from typing import Any

import numpy as np
import torch

from torchkeras_layer._call_mistakes import image_advice, rank_advice
from torchkeras_layer._dtypes import STRING, torch_dtype
from torchkeras_layer._shapes import Shape
from torchkeras_layer._structures import in_order, keys_in_order, leaves, map_leaves, places_in_order
from torchkeras_layer.layer.context import per_thread
from torchkeras_layer.symbolic import TensorSpec
from torchkeras_layer.symbolic.input_spec import describe


class InputAdapter:
    """Adapts the inputs of calls to the inputs of a model.

    `structure`: names of the inputs, nested as the model was given them; `names` and `specs`: name, and shape and dtype
    of each, in the order of `model.inputs`; `only`: whether there is just one; `rank` and `sizes`: its rank, and its
    known axes and their sizes, without the batch; `takes_strings`: whether one is for strings; `has_dicts`: whether
    there is a dict in `structure`; `optional`: names of the inputs that may be `None`.
    """

    __slots__ = (
        "has_dicts",
        "model_name",
        "names",
        "only",
        "optional",
        "rank",
        "sizes",
        "specs",
        "structure",
        "takes_strings",
    )

    def __init__(self, model_name: str, structure: Any, specs: list[TensorSpec], optional: Collection[str]) -> None:
        self.model_name = model_name
        self.optional = optional
        self.structure = structure
        self.names: list[str] = in_order(structure)
        self.specs = specs
        # Most models have one input, which is quick to check.
        self.only = isinstance(structure, str)
        self.takes_strings = any(spec.dtype == STRING for spec in specs)
        self.has_dicts = _has_dicts(structure)
        self.rank = len(specs[0].shape)
        # As in Keras, any batch size runs, unless a stateful layer inside refuses it.
        self.sizes = [(axis, size) for axis, size in enumerate(specs[0].shape) if axis and size is not None]

    def accepts_as_it_is(self, inputs: Any, mask: Any, dtype: torch.dtype | str) -> bool:
        """Whether the inputs are the one tensor that the network takes, and `mask` is the mask that it carries."""
        if not (self.only and isinstance(inputs, torch.Tensor)) or inputs.dtype is not dtype:
            return False
        if getattr(inputs, "_keras_mask", None) is not mask:
            return False
        shape = inputs.shape
        return len(shape) == self.rank and all(shape[axis] == size for axis, size in self.sizes)

    def flatten(self, inputs: Any, warns: bool = True) -> list[Any]:
        """Return the inputs of a call as a flat list in the order of `model.inputs`.

        Further keys of a dict are ignored, with a warning if `warns`. An optional input may be `None` or missing.

        Raises:
            ValueError: if one is missing, or there are too many.
        """
        if self.takes_strings:
            inputs = with_arrays_for_strings(inputs, self.only)
        if isinstance(inputs, dict) and not isinstance(self.structure, dict):
            self._check_keys(inputs, dict(zip(self.names, self.names, strict=True)), warns)
            return [inputs.get(name) for name in self.names]
        flat = self._flatten_like(self.structure, inputs, warns) if self.has_dicts else in_order(inputs)
        if len(flat) != len(self.names):
            raise ValueError(
                f"{self.model_name}: expects {len(self.names)} input(s), {self.names}. "
                f"Received {len(flat)}: {describe(inputs)}. Pass several inputs in one list, or in a dict by name."
            )
        return flat

    def _flatten_like(self, structure: Any, inputs: Any, warns: bool) -> list[Any]:
        """Return the leaves of inputs in the order of the structure's; its dicts decide the keys that there must be."""
        if isinstance(structure, dict) and isinstance(inputs, dict):
            self._check_keys(inputs, structure, warns)
            pairs: Any = ((structure[key], inputs.get(key)) for key in keys_in_order(structure))
        elif isinstance(structure, (list, tuple)) and _are_as_many(structure, inputs):
            pairs = zip(structure, inputs, strict=True)
        else:
            return in_order(inputs)
        return [leaf for part, given in pairs for leaf in self._flatten_like(part, given, warns)]

    def _check_keys(self, inputs: dict[Any, Any], wanted: dict[Any, Any], warns: bool) -> None:
        missing = [key for key, part in wanted.items() if key not in inputs and not self._is_optional(part)]
        if missing:
            raise ValueError(
                f"{self.model_name}: input {missing[0]!r} is missing. Received keys: {list(inputs)}. "
                f"Expected: {list(wanted)}."
            )
        surplus = [key for key in inputs if key not in wanted]
        # torch.compile cannot trace the warning.
        if surplus and warns and not torch.compiler.is_dynamo_compiling():
            warnings.warn(
                f"{self.model_name}: there is no input {surplus[0]!r}, which is ignored. Received keys: "
                f"{list(inputs)}. Expected: {list(wanted)}. Leave out the others.",
                stacklevel=2,
            )

    def _is_optional(self, part: Any) -> bool:
        return isinstance(part, str) and part in self.optional

    def conform(self, tensor: Any, position: int, dtype: torch.dtype | str) -> Any:
        """Return an input with the rank and dtype of its `Input`; a last axis of size 1 is added or removed.

        Raises:
            ValueError: if its shape does not fit.
            TypeError: if it is not a tensor, nor `None` for an optional input.
        """
        spec, name = self.specs[position], self.names[position]
        if tensor is None and name in self.optional:
            return None
        if isinstance(dtype, str):
            return conform_strings(self.model_name, name, tensor, spec.shape)
        if not isinstance(tensor, torch.Tensor):
            hint = " Make it with `Input(shape, optional=True)` if it may be None." if tensor is None else ""
            raise TypeError(f"{self.model_name}: input {name!r} must be a tensor. Received: {tensor!r}.{hint}")
        fitted, rank = tensor, len(spec.shape)
        if tensor.dim() == rank + 1 and tensor.shape[-1] == 1:
            fitted = tensor.squeeze(-1)
        elif tensor.dim() == rank - 1 and spec.shape[-1] in (1, None):
            fitted = tensor.unsqueeze(-1)
        if fitted.dim() != rank or not all(map(_fits, spec.shape[1:], fitted.shape[1:])):
            found = tuple(None if _is_free(size) else size for size in tensor.shape)
            raise ValueError(
                f"{self.model_name}: input {name!r} does not fit the model: expected shape={spec.shape}. "
                f"Received: shape={found}. {_shape_advice(spec.shape, found)}".rstrip()
            )
        mask = getattr(tensor, "_keras_mask", None)
        fitted = fitted if fitted.dtype is dtype else fitted.to(dtype)
        if mask is not None and fitted is not tensor:
            fitted._keras_mask = mask  # type: ignore[attr-defined]
        return fitted


def _shape_advice(expected: Shape, found: tuple[Any, ...]) -> str:
    """Return what to write if an input lacks the batch axis, or the shape that `Input` was given has it, else ''."""
    if found == expected[1:] and found:
        return (
            f"Input and input_shape take shapes without the batch axis; for one sample, write x[None], {(1, *found)}."
        )
    images = image_advice(len(expected) - 2, found, channels_last=True) if len(expected) == 4 else ""
    return rank_advice(found, len(expected), None) or (images if len(found) == 4 else "")


def _fits(expected: int | None, size: int) -> bool:
    return expected is None or _is_free(size) or expected == size


def _is_free(size: int) -> bool:
    """Whether a size is a symbol for a free axis, and not one of torch.compile's."""
    return per_thread.context.is_tracing and isinstance(size, torch.SymInt)


def _has_dicts(structure: Any) -> bool:
    return isinstance(structure, dict) or (isinstance(structure, (list, tuple)) and any(map(_has_dicts, structure)))


def _are_as_many(structure: list[Any] | tuple[Any, ...], inputs: Any) -> bool:
    return isinstance(inputs, (list, tuple)) and len(inputs) == len(structure)


def adapter_for(model_name: str, structure: Any, specs: list[TensorSpec], layers: list[Any]) -> InputAdapter:
    """Return the adapter for inputs in a structure whose leaves may be anything.

    `specs` and `layers`, the `InputLayer`s, are in the order of `model.inputs`.
    """
    names = [layer.name for layer in layers]
    optional = frozenset(layer.name for layer in layers if layer.optional)
    remaining = dict(zip(places_in_order(structure), names, strict=True))
    places = itertools.count()
    return InputAdapter(model_name, map_leaves(lambda _: remaining[next(places)], structure), specs, optional)


def dtype_at(spec: TensorSpec, creation: torch.dtype, now: torch.dtype) -> torch.dtype | str:
    """Return the dtype that an input is cast to: that of its `Input`, or the model's if that was the model's.

    Args:
        spec: shape and dtype of the `Input`.
        creation: compute dtype of the model when its graph was made.
        now: compute dtype of the model now.

    Returns:
        A torch dtype, or 'string'.

    >>> dtype_at(TensorSpec((None,), "float32"), torch.float32, torch.bfloat16)
    torch.bfloat16
    >>> dtype_at(TensorSpec((None,), "int64"), torch.float32, torch.bfloat16)
    torch.int64
    """
    if spec.dtype == STRING:
        return STRING
    dtype = torch_dtype(spec.dtype)
    return now if dtype is creation else dtype


def with_arrays_for_strings(inputs: Any, is_one: bool) -> Any:
    """Return the inputs of a call with an array in place of each string and each (nested) list of strings.

    Args:
        inputs: the inputs.
        is_one: whether the network has one input; if not, a list contains several.

    >>> with_arrays_for_strings(["a", "b"], is_one=True)
    array(['a', 'b'], dtype=object)
    >>> with_arrays_for_strings({"text": ["a"], "number": 1.0}, is_one=False)
    {'text': array(['a'], dtype=object), 'number': 1.0}
    """
    if isinstance(inputs, dict):
        return {name: _as_array(value) for name, value in inputs.items()}
    if is_one or not isinstance(inputs, (list, tuple)):
        return _as_array(inputs)
    return [_as_array(value) for value in inputs]


def conform_strings(model_name: str, name: str, strings: Any, shape: Shape) -> np.ndarray:
    """Return strings with the rank of their `Input`; a last axis of size 1 is added or removed.

    Raises:
        TypeError: if they are not strings.
        ValueError: if their shape does not fit.

    >>> conform_strings("model", "text", np.array(["a", "b"], dtype=object), (None, 1)).shape
    (2, 1)
    """
    if not (isinstance(strings, np.ndarray) and strings.dtype.kind in "OSUT"):
        raise TypeError(f"{model_name}: input {name!r} must be strings. Received: {strings!r}.")
    fitted, rank = strings, len(shape)
    if strings.ndim == rank + 1 and strings.shape[-1] == 1:
        fitted = strings[..., 0]
    elif strings.ndim == rank - 1 and shape[-1] in (1, None):
        fitted = strings[..., np.newaxis]
    pairs = zip(shape[1:], fitted.shape[1:], strict=False)
    if fitted.ndim != rank or not all(size in (None, found) for size, found in pairs):
        raise ValueError(
            f"{model_name}: input {name!r} does not fit the model: expected shape={shape}. "
            f"Received: shape={strings.shape}."
        )
    return fitted


def _as_array(value: Any) -> Any:
    is_list = isinstance(value, (list, tuple))
    if isinstance(value, (str, bytes)) or (is_list and all(isinstance(leaf, (str, bytes)) for leaf in leaves(value))):
        return np.array(value, dtype=object)
    return value
