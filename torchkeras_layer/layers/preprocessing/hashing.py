"""How does a layer sort words or ints into bins by their hash?"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.preprocessing.bin_layer import BinLayer
from torchkeras_layer.layers.preprocessing.encoding import check_rows, encode, encoded_shape
from torchkeras_layer.layers.preprocessing.hashed_ints import bins_of_ints
from torchkeras_layer.layers.preprocessing.hashed_strings import HashedStrings
from torchkeras_layer.layers.preprocessing.string_bins import read_salt
from torchkeras_layer.layers.preprocessing.strings import as_string_array, holds_strings


@catalog.register()
class Hashing(BinLayer):
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

    def __init__(
        self, num_bins: int, mask_value: Any = None, salt: Any = None, output_mode: str = "int", **kwargs: Any
    ) -> None:
        super().__init__(num_bins, output_mode, ("int", "one_hot", "multi_hot", "count"), **kwargs)
        self.mask_value = mask_value
        self.salt = read_salt(self, salt)
        # Of one bin, nothing is left for a mask.
        self._has_mask = mask_value is not None and self.num_bins > 1
        self._free_bins = self.num_bins - self._has_mask
        mask = mask_value if self._has_mask else None
        self._strings_layer = HashedStrings(self._free_bins, self.salt, mask, name=self.name)
        self._masked_int = _as_int(mask)

    def call(self, inputs: Any) -> torch.Tensor:
        """Return the bins, or vectors made of them."""
        indices = self._bins_of_ints(inputs) if isinstance(inputs, torch.Tensor) else self._strings_layer(inputs)
        if self.output_mode == "int":
            return indices.to(self._torchkeras.compute_dtype)
        check_rows(self, self.output_mode, indices.shape)
        return encode(indices, self.output_mode, self.num_bins, self._torchkeras.compute_dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs, or of the vectors made of them.

        Raises:
            ValueError: if the inputs have too many axes.
        """
        if self.output_mode == "int":
            return tuple(input_shape)
        return encoded_shape(self, self.output_mode, self.num_bins, input_shape)

    def _torchkeras_read_inputs(self, inputs: Any) -> Any:
        return as_string_array(self, inputs) if holds_strings(inputs) else super()._torchkeras_read_inputs(inputs)

    def _bins_of_ints(self, inputs: torch.Tensor) -> torch.Tensor:
        numbers = inputs.to(torch.int64)
        bins = bins_of_ints(numbers, self._free_bins, self.salt) + self._has_mask
        return bins if self._masked_int is None else torch.where(numbers == self._masked_int, 0, bins)


def _as_int(value: Any) -> int | None:
    """Return the int of 64 bits that a value is equal to, if there is one."""
    is_int = isinstance(value, (int, float, np.number)) and -(2**63) <= value < 2**63 and int(value) == value
    return int(value) if is_int else None
