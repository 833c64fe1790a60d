"""Which catalog has the names of the activation functions?"""

from __future__ import annotations

from torchkeras_layer.registry import Catalog

# A layer can be an activation function: Dense(8, activation=LeakyReLU(0.1)).
catalog = Catalog("activation function", module="keras.activations", also_accepts=("layer",))
