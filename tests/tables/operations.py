"""Which operations does each file of `torchkeras_layer/ops` give?"""

from __future__ import annotations

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
