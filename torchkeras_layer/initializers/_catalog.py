"""Which catalog has the names of the initializers?"""

from __future__ import annotations

from torchkeras_layer.registry import Catalog

# Where TensorFlow has its own, which files of TF-Keras name when a program passed them.
_OTHER_MODULES = ("tensorflow.python.ops.init_ops_v2", "tensorflow.python.ops.init_ops")
catalog = Catalog("initializer", module="keras.initializers", other_modules=_OTHER_MODULES)
