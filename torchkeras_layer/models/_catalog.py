"""Under which names are the models known?"""

from __future__ import annotations

from torchkeras_layer.registry import Catalog

catalog = Catalog("model", module="keras", other_modules=("keras.models", "keras.engine.functional"))
