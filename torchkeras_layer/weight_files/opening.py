"""Which HDF5 file has the weights of a model file, and how many numbers has it?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from torchkeras_layer.weight_files.archive import open_weights, read_assets
from torchkeras_layer.weight_files.hdf5 import Dataset, Group, open_hdf5
from torchkeras_layer.weight_files.source import kind_of

# The state of training, which is not a model's here; `optimizer_weights` is that of files with a group for each layer.
OF_TRAINING = frozenset({"optimizer", "metrics", "loss", "_metrics", "_loss", "_compile_metrics", "_compile_loss",
                         "_loss_tracker", "compiled_metrics", "compiled_loss"})  # fmt: skip
_OPTIMIZER = "optimizer_weights"


@contextmanager
def open_root(path: str | os.PathLike[str], is_checked: bool) -> Iterator[Group | None]:
    """Open the HDF5 file that a model file is, or has inside, and give its root; `None` if there is none.

    Args:
        path: the model file.
        is_checked: whether to compare the bytes in an archive with their checksum first, for which all are read.

    Raises:
        ModelFileError: if it is not a file that Keras saved, or is damaged.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "model.json"
    ...     _ = file.write_text("{}")
    ...     with open_root(file, is_checked=True) as root:
    ...         print(root)
    None
    """
    kind = kind_of(path)
    if kind == "hdf5":
        with open_hdf5(path, str(path)) as root:
            yield root
    elif kind == "zip":
        with open_weights(path, is_checked) as file:
            if file is None:
                yield None
            else:
                with open_hdf5(file, str(path)) as root:
                    yield root
    else:
        yield None


def arrays_of(root: Group) -> dict[str, Dataset]:
    """Return the arrays of a model in an open file by their places; an optimizer's state is left out."""
    return {"/".join(place): dataset for place, dataset in root.walk(leave_out={*OF_TRAINING, _OPTIMIZER}).items()}


def assets_in(path: str | os.PathLike[str]) -> dict[tuple[str, ...], bytes]:
    """Return the files of layers in a model file, by their paths; only an archive has some."""
    return read_assets(path) if kind_of(path) == "zip" else {}
