"""Which layers that wrap another go through the conformance suite?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.conformance.case import Case

_FRAMES = (2, 3, 6, 5, 2)


def _around(layer: str, *arguments: Any, **keywords: Any) -> Callable[[Any], dict[str, Any]]:
    """Give the arguments of a wrapper around a layer."""
    own = {name: keywords.pop(name) for name in ("power_iterations", "merge_mode") if name in keywords}
    return lambda library: {"layer": getattr(library.layers, layer)(*arguments, **keywords, name="inner"), **own}


# It does not say how it is called.
WITHOUT_CASE = {"Wrapper"}
CASES = [
    Case("Bidirectional", _around("LSTM", 3), (2, 4, 5), weights=(-1, 1)),
    Case("Bidirectional", _around("LSTM", 3, return_sequences=True, merge_mode="sum"), (2, 4, 5), weights=(-1, 1)),
    Case("Bidirectional", _around("GRU", 3, return_sequences=True, merge_mode="ave"), (2, 4, 5), weights=(-1, 1)),
    Case("Bidirectional", _around("GRU", 2, activation="relu", merge_mode="mul"), (2, 4, 5), weights=(-1, 1)),
    Case("Bidirectional", _around("SimpleRNN", 2, return_sequences=True, merge_mode=None), (2, 4, 5), weights=(-1, 1)),
    Case("SpectralNormalization", _around("Dense", 3), (4, 5)),
    Case("SpectralNormalization", _around("Conv2D", 3, 2, power_iterations=3), (2, 5, 4, 3)),
    Case("TimeDistributed", _around("Dense", 3, activation="tanh", kernel_regularizer="l2"), (2, 4, 5)),
    Case("TimeDistributed", _around("Conv2D", 3, 2, strides=2, padding="same"), _FRAMES),
    Case("TimeDistributed", _around("BatchNormalization"), (5, 3, 2), training=True),
    Case("TimeDistributed", _around("Dropout", 0.4, seed=3), (4, 3, 5), training=True),
    Case("TimeDistributed", _around("Flatten"), _FRAMES),
]
