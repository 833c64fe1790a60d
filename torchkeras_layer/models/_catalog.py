"""Under which names are the models known?"""

from __future__ import annotations

from torchkeras_layer.registry import Catalog

# `Functional` is in no public module of Keras 2.
_OTHER_MODULES = (
    "keras.models",
    "keras.engine.functional",
    "keras.src.engine.functional",
    "tf_keras.src.engine.functional",
)
catalog = Catalog("model", module="keras", other_modules=_OTHER_MODULES)
