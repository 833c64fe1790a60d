"""Which catalog has the names of the initializers?"""

from __future__ import annotations

from torchkeras_layer.registry import Catalog

catalog = Catalog("initializer", module="keras.initializers")
