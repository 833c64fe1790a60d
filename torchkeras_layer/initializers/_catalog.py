"""Under which names are the initializers known?"""

from __future__ import annotations

from torchkeras_layer.registry import Catalog

catalog = Catalog("initializer", module="keras.initializers")
