"""How are FarmHash64 and SipHash-2-4 of strings computed?

Strings of the same length are hashed together, as arrays of `uint64` with one number for each string; their arithmetic
wraps around. FarmHash64 is written from the public algorithm (Geoff Pike, 2014, MIT license), SipHash-2-4 from the
paper of Aumasson and Bernstein (2012).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

Numbers = np.ndarray
_Pair = tuple[Numbers, Numbers]

_PRIME_0 = np.uint64(0xC3A5C85C97CB3127)
_PRIME_1 = np.uint64(0xB492B66FBE98F273)
_PRIME_2 = np.uint64(0x9AE16A3B2F90404F)


def fingerprints(strings: Sequence[bytes]) -> np.ndarray:
    """Return FarmHash64 of strings, as `uint64`.

    >>> fingerprints([b"", b"hello"]).tolist()
    [11160318154034397263, 13009744463427800296]
    """
    return _hash_by_length(strings, _farm_hash)


def _farm_hash(data: np.ndarray) -> Numbers:
    length = data.shape[1]
    if length > 64:
        return _farm_hash_blocks(data)
    if length > 32:
        return _farm_hash_up_to_64(data)
    if length > 16:
        return _farm_hash_up_to_32(data)
    return _farm_hash_up_to_16(data)


def _farm_hash_up_to_16(data: np.ndarray) -> Numbers:
    count, length = data.shape
    factor = np.uint64(int(_PRIME_2) + 2 * length)
    if length >= 8:
        first, last = _read(data, 0) + _PRIME_2, _read(data, -8)
        c = _rotate_right(last, 37) * factor + first
        d = (_rotate_right(first, 25) + last) * factor
        return _join(c, d, factor)
    if length >= 4:
        return _join(np.uint64(length) + (_read(data, 0, 4) << np.uint64(3)), _read(data, -4, 4), factor)
    if length > 0:
        first, middle, last = (data[:, index].astype("uint64") for index in (0, length // 2, length - 1))
        y = first + (middle << np.uint64(8))
        z = np.uint64(length) + (last << np.uint64(2))
        return _mix_down(y * _PRIME_2 ^ z * _PRIME_0) * _PRIME_2
    return np.full(count, _PRIME_2)


def _farm_hash_up_to_32(data: np.ndarray) -> Numbers:
    factor = np.uint64(int(_PRIME_2) + 2 * data.shape[1])
    a, b = _read(data, 0) * _PRIME_1, _read(data, 8)
    return _join(*_ends(data, a, b, factor), factor)


def _farm_hash_up_to_64(data: np.ndarray) -> Numbers:
    factor = np.uint64(int(_PRIME_2) + 2 * data.shape[1])
    a, b = _read(data, 0) * _PRIME_2, _read(data, 8)
    y, other = _ends(data, a, b, factor)
    z = _join(y, other, factor)
    e, f = _read(data, 16) * factor, _read(data, 24)
    g, h = (y + _read(data, -32)) * factor, (z + _read(data, -24)) * factor
    return _join(_rotate_right(e + f, 43) + _rotate_right(g, 30) + h, e + _rotate_right(f + a, 18) + g, factor)


def _ends(data: np.ndarray, a: Numbers, b: Numbers, factor: np.uint64) -> _Pair:
    """Mix two numbers from the beginning with the two at the end."""
    c, d = _read(data, -8) * factor, _read(data, -16) * _PRIME_2
    return _rotate_right(a + b, 43) + _rotate_right(c, 30) + d, a + _rotate_right(b + _PRIME_2, 18) + c


def _join(u: Numbers, v: Numbers, factor: np.uint64 | Numbers) -> Numbers:
    a = _mix_down((u ^ v) * factor)
    return _mix_down((v ^ a) * factor) * factor


def _farm_hash_blocks(data: np.ndarray) -> Numbers:
    count, length = data.shape
    seed = np.full(count, 81, dtype="uint64")
    x = seed * _PRIME_2 + _read(data, 0)
    y = seed * _PRIME_1 + np.uint64(113)
    z = _mix_down(y * _PRIME_2 + np.uint64(113)) * _PRIME_2
    v: _Pair = (np.zeros_like(seed), np.zeros_like(seed))
    w = v
    for start in range(0, (length - 1) // 64 * 64, 64):
        x, y, z, v, w = _mix_block(data[:, start : start + 64], x, y, z, v, w, _PRIME_1, np.uint64(1))
    # The last block is the last 64 bytes, some of which may have been mixed in before.
    factor = _PRIME_1 + ((z & np.uint64(0xFF)) << np.uint64(1))
    w = (w[0] + np.uint64((length - 1) % 64), w[1])
    v = (v[0] + w[0], v[1])
    w = (w[0] + v[0], w[1])
    x, y, z, v, w = _mix_block(data[:, -64:], x, y, z, v, w, factor, np.uint64(9))
    return _join(_join(v[0], w[0], factor) + _mix_down(y) * _PRIME_0 + z, _join(v[1], w[1], factor) + x, factor)


def _mix_block(
    block: np.ndarray,
    x: Numbers,
    y: Numbers,
    z: Numbers,
    v: _Pair,
    w: _Pair,
    factor: np.uint64 | Numbers,
    share: np.uint64,
) -> tuple[Numbers, Numbers, Numbers, _Pair, _Pair]:
    x = _rotate_right(x + y + v[0] + _read(block, 8), 37) * factor ^ w[1] * share
    y = _rotate_right(y + v[1] + _read(block, 48), 42) * factor + v[0] * share + _read(block, 40)
    z = _rotate_right(z + w[0], 33) * factor
    v = _mix_half(block[:, :32], v[1] * factor, x + w[0])
    w = _mix_half(block[:, 32:], z + w[1], y + _read(block, 16))
    return z, y, x, v, w


def _mix_half(half: np.ndarray, a: Numbers, b: Numbers) -> _Pair:
    first, second, third, fourth = (_read(half, start) for start in (0, 8, 16, 24))
    a = a + first
    b = _rotate_right(b + a + fourth, 21)
    both = a + second + third
    return both + fourth, b + _rotate_right(both, 44) + a


def sip_hashes(strings: Sequence[bytes], key: tuple[int, int]) -> np.ndarray:
    """Return SipHash-2-4 of strings, as `uint64`; the key is two 64-bit numbers.

    >>> sip_hashes([b"hello"], (1, 2)).tolist()
    [2957200328589801622]
    """
    return _hash_by_length(strings, lambda data: _sip_hash(data, key))


def _sip_hash(data: np.ndarray, key: tuple[int, int]) -> Numbers:
    count, length = data.shape
    starts = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
    state = [np.full(count, np.uint64(start ^ key[index % 2] % 2**64)) for index, start in enumerate(starts)]
    padded = np.zeros((count, length // 8 * 8 + 8), dtype="uint8")
    padded[:, :length] = data
    padded[:, -1] = length % 256
    for start in range(0, padded.shape[1], 8):
        word = _read(padded, start)
        state[3] = state[3] ^ word
        _stir(state, 2)
        state[0] = state[0] ^ word
    state[2] = state[2] ^ np.uint64(0xFF)
    _stir(state, 4)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


def _stir(state: list[Numbers], rounds: int) -> None:
    a, b, c, d = state
    for _ in range(rounds):
        a, c = a + b, c + d
        b, d = _rotate_right(b, 51) ^ a, _rotate_right(d, 48) ^ c
        a, c = _rotate_right(a, 32) + d, c + b
        d, b = _rotate_right(d, 43) ^ a, _rotate_right(b, 47) ^ c
        c = _rotate_right(c, 32)
    state[:] = a, b, c, d


def _hash_by_length(strings: Sequence[bytes], function: Callable[[np.ndarray], Numbers]) -> Numbers:
    """Return a hash for each string; `function` takes an array (n, length) with the bytes of n strings of one length.

    >>> _hash_by_length([b"ab", b"c"], lambda data: data.sum(axis=1)).tolist()
    [195, 99]
    """
    hashes = np.zeros(len(strings), dtype="uint64")
    lengths = np.fromiter(map(len, strings), dtype="int64", count=len(strings))
    for length in np.unique(lengths):
        chosen = np.flatnonzero(lengths == length)
        joined = b"".join([strings[index] for index in chosen.tolist()])
        hashes[chosen] = function(np.frombuffer(joined, dtype="uint8").reshape(len(chosen), int(length)))
    return hashes


def _read(data: np.ndarray, start: int, size: int = 8) -> Numbers:
    """Return the little-endian number in `size` bytes of each string; a negative start counts from the end.

    >>> int(_read(np.array([[1, 2, 0, 0, 9]], dtype="uint8"), 0, 4)[0])
    513
    """
    start = start % data.shape[1]
    return np.ascontiguousarray(data[:, start : start + size]).view(f"<u{size}")[:, 0].astype("uint64")


def _rotate_right(numbers: Numbers, bits: int) -> Numbers:
    """Return numbers with their bits rotated.

    >>> int(_rotate_right(np.array([2], dtype="uint64"), 1)[0])
    1
    """
    return (numbers >> np.uint64(bits)) | (numbers << np.uint64(64 - bits))


def _mix_down(numbers: Numbers) -> Numbers:
    """Return numbers with their upper bits mixed into the lower ones.

    >>> int(_mix_down(np.array([2**47], dtype="uint64"))[0]) == 2**47 + 1
    True
    """
    return numbers ^ (numbers >> np.uint64(47))
