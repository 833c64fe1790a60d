"""Which normalization layers go through the conformance suite?"""

from __future__ import annotations

from tests.conformance.case import Case

_IMAGES = (3, 4, 6, 5)

CASES = [
    Case("BatchNormalization"),
    Case("BatchNormalization", training=True),
    Case("BatchNormalization", {"momentum": 0.5, "epsilon": 0.1}, (2, 3, 5), training=True),
    Case("BatchNormalization", {"center": False}, _IMAGES, training=True),
    Case("BatchNormalization", {"scale": False}, _IMAGES),
    Case("BatchNormalization", {"center": False, "scale": False}, _IMAGES, training=True),
    Case("BatchNormalization", {"axis": 1}, _IMAGES, training=True),
    Case("BatchNormalization", {"axis": -3}, _IMAGES),
    Case("BatchNormalization", {"axis": 2, "gamma_regularizer": "l2"}, _IMAGES, training=True),
    Case("BatchNormalization", {"trainable": False}, (2, 3, 2, 2, 5), training=True),
    Case("GroupNormalization", {"groups": 2, "epsilon": 0.1}, (2, 3, 6)),
    Case("GroupNormalization", {"groups": -1, "scale": False}, _IMAGES),
    Case("GroupNormalization", {"groups": 2, "axis": 1, "center": False, "gamma_regularizer": "l2"}, _IMAGES),
    Case("GroupNormalization", {"groups": 3, "axis": -2}, (2, 3, 6, 5)),
    Case("GroupNormalization", {"groups": 1, "center": False, "scale": False}, (4, 6)),
    Case("LayerNormalization"),
    Case("LayerNormalization", {"axis": [1, 2], "epsilon": 0.1}, (2, 3, 5)),
    Case("LayerNormalization", {"axis": [-2, -1], "center": False}, (2, 3, 5)),
    Case("LayerNormalization", {"axis": [1, 3]}, _IMAGES),
    Case("LayerNormalization", {"center": False, "scale": False}),
    Case("RMSNormalization"),
    Case("RMSNormalization", {"epsilon": 0.1}, (2, 3, 5)),
    Case("UnitNormalization"),
    Case("UnitNormalization", {"axis": 1}, (2, 3, 5)),
    Case("UnitNormalization", {"axis": [1, -1]}, _IMAGES),
]
