"""Which convolution layers go through the conformance suite?"""

from __future__ import annotations

from typing import Any

from tests.conformance.case import Case

_SIZES = {1: (7,), 2: (6, 5), 3: (3, 4, 5)}
# So that halves stay small enough to compare.
_WEIGHTS = (-0.5, 0.5)


def _case(layer: str, channels: int, **arguments: Any) -> Case:
    """Return a case of a layer whose name ends with its rank, with arguments as long as that where they are tuples."""
    rank = int(layer[-2])
    own = {name: value[:rank] if isinstance(value, tuple) else value for name, value in arguments.items()}
    is_first = own.get("data_format") == "channels_first"
    shape = (2, channels, *_SIZES[rank]) if is_first else (2, *_SIZES[rank], channels)
    return Case(layer, own, shape, weights=_WEIGHTS)


def _convolutions(rank: int) -> list[Case]:
    return [
        _case(f"Conv{rank}D", 3, filters=4, kernel_size=2),
        _case(f"Convolution{rank}D", 1, filters=2, kernel_size=(3, 2, 1), strides=(2, 3, 1), padding="same"),
        _case(f"Conv{rank}D", 4, filters=6, kernel_size=2, padding="same", groups=2, activation="relu", use_bias=False),
        _case(f"Conv{rank}D", 2, filters=3, kernel_size=2, dilation_rate=2, data_format="channels_first"),
        _case(f"Conv{rank}D", 2, filters=2, kernel_size=2, kernel_regularizer="l2", activity_regularizer="l2"),
    ]


def _depthwise(rank: int) -> list[Case]:
    return [
        _case(f"DepthwiseConv{rank}D", 3, kernel_size=2),
        _case(f"DepthwiseConv{rank}D", 3, kernel_size=(3, 2), strides=2, padding="same", depth_multiplier=2),
        _case(f"DepthwiseConv{rank}D", 2, kernel_size=2, dilation_rate=2, data_format="channels_first", use_bias=False),
        _case(f"DepthwiseConv{rank}D", 2, kernel_size=2, depthwise_regularizer="l2", depthwise_constraint="max_norm"),
    ]


def _separable(rank: int) -> list[Case]:
    return [
        _case(f"SeparableConv{rank}D", 3, filters=4, kernel_size=2),
        _case(f"SeparableConvolution{rank}D", 3, filters=2, kernel_size=(3, 2), strides=2, padding="same"),
        _case(f"SeparableConv{rank}D", 2, filters=3, kernel_size=2, depth_multiplier=2, data_format="channels_first"),
        _case(f"SeparableConv{rank}D", 2, filters=2, kernel_size=2, dilation_rate=2, pointwise_regularizer="l2"),
    ]


CASES = [
    *(case for rank in (1, 2, 3) for case in _convolutions(rank)),
    _case("Conv1D", 2, filters=3, kernel_size=3, padding="causal", dilation_rate=2),
    _case("Conv1D", 2, filters=3, kernel_size=2, padding="causal", strides=3, data_format="channels_first"),
    *(case for rank in (1, 2) for case in (*_depthwise(rank), *_separable(rank))),
]
