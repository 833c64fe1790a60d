"""What is in a `.keras` archive, and how are its members read without extracting anything?"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import SEEK_CUR, SEEK_END, SEEK_SET, BufferedReader, BytesIO, FileIO, RawIOBase
from pathlib import Path
from typing import IO, Any

from torchkeras_layer.registry.envelope import excerpt
from torchkeras_layer.weight_files.source import LONGEST_TEXT, ModelFileError, read_json, reading

_CONFIG, _METADATA, _WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
LONGEST_DIRECTORY = 2**20
"""How many bytes the list of the members of an archive may have; Keras writes three, and files of vocabularies."""
ASSETS = "assets"
"""The folder of an archive with the files of layers."""
HIGHEST_RATIO = 20
"""How many times larger than in the archive a member of more than 64 MiB may be; Keras does not compress."""


@dataclass(frozen=True)
class Archive:
    """The members of a `.keras` archive that are read.

    Attributes:
        config: the config of the model.
        metadata: what the archive says of the program that wrote it.
    """

    metadata: dict[str, Any]
    config: Any

    @property
    def version(self) -> str | None:
        """The version of Keras that wrote the archive; `None` if it does not say so."""
        version = self.metadata.get("keras_version")
        return version if isinstance(version, str) else None

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Archive:
        """Read the archive, without its weights.

        Raises:
            ModelFileError: if a member is missing, doubled, much larger than in the archive, or not what it must be.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder) / "model.keras"
        ...     with zipfile.ZipFile(path, "w") as archive:
        ...         archive.writestr("config.json", '{"class_name": "Sequential", "config": {"layers": []}}')
        ...     Archive.read(path).config["class_name"]
        'Sequential'
        """
        where = str(path)
        with reading(where), _Directory(path) as file, zipfile.ZipFile(file) as archive:
            members = _members(archive, where, file)
            if _CONFIG not in members:
                raise ModelFileError(
                    f"{where}: expected a .keras archive with a config.json. Received: an archive of "
                    f"{excerpt(sorted(members))}."
                )
            config = _read_text(archive, members[_CONFIG], where)
            metadata = _read_text(archive, members[_METADATA], where) if _METADATA in members else {}
        return cls(metadata if isinstance(metadata, dict) else {}, config)


@contextmanager
def open_weights(path: str | os.PathLike[str], is_checked: bool) -> Iterator[IO[bytes] | None]:
    """Open the HDF5 file of the weights in an archive, in its place if it is not compressed; `None` if it is missing.

    Args:
        path: the archive.
        is_checked: whether to compare its bytes with their checksum first, for which all are read.

    Raises:
        ModelFileError: if the archive is damaged.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "model.keras"
    ...     with zipfile.ZipFile(path, "w") as archive:
    ...         archive.writestr("model.weights.h5", b"content")
    ...     with open_weights(path, is_checked=True) as file:
    ...         file.read()
    b'content'
    """
    where = str(path)
    with _Directory(path) as file:
        with reading(where):
            archive = zipfile.ZipFile(file)
            member = _members(archive, where, file).get(_WEIGHTS)
        if member is None:
            yield None
        elif member.compress_type == zipfile.ZIP_STORED:
            if is_checked:
                with reading(where), archive.open(member) as content:
                    while content.read(2**20):
                        pass
            yield BufferedReader(_Window(file, *_place_of(file, member, where)))
        else:
            with reading(where):
                content = BytesIO(archive.read(member))
            yield content


def read_assets(path: str | os.PathLike[str]) -> dict[tuple[str, ...], bytes]:
    """Return the files of layers in an archive, such as vocabularies, by their places in its folder 'assets'.

    Raises:
        ModelFileError: if the archive is damaged, a name is not that of a file in the folder, or they are too large.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "model.keras"
    ...     with zipfile.ZipFile(path, "w") as archive:
    ...         archive.writestr("assets/layers/ids/vocabulary.txt", b"[UNK]")
    ...     read_assets(path)
    {('layers', 'ids', 'vocabulary.txt'): b'[UNK]'}
    """
    where = str(path)
    with reading(where), _Directory(path) as file, zipfile.ZipFile(file) as archive:
        members = _members(archive, where, file)
        found = {name: member for name, member in members.items() if _is_asset(name)}
        total = sum(member.file_size for member in found.values())
        if total > LONGEST_TEXT:
            raise ModelFileError(
                f"{where}: the files in 'assets' must have at most {LONGEST_TEXT} bytes. Received: {total}."
            )
        return {place_of_asset(name, where): archive.read(member) for name, member in found.items()}


def _is_asset(name: str) -> bool:
    return name.startswith(f"{ASSETS}/") and not name.endswith("/")


def place_of_asset(name: str, where: str) -> tuple[str, ...]:
    """Return the place of a member in the folder 'assets', of whose parts each is a name on any system.

    Raises:
        ModelFileError: if it leads elsewhere.

    >>> place_of_asset("assets/layers/ids/vocabulary.txt", "model.keras")
    ('layers', 'ids', 'vocabulary.txt')
    """
    parts = tuple(name.split("/")[1:])
    if any(part in ("", ".", "..") or set(part) & set('\\:*?"<>|\0') for part in parts):
        raise ModelFileError(f"{where}: the name of a member must be that of a file inside. Received: {name!r}.")
    return parts


class _Directory(FileIO):
    """An archive of which at most `LONGEST_DIRECTORY` bytes are read at once, while its list of members is read."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(path)
        self.is_complete = False

    def read(self, size: int | None = -1, /) -> bytes:
        if not self.is_complete and size is not None and size > LONGEST_DIRECTORY:
            raise OSError(f"the list of its members must have at most {LONGEST_DIRECTORY} bytes, and has {size}")
        return super().read(-1 if size is None else size) or b""


class _Window(RawIOBase):
    """A part of an open file, read as if it were a file."""

    def __init__(self, file: IO[bytes], start: int, length: int) -> None:
        self._file, self._start, self._length, self._position = file, start, length, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        base = {SEEK_SET: 0, SEEK_CUR: self._position, SEEK_END: self._length}[whence]
        self._position = max(base + offset, 0)
        return self._position

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        self._file.seek(self._start + self._position)
        count = self._file.readinto(view[: max(self._length - self._position, 0)])  # type: ignore[attr-defined]
        self._position += count
        return count


def _place_of(file: IO[bytes], member: zipfile.ZipInfo, where: str) -> tuple[int, int]:
    """Return where the bytes of a member that is not compressed begin, and how many there are.

    The header before them is 30 bytes and two texts whose lengths it states (APPNOTE of the ZIP format, 4.3.7).
    """
    file.seek(member.header_offset)
    header = file.read(30)
    if len(header) < 30 or not header.startswith(b"PK\x03\x04"):
        raise ModelFileError(f"{where}: the file is damaged: the member {member.filename!r} is not where it must be.")
    lengths = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    return member.header_offset + 30 + lengths, member.file_size


def _members(archive: zipfile.ZipFile, where: str, file: _Directory) -> dict[str, zipfile.ZipInfo]:
    file.is_complete, size = True, Path(file.name).stat().st_size
    members: dict[str, zipfile.ZipInfo] = {}
    for member in archive.infolist():
        if member.filename in members:
            raise ModelFileError(f"{where}: expected members of different names. Received: {member.filename!r} twice.")
        members[member.filename] = member
    for name in (_CONFIG, _METADATA, _WEIGHTS, *filter(_is_asset, members)):
        # Other kinds of compression are not bounded while they are undone.
        if name in members and members[name].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ModelFileError(
                f"{where}: the member {name!r} must be stored or deflated. Received: compression of the kind "
                f"{members[name].compress_type}. Keras does not compress."
            )
        if name in members and members[name].file_size > max(HIGHEST_RATIO * members[name].compress_size, LONGEST_TEXT):
            raise ModelFileError(
                f"{where}: the member {name!r} must be at most {HIGHEST_RATIO} times larger than in the archive. "
                f"Received: {members[name].file_size} bytes out of {members[name].compress_size}."
            )
        if name in members and members[name].compress_size > size:
            raise ModelFileError(f"{where}: the member {name!r} is declared larger than the archive.")
    return members


def _read_text(archive: zipfile.ZipFile, member: zipfile.ZipInfo, where: str) -> Any:
    if member.file_size > LONGEST_TEXT:
        raise ModelFileError(
            f"{where}: the member {member.filename!r} must have at most {LONGEST_TEXT} bytes. Received: "
            f"{member.file_size}."
        )
    return read_json(archive.read(member), f"{where}/{member.filename}")
