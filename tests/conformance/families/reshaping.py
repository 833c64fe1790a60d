"""Which layers that reshape go through the conformance suite?"""

from __future__ import annotations

from tests.conformance.case import Case

_IMAGES = (3, 4, 6, 5)

CASES = [
    Case("Cropping1D", shape=(2, 5, 3)),
    Case("Cropping1D", {"cropping": (0, 2)}, (2, 5, 3), below=7),
    Case("Cropping2D", {"cropping": ((1, 0), (0, 2))}, _IMAGES),
    Case("Cropping2D", {"cropping": (2, 1), "data_format": "channels_first"}, _IMAGES),
    Case("Cropping3D", {"cropping": (1, (0, 1), 0)}, (2, 3, 4, 2, 3)),
    Case("Cropping3D", {"data_format": "channels_first"}, (2, 2, 3, 4, 3)),
    Case("Flatten", shape=(2, 3, 4, 5)),
    Case("Flatten", {"data_format": "channels_first"}, (2, 3, 4, 5)),
    Case("Flatten", shape=(4,)),
    Case("Permute", {"dims": (2, 1)}, (4, 3, 5)),
    Case("Permute", {"dims": (3, 1, 2)}, _IMAGES),
    Case("RepeatVector", {"n": 3}),
    Case("Reshape", {"target_shape": (3, 2)}, (4, 6)),
    Case("Reshape", {"target_shape": (-1, 2)}, (4, 3, 2, 5)),
    Case("Reshape", {"target_shape": ()}, (4, 1)),
    Case("UpSampling1D", shape=(2, 3, 5)),
    Case("UpSampling1D", {"size": 3}, (2, 3, 5), below=7),
    Case("UpSampling2D", {"size": (2, 3)}, _IMAGES),
    Case("UpSampling2D", {"data_format": "channels_first"}, _IMAGES),
    Case("UpSampling2D", {"size": (3, 2), "interpolation": "bilinear"}, _IMAGES),
    Case("UpSampling2D", {"interpolation": "bilinear", "data_format": "channels_first"}, _IMAGES),
    Case("UpSampling3D", {"size": (1, 2, 3)}, (2, 2, 3, 2, 4)),
    Case("UpSampling3D", {"data_format": "channels_first"}, (2, 2, 3, 2, 4)),
    Case("ZeroPadding1D", shape=(2, 3, 5)),
    Case("ZeroPadding1D", {"padding": (0, 2), "data_format": "channels_first"}, (2, 3, 5), below=7),
    Case("ZeroPadding2D", {"padding": ((1, 0), (0, 2))}, _IMAGES),
    Case("ZeroPadding2D", {"padding": (2, 1), "data_format": "channels_first"}, _IMAGES),
    Case("ZeroPadding3D", {"padding": (1, (0, 1), 0)}, (2, 3, 2, 2, 3)),
    Case("ZeroPadding3D", {"data_format": "channels_first"}, (2, 2, 3, 2, 2)),
]
