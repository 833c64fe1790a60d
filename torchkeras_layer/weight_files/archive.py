"""What is in a `.keras` archive, and how are its members read without extracting anything?"""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from torchkeras_layer.registry.envelope import excerpt
from torchkeras_layer.weight_files.source import LONGEST_TEXT, ModelFileError, read_json, reading

_CONFIG, _METADATA, _WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
HIGHEST_RATIO = 20
"""How many times larger than in the archive a member of more than 64 MiB may be; Keras does not compress."""


@dataclass(frozen=True)
class Archive:
    """The members of a `.keras` archive that are read.

    Attributes:
        version: the version of Keras that wrote it; `None` if it does not say so.
        config: the config of the model.
        weights: the bytes of the HDF5 file of the weights; `None` if there is none.
        where: the file, for errors.
    """

    version: str | None
    config: Any
    weights: BytesIO | None
    where: str

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Archive:
        """Read the archive.

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
        where, size = str(path), Path(path).stat().st_size
        with reading(where), zipfile.ZipFile(path) as archive:
            members = _members(archive, where, size)
            if _CONFIG not in members:
                raise ModelFileError(
                    f"{where}: expected a .keras archive with a config.json. Received: an archive of "
                    f"{excerpt(sorted(members))}."
                )
            config = _read_text(archive, members[_CONFIG], where)
            metadata = _read_text(archive, members[_METADATA], where) if _METADATA in members else {}
            weights = BytesIO(archive.read(members[_WEIGHTS])) if _WEIGHTS in members else None
        version = metadata.get("keras_version") if isinstance(metadata, dict) else None
        return cls(version if isinstance(version, str) else None, config, weights, where)


def _members(archive: zipfile.ZipFile, where: str, size: int) -> dict[str, zipfile.ZipInfo]:
    members: dict[str, zipfile.ZipInfo] = {}
    for member in archive.infolist():
        if member.filename in members:
            raise ModelFileError(f"{where}: expected members of different names. Received: {member.filename!r} twice.")
        members[member.filename] = member
    for name in (_CONFIG, _METADATA, _WEIGHTS):
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
