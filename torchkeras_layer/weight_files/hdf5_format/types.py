"""Of which type and shape are the elements of an array or attribute?"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Literal

import numpy as np

from torchkeras_layer.weight_files.hdf5_format.storage import Cursor, damaged

Kind = Literal["number", "bfloat16", "text", "text elsewhere", "other"]
_CLASSES = ("integer", "float", "time", "text", "bits", "opaque", "compound", "reference", "enum", "sequence", "array")
# Of floats of some bits: where the exponent stands and its size, the size of the mantissa, and the bias.
_FLOATS = {(10, 5, 10, 15): "f2", (23, 8, 23, 127): "f4", (52, 11, 52, 1023): "f8"}
_BFLOAT16 = (7, 8, 7, 127)
_MOST_AXES = 32


@dataclass(frozen=True)
class ElementType:
    """The type of elements.

    Attributes:
        kind: what they are; a text elsewhere is in a global heap.
        size: how many bytes each has.
        dtype: that of numpy; for texts elsewhere and others, and for bfloat16, that of the bytes.
        name: what to call it.
    """

    kind: Kind
    size: int
    dtype: np.dtype
    name: str


def read_type(content: bytes) -> ElementType:
    """Read a message of a datatype (chapter IV.A.2.d).

    >>> read_type(bytes([0x10, 8, 0, 0, 4, 0, 0, 0, 0, 0, 32, 0])).name
    'int32'
    """
    first, bits, more, _, size = struct.unpack("<BBBBI", Cursor(content).take(8))
    number, rest = first & 15, content[8:]
    name = _CLASSES[number] if number < len(_CLASSES) else f"class {number}"
    order = ">" if bits & 1 else "<"
    if size == 0:
        raise damaged("a type has elements of 0 bytes")
    if number == 0 and _is_whole_integer(rest, size):
        return _number(np.dtype(f"{order}{'i' if bits & 8 else 'u'}{size}"))
    if number == 1 and len(rest) >= 12:
        offset, precision, *places, bias = struct.unpack_from("<HHBBBBI", rest)
        layout = (places[0], places[1], places[3], bias)
        if (offset, precision, places[2]) == (0, 8 * size, 0) and layout in _FLOATS and not bits & 64:
            return _number(np.dtype(f"{order}{_FLOATS[layout]}"))
        if (size, layout) == (2, _BFLOAT16):
            return ElementType("bfloat16", 2, np.dtype(f"{order}i2"), "bfloat16")
    if number == 5 and size == 2:
        # What h5py makes of the bfloat16 of ml_dtypes.
        return ElementType("bfloat16", 2, np.dtype("<i2"), "bfloat16")
    if number == 8 and size == 1 and (bits, more) == (2, 0) and b"FALSE\0" in rest and b"TRUE\0" in rest:
        return ElementType("number", 1, np.dtype(bool), "bool")
    if number == 3:
        return ElementType("text", size, np.dtype(f"S{size}"), name)
    is_text = number == 9 and bits & 15 == 1 and size == 16
    return ElementType("text elsewhere" if is_text else "other", size, np.dtype(f"V{size}"), name)


def _is_whole_integer(rest: bytes, size: int) -> bool:
    return len(rest) >= 4 and size in (1, 2, 4, 8) and struct.unpack_from("<HH", rest) == (0, 8 * size)


def _number(dtype: np.dtype) -> ElementType:
    return ElementType("number", dtype.itemsize, dtype, dtype.name)


def read_shape(content: bytes) -> tuple[int, ...]:
    """Read a message of a dataspace (chapter IV.A.2.b); an empty one has the shape (0,).

    >>> read_shape(bytes([2, 1, 0, 1, 7, 0, 0, 0, 0, 0, 0, 0]))
    (7,)
    """
    cursor = Cursor(content)
    version, rank, _ = cursor.number(1), cursor.number(1), cursor.number(1)
    if version not in (1, 2) or rank > _MOST_AXES:
        raise damaged(f"a shape has the version {version} and {rank} axes")
    is_empty = cursor.number(1) == 2 and version == 2
    cursor.skip(4 if version == 1 else 0)
    return (0,) if is_empty else tuple(cursor.number(8) for _ in range(rank))


def size_of(shape: tuple[int, ...], element: ElementType) -> int:
    """Return how many bytes an array has."""
    return math.prod(shape) * element.size
