"""How are the weights of a model written into an HDF5 file, as Keras 3 writes them?"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from torchkeras_layer.layer import Layer
from torchkeras_layer.layer.record import is_layer
from torchkeras_layer.layer.weight_lists import layers_in, modules_in
from torchkeras_layer.layer.weights import Weights
from torchkeras_layer.metrics import Metric
from torchkeras_layer.registry.table import entry_of
from torchkeras_layer.weight_files.archive import ASSETS, place_of_asset
from torchkeras_layer.weight_files.paths import VALUES, places_in

_DTYPES = frozenset({torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.bool, torch.uint8, torch.int8,
                     torch.int16, torch.int32, torch.int64})  # fmt: skip


def write_by_paths(model: Any, root: Any) -> None:
    """Write the values of all layers and metrics of a model under their paths.

    Args:
        model: the model, of which `hindrances` finds none.
        root: the `h5py.File`, open for writing.
    """
    for path, module in places_in(model):
        values = values_of(module)
        if values or is_layer(module):
            group = root.create_group("/".join((*path, VALUES)))
            if is_layer(module):
                group.attrs["name"] = module.name
            for key, value in values.items():
                write_dataset(group, key, value)


def import_h5py(where: Any) -> Any:
    """Return the module h5py, which writes HDF5 files.

    Args:
        where: the file, for the error.

    Raises:
        ImportError: if it is not installed.

    >>> import_h5py("model.h5").__name__
    'h5py'
    """
    try:
        import h5py
    except ImportError as error:
        raise ImportError(f"{where}: to write HDF5 needs h5py. Run: pip install 'torchkeras_layer[files]'.") from error
    return h5py


def values_of(module: Any) -> Mapping[str, Any]:
    """Return the values that Keras looks for at the place of a module, by their names.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.Dense(2); layer.build((None, 3)); list(values_of(layer)), list(values_of(nn.Linear(3, 2)))
    (['0', '1'], ['weight', 'bias'])
    """
    if is_layer(module):
        if _writes_itself(module):
            store: dict[str, Any] = {}
            module.save_own_variables(store)
            return store
        return {str(index): weight for index, weight in enumerate(module._torchkeras_own_weights())}
    if isinstance(module, Metric):
        return {str(index): variable for index, variable in enumerate(module.variables)}
    # Keras on torch wraps a module on an attribute of a layer, and stores its `state_dict`.
    return {} if any(layers_in(module)) else module.state_dict()


def write_dataset(group: Any, name: str, value: Any) -> None:
    """Write a tensor or array; bfloat16 in the form of Keras, because HDF5 has none."""
    if not isinstance(value, torch.Tensor):
        group[name] = np.asarray(value)
        return
    values = value.detach().cpu().resolve_conj()
    if values.dtype is not torch.bfloat16:
        group[name] = values.numpy()
        return
    dataset = group.create_dataset(name, data=values.contiguous().view(torch.int16).numpy().view("V2"))
    dataset.attrs["dtype"] = "bfloat16"


def write_assets(model: Any, archive: zipfile.ZipFile) -> None:
    """Write the files of layers, such as vocabularies, which their `save_assets` makes, into an archive.

    Raises:
        ValueError: if a layer writes anything but files, or a file whose name is none on another system.
    """
    for path, module in places_in(model):
        if not callable(getattr(module, "save_assets", None)):
            continue
        with tempfile.TemporaryDirectory() as folder:
            module.save_assets(folder)
            for file in sorted(Path(folder).iterdir()):
                if file.is_symlink() or not file.is_file():
                    raise ValueError(
                        f"{module.name}: save_assets must write files into the folder. Received: {file.name!r}, which "
                        "is none. Give the files different names instead of folders."
                    )
                name = "/".join((ASSETS, *path, file.name))
                place_of_asset(name, f"{module.name}: save_assets")
                archive.write(file, name)


def hindrances(model: Any, has_assets: bool = False) -> list[str]:
    """Return why the weights of a model cannot be written so that Keras finds all of them; empty if they can be.

    >>> import torchkeras_layer as keras
    >>> hindrances(keras.Sequential([keras.layers.Dense(2, name="head")]))
    ["it is not built ('sequential', 'head'): call it once on data, or write model.build(input_shape)"]
    """
    unbuilt = [
        layer.name
        for layer in layers_in(model)
        if not layer._torchkeras.built and (layer is model or layer._torchkeras_facts.creates_weights)
    ]
    names = ", ".join(map(repr, unbuilt))
    is_missing = [f"it is not built ({names}): call it once on data, or write model.build(input_shape)"]
    return [
        *(is_missing if unbuilt else []),
        *_of_layers(model),
        *_lost_weights(model),
        *_lost_state(model, has_assets),
    ]


def _of_layers(model: Any) -> Iterator[str]:
    for layer in layers_in(model):
        who = f"{layer.name!r} ({type(layer).__name__})"
        if nn.utils.parametrize.is_parametrized(layer):
            yield f"{who} computes a weight from others: write torch.nn.utils.parametrize.remove_parametrizations"
        elif entry_of(type(layer)) is not None:
            known = layer._torchkeras.weight_specs
            for name in [*layer._parameters, *layer._buffers] if known else ():
                if name not in known and name not in layer._non_persistent_buffers_set:
                    yield f"{who} has a weight {name!r}, which its class does not have: remove it"
        for key in values_of(layer) if _writes_itself(layer) else ():
            if not isinstance(key, str) or not key or "/" in key:
                yield f"{who} must name its values by strings without '/' in save_own_variables. Received: {key!r}"


def _lost_weights(model: Any) -> Iterator[str]:
    found: set[int] = set()
    for _, module in places_in(model):
        if is_layer(module):
            found.update(map(id, module._torchkeras_own_weights()))
        elif not any(layers_in(module)):
            found.update(id(tensor) for tensor in (*module.parameters(), *module.buffers()))
    names = {id(tensor): name for name, tensor in (*model.named_buffers(), *model.named_parameters())}
    for weight in model.weights:
        name = names.get(id(weight), "a weight")
        if id(weight) not in found:
            yield f"{name} is in a module in which Keras does not look for weights: put it on an attribute of a layer"
        elif weight.is_meta:
            yield f"{name} is on the meta device, and has no values"
        elif weight.dtype not in _DTYPES:
            yield f"{name} is of dtype {weight.dtype}, which Keras does not read"


def _lost_state(model: Any, has_assets: bool) -> Iterator[str]:
    module: Any
    for module in modules_in(model):
        has_state = type(module).get_extra_state is not nn.Module.get_extra_state
        if has_state and not hasattr(module, "get_vocabulary"):
            yield f"{type(module).__name__} has a state of its own (get_extra_state), for which Keras has no place"
        elif has_state and not _is_in_config(module) and not (has_assets and not module._torchkeras.derived.is_given):
            yield (
                f"{module.name!r} ({type(module).__name__}) has a vocabulary that it was not made with, which only "
                ".keras archives have room for, if it was made with none: make it with "
                "vocabulary=layer.get_vocabulary()"
            )


def _is_in_config(lookup: Any) -> bool:
    """Whether the config of a lookup has its vocabulary, and the weights of the tokens."""
    tokens = lookup._torchkeras.derived
    known, given = tokens.vocabulary, tokens.given
    if known is None or not known.tokens:
        return True
    # The special tokens may have been given too.
    written = [lookup._torchkeras_token_type.read(lookup, token) for token in given.tokens[-len(known.tokens) :]]
    return written == list(known.tokens) and given.weights == known.weights


def _writes_itself(layer: Layer) -> bool:
    return type(layer).save_own_variables is not Weights.save_own_variables
