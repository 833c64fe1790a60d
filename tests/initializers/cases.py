"""Which initializers are tried, made with which arguments?"""

from __future__ import annotations

from typing import Any

RANDOM: list[tuple[str, dict[str, Any]]] = [
    ("RandomNormal", {}),
    ("RandomNormal", {"mean": 3.0, "stddev": 2.0}),
    ("RandomUniform", {}),
    ("RandomUniform", {"minval": 2, "maxval": 5.5}),
    ("TruncatedNormal", {}),
    ("TruncatedNormal", {"mean": -1.0, "stddev": 2.0}),
    ("GlorotNormal", {}),
    ("GlorotUniform", {}),
    ("GlorotUniform", {"input_axes": [0], "output_axes": [1]}),
    ("HeNormal", {}),
    ("HeUniform", {}),
    ("LecunNormal", {}),
    ("LecunUniform", {}),
    ("VarianceScaling", {}),
    ("VarianceScaling", {"scale": 3.0, "mode": "fan_out", "distribution": "Normal"}),
    ("VarianceScaling", {"scale": 0.5, "mode": "fan_avg", "distribution": "untruncated_normal"}),
    ("VarianceScaling", {"scale": 2, "distribution": "uniform", "input_axes": (0,), "output_axes": (-1,)}),
    ("Orthogonal", {}),
    ("Orthogonal", {"gain": 1.5}),
]
FIXED: list[tuple[str, dict[str, Any]]] = [
    ("Zeros", {}),
    ("Ones", {}),
    ("Constant", {}),
    ("Constant", {"value": 2.5}),
    ("Identity", {}),
    ("Identity", {"gain": 2.0}),
]
ALL = RANDOM + FIXED
