"""Which functions are in `keras.ops.image`? Images are resized, cut, filtered, moved, and get other colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchkeras_layer.ops.names import getter_in
from torchkeras_layer.ops.table import names_in

if TYPE_CHECKING:
    from torchkeras_layer.ops.images import *
    from torchkeras_layer.ops.warping import *
else:
    __all__ = names_in("image")
    __getattr__ = getter_in(__name__)


def __dir__() -> list[str]:
    return names_in("image")
