"""Which values do the attributes of a group have?"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

from torchkeras_layer.weight_files.hdf5_format.storage import Cursor, HDF5Error, Storage, damaged
from torchkeras_layer.weight_files.hdf5_format.types import ElementType, read_shape, read_type, size_of

LARGEST_ATTRIBUTE = 64 * 2**20
"""How many bytes an attribute may have; the longest is the config of a model."""
_MOST_IN_HEAP = 2**16
_TEXT_ELSEWHERE = struct.Struct("<IQI")


@dataclass(frozen=True)
class Attribute:
    """An attribute: its name, the type and shape of its value, and the bytes of it."""

    name: str
    element: ElementType
    shape: tuple[int, ...]
    content: bytes


def read_attribute(content: bytes) -> Attribute:
    """Read a message of an attribute (chapter IV.A.2.m)."""
    version, flags, name_size, type_size, shape_size = struct.unpack("<BBHHH", Cursor(content).take(8))
    if version not in (1, 2, 3):
        raise damaged(f"there is no version {version} of attributes")
    if version > 1 and flags:
        raise HDF5Error("the type of an attribute has a name of its own, which Keras never writes.")
    cursor = Cursor(content, 9 if version == 3 else 8)
    parts = []
    for size in (name_size, type_size, shape_size):
        parts.append(cursor.take(size))
        cursor.skip(-size % 8 if version == 1 else 0)
    element, shape = read_type(parts[1]), read_shape(parts[2])
    return Attribute(parts[0].rstrip(b"\0").decode(), element, shape, cursor.rest())


def read_value(storage: Storage, attribute: Attribute) -> Any:
    """Return the value of an attribute: an array of numbers, or texts as bytes; of one element, that alone.

    Raises:
        HDF5Error: if it is of another kind, too long, or damaged.
    """
    element, shape = attribute.element, attribute.shape
    size = size_of(shape, element)
    if size > LARGEST_ATTRIBUTE:
        raise _too_long(attribute.name, size)
    content = attribute.content[:size]
    if len(content) != size:
        raise damaged(f"the attribute {attribute.name!r} has {len(content)} bytes in place of {size}")
    if element.kind == "text elsewhere":
        texts = _texts_elsewhere(storage, attribute.name, content)
        return texts if shape else texts[0]
    if element.kind == "text":
        texts = [content[start : start + element.size].rstrip(b"\0") for start in range(0, size, element.size)]
        return texts if shape else texts[0]
    return np.frombuffer(content, element.dtype, math.prod(shape)).reshape(shape)


def _texts_elsewhere(storage: Storage, name: str, content: bytes) -> list[bytes]:
    texts, left = [], LARGEST_ATTRIBUTE
    heaps: dict[int, dict[int, tuple[int, int]]] = {}
    for length, address, index in _TEXT_ELSEWHERE.iter_unpack(content):
        storage.spend(1)
        left -= length
        if left < 0:
            raise _too_long(name, LARGEST_ATTRIBUTE - left)
        if length == 0:
            texts.append(b"")
            continue
        if address not in heaps:
            heaps[address] = _objects_in_heap(storage, address)
        place, size = heaps[address].get(index, (0, 0))
        if size < length:
            raise damaged(f"a text of the attribute {name!r} is not where it must be")
        texts.append(storage.at(place, length).rstrip(b"\0"))
    return texts


def _objects_in_heap(storage: Storage, address: int) -> dict[int, tuple[int, int]]:
    """Return the addresses and sizes of the objects in a global heap (chapter III.E), by their numbers."""
    start = storage.signed(address, b"GCOL", 16)
    (size,) = struct.unpack_from("<Q", start, 8)
    storage.check_range(address, size)
    place, end, found = address + 16, address + size, {}
    while place + 16 <= end and len(found) < _MOST_IN_HEAP:
        index, length = struct.unpack("<H6xQ", storage.at(place, 16))
        if index == 0:
            break
        if index in found or place + 16 + length > end:
            raise damaged(f"the heap at byte {address} has objects that overlap")
        found[index] = (place + 16, length)
        place += 16 + length + -length % 8
    return found


def _too_long(name: str, size: int) -> HDF5Error:
    return HDF5Error(f"the attribute {name!r} must have at most {LARGEST_ATTRIBUTE} bytes. Received: {size}.")
