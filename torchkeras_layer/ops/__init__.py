"""Which functions are in `keras.ops`? Keras's operations, each as torch's own functions.

A function exists once, under Keras's name, with Keras's arguments and result dtypes. It takes tensors, arrays, numbers
and symbolic tensors, in whose graph it is one node.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torchkeras_layer.ops.names import callable_named, operations

if not TYPE_CHECKING:
    # Imported when they are first named: most programs use few of them.
    def __getattr__(name: str) -> Any:
        if name not in operations():
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return globals().setdefault(name, callable_named(f"keras.ops.{name}"))

    def __dir__() -> list[str]:
        return sorted(operations())
