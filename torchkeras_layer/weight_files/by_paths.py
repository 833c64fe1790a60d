"""How do the weights of a `.weights.h5` file, or of a `.keras` archive, belong to a model: by paths of attributes?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from torchkeras_layer.layer.record import is_layer
from torchkeras_layer.layer.weights import Weights
from torchkeras_layer.metrics.foreign import is_metric
from torchkeras_layer.weight_files.archive import ASSETS
from torchkeras_layer.weight_files.assignment import Assignment
from torchkeras_layer.weight_files.by_layers import listed_layers
from torchkeras_layer.weight_files.hdf5 import Dataset, Group
from torchkeras_layer.weight_files.opening import OF_TRAINING
from torchkeras_layer.weight_files.paths import (
    LIST,
    VALUES,
    branches_of,
    contents_of,
    is_container,
    is_wrapped,
    kind_of,
    lists_layers,
)
from torchkeras_layer.weight_files.source import ModelFileError

Tree = dict[str, Any]

# The key of the files of a layer, which no name in an HDF5 file can be.
_FILES = "/"
# The state of random numbers, which is not a model's here.
_OF_RANDOM_NUMBERS = frozenset({"seed_generator", "_random_generator", "random_generator", "state_generator"})
# TF-Keras 2.12 to 2.14 call the list of layers so.
_LISTS_OF_LAYERS = ("layers", "_layer_checkpoint_dependencies", "_layers")


def arrays_by_paths(root: Group) -> dict[tuple[str, ...], Dataset] | None:
    """Return the arrays of a file by their paths; `None` if it has another form, in which not all are in `vars` groups.

    The state of training is left out.
    """
    datasets = root.walk(leave_out=OF_TRAINING)
    return datasets if all(len(path) > 1 and path[-2] == VALUES for path in datasets) else None


def assign_by_paths(
    datasets: dict[tuple[str, ...], Dataset],
    model: Any,
    assignment: Assignment,
    assets: Mapping[tuple[str, ...], bytes] = MappingProxyType({}),
) -> list[str]:
    """Assign the values of a file, and the files beside it, to the layer at the same path.

    Args:
        datasets: the arrays of the file by their paths.
        assets: the files of layers by their paths; see `archive.read_assets`.
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
    # Each its own object, as equal bytes may not be: what was taken is known by identity.
    files = {path: memoryview(content) for path, content in assets.items()}
    for path, content in files.items():
        _add_asset(tree, path, content, assignment.where)
    used: set[int] = set()
    _assign(model, tree, assignment, used, set())
    arrays = [
        "/".join(path)
        for path, dataset in datasets.items()
        if id(dataset) not in used and not _OF_RANDOM_NUMBERS.intersection(path)
    ]
    return arrays + ["/".join((ASSETS, *path)) for path, content in files.items() if id(content) not in used]


def _add_asset(tree: Tree, path: tuple[str, ...], content: memoryview, where: str) -> None:
    """Put the file of a layer beside the values of the layer."""
    here = tree
    for part in path[:-1]:
        here = here.setdefault(part, {})
        if not isinstance(here, dict):
            raise ModelFileError(f"{where}: expected a group at {'/'.join(path[:-1])!r}. Received: a dataset.")
    here.setdefault(_FILES, {})[path[-1]] = content


def _assign(module: Any, tree: Tree, assignment: Assignment, used: set[int], seen: set[int]) -> None:
    if id(module) in seen:
        return
    seen.add(id(module))
    values = tree.get(VALUES)
    if isinstance(values, dict) and values:
        _assign_values(module, values, assignment, used)
    files = tree.get(_FILES)
    if files and callable(getattr(module, "load_assets", None)):
        used.update(map(id, files.values()))
        assignment.call_with_files(module, files)
    for child, branch in _children(module, tree, seen):
        _assign(child, branch, assignment, used, seen)


def _assign_values(module: Any, values: Tree, assignment: Assignment, used: set[int]) -> None:
    name = getattr(module, "name", type(module).__name__)
    keys = sorted(values, key=_number)
    datasets = [values[key] for key in keys]
    if not all(isinstance(dataset, Dataset) for dataset in datasets):
        raise ModelFileError(
            f"{assignment.where}: the values of {name!r} must be datasets. Received: groups {keys!r:.200}."
        )
    used.update(map(id, datasets))
    if is_metric(module):
        # The state of a metric belongs to one run.
        return
    if not is_layer(module):
        own = module.state_dict(keep_vars=True)
        keys = [*own, *(key for key in keys if key not in own)]
        assignment.add(module, list(own.values()), [values[key] for key in keys if key in values])
    elif type(module).load_own_variables is not Weights.load_own_variables:
        assignment.call(module, keys, datasets)
    elif keys != [str(number) for number in range(len(keys))]:
        raise ModelFileError(
            f"{assignment.where}: the values of {name!r} must be numbered from 0 on. Received: {keys!r:.200}."
        )
    else:
        assignment.add(module, module._torchkeras_own_weights(), datasets)


def _children(module: Any, tree: Tree, seen: set[int]) -> Iterator[tuple[Any, Tree]]:
    """Give what is inside a module and has a group in the file, with that group."""
    branches = list(branches_of(module))
    layers = listed_layers(module) if is_layer(module) and not lists_layers(module) else None
    if layers is not None:
        wrapped = [held for held in module._modules.values() if is_wrapped(held)]
        # Keras lists the layers of such a model too, when it comes to the name `layers` among those of attributes.
        before = sum(not name.startswith("_") and name < "layers" for name, _ in branches)
        branches.insert(before, ("layers", [*layers, *wrapped]))
    for name, held in branches:
        words = _LISTS_OF_LAYERS if name == "layers" else (name, name.lstrip("_"), f"_{name}")
        branch = next((tree[word] for word in words if isinstance(tree.get(word), dict)), None)
        if branch is not None and is_container(held):
            yield from _members(held if type(held) is list else contents_of(held), branch, seen)
        elif branch is not None:
            yield held, branch


def _members(held: list[Any], branch: Tree, seen: set[int]) -> Iterator[tuple[Any, Tree]]:
    """Give the contents of a list with their groups, which are named after classes, and counted.

    Keras also counts layers that were replaced, and TF-Keras 2.12 to 2.14 count those with weights twice. So if there
    are as many groups with values as layers with weights that are still without, only the order of the numbers counts.
    """
    kinds: dict[str, list[Any]] = {}
    for member in held:
        kinds.setdefault(LIST if is_container(member) else kind_of(member), []).append(member)
    for kind, alike in kinds.items():
        numbers = sorted(number for name in branch if (number := _counted(name, kind)) is not None)
        weighted = [member for member in alike if id(member) not in seen and _has_weights(member)]
        holding = [number for number in numbers if _holds_values(branch[_joined(kind, number)])]
        pairs = [(alike[number], number) for number in numbers if number < len(alike)]
        if len(weighted) == len(holding):
            pairs = list(zip(weighted, holding, strict=True))
        for member, number in pairs:
            inner = branch[_joined(kind, number)]
            if isinstance(inner, dict) and is_container(member):
                yield from _members(contents_of(member), inner, seen)
            elif isinstance(inner, dict):
                yield member, inner


def _has_weights(member: Any) -> bool:
    if is_container(member):
        return any(map(_has_weights, contents_of(member)))
    return bool(member.weights) if is_layer(member) else True


def _counted(name: str, kind: str) -> int | None:
    """Return 2 for the group 'dense_2' of the kind 'dense', and 0 for 'dense'."""
    if name == kind:
        return 0
    rest = name.removeprefix(f"{kind}_")
    return int(rest) if rest != name and re.fullmatch(r"[1-9]\d{0,8}", rest) else None


def _joined(kind: str, number: int) -> str:
    return f"{kind}_{number}" if number else kind


def _holds_values(branch: Any) -> bool:
    return isinstance(branch, (Dataset, memoryview)) or (
        isinstance(branch, dict) and any(map(_holds_values, branch.values()))
    )


def _number(key: str) -> tuple[int, str]:
    return (int(key), "") if re.fullmatch(r"\d{1,9}", key) else (10**9, key)
