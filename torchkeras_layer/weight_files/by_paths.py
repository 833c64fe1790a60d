"""How do the weights of a `.weights.h5` file, or of a `.keras` archive, belong to a model: by paths of attributes?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from torchkeras_layer._names import to_snake_case
from torchkeras_layer.layer import Layer
from torchkeras_layer.layer.weights import Weights
from torchkeras_layer.weight_files.assignment import Assignment
from torchkeras_layer.weight_files.by_layers import listed_layers
from torchkeras_layer.weight_files.hdf5 import Dataset, Group
from torchkeras_layer.weight_files.opening import OF_TRAINING
from torchkeras_layer.weight_files.source import ModelFileError

Tree = dict[str, Any]

# The state of random numbers, which is not a model's here.
_OF_RANDOM_NUMBERS = frozenset({"seed_generator", "_random_generator", "random_generator", "state_generator"})
# TF-Keras 2.12 to 2.14 call the list of layers so.
_LISTS_OF_LAYERS = ("layers", "_layer_checkpoint_dependencies", "_layers")
_VALUES, _CONTAINER = "vars", "container"


def arrays_by_paths(root: Group) -> dict[tuple[str, ...], Dataset] | None:
    """Return the arrays of a file by their paths; `None` if it has another form, in which not all are in `vars` groups.

    The state of training is left out.
    """
    datasets = root.walk(leave_out=OF_TRAINING)
    return datasets if all(len(path) > 1 and path[-2] == _VALUES for path in datasets) else None


def assign_by_paths(datasets: dict[tuple[str, ...], Dataset], model: Any, assignment: Assignment) -> list[str]:
    """Assign the values of a file to the layer at the same path.

    Args:
        datasets: the arrays of the file by their paths.
        model: the model.
        assignment: takes the arrays.

    Returns:
        the places in the file that no layer was given.

    Raises:
        ModelFileError: if a layer has other weights than the file has values for.
    """
    tree: Tree = {}
    for path, dataset in datasets.items():
        here = tree
        for part in path[:-1]:
            here = here.setdefault(part, {})
            if not isinstance(here, dict):
                raise ModelFileError(f"{dataset.where}: expected a group above it. Received: a dataset.")
        here[path[-1]] = dataset
    used: set[int] = set()
    _assign(model, tree, assignment, used, set())
    return [
        "/".join(path)
        for path, dataset in datasets.items()
        if id(dataset) not in used and not _OF_RANDOM_NUMBERS.intersection(path)
    ]


def _assign(layer: Any, tree: Tree, assignment: Assignment, used: set[int], seen: set[int]) -> None:
    if id(layer) in seen:
        return
    seen.add(id(layer))
    values = tree.get(_VALUES)
    if isinstance(values, dict) and values:
        _assign_values(layer, values, assignment, used)
    for child, branch in _children(layer, tree):
        _assign(child, branch, assignment, used, seen)


def _assign_values(layer: Any, values: Tree, assignment: Assignment, used: set[int]) -> None:
    keys = sorted(values, key=_number)
    reads_itself = type(layer).load_own_variables is not Weights.load_own_variables
    if not reads_itself and keys != [str(number) for number in range(len(keys))]:
        raise ModelFileError(
            f"{assignment.where}: the values of {layer.name!r} must be numbered from 0 on. Received: {keys!r:.200}."
        )
    datasets = [values[key] for key in keys]
    if not all(isinstance(dataset, Dataset) for dataset in datasets):
        raise ModelFileError(
            f"{assignment.where}: the values of {layer.name!r} must be datasets. Received: groups {keys!r:.200}."
        )
    used.update(map(id, datasets))
    if reads_itself:
        assignment.call(layer, keys, datasets)
    else:
        assignment.add(layer, layer._torchkeras_own_weights(), datasets)


def _children(layer: Any, tree: Tree) -> Iterator[tuple[Any, Tree]]:
    """Give the layers inside a layer that the file has a group for, with that group."""
    layers = listed_layers(layer)
    if layers is not None:
        for word in _LISTS_OF_LAYERS:
            if isinstance(tree.get(word), dict):
                yield from _members(layers, tree[word])
    for name, child in layer.named_children():
        branch = next((tree[word] for word in (name, name.lstrip("_"), f"_{name}") if word in tree), None)
        if not isinstance(branch, dict):
            continue
        if isinstance(child, Layer):
            yield child, branch
        else:
            yield from _of_container(child, branch)


def _of_container(container: Any, branch: Tree) -> Iterator[tuple[Any, Tree]]:
    """Give the layers in a list or dict with their groups; those of lists in it are 'container', 'container_1', ….

    Keras also counts lists without layers. So only the order of the groups with values counts.
    """
    children = list(container.children())
    yield from _members([child for child in children if isinstance(child, Layer)], branch)
    inner = [child for child in children if not isinstance(child, Layer) and _holds_weights(child)]
    numbers = sorted(number for name in branch if (number := _counted(name, _CONTAINER)) is not None)
    groups = [branch[_joined(_CONTAINER, number)] for number in numbers]
    for child, group in zip(inner, filter(_holds_values, groups), strict=False):
        if isinstance(group, dict):
            yield from _of_container(child, group)


def _members(layers: list[Any], branch: Tree) -> Iterator[tuple[Any, Tree]]:
    """Give the layers of a list with their groups, which are named after classes, and counted.

    Keras also counts layers that were replaced, and TF-Keras 2.12 to 2.14 count those with weights twice. So if there
    are as many groups with values as layers with weights, only the order of the numbers counts.
    """
    kinds: dict[str, list[Any]] = {}
    for layer in layers:
        kinds.setdefault(to_snake_case(type(layer).__name__), []).append(layer)
    for kind, alike in kinds.items():
        numbers = sorted(number for name in branch if (number := _counted(name, kind)) is not None)
        if not numbers:
            continue
        weighted = [layer for layer in alike if layer.weights]
        holding = [number for number in numbers if _holds_values(branch[_joined(kind, number)])]
        pairs = [(alike[number], number) for number in numbers if number < len(alike)]
        if len(weighted) == len(holding):
            pairs = list(zip(weighted, holding, strict=True))
        for layer, number in pairs:
            if isinstance(branch[_joined(kind, number)], dict):
                yield layer, branch[_joined(kind, number)]


def _counted(name: str, kind: str) -> int | None:
    """Return 2 for the group 'dense_2' of the kind 'dense', and 0 for 'dense'."""
    if name == kind:
        return 0
    rest = name.removeprefix(f"{kind}_")
    return int(rest) if rest != name and re.fullmatch(r"[1-9]\d{0,8}", rest) else None


def _joined(kind: str, number: int) -> str:
    return f"{kind}_{number}" if number else kind


def _holds_values(branch: Any) -> bool:
    return isinstance(branch, Dataset) or (isinstance(branch, dict) and any(map(_holds_values, branch.values())))


def _holds_weights(module: Any) -> bool:
    return any(True for _ in module.parameters()) or any(True for _ in module.buffers())


def _number(key: str) -> tuple[int, str]:
    return (int(key), "") if re.fullmatch(r"\d{1,9}", key) else (10**9, key)
