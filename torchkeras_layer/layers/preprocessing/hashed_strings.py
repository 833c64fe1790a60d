"""Where are the strings that come to a layer hashed, out of the compiler's sight?"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from torchkeras_layer.layers.preprocessing.string_bins import bins_of
from torchkeras_layer.layers.preprocessing.string_layer import StringLayer
from torchkeras_layer.layers.preprocessing.strings import as_bytes, as_string_array


class HashedStrings(StringLayer):
    """The bins of strings. A layer within `Hashing`, because it is never traced, and that may be.

    Args:
        bins: into how many they fall. salt: the key of the hash, if it has one.
        mask: what has bin 0 for itself, before the others; `None` for nothing.

    >>> HashedStrings(3, None, b"A")(np.array(["A", "B", "E"]))
    tensor([0, 1, 3])
    """

    def __init__(self, bins: int, salt: list[int] | None, mask: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bins = bins
        self.salt = salt
        self.mask = mask.encode() if isinstance(mask, str) else mask
        self.built = True

    def call(self, inputs: Any) -> torch.Tensor:
        """Return the bins, in a tensor of the shape of the inputs."""
        array = as_string_array(self, inputs)
        strings = as_bytes(self, array)
        bins = bins_of(strings, self.bins, self.salt)
        if self.mask is not None:
            bins = np.where([string == self.mask for string in strings], 0, bins + 1)
        return torch.from_numpy(bins).reshape(array.shape).to(self._pinned_device or "cpu")

    def _as_tensors(self, inputs: Any) -> Any:
        return as_string_array(self, inputs)
