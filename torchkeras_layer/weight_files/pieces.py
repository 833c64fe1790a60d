"""Which arrays of a group belong to which of the layers inside a wrapper or a model, in files of Keras 1 and 2?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

# Keras 1 puts the name of a weight behind that of its layer, and TensorFlow numbers names that are there twice.
_WEIGHT_OF_KERAS_1 = re.compile(
    r"_(?:[WUb](?:_(?:[ifcozrh]|carry))?|gamma|beta|running_(?:mean|std)|alphas?|betas|[ta]_(?:left|right)"
    r"|depthwise_kernel|pointwise_kernel)(?:_\d+)?(?::0)?$"
)
_INSIDE = (("forward_layer", "backward_layer"), ("layer",))


def is_weight_of_keras_1(name: str) -> bool:
    """Whether the name of an array is one that Keras 1 gives.

    >>> is_weight_of_keras_1("convolution2d_1_W:0"), is_weight_of_keras_1("conv2d_1/kernel:0")
    (True, False)
    """
    return _WEIGHT_OF_KERAS_1.search(name) is not None


def layers_apart(layer: Any) -> list[Any]:
    """Return the layers with weights whose arrays old files have one after the other, in place of one that holds them.

    >>> import torchkeras_layer as keras
    >>> both = keras.layers.Bidirectional(keras.layers.LSTM(2)); both.build((None, 3, 4))
    >>> [inner.name for inner in layers_apart(both)]
    ['forward_lstm', 'backward_lstm']
    """
    if isinstance(getattr(layer, "layers", None), list):
        inside = list({id(inner): inner for inner in layer.layers}.values())
    else:
        inside = next(([getattr(layer, w) for w in words] for words in _INSIDE if _has_layers(layer, words)), [])
    if not inside:
        return [layer] if layer.weights else []
    return [leaf for inner in inside for leaf in layers_apart(inner)]


def pieces_of(layer: Any, names: Sequence[str]) -> list[tuple[Any, list[int]]] | None:
    """Return the layers inside a layer, each with the positions of its arrays; `None` if the names do not say them.

    Args:
        layer: the layer.
        names: the names of the arrays, in the order of the file.

    >>> import torchkeras_layer as keras
    >>> inner = keras.Sequential([keras.layers.Dense(2, name="a"), keras.layers.BatchNormalization(name="b")])
    >>> inner.build((None, 3))
    >>> names = ["a_W", "a_b", "b_gamma", "b_beta", "b_running_mean", "b_running_std"]
    >>> [(layer.name, positions) for layer, positions in pieces_of(inner, names)]
    [('a', [0, 1]), ('b', [2, 3, 4, 5])]
    """
    leaves = {leaf.name: leaf for leaf in layers_apart(layer)}
    if len(leaves) != len(layers_apart(layer)):
        return None
    found: dict[str, list[int]] = {}
    for position, name in enumerate(names):
        holder = _holder(name, leaves)
        if holder is None:
            return None
        found.setdefault(holder, []).append(position)
    if found.keys() == leaves.keys():
        return [(leaves[holder], positions) for holder, positions in found.items()]
    # The names of another model: the order says which is which.
    return list(zip(leaves.values(), found.values(), strict=True)) if len(found) == len(leaves) else None


def _has_layers(layer: Any, words: tuple[str, ...]) -> bool:
    return all(hasattr(getattr(layer, word, None), "weights") for word in words)


def _holder(name: str, leaves: dict[str, Any]) -> str | None:
    """The name of the layer that an array belongs to."""
    *path, last = name.split("/")
    if path:
        return next((part for part in reversed(path) if part in leaves), path[-1])
    match = _WEIGHT_OF_KERAS_1.search(last)
    return last[: match.start()] if match else None
