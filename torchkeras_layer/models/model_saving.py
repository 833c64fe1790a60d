"""How does a model become a file that Keras 3 opens?"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from torchkeras_layer.layer.record import is_layer
from torchkeras_layer.models.configs.for_keras import keras_config
from torchkeras_layer.weight_files.by_layers import KERAS_VERSION, write_by_layers
from torchkeras_layer.weight_files.replacing import path_to_write, replacing
from torchkeras_layer.weight_files.saving import check_suffix, refuse
from torchkeras_layer.weight_files.writing import hindrances, import_h5py, write_assets, write_by_paths


def save_model(
    model: Any,
    filepath: str | os.PathLike[str],
    overwrite: bool = True,
    zipped: bool | None = None,
    include_optimizer: bool = True,
    save_format: str | None = None,
) -> None:
    """Write a model with its weights into a file that Keras 3 opens, and `load_model`.

    What Keras does not have is refused before anything is written, with all reasons at once. The file is written beside
    the path, and takes its place when it is complete.

    Args:
        model: the model; it must be built.
        filepath: ends in '.keras', or in '.h5' for the older form.
        overwrite: whether to replace a file that is there.
        zipped: `True` or `None`: folders are not written.
        include_optimizer: no effect: a model has no optimizer.
        save_format: 'keras' or 'h5', as the path ends; not needed.

    Raises:
        ValueError: if the path ends in something else, or the model contains what Keras does not have.
        TypeError: if `model` is not a model, or `filepath` not a path.
        FileExistsError: if there is a file, and `overwrite` is false.
        OSError: if the file cannot be written.
        ImportError: if h5py is not installed.

    >>> import torchkeras_layer as keras
    >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_model(model, f"{folder}/model.keras")
    ...     keras.saving.load_model(f"{folder}/model.keras").output_shape
    (None, 2)
    """
    if not is_layer(model) or model._torchkeras.graph is None:
        inside = next((name for name in ("_orig_mod", "module") if is_layer(getattr(model, name, None))), None)
        advice = f"Save the model in it, its .{inside}." if inside else "Write keras.Sequential([layer])."
        raise TypeError(f"save_model: expected a model. Received: {model!r:.200}. {advice}")
    check_suffix(filepath, (".keras", ".h5", ".hdf5"))
    if zipped is False or save_format not in (None, "keras", "h5"):
        raise ValueError(
            f"{filepath}: only .keras archives and .h5 files are written. Received: {zipped=}, {save_format=}. Leave "
            "them out: the end of the path decides."
        )
    import_h5py(filepath)
    target = path_to_write(filepath, overwrite)
    config, reasons = keras_config(model)
    is_archive = Path(filepath).suffix == ".keras"
    refuse(model, filepath, [*reasons, *_equal_names(config), *hindrances(model, has_assets=is_archive)])
    write = _write_archive if is_archive else _write_hdf5
    with replacing(target) as new:
        write(model, config, new)


def _equal_names(config: Any) -> Iterator[str]:
    """Say which names several layers of a graph have, in the config of a model; Keras refuses to open such a file."""
    if isinstance(config, dict):
        listed = config.get("layers")
        entries = (
            [entry.get("config") for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
        )
        counts = Counter(entry.get("name") for entry in entries if isinstance(entry, dict))
        for name in [name for name, count in counts.items() if name and count > 1]:
            yield f"{config.get('name')!r} has several layers that are called {name!r}: give them other names"
    for part in config.values() if isinstance(config, dict) else config if isinstance(config, list) else ():
        yield from _equal_names(part)


def _write_archive(model: Any, config: dict[str, Any], path: Path) -> None:
    h5py = import_h5py(path)
    metadata = {"keras_version": KERAS_VERSION, "date_saved": f"{datetime.now():%Y-%m-%d@%H:%M:%S}"}
    # A file without a name, so that none stays behind; and not in memory, which may not have room for all weights.
    with tempfile.TemporaryFile(dir=path.parent) as weights, zipfile.ZipFile(path, "w") as archive:
        with h5py.File(weights, "w") as root:
            write_by_paths(model, root)
        archive.writestr("metadata.json", json.dumps(metadata))
        archive.writestr("config.json", json.dumps({**config, "compile_config": None}))
        weights.seek(0)
        with archive.open("model.weights.h5", "w", force_zip64=True) as member:
            shutil.copyfileobj(weights, member, 1 << 20)
        write_assets(model, archive)


def _write_hdf5(model: Any, config: dict[str, Any], path: Path) -> None:
    with import_h5py(path).File(path, "w") as root:
        root.attrs["keras_version"], root.attrs["backend"] = KERAS_VERSION, "torch"
        root.attrs["model_config"] = json.dumps(config)
        write_by_layers(model, root.create_group("model_weights"))
