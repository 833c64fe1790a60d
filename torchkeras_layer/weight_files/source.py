"""Of which kind is a file, how is its JSON read, and which error says that it cannot be read?"""

from __future__ import annotations

import json
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from torchkeras_layer.registry.envelope import excerpt

FileKind = Literal["hdf5", "zip", "json"]

LONGEST_TEXT = 32 * 2**20
"""How many bytes of JSON a model file may have. The config of the largest of `keras.applications` has 1 MiB."""
DEEPEST_TEXT = 200
"""How deep lists and dicts in the JSON of a model file may be nested."""
MOST_VALUES = 1_000_000
"""How many values the JSON of a model file may have: of two bytes in the text, each takes some 100 in memory."""
_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_ZIP_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")


class ModelFileError(ValueError):
    """A file that is not the file of a model or of weights, is damaged, or asks for what a reader must not do.

    >>> issubclass(ModelFileError, ValueError)
    True
    """


def kind_of(path: str | os.PathLike[str]) -> FileKind:
    """Tell the kind of a file from its first bytes; its suffix means nothing.

    Args:
        path: the file.

    Raises:
        FileNotFoundError: if there is no such file.
        ModelFileError: if it is of no kind that Keras writes.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "model.keras"
    ...     _ = path.write_text('{"class_name": "Sequential"}')
    ...     kind_of(path)
    'json'
    """
    path = Path(path)
    if path.is_dir():
        raise ModelFileError(
            f"{path}: expected a file that Keras saved. Received: a folder. SavedModel folders of TensorFlow cannot be "
            "read; save the model as 'model.keras' or 'model.h5' with the program that made it."
        )
    with path.open("rb") as file:
        start = file.read(512)
        # HDF5 may stand behind a block of the user's, at 512, 1024, …; Keras writes none.
    if start.startswith(_HDF5_SIGNATURE):
        return "hdf5"
    if start.startswith(_ZIP_SIGNATURES):
        return "zip"
    if start.lstrip().startswith((b"{", b"[", b'"{')):
        return "json"
    raise ModelFileError(
        f"{path}: expected a file that Keras saved: a .keras archive, HDF5 or JSON. Received: a file that starts with "
        f"{start[:8]!r}{_hint(start)}"
    )


def read_json(text: str | bytes, where: str) -> Any:
    """Return the content of a JSON text of a model file.

    A text of JSON in JSON, which `json.dump(model.to_json(), file)` writes, is that of the model too.

    Raises:
        ModelFileError: if it is too long, too deep or not JSON.

    >>> read_json('{"units": 3}', "config.json"), read_json('"{}"', "config.json")
    ({'units': 3}, {})
    """
    if len(text) > LONGEST_TEXT:
        raise ModelFileError(f"{where}: expected at most {LONGEST_TEXT} bytes of JSON. Received: {len(text)}.")
    comma, bracket, brace = (",", "[", "{") if isinstance(text, str) else (b",", b"[", b"{")
    values = text.count(comma) + text.count(bracket) + text.count(brace)  # type: ignore[arg-type]
    if values > MOST_VALUES:
        raise ModelFileError(f"{where}: expected JSON of at most {MOST_VALUES} values. Received: {values}.")
    try:
        content = json.loads(text)
        content = json.loads(content) if isinstance(content, str) and content.startswith("{") else content
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{where}: expected JSON: {error}. Received: {excerpt(text[:200])}.") from error
    _check_depth(content, where)
    return content


def read_json_file(path: str | os.PathLike[str]) -> Any:
    """Return the content of a file of JSON.

    Raises:
        ModelFileError: if it is too long, too deep or not JSON.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "model.json"
    ...     _ = file.write_text('{"units": 3}')
    ...     read_json_file(file)
    {'units': 3}
    """
    size = Path(path).stat().st_size
    if size > LONGEST_TEXT:
        raise ModelFileError(f"{path}: expected at most {LONGEST_TEXT} bytes of JSON. Received: {size}.")
    return read_json(Path(path).read_bytes(), str(path))


@contextmanager
def reading(where: str) -> Iterator[None]:
    """Turn what Python raises about a damaged file into a `ModelFileError`.

    >>> with reading("model.h5"):
    ...     raise KeyError("object 'vars' doesn't exist")
    Traceback (most recent call last):
    ...
    torchkeras_layer.weight_files.source.ModelFileError: model.h5: the file is damaged or incomplete: ...
    """
    try:
        yield
    except (ModelFileError, FileNotFoundError, PermissionError, ImportError):
        raise
    except (
        OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError, EOFError, NotImplementedError,
        zipfile.BadZipFile, zlib.error, UnicodeError, IndexError, struct.error, MemoryError,
    ) as error:  # fmt: skip
        raise ModelFileError(
            f"{where}: the file is damaged or incomplete: {type(error).__name__}: {error}. Copy it again, or save it "
            "again with the program that made it."
        ) from error


def _check_depth(content: Any, where: str) -> None:
    level = [content]
    for _ in range(DEEPEST_TEXT):
        level = [
            part
            for outer in level
            if isinstance(outer, (dict, list))
            for part in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return
    raise ModelFileError(f"{where}: expected JSON at most {DEEPEST_TEXT} levels deep. Received: deeper JSON.")


def _hint(start: bytes) -> str:
    if start.startswith(b"version https://git-lfs"):
        return ", the pointer that Git LFS stores in place of the file. Run `git lfs pull`."
    if not start:
        return ": it is empty."
    return ". A file of PyTorch is read by torch.load, a SavedModel by TensorFlow alone."
