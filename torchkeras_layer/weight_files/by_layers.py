"""Which weights does a group hold, in files that have one for each layer, as all `.h5` files have?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from torchkeras_layer.layer import Layer
from torchkeras_layer.layer.weight_lists import layers_in
from torchkeras_layer.weight_files.assignment import Assignment
from torchkeras_layer.weight_files.hdf5 import Dataset, Group
from torchkeras_layer.weight_files.old_arrays import converter_for, kind_of, merging_changes, origin_of
from torchkeras_layer.weight_files.pieces import layers_apart, pieces_of
from torchkeras_layer.weight_files.source import ModelFileError
from torchkeras_layer.weight_files.theano import TURNED, check_padding
from torchkeras_layer.weight_files.writing import write_dataset

KERAS_VERSION = "3.15.1"
"""The version of Keras whose form of files is written."""
_LONGEST_LIST = 64_000
_LAYERS, _WEIGHTS, _TOP = "layer_names", "weight_names", "top_level_model_weights"


def weights_group(root: Group) -> Group | None:
    """Return the group that lists layers: the root, or `model_weights`; `None` if the file has another form."""
    inner = root.group("model_weights") if "model_weights" in root else root
    return inner if inner is not None and inner.texts(_LAYERS) is not None else None


def assign_in_order(group: Group, model: Any, assignment: Assignment) -> list[str]:
    """Assign the groups with weights to the layers with weights, one after the other.

    Args:
        group: the group that lists the layers.
        model: the model.
        assignment: takes the arrays.

    Returns:
        the places in the file that no layer was given; none here.

    Raises:
        ModelFileError: if there are more or fewer layers with weights in the file than in the model.
    """
    saved = [(name, names) for name, names in _saved_layers(group) if names]
    _check_theano(group, model, saved)
    layers = [layer for layer in _layers_of(model) if layer.weights]
    if len(saved) != len(layers):
        raise ModelFileError(
            f"{group.where}: {model.name!r} has {len(layers)} layers with weights, "
            f"{[layer.name for layer in layers]!r:.400}. Received: {len(saved)}, {[name for name, _ in saved]!r:.400}. "
            "by_name=True loads the layers whose names are the same."
        )
    by_name = {layer.name: layer for layer in layers}
    if origin_of([], group.text("keras_version"), None)[0] and by_name.keys() == {name for name, _ in saved}:
        # Keras 1 lists the branches of a Sequential one after the other, which is not the order of a graph.
        layers = [by_name[name] for name, _ in saved]
    for (name, names), layer in zip(saved, layers, strict=True):
        _assign(group, name, names, layer, assignment)
    _assign_top(group, model, assignment)
    return []


def assign_by_name(group: Group, model: Any, assignment: Assignment) -> list[str]:
    """Assign each group to the layers of the same name.

    Args:
        group: the group that lists the layers.
        model: the model.
        assignment: takes the arrays.

    Returns:
        the places in the file that no layer was given.
    """
    by_name: dict[str, list[Any]] = {}
    for layer in _layers_of(model):
        by_name.setdefault(layer.name, []).append(layer)
    unexpected: list[str] = []
    saved = list(_saved_layers(group))
    _check_theano(group, model, saved)
    for name, names in saved:
        for layer in by_name.get(name, []):
            _assign(group, name, names, layer, assignment)
        if name not in by_name:
            unexpected += [f"{name}/{weight}" for weight in names]
    return unexpected


def _check_theano(group: Group, model: Any, saved: Sequence[tuple[str, Sequence[str]]]) -> None:
    names = [name for _, names in saved for name in names]
    if origin_of(names, group.text("keras_version"), group.text("backend"))[1] == "theano":
        for layer in layers_in(model):
            check_padding(layer, kind_of(layer))


def in_old_order(layer: Any) -> list[torch.Tensor]:
    """Return the weights of a layer in the order of these files: those that are trained come first."""
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def listed_layers(model: Any) -> list[Any] | None:
    """Return the layers of a model in the order in which Keras lists them; `None` for a single layer.

    Those of a graph have the order of the graph; others are listed as the model got them, also those in lists.

    >>> import torchkeras_layer as keras
    >>> class Late(keras.Model):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.blocks = []; self.head = keras.layers.Dense(1, name="head")
    ...         self.blocks.append(keras.layers.Dense(1, name="block"))
    >>> [layer.name for layer in listed_layers(Late())]
    ['head', 'block']
    """
    listed, graph = getattr(model, "layers", None), model._torchkeras.graph
    if not isinstance(listed, list):
        return None
    layers = list({id(layer): layer for layer in listed if isinstance(layer, Layer)}.values())
    is_graph = graph is not None and graph.current_wiring(model) is not None
    return layers if is_graph else sorted(layers, key=lambda layer: layer._torchkeras.place)


def write_by_layers(model: Any, root: Any) -> None:
    """Write a group for each layer of a model, with all weights inside it in the order of these files.

    Args:
        model: the model.
        root: the `h5py.Group`, open for writing.
    """
    layers = _layers_of(model)
    _write_texts(root, _LAYERS, [layer.name for layer in layers])
    root.attrs["backend"], root.attrs["keras_version"] = "torch", KERAS_VERSION
    for layer in sorted(layers, key=lambda layer: layer.name):
        # In a frozen model, Keras does not look at what trains inside it.
        weights = in_old_order(layer) if layer.trainable else layer.weights
        _write_weights(root.require_group(layer.name), layer, weights)
    _write_weights(root.require_group(_TOP), model, _own_weights(model))


def _write_weights(group: Any, layer: Any, weights: Sequence[torch.Tensor]) -> None:
    keys = {id(tensor): name for name, tensor in (*layer.named_buffers(), *layer.named_parameters())}
    names = [f"{layer.name}/{keys[id(weight)].replace('.', '/')}" for weight in weights]
    _write_texts(group, _WEIGHTS, names)
    for name, weight in zip(names, weights, strict=True):
        # Keras reads no bfloat16 in this form.
        write_dataset(group, name, weight.float() if weight.dtype is torch.bfloat16 else weight)


def _write_texts(group: Any, name: str, texts: Sequence[str]) -> None:
    """Write a list of texts into an attribute, or, if it is too long for one, into `name0`, `name1`, ….

    An attribute has room for 64 KiB, and an array of texts the length of the longest for each.
    """
    array = np.array([text.encode() for text in texts])
    count = -(-array.nbytes // _LONGEST_LIST)
    if count <= 1:
        group.attrs[name] = array
        return
    for number, part in enumerate(np.array_split(array, min(2 * count, len(texts)))):
        group.attrs[f"{name}{number}"] = part


def _layers_of(model: Any) -> list[Any]:
    layers = listed_layers(model)
    return [model] if layers is None else layers


def _saved_layers(group: Group) -> Iterator[tuple[str, list[str]]]:
    listed = group.texts(_LAYERS) or []
    if len({*listed}) != len(listed):
        raise ModelFileError(f"{group.where}: the list of layers names one of them twice. Received: {listed!r:.300}.")
    for name in listed:
        inner = group.descend(name)
        if not isinstance(inner, Group):
            raise ModelFileError(f"{group.where}: the list of layers names {name!r}, which is no group of the file.")
        yield name, inner.texts(_WEIGHTS) or []


def _assign(group: Group, name: str, names: Sequence[str], layer: Any, assignment: Assignment) -> None:
    inner = group.descend(name)
    assert isinstance(inner, Group)
    datasets = {weight: _dataset(inner, weight) for weight in names}
    version, backend = group.text("keras_version"), group.text("backend")
    for part, weights, own in _parts(layer, names, [item.shape for item in datasets.values()], version, backend):
        found = [datasets[weight] for weight in own]
        shapes = [item.shape for item in found]
        convert = merging_changes(own) or converter_for(part, own, shapes, version, backend)
        assignment.add(part, weights, found, convert)


def _parts(
    layer: Any, names: Sequence[str], shapes: Sequence[tuple[int, ...]], version: str | None, backend: str | None
) -> list[tuple[Any, list[torch.Tensor], list[str]]]:
    """Return the layers that get the arrays of a group, each with its weights and the names of its arrays."""
    weights = _by_names_inside(layer, names) or in_old_order(layer)
    is_keras_1, backend = origin_of(names, version, backend)
    is_other = is_keras_1 or backend == "theano" or [tuple(weight.shape) for weight in weights] != list(shapes)
    inside = layers_apart(layer)
    if is_other and not (len(inside) == 1 and inside[0] is layer):
        pieces = pieces_of(layer, names)
        if pieces is not None:
            return [(leaf, in_old_order(leaf), [names[index] for index in positions]) for leaf, positions in pieces]
        if backend == "theano" and any(kind_of(leaf) in TURNED for leaf in inside):
            raise ModelFileError(
                f"{layer.name}: convolutions inside another layer or model that Theano computed are read by the names "
                f"of their weights, because Theano turns their kernels. Received: {list(names)!r:.300}."
            )
    return [(layer, weights, list(names))]


def _by_names_inside(model: Any, names: Sequence[str]) -> list[torch.Tensor] | None:
    """Return the weights of a model inside a model in the order of the file, by the names of its layers.

    The file has them in the order of what was trained, which may have changed since; `None` if the names do not say.
    """
    if not isinstance(getattr(model, "layers", None), list):
        return None
    waiting = {layer.name: in_old_order(layer) for layer in _layers_of(model)}
    holders = [name.split("/")[-2] if "/" in name else "" for name in names]
    counts = {name: len(weights) for name, weights in waiting.items() if weights}
    if counts != {name: holders.count(name) for name in holders}:
        return None
    return [waiting[holder].pop(0) for holder in holders]


def _assign_top(group: Group, model: Any, assignment: Assignment) -> None:
    top = group.descend(_TOP)
    names = (top.texts(_WEIGHTS) or []) if isinstance(top, Group) else []
    if not isinstance(top, Group) or not names:
        return
    assignment.add(model, _own_weights(model), [_dataset(top, name) for name in names])


def _own_weights(model: Any) -> list[torch.Tensor]:
    inside = {id(weight) for layer in _layers_of(model) for weight in layer.weights}
    return [weight for weight in in_old_order(model) if id(weight) not in inside]


def _dataset(group: Group, name: str) -> Dataset:
    found = group.descend(name)
    if not isinstance(found, Dataset):
        raise ModelFileError(f"{group.where}: the list of weights names {name!r}, which is no dataset of the file.")
    return found
