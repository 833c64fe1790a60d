"""Which bytes of an HDF5 file are read, and how much work may a file cause?"""

from __future__ import annotations

import os
import struct
from typing import IO, Any

UNDEFINED = 2**64 - 1
"""The address of what is not there."""
MOST_STEPS = 1_000_000
"""How many entries of all kinds may be read from a file; one with 10,000 arrays takes about 100,000."""
MOST_BYTES = 256 * 2**20
"""How many bytes may be read besides the numbers of arrays."""

HIGHEST_RATIO = 20
"""How many times larger than the file its arrays may be; noise, as weights are, cannot be compressed much."""
SMALL = 64 * 2**20
"""The bytes that arrays may have in any case: zeros and ones are compressed to nearly nothing."""


class HDF5Error(ValueError):
    """Something that an HDF5 file has and must not have; the message continues "<file>: ".

    >>> issubclass(HDF5Error, ValueError)
    True
    """


def damaged(what: str) -> HDF5Error:
    """Return the error for a file whose parts contradict each other.

    >>> damaged("a name has no end").args[0]
    'the file is damaged or incomplete: a name has no end. Copy it again, or save it again with Keras.'
    """
    return HDF5Error(f"the file is damaged or incomplete: {what}. Copy it again, or save it again with Keras.")


class Storage:
    """The bytes of an HDF5 file, with a budget for those that read it.

    Attributes:
        size: how many there are.
        headers: the headers of objects that were read, by their addresses.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.size = file.seek(0, os.SEEK_END)
        self.headers: dict[int, Any] = {}
        self._steps, self._bytes = MOST_STEPS, MOST_BYTES
        # The headers of the arrays that were found, and their bytes in the file and in memory.
        self._arrays: set[int] = set()
        self._stored = self._unpacked = 0

    def spend(self, steps: int) -> None:
        """Count steps of work.

        Raises:
            HDF5Error: if the file has caused more than any model does.
        """
        self._steps -= steps
        if self._steps < 0:
            raise HDF5Error(f"expected a file of at most {MOST_STEPS} entries. Received: one of more.")

    def at(self, address: int, size: int) -> bytes:
        """Return the bytes at an address.

        Raises:
            HDF5Error: if the file has fewer.
        """
        self.spend(1)
        self._bytes -= size
        if self._bytes < 0:
            raise HDF5Error(f"expected at most {MOST_BYTES} bytes besides numbers. Received: more.")
        self.check_range(address, size)
        self._file.seek(address)
        content = self._file.read(size)
        if len(content) != size:
            raise damaged(f"it ends before byte {address + size}")
        return content

    def read_into(self, address: int, buffer: Any) -> None:
        """Fill a buffer with the bytes at an address.

        Raises:
            HDF5Error: if the file has fewer.
        """
        view = memoryview(buffer).cast("B")
        self.check_range(address, len(view))
        self._file.seek(address)
        done = 0
        while done < len(view):
            count = self._file.readinto(view[done:])  # type: ignore[attr-defined]
            if not count:
                raise damaged(f"it ends before byte {address + len(view)}")
            done += count

    def check_range(self, address: int, size: int) -> None:
        """Check that the file has so many bytes at an address.

        Raises:
            HDF5Error: if it has not.
        """
        if not 0 <= address <= address + size <= self.size:
            raise damaged(f"it has {self.size} bytes, and refers to {size} bytes at {address}")

    def claim(self, header: int, stored: int, unpacked: int) -> None:
        """Note how many bytes an array has in the file and in memory; its header tells it from others.

        Raises:
            HDF5Error: if arrays overlap, or are compressed more than the weights of a model can be.
        """
        if header in self._arrays:
            return
        self._arrays.add(header)
        self._stored += stored
        self._unpacked += unpacked
        if self._stored > self.size or self._unpacked > max(HIGHEST_RATIO * self.size, SMALL):
            raise HDF5Error(
                f"expected arrays that do not overlap, and at most {HIGHEST_RATIO} times the size of the file. "
                f"Received: {self._unpacked} bytes out of {self._stored}, in a file of {self.size}."
            )

    def signed(self, address: int, signature: bytes, size: int) -> bytes:
        """Return the bytes at an address, which must begin with a signature.

        Raises:
            HDF5Error: if they do not.
        """
        content = self.at(address, size)
        if not content.startswith(signature):
            raise damaged(f"expected {signature!r} at byte {address}. Received: {content[: len(signature)]!r}")
        return content


class Cursor:
    """A place in some bytes, from which numbers are read one after the other.

    >>> cursor = Cursor(bytes([1, 2, 0, 7])); cursor.number(1), cursor.number(2), cursor.rest()
    (1, 2, b'\\x07')
    """

    def __init__(self, content: bytes, place: int = 0) -> None:
        self.content = content
        self.place = place

    def number(self, size: int) -> int:
        """Return the next number, of so many bytes."""
        return int.from_bytes(self.take(size), "little")

    def take(self, size: int) -> bytes:
        """Return the next bytes.

        Raises:
            HDF5Error: if there are fewer.
        """
        found = self.content[self.place : self.place + size]
        if len(found) != size:
            raise damaged(f"{size} bytes were expected where {len(found)} are")
        self.place += size
        return found

    def skip(self, size: int) -> Cursor:
        """Go on by so many bytes."""
        self.take(size)
        return self

    def rest(self) -> bytes:
        """Return all bytes that follow."""
        return self.take(len(self.content) - self.place)

    def left(self) -> int:
        """Return how many bytes follow."""
        return len(self.content) - self.place


def root_address(storage: Storage) -> int:
    """Return where the header of the root group is, which the superblock says (chapter II.A).

    Raises:
        HDF5Error: if there is no superblock, or one of a kind that Keras does not write.
    """
    start = storage.signed(0, b"\x89HDF\r\n\x1a\n", 96 if storage.size >= 96 else 48)
    version = start[8]
    if version not in (0, 1, 2, 3):
        raise damaged(f"there is no version {version} of the format")
    sizes, base = (start[13:15], 24 + 4 * version) if version < 2 else (start[9:11], 12)
    if sizes != b"\x08\x08":
        raise damaged(f"addresses must have 8 bytes. Received: {tuple(sizes)}")
    addresses = struct.unpack_from("<QQQQ", start, base)
    if addresses[0] != 0:
        raise damaged(f"its first byte must have the address 0. Received: {addresses[0]}")
    if version >= 2:
        return addresses[3]
    (root,) = struct.unpack_from("<Q", start, base + 40)
    return root
