"""Under which names are the activation functions known?"""

from __future__ import annotations

from torchkeras_layer.registry import Catalog

# A layer may serve as activation function: Dense(8, activation=LeakyReLU(0.1)).
catalog = Catalog("activation function", module="keras.activations", also_accepts=("layer",))
