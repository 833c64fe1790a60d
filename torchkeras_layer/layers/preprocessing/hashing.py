"""How does a layer sort words or ints into bins by their hash?"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from torchkeras_layer._settings import floatx
from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import positive_int
from torchkeras_layer.layers.preprocessing.data_layer import DataLayer
from torchkeras_layer.layers.preprocessing.encoding import check_rows, encode, encoded_shape, read_output_mode
from torchkeras_layer.layers.preprocessing.hashed_ints import bins_of_ints
from torchkeras_layer.layers.preprocessing.hashed_strings import HashedStrings
from torchkeras_layer.layers.preprocessing.string_bins import read_salt
from torchkeras_layer.layers.preprocessing.string_layer import StringLayer
from torchkeras_layer.layers.preprocessing.strings import as_string_array, holds_strings
from torchkeras_layer.symbolic import TensorSpec


@catalog.register()
class Hashing(StringLayer):
    """The bin of each string or int: a hash modulo the number of bins, the same numbers as in TensorFlow.

    The inputs are a string, a (nested) list of strings, an array of them, or a tensor of ints, which are hashed as
    their digits. Shapes: any -> the same, in int64; other output modes as for `CategoryEncoding`, in floats.

    On tensors it can be compiled and exported. An exported program calls the operator `torchkeras_layer::hash_ints`, so
    who loads one imports `torchkeras_layer.layers.preprocessing` before.

    Args:
        num_bins: how many bins there are, that of `mask_value` included.
        mask_value: value that stands for padding: bin 0, into which nothing else falls; default none.
        salt: `None` for FarmHash64; an int, or two, for SipHash with this as its key.
        output_mode: 'int', 'one_hot', 'multi_hot' or 'count'.
        **kwargs: those of `Layer`. The default `dtype` is int64 for 'int', and else `floatx()`.

    Raises:
        ValueError: if `num_bins` is not a positive int of 64 bits, `salt` or `output_mode` is nothing of the kind,
            `dtype` is no int type for 'int', or `sparse` is given; in a call, if the inputs have more than two axes
            ('multi_hot' and 'count').

    >>> import torchkeras_layer as keras
    >>> keras.layers.Hashing(3)([["A"], ["B"], ["C"], ["D"], ["E"]]).flatten()
    tensor([1, 0, 1, 1, 2])
    >>> keras.layers.Hashing(3, salt=[133, 137])(["A", "B", "C", "D", "E"])
    tensor([1, 2, 1, 0, 2])
    """

    _unsupported = {"sparse": False}

    def __init__(
        self, num_bins: int, mask_value: Any = None, salt: Any = None, output_mode: str = "int", **kwargs: Any
    ) -> None:
        if kwargs.get("dtype") is None:
            kwargs["dtype"] = "int64" if output_mode == "int" else floatx()
        super().__init__(**kwargs)
        self.num_bins = self._read_bins(num_bins)
        self.mask_value = mask_value
        self.salt = read_salt(self, salt)
        self.output_mode = read_output_mode(self, output_mode, "int", "one_hot", "multi_hot", "count")
        if self.output_mode == "int" and self._policy.compute not in (torch.int64, torch.int32):
            raise ValueError(
                f"{type(self).__name__}: output_mode='int' gives int64 or int32. Received: dtype={kwargs['dtype']!r}."
            )
        # Of one bin, nothing is left for a mask.
        self._has_mask = mask_value is not None and self.num_bins > 1
        self._free_bins = self.num_bins - self._has_mask
        mask = mask_value if self._has_mask else None
        self._strings_layer = HashedStrings(self._free_bins, self.salt, mask, name=self.name)
        self._masked_int = _as_int(mask)
        # Strings are never traced, as the layer for them says; of ints there are tensors.
        self._dynamic = kwargs.get("dynamic") is True
        self.built = True

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Run the layer: torch calls this from `layer(inputs)`."""
        inputs = args[0] if args else kwargs.get("inputs")
        kind = DataLayer if isinstance(inputs, torch.Tensor) else StringLayer
        return kind.forward(self, *args, **kwargs)

    def call(self, inputs: Any) -> torch.Tensor:
        """Return the bins, or vectors made of them."""
        indices = self._bins_of_ints(inputs) if isinstance(inputs, torch.Tensor) else self._strings_layer(inputs)
        if self.output_mode == "int":
            return indices.to(self._policy.compute)
        check_rows(self, self.output_mode, indices.shape)
        return encode(indices, self.output_mode, self.num_bins, self._policy.compute)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs, or of the vectors made of them.

        Raises:
            ValueError: if the inputs have too many axes.
        """
        if self.output_mode == "int":
            return tuple(input_shape)
        return encoded_shape(self, self.output_mode, self.num_bins, input_shape)

    def compute_output_signature(self, input_signature: Any) -> Any:
        """Return the `TensorSpec` that the layer gives for inputs of a given one."""
        return TensorSpec(self.compute_output_shape(input_signature.shape), self._policy.compute)

    def _as_tensors(self, inputs: Any) -> Any:
        return as_string_array(self, inputs) if holds_strings(inputs) else super()._as_tensors(inputs)

    def _bins_of_ints(self, inputs: torch.Tensor) -> torch.Tensor:
        numbers = inputs.to(torch.int64)
        bins = bins_of_ints(numbers, self._free_bins, self.salt) + self._has_mask
        return bins if self._masked_int is None else torch.where(numbers == self._masked_int, 0, bins)

    def _read_bins(self, num_bins: Any) -> int:
        number = positive_int(self, "num_bins", num_bins)
        if number >= 2**63:
            raise ValueError(
                f"{type(self).__name__}: num_bins must be an int of 64 bits. Received: num_bins={num_bins!r}."
            )
        return number


def _as_int(value: Any) -> int | None:
    """Return the int of 64 bits that a value is equal to, if there is one."""
    is_int = isinstance(value, (int, float, np.number)) and -(2**63) <= value < 2**63 and int(value) == value
    return int(value) if is_int else None
