"""Where are the strings that come to a layer hashed, out of the compiler's sight?"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from torchkeras_layer.layers.preprocessing.farm_hash import fingerprints
from torchkeras_layer.layers.preprocessing.string_bins import bins_of
from torchkeras_layer.layers.preprocessing.string_layer import StringLayer
from torchkeras_layer.layers.preprocessing.strings import as_bytes, as_string_array


class StringFingerprints(StringLayer):
    """FarmHash64 of strings. A layer within layers of bins, because it is never traced, and those may be.

    >>> StringFingerprints()(["A", "B"])
    tensor([-1531450017087491052,  8703560047562643528])
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.built = True

    def call(self, inputs: Any) -> torch.Tensor:
        """Return the numbers, in a tensor of the shape of the inputs; what is above 2**63 is negative."""
        array = as_string_array(self, inputs)
        numbers = torch.from_numpy(self._numbers_of(as_bytes(self, array)))
        return numbers.reshape(array.shape).to(self._torchkeras.pinned_device or "cpu")

    def _numbers_of(self, strings: list[bytes]) -> np.ndarray:
        return fingerprints(strings).view("int64")

    def _torchkeras_read_inputs(self, inputs: Any) -> Any:
        return as_string_array(self, inputs)


class HashedStrings(StringFingerprints):
    """The bins of strings.

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

    def _numbers_of(self, strings: list[bytes]) -> np.ndarray:
        bins = bins_of(strings, self.bins, self.salt)
        return bins if self.mask is None else np.where([string == self.mask for string in strings], 0, bins + 1)
