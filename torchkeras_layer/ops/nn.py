"""Which functions are in `keras.ops.nn`? These are the functions of layers and losses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchkeras_layer.ops.names import getter_in
from torchkeras_layer.ops.table import names_in

if TYPE_CHECKING:
    from torchkeras_layer.ops.activations import *
    from torchkeras_layer.ops.conversions import polar as polar
    from torchkeras_layer.ops.losses import *
    from torchkeras_layer.ops.normalizing import *
    from torchkeras_layer.ops.windows import *
else:
    __all__ = names_in("nn")
    __getattr__ = getter_in(__name__)


def __dir__() -> list[str]:
    return names_in("nn")
