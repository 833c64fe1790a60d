"""Which regularization layers go through the conformance suite?"""

from __future__ import annotations

from tests.conformance.case import Case

_IMAGES = (3, 4, 6, 5)

CASES = [
    Case("ActivityRegularization", {"l1": 0.25}),
    Case("ActivityRegularization", {"l1": 0.1, "l2": 0.2}, (2, 3, 5)),
    Case("AlphaDropout", {"rate": 0.5}),
    Case("AlphaDropout", {"rate": 0.4, "seed": 3}, training=True),
    Case("AlphaDropout", {"rate": 0.3, "seed": 5, "noise_shape": (None, 1, 5)}, (2, 3, 5), training=True),
    Case("Dropout", {"rate": 0.5}),
    Case("Dropout", {"rate": 0.5}, training=True),
    Case("Dropout", {"rate": 0.3, "seed": 11}, training=True),
    Case("Dropout", {"rate": 0.4, "seed": 5, "noise_shape": (None, 1, 5)}, (2, 3, 5), training=True),
    Case("Dropout", {"rate": 0.0}, training=True),
    Case("Dropout", {"rate": 1.0, "seed": 2}, training=True),
    Case("GaussianDropout", {"rate": 0.5}),
    Case("GaussianDropout", {"rate": 0.4, "seed": 3}, training=True),
    Case("GaussianDropout", {"rate": 0.3, "seed": 5}, (2, 3, 5), training=True),
    Case("GaussianNoise", {"stddev": 0.5}),
    Case("GaussianNoise", {"stddev": 0.4, "seed": 3}, training=True),
    Case("GaussianNoise", {"stddev": 1.0, "seed": 5}, (2, 3, 5), training=True),
    Case("SpatialDropout1D", {"rate": 0.5}, (4, 3, 5)),
    Case("SpatialDropout1D", {"rate": 0.5, "seed": 3}, (4, 3, 5), training=True),
    Case("SpatialDropout2D", {"rate": 0.4, "seed": 3}, _IMAGES, training=True),
    Case("SpatialDropout2D", {"rate": 0.4, "data_format": "channels_first", "seed": 3}, _IMAGES, training=True),
    Case("SpatialDropout3D", {"rate": 0.3, "seed": 3}, (2, 3, 2, 2, 5), training=True),
    Case("SpatialDropout3D", {"rate": 0.3, "data_format": "channels_first", "seed": 3}, (2, 3, 2, 2, 5), training=True),
]
