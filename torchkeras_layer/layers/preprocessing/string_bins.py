"""Into which of some bins does a string fall?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from torchkeras_layer.layer import Layer
from torchkeras_layer.layers.preprocessing.farm_hash import fingerprints
from torchkeras_layer.layers.preprocessing.sip_hash import sip_hashes


def read_salt(layer: Layer, salt: Any) -> list[int] | None:
    """Return the two numbers of a key for SipHash; one number stands for both, `None` for no salt.

    Raises:
        ValueError: if it is something else.

    >>> read_salt(Layer(), 133), read_salt(Layer(), (1, 2)), read_salt(Layer(), None)
    ([133, 133], [1, 2], None)
    """
    if salt is None:
        return None
    numbers = list(salt) if isinstance(salt, (list, tuple)) else [salt, salt]
    if len(numbers) != 2 or not all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in numbers):
        raise ValueError(
            f"{type(layer).__name__}: salt must be an int of at least 0, or two of them. Received: salt={salt!r}."
        )
    return numbers


def bins_of(strings: Sequence[bytes], bins: int, salt: Sequence[int] | None) -> np.ndarray:
    """Return for each string an int from 0 to `bins - 1`: by FarmHash64, or SipHash-2-4 with a salt, as TensorFlow.

    >>> bins_of([b"A", b"B", b"C", b"D", b"E"], 3, None), bins_of([b"A", b"B", b"C", b"D", b"E"], 3, [133, 137])
    (array([1, 0, 1, 1, 2]), array([1, 2, 1, 0, 2]))
    """
    hashes = fingerprints(strings) if salt is None else sip_hashes(strings, (salt[0], salt[1]))
    return (hashes % np.uint64(bins)).astype("int64")
