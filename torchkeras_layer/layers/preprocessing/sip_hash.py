"""What is the SipHash-2-4 of a string, under a secret key?

Written from the paper of Aumasson and Bernstein (2012), for arrays of strings of one length.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from torchkeras_layer.layers.preprocessing.words_of_bytes import (
    Numbers,
    constant,
    hash_by_length,
    read,
    rotate_right,
)


def sip_hashes(strings: Sequence[bytes], key: tuple[int, int]) -> np.ndarray:
    """Return the hashes, as `uint64`; the key is two numbers of 64 bits.

    >>> sip_hashes([b"hello"], (1, 2)).tolist()
    [2957200328589801622]
    """
    return hash_by_length(strings, lambda data: _hash(data, key))


def _hash(data: np.ndarray, key: tuple[int, int]) -> Numbers:
    count, length = data.shape
    starts = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
    state = [np.full(count, constant(start ^ key[index % 2] % 2**64)) for index, start in enumerate(starts)]
    padded = np.zeros((count, length // 8 * 8 + 8), dtype="uint8")
    padded[:, :length] = data
    padded[:, -1] = length % 256
    for start in range(0, padded.shape[1], 8):
        word = read(padded, start)
        state[3] = state[3] ^ word
        _stir(state, 2)
        state[0] = state[0] ^ word
    state[2] = state[2] ^ constant(0xFF)
    _stir(state, 4)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


def _stir(state: list[Numbers], rounds: int) -> None:
    a, b, c, d = state
    for _ in range(rounds):
        a, c = a + b, c + d
        b, d = rotate_right(b, 51) ^ a, rotate_right(d, 48) ^ c
        a, c = rotate_right(a, 32) + d, c + b
        d, b = rotate_right(d, 43) ^ a, rotate_right(b, 47) ^ c
        c = rotate_right(c, 32)
    state[:] = a, b, c, d
