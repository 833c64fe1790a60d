"""Which catalog has the names of the models?"""

from __future__ import annotations

from torchkeras_layer.registry import Catalog

# Keras 2 has `Functional` in no public module.
_OTHER_MODULES = (
    "keras.models",
    "keras.engine.functional",
    "keras.src.engine.functional",
    "tf_keras.src.engine.functional",
)
catalog = Catalog("model", module="keras", other_modules=_OTHER_MODULES)
