"""How do layers assign strings or ints, or combinations of them, to bins by their hash?"""

from __future__ import annotations

import functools
import reprlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from torchkeras_layer._shapes import Shape, as_shape, is_shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.preprocessing.data_layer import as_string_array, holds_strings, read_numeric_inputs
from torchkeras_layer.layers.preprocessing.encoding import encode, encoded_shape
from torchkeras_layer.layers.preprocessing.hash_bins import (
    HashBinLayer,
    StringHashes,
    bins_of,
    bins_of_ints,
    read_salt,
    signed_fingerprints,
)
from torchkeras_layer.symbolic.keras_tensor import is_symbolic

# The constants with which TensorFlow combines the numbers of crossed features: ints, or FarmHash64 of strings. Torch's
# ints are signed, and multiplication wraps around.
_FACTOR = 0xC6A4A7935BD1E995 - 2**64
_START = 0xDECAFCAFFE


@catalog.register()
class Hashing(HashBinLayer):
    """Assign each string or int to a bin: its hash modulo the number of bins, the same numbers as in TensorFlow.

    The inputs are a string, a (nested) list of strings, an array of strings, or a tensor of ints, whose decimal digits
    are hashed. Shapes: any -> the same, in int64; other output modes as for `CategoryEncoding`, in floating point.

    On tensors, it can be compiled and exported. An exported program calls the operator `torchkeras_layer::hash_ints`:
    before loading it, import `torchkeras_layer.layers.preprocessing`.

    Args:
        num_bins: number of bins, that of `mask_value` included.
        mask_value: a value that means padding: it is in bin 0, and nothing else is. By default there is none.
        salt: `None` for FarmHash64; an int, or two ints, for SipHash with this key.
        output_mode: 'int', 'one_hot', 'multi_hot' or 'count'.
        **kwargs: those of `Layer`. The default `dtype` is int64 for 'int', and else `floatx()`.

    Raises:
        ValueError: if `num_bins` is not a positive 64-bit int, `salt` or `output_mode` is invalid, `dtype` is not an
            integer dtype for 'int', or `sparse` is given.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Hashing(3)([["A"], ["B"], ["C"], ["D"], ["E"]]).flatten()
    tensor([1, 0, 1, 1, 2])
    >>> keras.layers.Hashing(3, salt=[133, 137])(["A", "B", "C", "D", "E"])
    tensor([1, 2, 1, 0, 2])
    """

    def __init__(
        self, num_bins: int, mask_value: Any = None, salt: Any = None, output_mode: str = "int", **kwargs: Any
    ) -> None:
        super().__init__(num_bins, output_mode, ("int", "one_hot", "multi_hot", "count"), **kwargs)
        self.mask_value = mask_value
        self.salt = read_salt(self, salt)
        # A single bin is used for everything, masked or not.
        first = int(mask_value is not None and self.num_bins > 1)
        mask = mask_value if first else None
        bins = self._torchkeras.derived = _HashedBins(first, self.num_bins - first, _as_int(mask))
        masked = mask.encode() if isinstance(mask, str) else mask
        numbers_of = functools.partial(_string_bins, bins=bins, salt=self.salt, masked=masked)
        self._torchkeras_strings_layer = StringHashes(numbers_of, name=self.name)

    def call(self, inputs: Any) -> torch.Tensor:
        """Return the numbers of the bins, or the vectors made of them."""
        indices = (
            _int_bins(self, inputs) if isinstance(inputs, torch.Tensor) else self._torchkeras_strings_layer(inputs)
        )
        if self.output_mode == "int":
            return indices.to(self._torchkeras.compute_dtype)
        return encode(indices, self.output_mode, self.num_bins, self._torchkeras.compute_dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs, or of the vectors made of them."""
        if self.output_mode == "int":
            return tuple(input_shape)
        return encoded_shape(self.output_mode, self.num_bins, input_shape)

    def _torchkeras_read_inputs(self, inputs: Any) -> Any:
        return as_string_array(self, inputs) if holds_strings(inputs) else read_numeric_inputs(self, inputs)


@dataclass(slots=True)
class _HashedBins:
    """The first of the bins for hashes, the number of these bins, and the int that is masked, or `None`."""

    first: int
    count: int
    masked_int: int | None


def _int_bins(layer: Hashing, inputs: torch.Tensor) -> torch.Tensor:
    bins: _HashedBins = layer._torchkeras.derived
    numbers = inputs.to(torch.int64)
    indices = bins_of_ints(numbers, bins.count, layer.salt) + bins.first
    return indices if bins.masked_int is None else torch.where(numbers == bins.masked_int, 0, indices)


def _string_bins(strings: list[bytes], bins: _HashedBins, salt: list[int] | None, masked: Any) -> np.ndarray:
    indices = bins_of(strings, bins.count, salt) + bins.first
    return np.where([string == masked for string in strings], 0, indices) if bins.first else indices


def _as_int(value: Any) -> int | None:
    """Return the 64-bit int that is equal to a value, or `None` if there is none."""
    is_int = isinstance(value, (int, float, np.number)) and -(2**63) <= value < 2**63 and int(value) == value
    return int(value) if is_int else None


@catalog.register()
class HashedCrossing(HashBinLayer):
    """Assign each combination of features to a bin: a hash modulo the number of bins, as in TensorFlow.

    The inputs are a list of two or more features, each of strings or of ints, as for `Hashing`. Shapes: all (batch,),
    (batch, 1) or () -> the same, in int64; with 'one_hot' (batch, num_bins) or (num_bins,), in floating point.

    On tensors, it can be compiled and exported.

    Args:
        num_bins: number of bins.
        output_mode: 'int' or 'one_hot'.
        **kwargs: those of `Layer`. The default `dtype` is int64 for 'int', and else `floatx()`.

    Raises:
        ValueError: if `num_bins` is not a positive 64-bit int, `output_mode` is unknown, `dtype` is not an integer
            dtype for 'int', or `sparse` is given; in a call, if there are fewer than two features, or their shapes
            differ or are others.
        TypeError: if a feature contains neither strings nor ints.

    >>> import torchkeras_layer as keras
    >>> keras.layers.HashedCrossing(5)([["A", "B", "A", "B", "A"], [101, 101, 101, 102, 102]])
    tensor([1, 4, 1, 1, 3])
    """

    def __init__(self, num_bins: int, output_mode: str = "int", **kwargs: Any) -> None:
        super().__init__(num_bins, output_mode, ("int", "one_hot"), **kwargs)
        self.input_spec = None
        self._torchkeras_strings_layer = StringHashes(signed_fingerprints, name=self.name)

    def call(self, inputs: Any) -> torch.Tensor:
        """Return the numbers of the bins, or the vectors made of them."""
        features = _as_numbers(self, _list_of_features(self, inputs))
        _common_shape(self, [feature.shape for feature in features])
        bins = unsigned_remainder(join_features(features), self.num_bins)
        if self.output_mode == "int":
            return bins.to(self._torchkeras.compute_dtype)
        return encode(bins, self.output_mode, self.num_bins, self._torchkeras.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """Return the shape of the output for a list of the shapes of the features.

        Raises:
            ValueError: if there are fewer than two, or they differ, or are not (batch,), (batch, 1) or ().
        """
        is_list = isinstance(input_shape, (list, tuple)) and all(map(is_shape, input_shape))
        shape = _common_shape(
            self, [as_shape(shape) for shape in _list_of_features(self, input_shape if is_list else None)]
        )
        return shape if self.output_mode == "int" else encoded_shape(self.output_mode, self.num_bins, shape)

    def _torchkeras_read_inputs(self, inputs: Any) -> Any:
        return [_read_feature(self, feature) for feature in _list_of_features(self, inputs)]


def _read_feature(layer: HashedCrossing, feature: Any) -> Any:
    if holds_strings(feature):
        return as_string_array(layer, feature)
    tensor = read_numeric_inputs(layer, feature)
    if is_symbolic(tensor) and tensor.spec.dtype != "string":
        _check_dtype(layer, tensor.dtype)
    elif not (is_symbolic(tensor) or isinstance(tensor, torch.Tensor)):
        raise TypeError(f"{layer.name}: a feature must contain ints or strings. Received: {reprlib.repr(feature)}.")
    return tensor


def _as_numbers(layer: HashedCrossing, features: Any) -> list[torch.Tensor]:
    device = next((feature.device for feature in features if isinstance(feature, torch.Tensor)), None)
    tensors = [f if isinstance(f, torch.Tensor) else layer._torchkeras_strings_layer(f) for f in features]
    for tensor in tensors:
        _check_dtype(layer, tensor.dtype)
    return [tensor.to(device=device, dtype=torch.int64) for tensor in tensors]


def _check_dtype(layer: HashedCrossing, dtype: torch.dtype) -> None:
    if dtype is torch.bool or dtype.is_floating_point or dtype.is_complex:
        raise TypeError(f"{layer.name}: a feature must contain ints or strings. Received: a feature of {dtype}.")


def _list_of_features(layer: HashedCrossing, features: Any) -> list[Any] | tuple[Any, ...]:
    if not isinstance(features, (list, tuple)) or len(features) < 2:
        received = f"{len(features)} in a list" if isinstance(features, (list, tuple)) else type(features).__name__
        raise ValueError(
            f"{layer.name}: expects a list of two or more features. Received: {received}. Write `{layer.name}([a, b])`."
        )
    return features


def _common_shape(layer: HashedCrossing, shapes: list[Any]) -> Shape:
    first = tuple(shapes[0])
    if any(tuple(shape) != first for shape in shapes) or len(first) > 2 or (len(first) == 2 and first[1] != 1):
        raise ValueError(
            f"{layer.name}: features must all have shape (batch,), all (batch, 1) or all (). "
            f"Received: {', '.join(str(tuple(shape)) for shape in shapes)}."
        )
    return first


def join_features(features: Sequence[torch.Tensor]) -> torch.Tensor:
    """Combine several int64 tensors of one shape into one, elementwise.

    >>> join_features([torch.tensor([1, 2]), torch.tensor([3, 3])])
    tensor([-4414022627321047965, -3561642829149741032])
    """
    result = torch.full_like(features[0], _START)
    for feature in features:
        result = result ^ _FACTOR ^ _mix_down(feature * _FACTOR) * _FACTOR
        result = _mix_down(result * _FACTOR) * _FACTOR
        result = _mix_down(result)
    return result


def unsigned_remainder(numbers: torch.Tensor, divisor: int) -> torch.Tensor:
    """Return the remainder of int64 numbers, interpreted as unsigned numbers from 0 to 2**64 - 1.

    >>> unsigned_remainder(torch.tensor([-1]), 10), (2**64 - 1) % 10
    (tensor([5]), 5)
    """
    # Half of the number fits without a sign. The rest may still contain the divisor once, and be above 2**63.
    half = (numbers >> 1) & (2**63 - 1)
    rest = numbers - torch.div(half, divisor, rounding_mode="floor") * 2 * divisor
    return torch.where((rest < 0) | (rest >= divisor), rest - divisor, rest)


def _mix_down(numbers: torch.Tensor) -> torch.Tensor:
    # Torch's shift to the right repeats the sign bit.
    return numbers ^ ((numbers >> 47) & (2**17 - 1))
