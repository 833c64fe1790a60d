"""Which attention layers go through the conformance suite?"""

from __future__ import annotations

from typing import Any

from tests.conformance.case import Case

_PAIR = [(2, 3, 4), (2, 5, 4)]
_TRIPLE = [(2, 3, 4), (2, 5, 6), (2, 5, 4)]
_SELF = {"query": (2, 3, 4), "value": (2, 3, 4)}
_CROSS = {"query": (2, 3, 4), "value": (2, 5, 6)}
_KEYED = {"query": (2, 3, 4), "value": (2, 5, 6), "key": (2, 5, 3)}

# Keras wants the same features everywhere to tell the output shape of groups.
_OTHER = {"query": (2, 3, 4), "value": (2, 5, 4)}
_ALIKE = _OTHER | {"key": (2, 5, 4)}


def _heads(shape: Any, training: bool = False, **arguments: Any) -> Case:
    return Case("MultiHeadAttention", {"num_heads": 2, "key_dim": 3, **arguments}, shape, training, weights=(-0.5, 1.0))


def _groups(shape: Any, training: bool = False, **arguments: Any) -> Case:
    counts = {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2}
    return Case("GroupQueryAttention", counts | arguments, shape, training, weights=(-0.5, 1.0))


CASES: list[Case] = [
    Case("AdditiveAttention", shape=_PAIR),
    Case("AdditiveAttention", {"use_scale": False}, _TRIPLE),
    Case("AdditiveAttention", {"dropout": 0.4, "seed": 3}, _PAIR, training=True),
    Case("Attention", shape=_PAIR),
    Case("Attention", {"use_scale": True}, _TRIPLE),
    Case("Attention", {"score_mode": "concat"}, _PAIR),
    Case("Attention", {"score_mode": "concat", "use_scale": True}, _TRIPLE),
    Case("Attention", {"dropout": 0.4, "seed": 3}, _TRIPLE, training=True),
    Case("Attention", {"dropout": 0.4}, _PAIR),
    _heads(_SELF),
    _heads(_CROSS, value_dim=5, output_shape=7),
    _heads(_KEYED, use_bias=False, use_gate=True),
    _heads(_CROSS, output_shape=(2, 3), activity_regularizer="l2"),
    _heads(_SELF, kernel_regularizer="l2", bias_regularizer="l2"),
    _heads(_SELF, sliding_window=2, bias_constraint="non_neg"),
    _heads(_KEYED, True, dropout=0.4, seed=3),
    _heads(_CROSS, dropout=0.4),
    _heads({"query": (2, 3, 4, 5), "value": (2, 3, 2, 5)}, attention_axes=2),
    _groups(_SELF),
    _groups(_OTHER, num_key_value_heads=1, use_gate=True),
    _groups(_ALIKE, num_key_value_heads=4, use_bias=False, activity_regularizer="l2"),
    _groups(_SELF, sliding_window=2),
    _groups(_OTHER, True, dropout=0.4, seed=3),
]
