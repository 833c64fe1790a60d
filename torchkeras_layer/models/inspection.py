"""What can be seen of a model?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torchkeras_layer.layer import Layer
from torchkeras_layer.models.code_generation import code_of

if TYPE_CHECKING:
    from torchkeras_layer.models.wiring import Wiring


class Inspection(Layer):
    """`code`."""

    _wiring: Wiring | None

    @property
    def code(self) -> str:
        """The Python that runs the graph: `forward(self, ...)`, where `self` is the model.

        Raises:
            NotRecordedError: a RuntimeError, if the model has no graph.
        """
        return code_of(self.graph)
