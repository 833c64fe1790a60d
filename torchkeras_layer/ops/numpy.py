"""Which functions are in `keras.ops.numpy`? They have the names and arguments of numpy's functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchkeras_layer.ops.names import getter_in
from torchkeras_layer.ops.table import names_in

if TYPE_CHECKING:
    from torchkeras_layer.ops.arithmetic import *
    from torchkeras_layer.ops.creation import *
    from torchkeras_layer.ops.elementwise import *
    from torchkeras_layer.ops.function_transforms import vectorize as vectorize
    from torchkeras_layer.ops.indexing import *
    from torchkeras_layer.ops.joining import *
    from torchkeras_layer.ops.products import *
    from torchkeras_layer.ops.reductions import *
    from torchkeras_layer.ops.shapes import *
    from torchkeras_layer.ops.sorting import *
    from torchkeras_layer.ops.special import slogdet as slogdet
    from torchkeras_layer.ops.statistics import *
else:
    __all__ = names_in("numpy")
    __getattr__ = getter_in(__name__)


def __dir__() -> list[str]:
    return names_in("numpy")
