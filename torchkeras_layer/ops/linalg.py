"""Which functions are in `keras.ops.linalg`? Matrices are inverted and decomposed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchkeras_layer.ops.names import getter_in
from torchkeras_layer.ops.table import names_in

if TYPE_CHECKING:
    from torchkeras_layer.ops.function_transforms import jvp as jvp
    from torchkeras_layer.ops.matrices import *
else:
    __all__ = names_in("linalg")
    __getattr__ = getter_in(__name__)


def __dir__() -> list[str]:
    return names_in("linalg")
