"""Which catalog has the names of the layers?"""

from __future__ import annotations

from torchkeras_layer.layer import Layer
from torchkeras_layer.registry import Catalog

catalog = Catalog("layer", module="keras.layers", also_accepts=("model",))
catalog.register()(Layer)
