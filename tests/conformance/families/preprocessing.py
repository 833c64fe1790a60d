"""Which preprocessing layers go through the conformance suite?

Hashing and the lookups do not: Keras has them under TensorFlow only. `tests/layers/preprocessing` has its numbers, and
those of spectrograms, and puts what takes ints through torch's compiler, export, vmap and meta device.
"""

from __future__ import annotations

from tests.conformance.case import Case

_IMAGES = (3, 4, 6, 5)
_CUT = {"height": 3, "width": 4}
_SIZES = {"height": 6, "width": 4}

WITHOUT_CASE = {
    "HashedCrossing",
    "Hashing",
    "IntegerLookup",
    "MelSpectrogram",
    "STFTSpectrogram",
    "StringLookup",
    "TextVectorization",
}
CASES = [
    Case("CategoryEncoding", {"num_tokens": 9}, below=9),
    Case("CategoryEncoding", {"num_tokens": 9, "output_mode": "count"}, below=9),
    Case("CategoryEncoding", {"num_tokens": 9, "output_mode": "one_hot"}, (4, 3, 2), below=9),
    Case("CategoryEncoding", {"num_tokens": 9, "output_mode": "one_hot"}, (4, 1), below=9),
    Case("CenterCrop", _CUT, _IMAGES),
    Case("CenterCrop", _CUT, (3, 8, 8, 2), below=7),
    Case("CenterCrop", {"height": 7, "width": 5}, _IMAGES),
    Case("CenterCrop", _CUT | {"data_format": "channels_first"}, _IMAGES),
    Case("Discretization", {"bin_boundaries": [-0.5, 0.1, 1.0]}),
    Case("Discretization", {"bin_boundaries": [-0.5, 0.1, 1.0], "output_mode": "one_hot"}, (4, 3, 2)),
    Case("Discretization", {"bin_boundaries": [-0.5, 0.1], "output_mode": "multi_hot"}),
    Case("Discretization", {"bin_boundaries": [-0.5, 0.1], "output_mode": "count"}),
    # Keras keeps casts of the weights, and in a mixed policy does not hear of new ones.
    Case("Normalization", keras_has_halves=False),
    Case("Normalization", {"axis": None}, (4, 3, 2), keras_has_halves=False),
    Case("Normalization", {"axis": (1, -1)}, _IMAGES, keras_has_halves=False),
    Case("Normalization", {"axis": 1, "invert": True}, _IMAGES, keras_has_halves=False),
    Case("Normalization", {"mean": 3.0, "variance": 2.0}),
    Case("Normalization", {"mean": [0.0, 1.0, 2.0], "variance": [1.0, 2.0, 3.0], "axis": 1}, (4, 3, 2)),
    Case("Normalization", {"mean": [0.5, 1.0], "variance": [1.0, 2.0], "axis": [1, 2], "invert": True}, (4, 3, 2)),
    Case("Rescaling", {"scale": 0.5, "offset": -1.0}),
    Case("Rescaling", {"scale": [0.5, 1.0, 1.5, 2.0, 2.5], "offset": 1.0}, (2, 3, 5)),
    Case("Rescaling", {"scale": 1 / 255}, _IMAGES, below=256),
    Case("Resizing", _SIZES, _IMAGES),
    Case("Resizing", _SIZES | {"interpolation": "nearest"}, _IMAGES, below=256),
    Case("Resizing", _SIZES | {"antialias": True}, (2, 9, 9, 3)),
    Case("Resizing", _SIZES | {"interpolation": "nearest", "data_format": "channels_first"}, _IMAGES),
    Case("Resizing", _SIZES | {"crop_to_aspect_ratio": True}, (2, 9, 9, 3)),
    Case("Resizing", _SIZES | {"pad_to_aspect_ratio": True, "fill_value": 0.5}, (2, 9, 9, 3)),
]
