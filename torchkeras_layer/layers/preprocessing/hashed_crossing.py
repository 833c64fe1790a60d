"""How does a layer sort combinations of words or ints into bins by their hash?"""

from __future__ import annotations

import reprlib
from typing import Any

import torch

from torchkeras_layer._shapes import Shape, as_shape, is_shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.preprocessing.bin_layer import BinLayer
from torchkeras_layer.layers.preprocessing.crossing import joined, unsigned_remainder
from torchkeras_layer.layers.preprocessing.encoding import encode, encoded_shape
from torchkeras_layer.layers.preprocessing.hashed_strings import StringFingerprints
from torchkeras_layer.layers.preprocessing.strings import as_string_array, holds_strings
from torchkeras_layer.symbolic.keras_tensor import is_symbolic


@catalog.register()
class HashedCrossing(BinLayer):
    """The bin of what several features are together: a hash modulo the number of bins, as in TensorFlow.

    The inputs are a list of two features or more, each of strings or of ints, as for `Hashing`. Shapes: all (batch,),
    (batch, 1) or () -> the same, in int64; with 'one_hot' (batch, num_bins) or (num_bins,), in floats.

    On tensors it can be compiled and exported.

    Args:
        num_bins: how many bins there are.
        output_mode: 'int' or 'one_hot'.
        **kwargs: those of `Layer`. The default `dtype` is int64 for 'int', and else `floatx()`.

    Raises:
        ValueError: if `num_bins` is not a positive int of 64 bits, `output_mode` is unknown, `dtype` is no int type
            for 'int', or `sparse` is given; in a call, if there are not at least two features of one such shape.
        TypeError: if a feature is neither of strings nor of ints.

    >>> import torchkeras_layer as keras
    >>> keras.layers.HashedCrossing(5)([["A", "B", "A", "B", "A"], [101, 101, 101, 102, 102]])
    tensor([1, 4, 1, 1, 3])
    """

    def __init__(self, num_bins: int, output_mode: str = "int", **kwargs: Any) -> None:
        super().__init__(num_bins, output_mode, ("int", "one_hot"), **kwargs)
        self.input_spec = None
        self._strings_layer = StringFingerprints(name=self.name)

    def call(self, inputs: Any) -> torch.Tensor:
        """Return the bins, or vectors made of them."""
        features = self._as_numbers(self._list_of(inputs))
        self._one_shape([feature.shape for feature in features])
        bins = unsigned_remainder(joined(features), self.num_bins)
        if self.output_mode == "int":
            return bins.to(self._torchkeras.compute_dtype)
        return encode(bins, self.output_mode, self.num_bins, self._torchkeras.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """Return the shape of the output for a list of shapes.

        Raises:
            ValueError: if they are not at least two, not equal, or not those of scalars.
        """
        is_list = isinstance(input_shape, (list, tuple)) and all(map(is_shape, input_shape))
        shape = self._one_shape([as_shape(shape) for shape in self._list_of(input_shape if is_list else None)])
        return shape if self.output_mode == "int" else encoded_shape(self, self.output_mode, self.num_bins, shape)

    def _torchkeras_read_inputs(self, inputs: Any) -> Any:
        return [self._as_feature(feature) for feature in self._list_of(inputs)]

    def _as_feature(self, feature: Any) -> Any:
        if holds_strings(feature):
            return as_string_array(self, feature)
        tensor = super()._torchkeras_read_inputs(feature)
        if is_symbolic(tensor) and tensor.spec.dtype != "string":
            self._check_dtype(tensor.dtype)
        elif not (is_symbolic(tensor) or isinstance(tensor, torch.Tensor)):
            raise TypeError(f"{self.name}: a feature is of ints or of strings. Received: {reprlib.repr(feature)}.")
        return tensor

    def _as_numbers(self, features: Any) -> list[torch.Tensor]:
        device = next((feature.device for feature in features if isinstance(feature, torch.Tensor)), None)
        tensors = [f if isinstance(f, torch.Tensor) else self._strings_layer(f) for f in features]
        for tensor in tensors:
            self._check_dtype(tensor.dtype)
        return [tensor.to(device=device, dtype=torch.int64) for tensor in tensors]

    def _check_dtype(self, dtype: torch.dtype) -> None:
        if dtype is torch.bool or dtype.is_floating_point or dtype.is_complex:
            raise TypeError(f"{self.name}: a feature is of ints or of strings. Received: one of {dtype}.")

    def _list_of(self, features: Any) -> list[Any] | tuple[Any, ...]:
        if not isinstance(features, (list, tuple)) or len(features) < 2:
            received = f"{len(features)} in a list" if isinstance(features, (list, tuple)) else type(features).__name__
            raise ValueError(
                f"{self.name}: expects a list of two features or more. Received: {received}. "
                f"Write `{self.name}([a, b])`."
            )
        return features

    def _one_shape(self, shapes: list[Any]) -> Shape:
        first = tuple(shapes[0])
        if any(tuple(shape) != first for shape in shapes) or len(first) > 2 or (len(first) == 2 and first[1] != 1):
            raise ValueError(
                f"{self.name}: features must all have shape (batch,), all (batch, 1) or all (). "
                f"Received: {', '.join(str(tuple(shape)) for shape in shapes)}."
            )
        return first
