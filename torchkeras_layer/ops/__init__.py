"""Which functions are in `keras.ops`? Keras's operations, each as torch's own functions.

A function exists once, under Keras's name, with Keras's arguments and result dtypes. It takes tensors, arrays, numbers
and symbolic tensors, in whose graph it is one node.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchkeras_layer.ops.names import getter_in
from torchkeras_layer.ops.table import names_in

if TYPE_CHECKING:
    from torchkeras_layer.ops import image, linalg, nn, numpy
    from torchkeras_layer.ops.activations import *
    from torchkeras_layer.ops.arithmetic import *
    from torchkeras_layer.ops.control_flow import *
    from torchkeras_layer.ops.conversions import *
    from torchkeras_layer.ops.creation import *
    from torchkeras_layer.ops.elementwise import *
    from torchkeras_layer.ops.function_transforms import *
    from torchkeras_layer.ops.indexing import *
    from torchkeras_layer.ops.joining import *
    from torchkeras_layer.ops.losses import *
    from torchkeras_layer.ops.matrices import *
    from torchkeras_layer.ops.normalizing import *
    from torchkeras_layer.ops.products import *
    from torchkeras_layer.ops.rearranging import *
    from torchkeras_layer.ops.reductions import *
    from torchkeras_layer.ops.segments import *
    from torchkeras_layer.ops.shapes import *
    from torchkeras_layer.ops.signals import *
    from torchkeras_layer.ops.slicing import *
    from torchkeras_layer.ops.sorting import *
    from torchkeras_layer.ops.special import *
    from torchkeras_layer.ops.statistics import *
    from torchkeras_layer.ops.windows import *
else:
    # Imported when they are first named: most programs use few of them.
    __all__ = ["image", "linalg", "nn", "numpy", *names_in("ops")]
    __getattr__ = getter_in(__name__)


def __dir__() -> list[str]:
    return sorted(["image", "linalg", "nn", "numpy", *names_in("ops")])
