"""How does a file of weights get into a model?"""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from torchkeras_layer.weight_files.assignment import Assignment, LoadReport
from torchkeras_layer.weight_files.by_layers import assign_by_name, assign_in_order, weights_group
from torchkeras_layer.weight_files.by_paths import arrays_by_paths, assign_by_paths
from torchkeras_layer.weight_files.hdf5 import Group
from torchkeras_layer.weight_files.opening import assets_in, open_root
from torchkeras_layer.weight_files.source import ModelFileError


def load_weights(
    model: Any, path: str | os.PathLike[str], by_name: bool = False, skip_mismatch: bool = False
) -> LoadReport:
    """Set the weights of a model to those in a file that Keras 1, 2, 3 or TF-Keras saved.

    The file may be a `.weights.h5`, an `.h5` of weights or of a whole model, or a `.keras` archive; its content
    decides, and not its suffix. All values are checked before the first is written.

    Args:
        model: the model; it must be built.
        path: the file.
        by_name: whether to load only the layers whose names are in the file, whatever else is in both; for files that
            list layers by name, as `.h5` files do.
        skip_mismatch: whether to leave out layers whose weights have other shapes in the file.

    Returns:
        what was loaded from where, and what was not.

    Raises:
        ModelFileError: (a ValueError) if the file is damaged, has no weights, or not those of this model; no weight is
            changed then.
        ValueError: if the model is not built, or on the meta device.

    >>> import tempfile
    >>> import h5py, torchkeras_layer as keras
    >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name="head")])
    >>> with tempfile.NamedTemporaryFile(suffix=".weights.h5") as file:
    ...     with h5py.File(file, "w") as saved:
    ...         saved["layers/dense/vars/0"], saved["layers/dense/vars/1"] = [[1.0], [2.0]], [3.0]
    ...     print(load_weights(model, file.name))
    2 weights loaded
    """
    if not model.built:
        raise ValueError(
            f"{model.name}: load_weights needs a model that is built. Call it once on data, or write "
            "model.build(input_shape)."
        )
    empty = [name for name, weight in (*model.named_parameters(), *model.named_buffers()) if weight.is_meta]
    if empty:
        raise ValueError(
            f"{model.name}: weights on the meta device take no values. Write model.to_empty(device='cpu') before. "
            f"Received: {', '.join(empty[:9])}."
        )
    with open_root(path, is_checked=True) as root:
        if root is None:
            raise ModelFileError(f"{path}: expected a file with weights. Received: one that has only the architecture.")
        return assign_from(root, model, by_name, skip_mismatch, assets=assets_in(path))


def assign_from(
    root: Group,
    model: Any,
    by_name: bool = False,
    skip_mismatch: bool = False,
    is_new: bool = False,
    assets: Mapping[tuple[str, ...], bytes] = MappingProxyType({}),
) -> LoadReport:
    """Set the weights of a model to those in an open file, of either form.

    Args:
        root: the root of the file.
        model: the model.
        by_name, skip_mismatch: as in `load_weights`.
        is_new: whether nobody has the model yet, so that an error may leave it half-changed.
        assets: the files of layers; see `archive.read_assets`.

    Raises:
        ModelFileError: if the file has no weights, or not those of this model.
    """
    assignment = Assignment(model, root.where, skip_mismatch, is_new)
    listing = weights_group(root)
    if listing is not None:
        assign = assign_by_name if by_name else assign_in_order
        unexpected = assign(listing, model, assignment)
    elif by_name:
        raise ModelFileError(
            f"{root.where}: by_name is for files that list layers by name. Received: a file that has paths of "
            "attributes. Leave by_name out; skip_mismatch=True leaves out layers with other shapes."
        )
    elif (arrays := arrays_by_paths(root)) is not None:
        unexpected = assign_by_paths(arrays, model, assignment, assets)
    else:
        raise ModelFileError(
            f"{root.where}: expected weights that Keras saved. Received: an HDF5 file of {root.names()!r:.300}."
        )
    return assignment.finish(unexpected, is_strict=not by_name)
