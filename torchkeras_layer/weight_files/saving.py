"""How do the weights of a model get into a file that Keras loads?"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from torchkeras_layer.weight_files.by_layers import write_by_layers
from torchkeras_layer.weight_files.replacing import path_to_write, replacing
from torchkeras_layer.weight_files.writing import hindrances, import_h5py, write_by_paths

_ADVICE = {
    ".pt": "torch.save(model.state_dict(), path)",
    ".pth": "torch.save(model.state_dict(), path)",
    ".safetensors": "safetensors.torch.save_file(model.state_dict(), path)",
    ".pt2": "torch.export.save(torch.export.export(model, (x,)), path)",
    ".onnx": "torch.onnx.export(model, (x,), path)",
    ".json": "Path(path).write_text(model.to_json())",
}


def save_weights(model: Any, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
    """Write the weights of a model into a file that Keras 3 loads into the same architecture.

    The file is written beside the path, and takes its place when it is complete.

    Args:
        model: the model; it must be built.
        filepath: ends in '.weights.h5', or in '.h5' for the form of Keras 2, with a group for each layer.
        overwrite: whether to replace a file that is there.

    Raises:
        ValueError: if the path ends in something else, or Keras could not find all weights; each reason is named.
        TypeError: if `filepath` is not a path.
        FileExistsError: if there is a file, and `overwrite` is false.
        OSError: if the file cannot be written.
        ImportError: if h5py is not installed.

    >>> import tempfile
    >>> import torchkeras_layer as keras
    >>> model, twin = (keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]) for _ in range(2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_weights(model, f"{folder}/model.weights.h5")
    ...     print(twin.load_weights(f"{folder}/model.weights.h5"))
    2 weights loaded
    """
    h5py = import_h5py(filepath)
    check_suffix(filepath, (".weights.h5", ".h5", ".hdf5"))
    target = path_to_write(filepath, overwrite)
    refuse(model, filepath, hindrances(model))
    write = write_by_paths if Path(filepath).name.endswith(".weights.h5") else write_by_layers
    with replacing(target) as new, h5py.File(new, "w") as root:
        write(model, root)


def check_suffix(filepath: Any, suffixes: tuple[str, ...]) -> None:
    """Check that a path ends in one of some suffixes.

    Raises:
        TypeError: if it is not a path.
        ValueError: if it ends in another one; the message says what to write instead.

    >>> check_suffix("model.pt", (".keras",))
    Traceback (most recent call last):
    ...
    ValueError: model.pt: the path must end in '.keras'. For '.pt', write torch.save(model.state_dict(), path).
    """
    if not isinstance(filepath, (str, os.PathLike)):
        raise TypeError(f"expected the path of a file, as a string or a Path. Received: {filepath!r}.")
    path = Path(filepath)
    if path.name.endswith(suffixes):
        return
    advice = _ADVICE.get(path.suffix)
    raise ValueError(
        f"{path}: the path must end in {' or '.join(map(repr, suffixes))}."
        + (f" For {path.suffix!r}, write {advice}." if advice else "")
    )


def refuse(model: Any, filepath: Any, reasons: Iterable[str]) -> None:
    """Raise an error that names all reasons for which a model cannot be saved, if there are any.

    Raises:
        ValueError: if there are reasons.

    >>> import torchkeras_layer as keras
    >>> refuse(keras.Sequential(name="small"), "model.keras", [])
    """
    listed = list(dict.fromkeys(reasons))
    if listed:
        shown = "\n".join(f"- {reason.rstrip('.')}." for reason in listed)
        raise ValueError(
            f"{filepath}: {model.name!r} cannot be saved so that Keras opens it. Nothing was written.\n{shown}\n"
            "torch.save(model.state_dict(), path) saves any model. See docs/differences.md#files"
        )
