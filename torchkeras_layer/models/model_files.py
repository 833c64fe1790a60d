"""How does a file of a whole model become a model, with neither Keras nor TensorFlow installed?"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from torchkeras_layer.layer.weight_creation import MOST_WITHOUT_VALUES, WeightAllowance, allowing
from torchkeras_layer.layer.weight_lists import lacks_weights, layers_in
from torchkeras_layer.models.configs.generations import of_today
from torchkeras_layer.models.configs.limits import check_size
from torchkeras_layer.models.configs.low_rank_changes import forget_changes
from torchkeras_layer.models.configs.unknown_layers import check_layers_are_known
from torchkeras_layer.models.loading import model_from_config
from torchkeras_layer.models.model import Model
from torchkeras_layer.models.tracing import build_inside
from torchkeras_layer.registry import CustomObjectScope, DeserializationError, deserialize_keras_object
from torchkeras_layer.weight_files.archive import Archive, read_assets
from torchkeras_layer.weight_files.hdf5 import Dataset, Group, open_hdf5
from torchkeras_layer.weight_files.loading import assign_from
from torchkeras_layer.weight_files.opening import arrays_of, open_root
from torchkeras_layer.weight_files.source import ModelFileError, kind_of, read_json, read_json_file

SPARE = 2**20
"""How many numbers more than the file has the weights of a model may have: some layers have state that is not saved."""


def load_model(
    path: str | os.PathLike[str],
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Model:
    """Return the model in a file that Keras 1, 2, 3 or TF-Keras saved, with its weights.

    The file may be a `.keras` archive, an `.h5` of a whole model or JSON without weights; its content decides, and not
    its suffix. Nothing in it is run, imported, unpickled or downloaded, and no other file is read.

    Args:
        path: the file.
        custom_objects: classes and functions by the names that the file has for them.
        compile: no effect: a file's optimizer, loss and metrics are not read; training is PyTorch's.
        safe_mode: no effect: code in a file is never run.

    Raises:
        ModelFileError: (a ValueError) if the file is damaged, has no model, or weights that are not the model's.
        DeserializationError: (a ValueError) if the config is malformed or names what is not here.
        FileNotFoundError: if there is no such file.

    >>> import tempfile
    >>> from pathlib import Path
    >>> import torchkeras_layer as keras
    >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "model.json"
    ...     _ = path.write_text(model.to_json())
    ...     load_model(path).output_shape
    (None, 2)
    """
    with _READERS[kind_of(path)](path, True) as saved:
        return _with_weights(_make(saved, custom_objects), saved)


def load_architecture(path: str | os.PathLike[str], custom_objects: Mapping[str, Any] | None = None) -> Model:
    """Return the model in a file as `load_model` does, but with initial values in its weights.

    Under `torch.device("meta")` it has no values, and takes no memory.

    Raises:
        ModelFileError: (a ValueError) if the file is damaged, or has no model.
        DeserializationError: (a ValueError) if the config is malformed or names what is not here.

    >>> import tempfile, torch
    >>> from pathlib import Path
    >>> import torchkeras_layer as keras
    >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    >>> with tempfile.TemporaryDirectory() as folder, torch.device("meta"):
    ...     path = Path(folder) / "model.json"
    ...     _ = path.write_text(model.to_json())
    ...     load_architecture(path).weights[0].device.type
    'meta'
    """
    with _READERS[kind_of(path)](path, False) as saved:
        return _make(saved, custom_objects)


@dataclass(frozen=True)
class _Saved:
    """What a file has of a model.

    Attributes:
        config: the config of the model.
        version: the version of Keras that wrote it; `None` if the config says it.
        weights: the open HDF5 file with the weights; `None` if there are none.
        where: the file, for errors.
        is_archive: whether it is a `.keras` archive.
        assets: the files of layers in the archive.
    """

    config: Any
    version: str | None
    weights: Group | None
    where: str
    is_archive: bool = False
    assets: Mapping[tuple[str, ...], bytes] = field(default_factory=dict)

    def allowance(self) -> WeightAllowance:
        """How many weights the config may ask for: what the file has, and some that Keras does not save."""
        if self.weights is None:
            return WeightAllowance(MOST_WITHOUT_VALUES, has_values=False)
        return WeightAllowance(2 * sum(array.numel for array in self.arrays().values()) + SPARE, has_values=True)

    def arrays(self) -> dict[str, Dataset]:
        """The values of weights in the file; none if the model was saved before it was built."""
        root = self.weights
        if root is None:
            return {}
        return arrays_of((root.group("model_weights") if "model_weights" in root else None) or root)


@contextmanager
def _open_archive(path: str | os.PathLike[str], with_weights: bool) -> Iterator[_Saved]:
    archive = Archive.read(path)
    with open_root(path, is_checked=True) if with_weights else nullcontext() as root:
        assets = read_assets(path) if with_weights else {}
        yield _Saved(archive.config, archive.version, root, str(path), is_archive=True, assets=assets)


@contextmanager
def _open_hdf5(path: str | os.PathLike[str], with_weights: bool) -> Iterator[_Saved]:
    with open_hdf5(path, str(path)) as root:
        text = root.text("model_config")
        if text is None:
            raise ModelFileError(
                f"{path}: the file has weights, but no model. Make the model, or read it with model_from_json, and "
                "write model.load_weights(path)."
            )
        listing = root.group("model_weights") if "model_weights" in root else None
        version = root.text("keras_version") or (listing.text("keras_version") if listing else None)
        config = read_json(text, f"{path}: model_config")
        yield _Saved(config, version, root if with_weights else None, str(path))


@contextmanager
def _open_text(path: str | os.PathLike[str], with_weights: bool) -> Iterator[_Saved]:
    yield _Saved(read_json_file(path), None, None, str(path))


def _make(saved: _Saved, custom_objects: Mapping[str, Any] | None) -> Model:
    config = saved.config
    if not isinstance(config, dict):
        raise ModelFileError(f"{saved.where}: expected the config of a model. Received: {config!r:.200}.")
    config = {"keras_version": saved.version, **config} if saved.version else config
    check_size(config, saved.where)
    with CustomObjectScope(custom_objects), allowing(saved.allowance()):
        try:
            forget_changes(config, are_merged=saved.is_archive)
            with of_today(config) as entry:
                check_layers_are_known(entry, saved.where)
                model = model_from_config(entry)
                _build_inside(model, saved)
                return model
        except DeserializationError as error:
            text = str(error)
            raise DeserializationError(text if text.startswith(saved.where) else f"{saved.where}: {text}") from error


def _build_inside(model: Model, saved: _Saved) -> None:
    """Build what a subclassed model leaves to its first call, with the shapes that the file has of it."""
    build_config = saved.config.get("build_config")
    shape = build_config.get("input_shape") if isinstance(build_config, dict) else None
    if shape is None or not any(map(lacks_weights, layers_in(model))):
        return
    try:
        build_inside(model, deserialize_keras_object(shape))
        model.built = True
    except (TypeError, ValueError) as error:
        # A model without values may as well be built later.
        if saved.arrays():
            raise ModelFileError(
                f"{saved.where}: {error} Make the model with its class, and then write model.load_weights(path)."
            ) from error


def _with_weights(model: Model, saved: _Saved) -> Model:
    if saved.weights is None and saved.is_archive and model.weights:
        raise ModelFileError(
            f"{saved.where}: the archive has no 'model.weights.h5' with the weights of {model.name!r}. For a model "
            "with initial values, write keras.models.model_from_json(text) with the text of its 'config.json'."
        )
    if saved.weights is None or not (model.weights or saved.arrays() or saved.assets):
        return model
    if not model.built and not model.weights:
        raise ModelFileError(
            f"{saved.where}: the file does not say the shape of the inputs of {model.name!r}. Make the model with "
            "model_from_config, call it once on data, and write model.load_weights(path)."
        )
    assign_from(saved.weights, model, is_new=True, assets=saved.assets)
    return model


_READERS = {"zip": _open_archive, "hdf5": _open_hdf5, "json": _open_text}
