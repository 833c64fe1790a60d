"""Which pooling layers, made how and called on what, go through the conformance suite?"""

from __future__ import annotations

from dataclasses import replace

from tests.conformance.case import Case


def _short(name: str) -> str:
    return name.replace("Pooling", "Pool").replace("Average", "Avg")


def _pools(name: str) -> list[Case]:
    """Return cases for 1D to 3D and both names; 'same' where Keras on torch averages as TensorFlow."""
    cases = []
    for rank, sizes in enumerate([(6,), (6, 5), (3, 4, 5)], 1):
        strided = {"pool_size": (3, 2, 1)[:rank], "strides": (2, 1, 2)[:rank]}
        first = {"pool_size": 2, "strides": 1, "data_format": "channels_first"}
        same = {"pool_size": 3, "strides": 1, "padding": "same"}
        of_rank = [
            Case(f"{_short(name)}{rank}D", {"pool_size": 2}, (2, *sizes, 3)),
            Case(f"{name}{rank}D", strided, (2, *sizes, 3)),
            Case(f"{name}{rank}D", first, (2, 3, *sizes)),
            Case(f"{name}{rank}D", same, (2, *sizes, 3)),
        ]
        has_halves = name != "AveragePooling" or rank < 3
        cases += [replace(case, keras_has_halves=has_halves) for case in of_rank]
    return cases


def _global_pools(name: str) -> list[Case]:
    cases = []
    # As many steps as channels: a mask is for what comes second, in both layouts.
    for rank, shape in enumerate([(4, 5, 5), (2, 3, 4, 5), (2, 3, 2, 4, 5)], 1):
        first = {"data_format": "channels_first", "keepdims": True}
        cases += [
            Case(f"{name}{rank}D", shape=shape),
            Case(f"{name}{rank}D", first, shape),
            Case(f"{_short(name)}{rank}D", {"keepdims": True}, shape),
        ]
    return cases


def _adaptive_pools(name: str) -> list[Case]:
    cases = []
    for rank, sizes in enumerate([(7,), (6, 5), (3, 4, 5)], 1):
        first = {"output_size": (3, 2, 4)[:rank], "data_format": "channels_first"}
        cases += [
            Case(f"{name}{rank}D", {"output_size": 2}, (2, *sizes, 3)),
            Case(f"{name}{rank}D", first, (2, 3, *sizes)),
        ]
    return cases


CASES = [
    *_pools("MaxPooling"),
    *_pools("AveragePooling"),
    *_global_pools("GlobalMaxPooling"),
    *_global_pools("GlobalAveragePooling"),
    *_adaptive_pools("AdaptiveMaxPooling"),
    *_adaptive_pools("AdaptiveAveragePooling"),
]
