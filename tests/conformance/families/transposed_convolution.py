"""Which transposed convolutions go through the conformance suite?"""

from __future__ import annotations

from typing import Any

from tests.conformance.case import Case


def _cases(rank: int) -> list[Case]:
    sizes = (4, 3, 2)[:rank]
    strided: dict[str, Any] = {"filters": 2, "kernel_size": (3, 2, 1)[:rank], "strides": 2, "padding": "same"}
    first = {"filters": 4, "kernel_size": 2, "dilation_rate": 2, "data_format": "channels_first", "use_bias": False}
    extra = {"filters": 2, "kernel_size": 3, "strides": 2, "output_padding": 1, "activation": "tanh"}
    return [
        Case(f"Conv{rank}DTranspose", {"filters": 3, "kernel_size": 2}, (2, *sizes, 3)),
        Case(f"Conv{rank}DTranspose", strided, (2, *sizes, 3)),
        Case(f"Convolution{rank}DTranspose", first, (2, 3, *sizes)),
        Case(f"Convolution{rank}DTranspose", extra | {"kernel_regularizer": "l2"}, (2, *sizes, 2)),
    ]


CASES = [case for rank in (1, 2, 3) for case in _cases(rank)]
