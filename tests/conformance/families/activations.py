"""Which activation layers go through the conformance suite?"""

from __future__ import annotations

from typing import Any

from tests.conformance.case import Case
from tests.oracle import keras, stand_in


@stand_in("layers")
class ThresholdedReLU(keras.layers.ReLU):
    """Keras 2's layer, which Keras 3 has under TensorFlow only, as another form of one that it has."""

    def __init__(self, theta: float = 1.0, **kwargs: Any) -> None:
        super().__init__(threshold=theta, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Return what Keras 2 writes."""
        return keras.layers.Layer.get_config(self) | {"theta": self.threshold}


_IMAGES = (3, 4, 6, 5)

CASES = [
    Case("ELU"),
    Case("ELU", {"alpha": 0.5}, (2, 3, 5)),
    Case("LeakyReLU"),
    Case("LeakyReLU", {"negative_slope": 0.5}, (2, 3, 5)),
    Case("PReLU"),
    Case("PReLU", {"shared_axes": [1, 2], "alpha_regularizer": "l2"}, _IMAGES),
    Case("PReLU", {"shared_axes": 2, "alpha_constraint": "non_neg"}, _IMAGES),
    Case("PReLU", {"shared_axes": [3]}, _IMAGES),
    Case("PReLU", {"shared_axes": [1]}),
    Case("PReLU", below=7),
    Case("ReLU"),
    Case("ReLU", {"max_value": 0.5, "negative_slope": 0.25}),
    Case("ReLU", {"threshold": 0.5, "negative_slope": 0.1}, (2, 3, 5)),
    Case("ReLU", {"max_value": 1.0, "threshold": 0.25}),
    Case("Softmax", shape=(5, 5)),
    Case("Softmax", {"axis": 1}, (3, 3, 3)),
    Case("Softmax", {"axis": [1, 2]}, (3, 3, 3)),
    Case("Softmax", {"axis": [-1]}, (5, 5)),
    Case("ThresholdedReLU"),
    Case("ThresholdedReLU", {"theta": 0.25}, (2, 3, 5)),
]
