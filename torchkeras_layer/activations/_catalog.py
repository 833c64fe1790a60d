"""Under which names are the activation functions known?"""

from __future__ import annotations

from torchkeras_layer.registry import Catalog

catalog = Catalog("activation function", module="keras.activations")
