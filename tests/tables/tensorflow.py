"""Which names of TensorFlow are in `torchkeras_layer.tf`, and what is to be written in place of others?"""

from __future__ import annotations

from tests.tables.block import table
from torchkeras_layer.tf._absent import INSTEAD
from torchkeras_layer.tf._modules import names_in
from torchkeras_layer.tf._places import FUNCTIONS, OBJECTS

_OLDER = "compat.v1"


def table_of_tensorflow() -> str:
    """Return the table of all names, by module; of `compat.v1`, those that the modules without it do not have.

    >>> print(table_of_tensorflow().splitlines()[2][:27])
    | `tf` | `Assert`, `DType`,
    """
    objects = {full.partition(":")[0].rpartition(".")[0] for names in OBJECTS.values() for full in names.split()}
    paths = sorted({*FUNCTIONS, *objects}, key=lambda path: (path.startswith(_OLDER), path))
    rows = [(f"tf.{path}".removesuffix("."), _names(path)) for path in paths]
    return table(["module", "names"], [(f"`{one}`", ", ".join(f"`{name}`" for name in names)) for one, names in rows])


def _names(path: str) -> list[str]:
    """Return the names of a module, without those of the modules in it."""
    newer = path.removeprefix(_OLDER).removeprefix(".") if path.startswith(_OLDER) else None
    known = set() if newer is None else set(names_in(newer))
    objects = {full.partition(":")[0] for names in OBJECTS.values() for full in names.split()}
    own = [
        name
        for name in names_in(path)
        if name in FUNCTIONS.get(path, "").split() or f"{path}.{name}".removeprefix(".") in objects
    ]
    return [name for name in own if name not in known]


def table_of_missing_in_tensorflow() -> str:
    """Return the table of names that are not here, with the text of the error messages.

    >>> print(table_of_missing_in_tensorflow().splitlines()[6][:35])
    | `tf.io`, `tf.gfile`, `tf.compat.v
    """
    rows = [(", ".join(f"`tf.{name}`" for name in names.split()), advice) for advice, names in INSTEAD.items()]
    return table(["name in TensorFlow", "what to write instead"], rows)
