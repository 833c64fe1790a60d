"""Which catalog has the names of the losses?"""

from __future__ import annotations

from torchkeras_layer.registry import Catalog

catalog = Catalog("loss", module="keras.losses", other_modules=("keras.objectives",))
