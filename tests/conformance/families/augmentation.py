"""Which layers that change images in training go through the conformance suite?

Two stand for all, because each draws from its seed and moves pixels or changes them by the same functions;
`tests/layers/augmentation` compares every one with Keras.
"""

from __future__ import annotations

from tests.conformance.case import Case
from torchkeras_layer.layers import augmentation

_IMAGES = (3, 4, 6, 5)

CASES = [
    Case("RandomContrast", {"factor": (0.2, 0.4), "value_range": (-2, 2), "seed": 3}, _IMAGES, training=True),
    Case("RandomFlip", {"seed": 3}, _IMAGES, training=True),
]
WITHOUT_CASE = set(augmentation.__all__) - {case.layer for case in CASES}
