"""How are many strings of one length read as numbers of 64 bits, all at once?

The hashes compute with arrays of `uint64`, one number for each string, which wrap around by themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

Numbers = np.ndarray


def hash_by_length(strings: Sequence[bytes], function: Callable[[np.ndarray], Numbers]) -> Numbers:
    """Return a hash for each string; `function` takes the bytes of n strings of one length, as an array (n, length).

    >>> hash_by_length([b"ab", b"c"], lambda data: data.sum(axis=1)).tolist()
    [195, 99]
    """
    hashes = np.zeros(len(strings), dtype="uint64")
    lengths = np.fromiter(map(len, strings), dtype="int64", count=len(strings))
    for length in np.unique(lengths):
        chosen = np.flatnonzero(lengths == length)
        joined = b"".join([strings[index] for index in chosen.tolist()])
        hashes[chosen] = function(np.frombuffer(joined, dtype="uint8").reshape(len(chosen), int(length)))
    return hashes


def constant(value: int) -> np.uint64:
    """Return a number modulo 2**64.

    >>> int(constant(2**64 + 3))
    3
    """
    return np.uint64(value % 2**64)


def read(data: np.ndarray, start: int, size: int = 8) -> Numbers:
    """Return the little-endian number in `size` bytes of each string; a negative start counts from the end.

    >>> int(read(np.array([[1, 2, 0, 0, 9]], dtype="uint8"), 0, 4)[0])
    513
    """
    start = start % data.shape[1]
    return np.ascontiguousarray(data[:, start : start + size]).view(f"<u{size}")[:, 0].astype("uint64")


def rotate_right(numbers: Numbers, bits: int) -> Numbers:
    """Return numbers with their bits rotated.

    >>> int(rotate_right(np.array([2], dtype="uint64"), 1)[0])
    1
    """
    return (numbers >> np.uint64(bits)) | (numbers << np.uint64(64 - bits))


def mix_down(numbers: Numbers, bits: int = 47) -> Numbers:
    """Return numbers with their upper bits mixed into the lower ones.

    >>> int(mix_down(np.array([2**47], dtype="uint64"))[0]) == 2**47 + 1
    True
    """
    return numbers ^ (numbers >> np.uint64(bits))
