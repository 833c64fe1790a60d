"""How is an HDF5 file of a stranger read, so that it can neither reach other files nor ask for memory without end?

HDF5 has links to other files, datasets whose numbers are in other files, and datasets that are declared larger than
the file. Nothing of that is followed: a group gives only what is in it, and a dataset its shape before its numbers.
"""

from __future__ import annotations

import math
import os
from collections.abc import Container, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch

from torchkeras_layer.weight_files.source import ModelFileError, reading

LARGEST_ATTRIBUTE = 64 * 2**20
"""How many bytes an attribute may have; the longest is the config of a model."""
MOST_MEMBERS = 100_000
"""How many groups and datasets a file may have."""
DEEPEST_GROUP = 64
"""How many groups may be one inside the other."""


class Group:
    """A group of an HDF5 file, for reading.

    Args:
        group: the `h5py.Group`.
        where: the file and the path of the group, for errors.
    """

    def __init__(self, group: Any, where: str) -> None:
        self._group = group
        self.where = where

    def names(self) -> list[str]:
        """Return the names of what is in the group, in the order of the file."""
        with reading(self.where):
            if len(self._group) > MOST_MEMBERS:
                raise ModelFileError(
                    f"{self.where}: expected at most {MOST_MEMBERS} members. Received: a group of more."
                )
            return list(self._group)

    def __contains__(self, name: str) -> bool:
        return name in self.names()

    def group(self, name: str) -> Group | None:
        """Return a group in this group; `None` if there is none of this name."""
        found = self._member(name)
        if found is None:
            return None
        if not _has_kind(found, "Group"):
            raise ModelFileError(f"{self.where}/{name}: expected a group. Received: {type(found).__name__}.")
        return Group(found, f"{self.where}/{name}")

    def descend(self, path: str) -> Group | Dataset | None:
        """Return what is at a path such as `'dense/kernel:0'` below this group; `None` if there is nothing."""
        here: Group | Dataset | None = self
        for part in filter(None, path.split("/")):
            if not isinstance(here, Group):
                return None
            here = here._wrapped(part)
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
        self._walk((), found, {self._address()}, leave_out)
        return found

    def _walk(
        self, path: tuple[str, ...], found: dict[Any, Dataset], seen: set[int], leave_out: Container[str]
    ) -> None:
        for name in self.names():
            parts = (*path, *name.replace("\\", "/").split("/"))
            if name in leave_out or parts[0] in leave_out:
                continue
            member = self._wrapped(name)
            if isinstance(member, Dataset):
                found[parts] = member
            elif member is not None:
                address = member._address()
                if address in seen or len(parts) > DEEPEST_GROUP or len(found) + len(seen) > MOST_MEMBERS:
                    raise ModelFileError(
                        f"{member.where}: expected a tree of at most {MOST_MEMBERS} groups and datasets, at most "
                        f"{DEEPEST_GROUP} deep. Received: a group that is deeper, or that stands in two places."
                    )
                seen.add(address)
                member._walk(parts, found, seen, ())

    def _address(self) -> int:
        import h5py

        with reading(self.where):
            return h5py.h5o.get_info(self._group.id).addr  # type: ignore[attr-defined]

    def _wrapped(self, name: str) -> Group | Dataset | None:
        found = self._member(name)
        if found is None:
            return None
        where = f"{self.where}/{name}"
        if _has_kind(found, "Group"):
            return Group(found, where)
        if _has_kind(found, "Dataset"):
            return Dataset(found, where)
        raise ModelFileError(f"{where}: expected a group or a dataset. Received: {type(found).__name__}.")

    def text(self, name: str) -> str | None:
        """Return an attribute of text; `None` if there is none of this name."""
        value = self._attribute(name)
        if value is None:
            return None
        value = value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value
        if not isinstance(value, (str, bytes)):
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

    def _member(self, name: str) -> Any:
        if not name or "/" in name or name in {".", ".."}:
            return None
        import h5py

        with reading(f"{self.where}/{name}"):
            link = self._group.get(name, getlink=True)
            if link is None:
                return None
            if not isinstance(link, h5py.HardLink):
                raise ModelFileError(
                    f"{self.where}/{name}: links to other places are not followed. Received: {type(link).__name__}. "
                    "Save the model again with Keras, which writes none."
                )
            return self._group[name]

    def _attribute(self, name: str) -> Any:
        with reading(f"{self.where}: the attribute {name!r}"):
            if name not in self._group.attrs:
                return None
            attribute = self._group.attrs.get_id(name)
            size = math.prod(attribute.shape or ()) * attribute.dtype.itemsize
            if size > LARGEST_ATTRIBUTE:
                raise ModelFileError(
                    f"{self.where}: the attribute {name!r} must have at most {LARGEST_ATTRIBUTE} bytes. Received: "
                    f"{size}."
                )
            return self._group.attrs[name]

    def _list(self, name: str, value: Any) -> list[str]:
        array = np.asarray(value)
        # An empty list is stored as an array of numbers.
        if array.ndim != 1 or (array.size and array.dtype.kind not in "SUO"):
            raise ModelFileError(
                f"{self.where}: the attribute {name!r} must be a list of texts. Received: {value!r:.200}."
            )
        return [_decode(item, f"{self.where}: the attribute {name!r}") for item in array.tolist()] if array.size else []


class Dataset:
    """A dataset of numbers of an HDF5 file, for reading.

    Args:
        dataset: the `h5py.Dataset`.
        where: the file and the path of the dataset, for errors.
    """

    def __init__(self, dataset: Any, where: str) -> None:
        self._dataset = dataset
        self.where = where
        with reading(where):
            self.shape: tuple[int, ...] = tuple(dataset.shape or ())
            is_foreign = dataset.is_virtual or bool(dataset.external)
            self._is_bfloat16 = dataset.dtype.kind == "V" and dataset.dtype.itemsize == 2
            kind, self.dtype = dataset.dtype.kind, "bfloat16" if self._is_bfloat16 else dataset.dtype.name
        if is_foreign:
            raise ModelFileError(
                f"{where}: the numbers of this dataset are in other files, which are not read. Save the model again "
                "with Keras, which writes none of this kind."
            )
        if kind not in "fiub" and not self._is_bfloat16:
            raise ModelFileError(f"{where}: expected numbers. Received: a dataset of type {dataset.dtype}.")

    @property
    def numel(self) -> int:
        """How many numbers the file declares."""
        return math.prod(self.shape)

    def read(self) -> torch.Tensor:
        """Return the numbers. Compare `shape` with what is expected first: a file can declare any shape."""
        with reading(self.where):
            array = np.asarray(self._dataset[()])
        if self._is_bfloat16:
            return torch.from_numpy(np.array(array.view(np.int16))).view(torch.bfloat16)
        if array.dtype.byteorder == ">":
            array = array.astype(array.dtype.newbyteorder("="))
        return torch.from_numpy(np.array(array, dtype=_of_torch(array.dtype)))


@contextmanager
def open_hdf5(source: str | os.PathLike[str] | IO[bytes], where: str) -> Iterator[Group]:
    """Open an HDF5 file, and give its root group.

    Args:
        source: the path of the file, or an open file.
        where: what to call it in errors.

    Raises:
        ImportError: if h5py is not installed.
        ModelFileError: if it is not an HDF5 file, or a damaged one.

    >>> from io import BytesIO
    >>> with open_hdf5(BytesIO(b"no HDF5"), "model.h5") as root:
    ...     root.names()
    Traceback (most recent call last):
    ...
    torchkeras_layer.weight_files.source.ModelFileError: model.h5: the file is damaged or incomplete: ...
    """
    try:
        import h5py
    except ImportError as error:
        raise ImportError(f"{where}: HDF5 files need h5py. Run: pip install 'torchkeras_layer[files]'.") from error
    with reading(where):
        file = h5py.File(Path(source) if isinstance(source, (str, os.PathLike)) else source, "r")
    with file:
        yield Group(file, where)


def _has_kind(found: Any, name: str) -> bool:
    import h5py

    return isinstance(found, getattr(h5py, name))


def _decode(value: Any, where: str) -> str:
    if isinstance(value, str):
        return value
    with reading(where):
        return bytes(value).decode("utf-8")


def _of_torch(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return a dtype that torch has; `bool` and the ints and floats of numpy stay."""
    larger = {"uint16": "int32", "uint32": "int64", "uint64": "int64", "float128": "float64"}
    return np.dtype(larger.get(dtype.name, dtype.name))
