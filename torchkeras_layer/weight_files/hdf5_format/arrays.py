"""Where are the numbers of an array, and how are they read: from one piece, or from chunks that may be compressed?"""

from __future__ import annotations

import itertools
import math
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from torchkeras_layer.weight_files.hdf5_format.objects import (
    DATASPACE,
    DATATYPE,
    EXTERNAL_FILES,
    FILTERS,
    LAYOUT,
    Header,
    read_tree_node,
)
from torchkeras_layer.weight_files.hdf5_format.storage import UNDEFINED, Cursor, HDF5Error, Storage, damaged
from torchkeras_layer.weight_files.hdf5_format.types import ElementType, read_shape, read_type, size_of

_COMPACT, _CONTIGUOUS, _CHUNKED, _VIRTUAL = range(4)
_DEFLATE, _SHUFFLE, _FLETCHER32 = 1, 2, 3
_FILTERS = {_DEFLATE: "gzip", _SHUFFLE: "shuffle", _FLETCHER32: "fletcher32"}
_SPARE = 2**20


class StoredArray:
    """An array in a file, whose place is known and whose numbers are not read yet.

    Attributes:
        shape: its shape.
        element: the type of its elements.

    Raises:
        HDF5Error: if the numbers are in another file, or in a form that is not read, or the file has too few.
    """

    def __init__(self, header: Header) -> None:
        shape, element = header.one_of(DATASPACE), header.one_of(DATATYPE)
        layout = header.one_of(LAYOUT)
        if shape is None or element is None or layout is None:
            raise damaged("an array has no shape, no type or no place")
        self.shape = read_shape(shape)
        self.element = read_type(element)
        self._read_from, stored = _find(header, layout, self.shape, self.element)
        header.storage.claim(header.address, stored, size_of(self.shape, self.element))

    def read(self) -> np.ndarray:
        """Return the elements in a new array, in the order of bytes of the file."""
        return self._read_from()


Reader = Callable[[], np.ndarray]


def _find(header: Header, layout: bytes, shape: tuple[int, ...], element: ElementType) -> tuple[Reader, int]:
    """Return what reads an array, and how many bytes the file has for it (chapter IV.A.2.i)."""
    cursor = Cursor(layout)
    version, kind = cursor.number(1), cursor.number(1)
    if header.one_of(EXTERNAL_FILES) is not None or kind == _VIRTUAL:
        raise HDF5Error(
            "the numbers of this dataset are in other files, which are not read. Save the model again with Keras, "
            "which writes none of this kind."
        )
    size = size_of(shape, element)
    is_known = version in (3, 4) and kind in (_COMPACT, _CONTIGUOUS)
    if is_known and kind == _COMPACT:
        content = cursor.take(cursor.number(2))[:size]
        if len(content) != size:
            raise damaged(f"an array has {len(content)} bytes in place of {size}")
        return lambda: np.frombuffer(content, element.dtype).reshape(shape).copy(), size
    if is_known:
        address, stored = cursor.number(8), cursor.number(8)
        if size:
            if address == UNDEFINED or stored < size:
                raise damaged(f"an array has no numbers, or {stored} bytes in place of {size}")
            header.storage.check_range(address, size)
        return lambda: _read_piece(header.storage, address, shape, element), size
    if (version, kind) == (3, _CHUNKED):
        chunks = Chunks(header, cursor, shape, element)
        return chunks.read, chunks.size
    raise HDF5Error(
        f"an array is stored in a form that is not read: layout {kind} of version {version}. Write the file again "
        "with Keras, or with h5py.File(path, 'w') without libver='latest'."
    )


def _read_piece(storage: Storage, address: int, shape: tuple[int, ...], element: ElementType) -> np.ndarray:
    array = np.empty(shape, element.dtype)
    if array.size:
        storage.read_into(address, array.reshape(-1).view(np.uint8))
    return array


class Chunks:
    """An array that is cut into chunks of one shape, which a tree lists (chapters III.A.1 and IV.A.2.i).

    Args:
        header: that of the array.
        layout: the rest of the message that describes the chunks.
        shape: that of the array.
        element: the type of its elements.
    """

    def __init__(self, header: Header, layout: Cursor, shape: tuple[int, ...], element: ElementType) -> None:
        self._storage, self._shape, self._element = header.storage, shape, element
        rank = layout.number(1) - 1
        self._tree = layout.number(8)
        sizes = [layout.number(4) for _ in range(rank + 1)] if rank >= 0 else []
        if rank != len(shape) or not all(sizes) or sizes[-1] != element.size:
            raise damaged(f"an array of shape {shape} has chunks of the shape {sizes[:-1]}")
        self._chunk = tuple(sizes[:-1])
        self._chunk_size = math.prod(sizes)
        self._filters = read_filters(header.one_of(FILTERS))
        if self._chunk_size > size_of(shape, element) + _SPARE:
            raise damaged(f"an array of shape {shape} has chunks of the shape {self._chunk}, which are much larger")
        self._places = self._find_all() if math.prod(shape) else {}
        self.size = sum(stored for stored, _, _ in self._places.values())

    def read(self) -> np.ndarray:
        """Return the elements in a new array."""
        array = np.empty(self._shape, self._element.dtype)
        for start, place in self._places.items():
            whole = np.frombuffer(self._content(*place), self._element.dtype).reshape(self._chunk)
            ends = [min(a + size, end) for a, size, end in zip(start, self._chunk, self._shape, strict=True)]
            target = tuple(map(slice, start, ends))
            array[target] = whole[tuple(slice(end - a) for a, end in zip(start, ends, strict=True))]
        return array

    def _find_all(self) -> dict[tuple[int, ...], tuple[int, int, int]]:
        """Return the stored size, the filters that were left out and the address of each chunk, by its first index."""
        found: dict[tuple[int, ...], tuple[int, int, int]] = {}
        waiting, seen, key_size = [(self._tree, -1)], set(), 8 + 8 * (len(self._shape) + 1)
        while waiting:
            address, level = waiting.pop()
            level, children = read_tree_node(self._storage, address, 1, key_size, level)
            for key, child in children:
                if child in seen:
                    raise damaged("two chunks of an array are at the same place")
                seen.add(child)
                if level:
                    waiting.append((child, level))
                else:
                    stored, left_out, *start = struct.unpack(f"<II{len(self._shape)}Q8x", key)
                    self._storage.check_range(child, stored)
                    found[tuple(start)] = (stored, left_out, child)
        ranges = [range(0, end, size) for end, size in zip(self._shape, self._chunk, strict=True)]
        if math.prod(map(len, ranges)) != len(found) or not found.keys() <= set(itertools.product(*ranges)):
            raise damaged(f"an array of shape {self._shape} has {len(found)} chunks of the shape {self._chunk}")
        return found

    def _content(self, stored: int, left_out: int, address: int) -> bytes:
        content: Any = bytearray(stored)
        self._storage.read_into(address, content)
        for place, kind in reversed(list(enumerate(self._filters))):
            if not left_out >> place & 1:
                content = _undo(kind, content, self._element.size, self._chunk_size)
        if len(content) != self._chunk_size:
            raise damaged(f"a chunk has {len(content)} bytes in place of {self._chunk_size}")
        return content


def read_filters(content: bytes | None) -> list[int]:
    """Return the numbers of the filters that chunks went through (chapter IV.A.2.l).

    Raises:
        HDF5Error: if there is one besides gzip, shuffle and fletcher32; others are programs that would be loaded.

    >>> read_filters(bytes([2, 1, 1, 0, 0, 0, 1, 0, 4, 0, 0, 0]))
    [1]
    """
    if content is None:
        return []
    cursor = Cursor(content)
    version, count = cursor.number(1), cursor.number(1)
    cursor.skip(6 if version == 1 else 0)
    found = []
    for _ in range(count):
        kind = cursor.number(2)
        name_size = cursor.number(2) if version == 1 or kind >= 256 else 0
        _, values = cursor.number(2), cursor.number(2)
        if kind not in _FILTERS:
            name = cursor.take(name_size).rstrip(b"\0").decode("ascii", "replace")
            raise HDF5Error(
                f"an array is compressed with a filter that is not read. Received: number {kind}, {name!r}. Write it "
                f"with one of {list(_FILTERS.values())}, or none."
            )
        cursor.skip(name_size + -name_size % 8 if version == 1 else name_size).skip(4 * values)
        cursor.skip(4 if version == 1 and values % 2 else 0)
        found.append(kind)
    return found


def _undo(kind: int, content: Any, element_size: int, chunk_size: int) -> Any:
    if kind == _DEFLATE:
        # A chunk may have been through other filters, which add some bytes.
        return zlib.decompressobj().decompress(content, chunk_size + 64)
    if kind == _FLETCHER32:
        if _checksum(content[:-4]) != int.from_bytes(content[-4:], "little"):
            raise HDF5Error("a part of an array does not have its checksum: the file is damaged")
        return content[:-4]
    count = len(content) // element_size
    planes = np.frombuffer(content, np.uint8, count * element_size).reshape(element_size, count)
    return planes.T.tobytes() + bytes(content[count * element_size :])


def _checksum(content: Any) -> int:
    """Return Fletcher's checksum of 32 bits, of words of 16 bits in big-endian order."""
    content = bytes(content)
    words = np.frombuffer(content + b"\0" * (len(content) % 2), ">u2").astype(np.uint64)
    # Each sum is taken modulo 65535; factors stay above 0, as zeros alone have the sum 0.
    places = (np.arange(len(words), dtype=np.uint64)[::-1] % np.uint64(65535)) + np.uint64(1)
    first, second = (_folded(int(total)) for total in (words.sum(), (words * places).sum()))
    return second << 16 | first


def _folded(total: int) -> int:
    """Return the rest by 65535, which of its two forms, 0 and 65535, is 0 for 0 alone."""
    return (total - 1) % 65535 + 1 if total else 0
