"""What do the layers that take raw data, numbers or strings, have in common?"""

from __future__ import annotations

import reprlib
from typing import Any

import numpy as np
import torch

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer._settings import floatx
from torchkeras_layer._structures import leaves
from torchkeras_layer.layer import Layer
from torchkeras_layer.layer.context import may_be_traced, run_untraced
from torchkeras_layer.layer.dtypes import weights_device
from torchkeras_layer.layers.built_in_layer import BuiltInLayer
from torchkeras_layer.symbolic import InputSpec
from torchkeras_layer.symbolic.keras_tensor import is_symbolic


class DataLayer(BuiltInLayer):
    """Base of layers that are called on raw data: a (nested) list of numbers is read as one tensor.

    Args:
        *args, **kwargs: those of `BuiltInLayer`.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Rescaling(2.0)([[1, 2], [3, 4]])
    tensor([[2., 4.],
            [6., 8.]])
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The input must be one tensor, and not a list of tensors.
        self.input_spec = InputSpec()

    def _torchkeras_read_inputs(self, inputs: Any) -> Any:
        return read_numeric_inputs(self, inputs)


class StringLayer(DataLayer):
    """Base of layers on strings. They are never traced, because torch has no tensors of strings.

    Args:
        *args, **kwargs: those of `BuiltInLayer`.

    >>> import torchkeras_layer as keras
    >>> keras.layers.TextVectorization().dynamic
    True
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "dynamic": True})
        self._torchkeras.autocast = False

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Run the layer; torch calls this."""
        # The whole call is untraced, because the compiler would compile a graph for each string.
        if may_be_traced():
            return run_untraced(super().forward, *args, **kwargs)
        return super().forward(*args, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate this layer, without `autocast` and `dynamic`."""
        # Keras does not accept these two.
        return {name: value for name, value in super().get_config().items() if name not in ("autocast", "dynamic")}

    def _torchkeras_read_inputs(self, inputs: Any) -> Any:
        return as_string_array(self, inputs)


def read_numeric_inputs(layer: BuiltInLayer, inputs: Any) -> Any:
    """Return the inputs as tensors: a (nested) list of numbers as one, a list of tensors or arrays as a list.

    Raises:
        TypeError: if they contain anything but numbers.
        ValueError: if the rows of a list differ in length.

    >>> read_numeric_inputs(DataLayer(), [[1, 2], [3, 4]])
    tensor([[1, 2],
            [3, 4]])
    """
    if isinstance(inputs, (list, tuple)) and all(isinstance(leaf, (bool, int, float)) for leaf in leaves(inputs)):
        return _list_as_tensor(layer, inputs)
    tensors = BuiltInLayer._torchkeras_read_inputs(layer, inputs)
    if not all(isinstance(leaf, torch.Tensor) or is_symbolic(leaf) for leaf in leaves(tensors)):
        raise TypeError(
            f"{layer.name}: expects a tensor, an array or a (nested) list of numbers. Received: {reprlib.repr(inputs)}."
        )
    return tensors


def _list_as_tensor(layer: Layer, numbers: Any) -> torch.Tensor:
    try:
        array = np.asarray(numbers)
    except ValueError:
        raise ValueError(f"{layer.name}: the rows of a list must have equal lengths. Received: {numbers!r}.") from None
    dtype = torch_dtype(floatx()) if array.dtype.kind == "f" or not array.size else None
    return torch.as_tensor(array, dtype=dtype, device=weights_device(layer))


def in_compute_dtype(layer: Layer, inputs: torch.Tensor) -> torch.Tensor:
    """Return the inputs in the compute dtype of a layer.

    >>> in_compute_dtype(Layer(), torch.tensor([1, 2]))
    tensor([1., 2.])
    """
    # Even a cast to the same dtype takes as long as an addition of small tensors.
    dtype = layer._torchkeras.compute_dtype
    return inputs if inputs.dtype is dtype else inputs.to(dtype)


def holds_strings(inputs: Any) -> bool:
    """Whether a value is a string, an array of strings, or a (nested) list that begins with one.

    >>> holds_strings([["a"]]), holds_strings(np.array([1])), holds_strings([])
    (True, False, True)
    """
    while isinstance(inputs, (list, tuple)):
        if not inputs:
            return True
        inputs = inputs[0]
    if isinstance(inputs, np.ndarray):
        return inputs.dtype.kind in "OSUT"
    return isinstance(inputs, (str, bytes))


def as_string_array(layer: Layer, inputs: Any) -> Any:
    """Return strings, or nested lists of them, as an array of objects; symbolic inputs unchanged.

    Raises:
        TypeError: for a tensor or an array of numbers.
        ValueError: if the rows of a list differ in length.

    >>> as_string_array(Layer(), [["a", "b"], ["c", "d"]]).shape
    (2, 2)
    """
    if is_symbolic(inputs):
        return inputs
    if isinstance(inputs, torch.Tensor) or (isinstance(inputs, np.ndarray) and inputs.dtype.kind not in "OSUT"):
        raise TypeError(
            f"{layer.name}: expects strings: a str, a (nested) list of them, or an array. Received: "
            f"{'a tensor' if isinstance(inputs, torch.Tensor) else 'an array'} of {inputs.dtype}."
        )
    array = np.array(inputs, dtype=object)
    if array.size and isinstance(array.flat[0], (list, tuple, np.ndarray)):
        raise ValueError(f"{layer.name}: the rows of a list of strings must have equal lengths. Received: {inputs!r}.")
    return array


def as_bytes(layer: Layer, array: np.ndarray) -> list[bytes]:
    """Return all strings of an array as a flat list of bytes in UTF-8; bytes are returned unchanged.

    Raises:
        TypeError: if one is not a string.
        ValueError: if one cannot be encoded in UTF-8.

    >>> as_bytes(Layer(), np.array([["a", "é"]], dtype=object))
    [b'a', b'\\xc3\\xa9']
    """
    strings = array.ravel().tolist()
    try:
        return [string.encode() for string in strings]
    except (AttributeError, UnicodeEncodeError):
        return [string if isinstance(string, bytes) else _encoded(layer, string) for string in strings]


def _encoded(layer: Layer, string: Any) -> bytes:
    if not isinstance(string, str):
        raise TypeError(f"{layer.name}: expects strings. Received: {string!r} of type {type(string).__name__}.")
    try:
        return string.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{layer.name}: strings must be encodable in UTF-8. Received: {string!r}: {error}.") from None
