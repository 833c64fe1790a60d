"""What is in a model file: its versions, its config and its arrays, without the numbers?

Of a file of any size, little more is read than its config and the headers of its arrays.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torchkeras_layer.weight_files.archive import Archive
from torchkeras_layer.weight_files.hdf5 import Dataset, open_hdf5
from torchkeras_layer.weight_files.opening import arrays_of, open_root
from torchkeras_layer.weight_files.source import FileKind, kind_of, read_json, read_json_file

_VERSIONS = ("keras_version", "backend", "date_saved")


@dataclass(frozen=True)
class SavedArray:
    """An array in a file: its place, its shape and the name of its dtype."""

    place: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class FileContents:
    """What a model file has.

    Attributes:
        path: the file.
        kind: 'zip' (a `.keras` archive), 'hdf5' or 'json'.
        size: the size of the file, in bytes.
        versions: what the file says of the programs that wrote it: 'keras_version', 'backend', 'date_saved'.
        config: the config of the model; `None` if the file has weights alone.
        arrays: the weights of the model; an optimizer's state is left out.
    """

    path: str
    kind: FileKind
    size: int
    versions: dict[str, str]
    config: Any
    arrays: tuple[SavedArray, ...]


def read_contents(path: str | os.PathLike[str]) -> FileContents:
    """Read what a file says of itself and of its arrays.

    Raises:
        ModelFileError: (a ValueError) if it is not a file that Keras saved, or is damaged.
        FileNotFoundError: if there is no such file.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "model.json"
    ...     _ = file.write_text('{"class_name": "Sequential", "keras_version": "2.2.4", "config": []}')
    ...     contents = read_contents(file)
    >>> contents.kind, contents.versions, contents.arrays
    ('json', {'keras_version': '2.2.4'}, ())
    """
    path = Path(path)
    kind = kind_of(path)
    config, said = _READERS[kind](path)
    versions = {
        word: said[word] for word in ("keras_version", "backend", "date_saved") if isinstance(said.get(word), str)
    }
    with open_arrays(path) as datasets:
        arrays = tuple(SavedArray(place, dataset.shape, dataset.dtype) for place, dataset in datasets.items())
    return FileContents(str(path), kind, path.stat().st_size, versions, config, arrays)


@contextmanager
def open_arrays(path: str | os.PathLike[str]) -> Iterator[dict[str, Dataset]]:
    """Open a file, and give the arrays of its model by their places; none for JSON.

    Raises:
        ModelFileError: (a ValueError) if it is not a file that Keras saved, or is damaged.

    >>> import tempfile, h5py
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "m.weights.h5"
    ...     with h5py.File(file, "w") as saved:
    ...         saved["layers/dense/vars/0"] = [[1.0], [2.0]]
    ...     with open_arrays(file) as arrays:
    ...         {place: dataset.shape for place, dataset in arrays.items()}
    {'layers/dense/vars/0': (2, 1)}
    """
    with open_root(path, is_checked=False) as root:
        yield {} if root is None else arrays_of(root)


def _read_archive(path: Path) -> tuple[Any, dict[str, Any]]:
    archive = Archive.read(path)
    return archive.config, archive.metadata


def _read_hdf5(path: Path) -> tuple[Any, dict[str, Any]]:
    with open_hdf5(path, str(path)) as root:
        text = root.text("model_config")
        inner = root.group("model_weights") if "model_weights" in root else None
        places = [root] if inner is None else [root, inner]
        said = {word: next(filter(None, (place.text(word) for place in places)), None) for word in _VERSIONS}
    return None if text is None else read_json(text, f"{path}: model_config"), said


def _read_text(path: Path) -> tuple[Any, dict[str, Any]]:
    config = read_json_file(path)
    return config, config if isinstance(config, dict) else {}


_READERS = {"zip": _read_archive, "hdf5": _read_hdf5, "json": _read_text}
