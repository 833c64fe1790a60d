"""Which messages does the header of a group or dataset have, and what is linked to a group?"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property

from torchkeras_layer.weight_files.hdf5_format.attributes import Attribute, read_attribute
from torchkeras_layer.weight_files.hdf5_format.storage import UNDEFINED, Cursor, HDF5Error, Storage, damaged

DATASPACE, DATATYPE, EXTERNAL_FILES, LAYOUT, FILTERS = 1, 3, 7, 8, 11
_LINK_INFO, _LINK, _ATTRIBUTE, _CONTINUATION, _SYMBOL_TABLE, _ATTRIBUTE_INFO = 2, 6, 12, 16, 17, 21
_IS_SHARED = 2
_MOST_BLOCKS = 10_000


@dataclass(frozen=True)
class Message:
    """A message of a header: the number of its kind, and its bytes."""

    kind: int
    content: bytes


class Header:
    """The header of an object at an address (chapter IV.A).

    Args:
        storage: the file.
        address: where it is.
    """

    def __init__(self, storage: Storage, address: int) -> None:
        self.storage = storage
        self.address = address

    @cached_property
    def messages(self) -> list[Message]:
        """All messages, from all blocks."""
        start = self.storage.at(self.address, 16)
        is_new = start.startswith(b"OHDR")
        messages, blocks = (self._new_block(start) if is_new else self._old_block(start)), 1
        place = 0
        while place < len(messages):
            message = messages[place]
            if message.kind == _CONTINUATION:
                cursor = Cursor(message.content)
                address, size = cursor.number(8), cursor.number(8)
                messages += self._continued(address, size, is_new, start[5] if is_new else 0)
                blocks += 1
            if blocks > _MOST_BLOCKS:
                raise damaged("a header goes on for ever")
            place += 1
        return messages

    def all_of(self, kind: int) -> list[bytes]:
        """Return the bytes of all messages of a kind."""
        return [message.content for message in self.messages if message.kind == kind]

    def one_of(self, kind: int) -> bytes | None:
        """Return the bytes of the only message of a kind; `None` if there is none.

        Raises:
            HDF5Error: if there are several.
        """
        found = self.all_of(kind)
        if len(found) > 1:
            raise damaged(f"a header has {len(found)} messages of the kind {kind}")
        return found[0] if found else None

    def at(self, address: int) -> Header:
        """Return the header at another address of the file; each is read once."""
        return self.storage.headers.setdefault(address, Header(self.storage, address))

    @property
    def is_dataset(self) -> bool:
        """Whether the object is a dataset; else it is a group, or a type, which Keras does not store."""
        return any(message.kind == LAYOUT for message in self.messages)

    @property
    def is_group(self) -> bool:
        """Whether the object is a group."""
        return any(message.kind in (_LINK_INFO, _SYMBOL_TABLE) for message in self.messages)

    @cached_property
    def links(self) -> dict[str, int | str]:
        """What is linked to a group: the address of the header, or the kind of a link that leads elsewhere."""
        links = dict(map(_read_link, self.all_of(_LINK)))
        for content in self.all_of(_LINK_INFO):
            cursor = Cursor(content, 1)
            if _has_dense_storage(cursor, 8):
                raise _dense("members")
        table = self.one_of(_SYMBOL_TABLE)
        if table is not None:
            cursor = Cursor(table)
            links |= SymbolTable(self.storage, cursor.number(8), cursor.number(8)).links()
        return dict(sorted(links.items()))

    @cached_property
    def attributes(self) -> dict[str, Attribute]:
        """The attributes by their names."""
        for content in self.all_of(_ATTRIBUTE_INFO):
            if _has_dense_storage(Cursor(content, 1), 2):
                raise _dense("attributes")
        return {attribute.name: attribute for attribute in map(read_attribute, self.all_of(_ATTRIBUTE))}

    def _old_block(self, start: bytes) -> list[Message]:
        if start[0] != 1:
            raise damaged(f"there is no header of a group or dataset at byte {self.address}")
        (size,) = struct.unpack_from("<I", start, 8)
        return self._old_messages(self.storage.at(self.address + 16, size))

    def _new_block(self, start: bytes) -> list[Message]:
        flags, place = start[5], 6 + (16 if start[5] & 32 else 0) + (4 if start[5] & 16 else 0)
        width = 1 << (flags & 3)
        size = int.from_bytes(self.storage.at(self.address + place, width), "little")
        return self._new_messages(self.storage.at(self.address + place + width, size), flags)

    def _continued(self, address: int, size: int, is_new: bool, flags: int) -> list[Message]:
        if not is_new:
            return self._old_messages(self.storage.at(address, size))
        # Between the signature and the checksum.
        return self._new_messages(self.storage.signed(address, b"OCHK", max(size, 8))[4:-4], flags)

    def _old_messages(self, block: bytes) -> list[Message]:
        cursor, found = Cursor(block), []
        while cursor.left() >= 8:
            kind, size, flags = struct.unpack("<HHB3x", cursor.take(8))
            found.append(self._message(kind, flags, cursor.take(size)))
        return found

    def _new_messages(self, block: bytes, flags: int) -> list[Message]:
        cursor, found = Cursor(block), []
        order = 2 if flags & 4 else 0
        while cursor.left() >= 4 + order:
            kind, size, own_flags = struct.unpack("<BHB", cursor.take(4))
            found.append(self._message(kind, own_flags, cursor.skip(order).take(size)))
        return found

    def _message(self, kind: int, flags: int, content: bytes) -> Message:
        self.storage.spend(1)
        if flags & _IS_SHARED and kind in (DATASPACE, DATATYPE, LAYOUT, FILTERS, _ATTRIBUTE):
            raise HDF5Error("the type of an array or attribute has a name of its own, which Keras never writes.")
        return Message(kind, content)


class SymbolTable:
    """The links of a group in the older of two forms: a tree of nodes with places in a heap of names (III.A to III.D).

    Args:
        storage: the file.
        tree: where the tree is.
        heap: where the heap is.
    """

    def __init__(self, storage: Storage, tree: int, heap: int) -> None:
        self._storage = storage
        self._tree = tree
        start = storage.signed(heap, b"HEAP", 32)
        size, _, address = struct.unpack_from("<QQQ", start, 8)
        self._names = storage.at(address, size)

    def links(self) -> dict[str, int | str]:
        """Return the links by their names."""
        found: dict[str, int | str] = {}
        waiting, seen = [(self._tree, -1)], set()
        while waiting:
            address, level = waiting.pop()
            if address in seen:
                raise damaged("two places of a group refer to the same node")
            seen.add(address)
            if level == 0:
                self._read_symbols(address, found)
            else:
                level, children = read_tree_node(self._storage, address, 0, 8, level)
                waiting += [(child, level) for _, child in children]
        return found

    def _read_symbols(self, address: int, found: dict[str, int | str]) -> None:
        (count,) = struct.unpack_from("<6xH", self._storage.signed(address, b"SNOD", 8))
        entries = self._storage.at(address + 8, 40 * count)
        self._storage.spend(count)
        for place, header, kind in struct.iter_unpack("<QQI20x", entries):
            name = self._name(place)
            if name in found:
                raise damaged(f"a group has two members {name!r}")
            found[name] = "SoftLink" if kind == 2 else header

    def _name(self, place: int) -> str:
        end = self._names.find(b"\0", place)
        if not 0 <= place < end:
            raise damaged("a member of a group has no name")
        return self._names[place:end].decode()


def read_tree_node(
    storage: Storage, address: int, kind: int, key_size: int, parent_level: int
) -> tuple[int, list[tuple[bytes, int]]]:
    """Return the level of a node of a tree (III.A.1), and its keys with the addresses of what is below it.

    Raises:
        HDF5Error: if there is no node of this kind, or it is not below its parent.
    """
    start = storage.signed(address, b"TREE", 24)
    found, level, count = struct.unpack_from("<BBH", start, 4)
    if found != kind or parent_level not in (-1, level + 1):
        raise damaged(f"the node at byte {address} is not of the kind and level that refer to it")
    storage.spend(count)
    cursor = Cursor(storage.at(address + 24, count * (key_size + 8)))
    return level, [(cursor.take(key_size), cursor.number(8)) for _ in range(count)]


def _read_link(content: bytes) -> tuple[str, int | str]:
    """Return the name in a message of a link, and the address of the header; or the kind of a link elsewhere."""
    cursor = Cursor(content)
    version, flags = cursor.number(1), cursor.number(1)
    if version != 1:
        raise damaged(f"there is no version {version} of links")
    kind = cursor.number(1) if flags & 8 else 0
    cursor.skip(8 if flags & 4 else 0).skip(1 if flags & 16 else 0)
    name = cursor.take(cursor.number(1 << (flags & 3))).decode()
    return name, cursor.number(8) if kind == 0 else {1: "SoftLink", 64: "ExternalLink"}.get(kind, "a link")


def _has_dense_storage(cursor: Cursor, index_size: int) -> bool:
    return cursor.skip(index_size if cursor.number(1) & 1 else 0).number(8) != UNDEFINED


def _dense(what: str) -> HDF5Error:
    return HDF5Error(
        f"a group has its {what} in a form that Keras does not write, and that is not read. Write the file again "
        "with Keras, or with h5py.File(path, 'w') without libver='latest' and track_order=True."
    )
