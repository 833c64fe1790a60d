"""What is the FarmHash64 fingerprint of a string?

Written from the public algorithm (Geoff Pike, 2014, MIT licence), for arrays of strings of one length.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from torchkeras_layer.layers.preprocessing.words_of_bytes import (
    Numbers,
    constant,
    hash_by_length,
    mix_down,
    read,
    rotate_right,
)

_PRIME_0 = constant(0xC3A5C85C97CB3127)
_PRIME_1 = constant(0xB492B66FBE98F273)
_PRIME_2 = constant(0x9AE16A3B2F90404F)
_Pair = tuple[Numbers, Numbers]


def fingerprints(strings: Sequence[bytes]) -> np.ndarray:
    """Return the hashes, as `uint64`.

    >>> fingerprints([b"", b"hello"]).tolist()
    [11160318154034397263, 13009744463427800296]
    """
    return hash_by_length(strings, _hash)


def _hash(data: np.ndarray) -> Numbers:
    length = data.shape[1]
    if length > 64:
        return _hash_blocks(data)
    if length > 32:
        return _hash_up_to_64(data)
    if length > 16:
        return _hash_up_to_32(data)
    return _hash_up_to_16(data)


def _hash_up_to_16(data: np.ndarray) -> Numbers:
    count, length = data.shape
    factor = constant(int(_PRIME_2) + 2 * length)
    if length >= 8:
        first, last = read(data, 0) + _PRIME_2, read(data, -8)
        c = rotate_right(last, 37) * factor + first
        d = (rotate_right(first, 25) + last) * factor
        return _join(c, d, factor)
    if length >= 4:
        return _join(constant(length) + (read(data, 0, 4) << np.uint64(3)), read(data, -4, 4), factor)
    if length > 0:
        first, middle, last = (data[:, place].astype("uint64") for place in (0, length // 2, length - 1))
        y = first + (middle << np.uint64(8))
        z = constant(length) + (last << np.uint64(2))
        return mix_down(y * _PRIME_2 ^ z * _PRIME_0) * _PRIME_2
    return np.full(count, _PRIME_2)


def _hash_up_to_32(data: np.ndarray) -> Numbers:
    factor = constant(int(_PRIME_2) + 2 * data.shape[1])
    a, b = read(data, 0) * _PRIME_1, read(data, 8)
    return _join(*_ends(data, a, b, factor), factor)


def _hash_up_to_64(data: np.ndarray) -> Numbers:
    factor = constant(int(_PRIME_2) + 2 * data.shape[1])
    a, b = read(data, 0) * _PRIME_2, read(data, 8)
    y, other = _ends(data, a, b, factor)
    z = _join(y, other, factor)
    e, f = read(data, 16) * factor, read(data, 24)
    g, h = (y + read(data, -32)) * factor, (z + read(data, -24)) * factor
    return _join(rotate_right(e + f, 43) + rotate_right(g, 30) + h, e + rotate_right(f + a, 18) + g, factor)


def _ends(data: np.ndarray, a: Numbers, b: Numbers, factor: np.uint64) -> _Pair:
    """Mix two numbers from the beginning with the two at the end."""
    c, d = read(data, -8) * factor, read(data, -16) * _PRIME_2
    return rotate_right(a + b, 43) + rotate_right(c, 30) + d, a + rotate_right(b + _PRIME_2, 18) + c


def _join(u: Numbers, v: Numbers, factor: np.uint64 | Numbers) -> Numbers:
    a = mix_down((u ^ v) * factor)
    return mix_down((v ^ a) * factor) * factor


def _hash_blocks(data: np.ndarray) -> Numbers:
    count, length = data.shape
    seed = np.full(count, 81, dtype="uint64")
    x = seed * _PRIME_2 + read(data, 0)
    y = seed * _PRIME_1 + constant(113)
    z = mix_down(y * _PRIME_2 + constant(113)) * _PRIME_2
    v: _Pair = (np.zeros_like(seed), np.zeros_like(seed))
    w = v
    for start in range(0, (length - 1) // 64 * 64, 64):
        x, y, z, v, w = _take_in_block(data[:, start : start + 64], x, y, z, v, w, _PRIME_1, constant(1))
    # The last block is the last 64 bytes, part of which has been taken in before.
    factor = _PRIME_1 + ((z & constant(0xFF)) << np.uint64(1))
    w = (w[0] + constant((length - 1) % 64), w[1])
    v = (v[0] + w[0], v[1])
    w = (w[0] + v[0], w[1])
    x, y, z, v, w = _take_in_block(data[:, -64:], x, y, z, v, w, factor, constant(9))
    return _join(_join(v[0], w[0], factor) + mix_down(y) * _PRIME_0 + z, _join(v[1], w[1], factor) + x, factor)


def _take_in_block(
    block: np.ndarray,
    x: Numbers,
    y: Numbers,
    z: Numbers,
    v: _Pair,
    w: _Pair,
    factor: np.uint64 | Numbers,
    share: np.uint64,
) -> tuple[Numbers, Numbers, Numbers, _Pair, _Pair]:
    x = rotate_right(x + y + v[0] + read(block, 8), 37) * factor ^ w[1] * share
    y = rotate_right(y + v[1] + read(block, 48), 42) * factor + v[0] * share + read(block, 40)
    z = rotate_right(z + w[0], 33) * factor
    v = _mix_half(block[:, :32], v[1] * factor, x + w[0])
    w = _mix_half(block[:, 32:], z + w[1], y + read(block, 16))
    return z, y, x, v, w


def _mix_half(half: np.ndarray, a: Numbers, b: Numbers) -> _Pair:
    first, second, third, fourth = (read(half, start) for start in (0, 8, 16, 24))
    a = a + first
    b = rotate_right(b + a + fourth, 21)
    both = a + second + third
    return both + fourth, b + rotate_right(both, 44) + a
