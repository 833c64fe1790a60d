"""How does a layer sort words or ints into bins by their hash?"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from torchkeras_layer._settings import floatx
from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import positive_int
from torchkeras_layer.layers.preprocessing.encoding import check_rows, encode, encoded_shape, read_output_mode
from torchkeras_layer.layers.preprocessing.string_bins import bins_of, read_salt
from torchkeras_layer.layers.preprocessing.string_layer import StringLayer
from torchkeras_layer.layers.preprocessing.strings import as_bytes, as_string_array, holds_strings
from torchkeras_layer.symbolic import TensorSpec


@catalog.register()
class Hashing(StringLayer):
    """The bin of each string or int: a hash modulo the number of bins, the same numbers as in TensorFlow.

    The inputs are a string, a (nested) list of strings, an array of them, or a tensor of ints, which are hashed as
    their digits. Shapes: any -> the same, in int64; other output modes as for `CategoryEncoding`, in floats.

    Args:
        num_bins: how many bins there are, that of `mask_value` included.
        mask_value: value that stands for padding: bin 0, into which nothing else falls; default none.
        salt: `None` for FarmHash64; an int, or two, for SipHash with this as its key.
        output_mode: 'int', 'one_hot', 'multi_hot' or 'count'.
        **kwargs: those of `Layer`. The default `dtype` is int64 for 'int', and else `floatx()`.

    Raises:
        ValueError: if `num_bins` is not a positive int, `salt` or `output_mode` is nothing of the kind, `dtype` is no
            int type for 'int', or `sparse` is given; in a call, if the inputs have more than two axes ('multi_hot' and
            'count').

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
        self.num_bins = positive_int(self, "num_bins", num_bins)
        self.mask_value = mask_value
        self.salt = read_salt(self, salt)
        self.output_mode = read_output_mode(self, output_mode, "int", "one_hot", "multi_hot", "count")
        self.built = True
        if self.output_mode == "int" and self._policy.compute not in (torch.int64, torch.int32):
            raise ValueError(
                f"{type(self).__name__}: output_mode='int' gives int64 or int32. Received: dtype={kwargs['dtype']!r}."
            )

    def call(self, inputs: Any) -> torch.Tensor:
        """Return the bins, or vectors made of them."""
        device = inputs.device if isinstance(inputs, torch.Tensor) else self._pinned_device
        strings, mask, shape = self._read(inputs)
        has_mask_bin = self.mask_value is not None and self.num_bins > 1
        bins = bins_of(strings, self.num_bins - has_mask_bin, self.salt)
        if has_mask_bin:
            bins = np.where(mask, 0, bins + 1)
        indices = torch.from_numpy(bins).reshape(shape).to(device or "cpu")
        if self.output_mode == "int":
            return indices.to(self._policy.compute)
        check_rows(self, self.output_mode, shape)
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

    def _read(self, inputs: Any) -> tuple[list[bytes], Any, tuple[int, ...]]:
        """Return the values as strings, which of them are masked, and their shape."""
        if isinstance(inputs, torch.Tensor):
            numbers = inputs.detach().cpu().to(torch.int64).flatten().tolist()
            masked = [number == self.mask_value for number in numbers]
            return [str(number).encode() for number in numbers], masked, tuple(inputs.shape)
        array = as_string_array(self, inputs)
        strings = as_bytes(self, array)
        mask = self.mask_value.encode() if isinstance(self.mask_value, str) else self.mask_value
        return strings, [string == mask for string in strings], array.shape
