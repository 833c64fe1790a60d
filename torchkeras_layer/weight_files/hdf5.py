"""How is an HDF5 file of a stranger read, so that it can neither reach other files nor ask for memory without end?

HDF5 has links to other files, datasets whose numbers are in other files, and datasets that are declared larger than
the file. Nothing of that is followed: a group gives only what is in it, and a dataset its shape before its numbers.
"""

from __future__ import annotations

import math
import os
from collections.abc import Container, Iterator
from contextlib import contextmanager, nullcontext
from itertools import count
from typing import IO, Any

import numpy as np
import torch

from torchkeras_layer.weight_files.hdf5_format.arrays import StoredArray
from torchkeras_layer.weight_files.hdf5_format.attributes import read_value
from torchkeras_layer.weight_files.hdf5_format.objects import Header
from torchkeras_layer.weight_files.hdf5_format.storage import HDF5Error, Storage, root_address
from torchkeras_layer.weight_files.source import ModelFileError, reading

MOST_MEMBERS = 50_000
"""How many groups and datasets a file may have."""
DEEPEST_GROUP = 64
"""How many groups may be one inside the other."""


class Group:
    """A group of an HDF5 file, for reading.

    Args:
        header: its header in the file.
        where: the file and the path of the group, for errors.
    """

    def __init__(self, header: Header, where: str) -> None:
        self._header = header
        self.where = where

    def names(self) -> list[str]:
        """Return the names of what is in the group, sorted."""
        with _reading(self.where):
            return list(self._header.links)

    def __contains__(self, name: str) -> bool:
        with _reading(self.where):
            return name in self._header.links

    def group(self, name: str) -> Group | None:
        """Return a group in this group; `None` if there is none of this name."""
        found = self._member(name)
        if found is not None and not isinstance(found, Group):
            raise ModelFileError(f"{self.where}/{name}: expected a group. Received: a dataset.")
        return found

    def descend(self, path: str) -> Group | Dataset | None:
        """Return what is at a path such as `'dense/kernel:0'` below this group; `None` if there is nothing."""
        here: Group | Dataset | None = self
        for part in filter(None, path.split("/")):
            if not isinstance(here, Group):
                return None
            here = here._member(part)
        return here

    def walk(self, leave_out: Container[str] = ()) -> dict[tuple[str, ...], Dataset]:
        """Return all datasets below this group by their paths.

        A group that was saved on Windows may have a path with backslashes as its name, which is cut.

        Args:
            leave_out: members of this group that are not looked at.

        Raises:
            ModelFileError: if a group can be reached in two ways, or there are too many or too deep ones.
        """
        found: dict[tuple[str, ...], Dataset] = {}
        self._walk((), found, {self._header.address}, leave_out)
        return found

    def _walk(
        self, path: tuple[str, ...], found: dict[Any, Dataset], seen: set[int], leave_out: Container[str]
    ) -> None:
        for name in self.names():
            parts = (*path, *name.replace("\\", "/").split("/"))
            if name in leave_out or parts[0] in leave_out:
                continue
            member = self._member(name)
            if isinstance(member, Dataset):
                found[parts] = member
            elif member is not None:
                address = member._header.address
                if address in seen or len(parts) > DEEPEST_GROUP or len(found) + len(seen) > MOST_MEMBERS:
                    raise ModelFileError(
                        f"{member.where}: expected a tree of at most {MOST_MEMBERS} groups and datasets, at most "
                        f"{DEEPEST_GROUP} deep. Received: a group that is deeper, or that stands in two places."
                    )
                seen.add(address)
                member._walk(parts, found, seen, ())

    def text(self, name: str) -> str | None:
        """Return an attribute of text; `None` if there is none of this name."""
        value = self._attribute(name)
        if value is None:
            return None
        if not isinstance(value, bytes):
            raise ModelFileError(
                f"{self.where}: the attribute {name!r} must be text. Received: {type(value).__name__}."
            )
        return _decode(value, f"{self.where}: the attribute {name!r}")

    def texts(self, name: str) -> list[str] | None:
        """Return an attribute that is a list of texts; `None` if there is none.

        Keras cuts a list that is too long for one attribute into `name0`, `name1`, ….
        """
        value = self._attribute(name)
        if value is not None:
            return self._list(name, value)
        parts: list[str] = []
        for number in count():
            part = self._attribute(f"{name}{number}")
            if part is None:
                break
            parts += self._list(name, part)
        return parts or None

    def _member(self, name: str) -> Group | Dataset | None:
        where = f"{self.where}/{name}"
        with _reading(where):
            link = self._header.links.get(name)
            if link is None:
                return None
            if isinstance(link, str):
                raise ModelFileError(
                    f"{where}: links to other places are not followed. Received: {link}. Save the model again with "
                    "Keras, which writes none."
                )
            header = self._header.at(link)
            if header.is_dataset:
                return Dataset(StoredArray(header), where)
            if header.is_group:
                return Group(header, where)
        raise ModelFileError(f"{where}: expected a group or a dataset. Received: another object.")

    def _attribute(self, name: str) -> Any:
        with _reading(f"{self.where}: the attribute {name!r}"):
            attribute = self._header.attributes.get(name)
            return None if attribute is None else read_value(self._header.storage, attribute)

    def _list(self, name: str, value: Any) -> list[str]:
        # An empty list is stored as an array of numbers.
        if isinstance(value, np.ndarray) and value.ndim == 1 and not value.size:
            return []
        if not isinstance(value, list):
            raise ModelFileError(
                f"{self.where}: the attribute {name!r} must be a list of texts. Received: {value!r:.200}."
            )
        return [_decode(item, f"{self.where}: the attribute {name!r}") for item in value]


class Dataset:
    """A dataset of numbers of an HDF5 file, for reading.

    Args:
        array: the array in the file.
        where: the file and the path of the dataset, for errors.
    """

    def __init__(self, array: StoredArray, where: str) -> None:
        self._array = array
        self.where = where
        self.shape, self.dtype = array.shape, array.element.name
        if array.element.kind not in ("number", "bfloat16"):
            raise ModelFileError(f"{where}: expected numbers. Received: a dataset of type {self.dtype}.")

    @property
    def numel(self) -> int:
        """How many numbers the file declares."""
        return math.prod(self.shape)

    def read(self) -> torch.Tensor:
        """Return the numbers. Compare `shape` with what is expected first: a file can declare any shape."""
        with _reading(self.where):
            array = self._array.read()
        array = array.astype(_of_torch(array.dtype), copy=False)
        tensor = torch.from_numpy(array)
        return tensor.view(torch.bfloat16) if self._array.element.kind == "bfloat16" else tensor


@contextmanager
def open_hdf5(source: str | os.PathLike[str] | IO[bytes], where: str) -> Iterator[Group]:
    """Open an HDF5 file, and give its root group.

    Args:
        source: the path of the file, or an open file.
        where: what to call it in errors.

    Raises:
        ModelFileError: if it is not an HDF5 file, or a damaged one.

    >>> from io import BytesIO
    >>> with open_hdf5(BytesIO(b"no HDF5"), "model.h5") as root:
    ...     root.names()
    Traceback (most recent call last):
    ...
    torchkeras_layer.weight_files.source.ModelFileError: model.h5: the file is damaged or incomplete: ...
    """
    file = open(source, "rb") if isinstance(source, (str, os.PathLike)) else nullcontext(source)  # noqa: SIM115
    with file as content:
        with _reading(where):
            storage = Storage(content)
            root = Header(storage, root_address(storage))
        yield Group(root, where)


@contextmanager
def _reading(where: str) -> Iterator[None]:
    with reading(where):
        try:
            yield
        except HDF5Error as error:
            raise ModelFileError(f"{where}: {error}") from error


def _decode(value: bytes, where: str) -> str:
    with _reading(where):
        return value.decode("utf-8")


def _of_torch(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return a dtype that torch has, in the order of bytes of this computer."""
    larger = {"uint16": "int32", "uint32": "int64", "uint64": "int64"}
    return np.dtype(larger.get(dtype.name, dtype.name))
