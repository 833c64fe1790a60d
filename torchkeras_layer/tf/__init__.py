"""What do `tf.…` functions in ported code do? `from torchkeras_layer import tf` in place of `import tensorflow as tf`.

The names, arguments and results are TensorFlow's; each function consists of torch's, and is a node of a graph when it
is called on symbolic tensors. `tf.keras` is this library. A name that is not here raises an error that says what to
write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torchkeras_layer._placeholders import Placeholder
from torchkeras_layer.tf._modules import find, let_modules_be_imported, names_in

# The version of TensorFlow whose names these are: ported code asks for it.
__version__ = "2.15.0"

let_modules_be_imported()

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name == "__all__":
            return names_in("")
        if name.startswith("__"):
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = find("", name)
        return found if isinstance(found, Placeholder) else globals().setdefault(name, found)

    def __dir__() -> list[str]:
        return sorted({*globals(), *names_in("")})
