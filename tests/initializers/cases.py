"""Which initializers are tried, made with which arguments?"""

from __future__ import annotations

from typing import Any

# With a seed, the numbers are those of Keras on torch.
SAME_NUMBERS: list[tuple[str, dict[str, Any]]] = [
    ("RandomNormal", {}),
    ("RandomNormal", {"mean": 3.0, "stddev": 2.0}),
    ("RandomUniform", {}),
    ("RandomUniform", {"minval": 2, "maxval": 5.5}),
    ("GlorotUniform", {}),
    ("GlorotUniform", {"input_axes": [0], "output_axes": [1]}),
    ("HeUniform", {}),
    ("LecunUniform", {}),
    ("VarianceScaling", {"scale": 0.5, "mode": "fan_avg", "distribution": "untruncated_normal"}),
    ("VarianceScaling", {"scale": 2, "distribution": "uniform", "input_axes": (0,), "output_axes": (-1,)}),
    ("Orthogonal", {}),
    ("Orthogonal", {"gain": 1.5}),
]
# Only the distribution is that of Keras.
TRUNCATED: list[tuple[str, dict[str, Any]]] = [
    ("TruncatedNormal", {}),
    ("TruncatedNormal", {"mean": -1.0, "stddev": 2.0}),
    ("GlorotNormal", {}),
    ("HeNormal", {}),
    ("LecunNormal", {}),
    ("VarianceScaling", {}),
    ("VarianceScaling", {"scale": 3.0, "mode": "fan_out", "distribution": "Normal"}),
]
FIXED: list[tuple[str, dict[str, Any]]] = [
    ("Zeros", {}),
    ("Ones", {}),
    ("Constant", {}),
    ("Constant", {"value": 2.5}),
    ("Identity", {}),
    ("Identity", {"gain": 2.0}),
]
RANDOM = SAME_NUMBERS + TRUNCATED
ALL = RANDOM + FIXED
# They want matrices, or at least two axes.
NOT_FOR_ANY_RANK = {"Identity", "Orthogonal"}
