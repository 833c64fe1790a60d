"""Which operations does each file of `torchkeras_layer/ops` give?"""

from __future__ import annotations

import importlib

from tests.tables.block import summary, table
from tests.tables.families import lines_of
from torchkeras_layer.ops.names import functions_in

_FILES = (
    "activations arithmetic control_flow conversions creation elementwise function_transforms images indexing joining "
    "losses matrices normalizing products random_numbers rearranging reductions segments shapes signals slicing "
    "sorting special statistics warping windows"
)


def operations_by_file() -> str:
    """Return the Python that says which operations are in each file."""
    lines = [line for file in _FILES.split() for line in lines_of(file, list(functions_in(file)))]
    return "\n".join(["_NAMES = {", *lines, "}"])


def table_of_operations() -> str:
    """Return the table of all functions, by what they do.

    >>> print(table_of_operations().splitlines()[2][:60])
    | Which operations are activation functions? | `relu`, `relu
    """
    rows = []
    for file in _FILES.split():
        module = importlib.import_module(f"torchkeras_layer.ops.{file}")
        rows.append((summary(module.__doc__ or ""), ", ".join(f"`{name}`" for name in functions_in(file))))
    return table(["what they do", "functions"], rows)
