"""How do the layers that are called on strings stay out of the compiler?"""

from __future__ import annotations

from typing import Any

from torchkeras_layer.layer.context import is_compiler_about, outside_of_compiler
from torchkeras_layer.layers.preprocessing.data_layer import DataLayer


class StringLayer(DataLayer):
    """Base of layers that work on strings, of which torch has no tensors: they are never traced.

    >>> import torchkeras_layer as keras
    >>> keras.layers.TextVectorization().dynamic
    True
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "dynamic": True})
        self._torchkeras.autocast = False

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Run the layer: torch calls this from `layer(inputs)`."""
        # All of it, because the compiler would make a graph for each string that it sees.
        if is_compiler_about():
            return outside_of_compiler(super().forward, *args, **kwargs)
        return super().forward(*args, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor."""
        # Keras does not take these.
        return {name: value for name, value in super().get_config().items() if name not in ("autocast", "dynamic")}
