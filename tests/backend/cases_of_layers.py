"""Calls of K that convolve, pool, normalize, add biases and run sequences: see `cases.py`."""

from __future__ import annotations

from typing import Any


def _double(inputs: Any, states: list[Any]) -> tuple[Any, list[Any]]:
    return inputs + states[0], [inputs + states[0] * 0.5]


def _with_constant(inputs: Any, states: list[Any]) -> tuple[Any, list[Any]]:
    total = inputs * states[2] + states[0]
    return total, [total, states[1] + 1.0]


def _of_pair(inputs: Any, states: list[Any]) -> tuple[Any, list[Any]]:
    return [inputs[0] * 2, inputs[1] + states[0]], [states[0] + inputs[1]]


def _rnn(K: Any, x: Any, state: Any, **options: Any) -> list[Any]:
    last, outputs, states = K.rnn(_double, x, [state], **options)
    return [last, outputs, *states]


ROWS: list[tuple[Any, ...]] = [
    (
        "batch_normalization",
        lambda K, x, m, v: K.batch_normalization(x, m, K.exp(v), m + 1.0, v, -1, 0.01),
        "f:4,3",
        "f:3",
        "f:3",
        "fixed",
    ),
    (
        "batch_normalization",
        lambda K, x, m, v: K.batch_normalization(x, m, K.exp(v), None, None),
        "f:2,3,3,2",
        "f:2",
        "f:2",
        "fixed",
    ),
    ("bias_add", lambda K, x, b: K.bias_add(x, b), "f:2,3", "f:3", "fixed"),
    ("bias_add", lambda K, x, b: K.bias_add(x, b, "channels_first"), "f:2,3,4,5", "f:3", "fixed"),
    ("bias_add", lambda K, x, b: K.bias_add(x, b), "f:2,3,4", "f:3,4", "fixed"),
    ("bias_add", lambda K, x, b: K.bias_add(x, b, data_format="channels_first"), "f:2,3,4", "f:4,3", "fixed"),
    ("conv1d", lambda K, x, k: K.conv1d(x, k), "f:2,7,2", "f:3,2,4", "fixed"),
    ("conv1d", lambda K, x, k: K.conv1d(x, k, strides=2, padding="same"), "f:2,7,2", "f:3,2,4", "fixed"),
    ("conv1d", lambda K, x, k: K.conv1d(x, k, padding="causal", dilation_rate=2), "f:2,7,2", "f:3,2,4", "fixed"),
    (
        "conv1d",
        lambda K, x, k: K.conv1d(x, k, padding="same", data_format="channels_last"),
        "d:2,6,2",
        "d:2,2,3",
        "fixed",
    ),
    ("conv2d", lambda K, x, k: K.conv2d(x, k), "f:2,5,4,2", "f:3,2,2,3", "fixed"),
    (
        "conv2d",
        lambda K, x, k: K.conv2d(x, k, (2, 2), "same", "channels_last"),
        "f:2,5,4,2",
        "f:3,2,2,3",
        "fixed",
    ),
    (
        "conv2d",
        lambda K, x, k: K.conv2d(x, k, padding="same", data_format="channels_first", dilation_rate=(2, 2)),
        "f:2,2,5,6",
        "f:3,3,2,3",
        "fixed",
    ),
    (
        "conv2d_transpose",
        lambda K, x, k: K.conv2d_transpose(x, k, (2, 6, 8, 3), (2, 2), padding="same"),
        "f:2,3,4,2",
        "f:3,3,3,2",
        "fixed",
    ),
    (
        "conv2d_transpose",
        lambda K, x, k: K.conv2d_transpose(x, k, (None, 7, 9, 3), strides=(2, 2)),
        "f:2,3,4,2",
        "f:3,3,3,2",
        "fixed",
    ),
    (
        "conv2d_transpose",
        lambda K, x, k: K.conv2d_transpose(x, k, (2, 3, 6, 8), (2, 2), "same", "channels_first"),
        "f:2,2,3,4",
        "f:3,3,3,2",
        "fixed",
    ),
    ("conv3d", lambda K, x, k: K.conv3d(x, k), "f:1,3,4,3,2", "f:2,2,2,2,3", "fixed"),
    ("conv3d", lambda K, x, k: K.conv3d(x, k, (2, 1, 2), "same"), "f:1,3,4,3,2", "f:2,2,2,2,3", "fixed"),
    (
        "conv3d_transpose",
        lambda K, x, k: K.conv3d_transpose(x, k, (1, 4, 4, 4, 3), (2, 2, 2), "same"),
        "f:1,2,2,2,2",
        "f:3,3,3,3,2",
        "fixed",
    ),
    ("depthwise_conv2d", lambda K, x, k: K.depthwise_conv2d(x, k), "f:2,5,4,2", "f:3,2,2,2", "fixed"),
    (
        "depthwise_conv2d",
        lambda K, x, k: K.depthwise_conv2d(x, k, (2, 2), padding="same", data_format="channels_first"),
        "f:2,2,5,4",
        "f:3,2,2,1",
        "fixed",
    ),
    ("local_conv", lambda K, x, k: K.local_conv(x, k, (3,), (1,), (3,)), "f:2,5,2", "f:3,6,4", "fixed"),
    ("local_conv1d", lambda K, x, k: K.local_conv1d(x, k, (3,), (2,)), "f:2,5,2", "f:2,6,4", "fixed"),
    ("local_conv2d", lambda K, x, k: K.local_conv2d(x, k, (2, 2), (1, 2), (3, 2)), "f:2,4,4,2", "f:6,8,3", "fixed"),
    (
        "local_conv2d",
        lambda K, x, k: K.local_conv2d(x, k, (2, 2), (1, 2), (3, 2), "channels_first"),
        "f:2,2,4,4",
        "f:6,8,3",
        "fixed",
    ),
    (
        "normalize_batch_in_training",
        lambda K, x, g: list(K.normalize_batch_in_training(x, g, g + 1.0, [0])),
        "f:5,3",
        "f:3",
        "fixed",
    ),
    (
        "normalize_batch_in_training",
        lambda K, x, g: list(K.normalize_batch_in_training(x, g, g + 1.0, [0, 2])),
        "f:2,3,4",
        "f:3",
        "fixed",
    ),
    (
        "normalize_batch_in_training",
        lambda K, x, g: list(K.normalize_batch_in_training(x, g, g + 1.0, [0, 1, 2])),
        "f:2,3,2,3",
        "f:3",
        "fixed",
        "flat",
    ),
    ("pool2d", lambda K, x: K.pool2d(x, (2, 2)), "f:2,4,5,2"),
    ("pool2d", lambda K, x: K.pool2d(x, (2, 3), strides=(2, 2), padding="same"), "f:2,4,5,2"),
    ("pool2d", lambda K, x: K.pool2d(x, (3, 3), (2, 2), "same", pool_mode="avg"), "f:2,4,5,2"),
    ("pool3d", lambda K, x: K.pool3d(x, (2, 2, 2), (2, 2, 2)), "f:1,4,4,4,2"),
    ("pool3d", lambda K, x: K.pool3d(x, (2, 2, 2), (1, 2, 2), "same", None, "avg"), "f:1,3,4,4,2"),
    ("rnn", lambda K, x, s: _rnn(K, x, s), "f:3,4,2", "f:3,2"),
    ("rnn", lambda K, x, s: _rnn(K, x, s, go_backwards=True, unroll=True), "f:3,4,2", "f:3,2"),
    ("rnn", lambda K, x, s, m: _rnn(K, x, s, mask=m), "f:3,4,2", "f:3,2", "b:3,4"),
    ("rnn", lambda K, x, s, m: _rnn(K, x, s, mask=m, unroll=True, go_backwards=True), "f:3,4,2", "f:3,2", "b:3,4"),
    ("rnn", lambda K, x, s, m: _rnn(K, x, s, mask=m, zero_output_for_mask=True), "f:3,4,2", "f:3,2", "b:3,4"),
    (
        "rnn",
        lambda K, x, s, m: _rnn(K, x, s, mask=m, zero_output_for_mask=True, unroll=True),
        "f:3,4,2",
        "f:3,2",
        "b:3,4",
    ),
    ("rnn", lambda K, x, s: _rnn(K, x, s, return_all_outputs=False), "f:3,4,2", "f:3,2"),
    ("rnn", lambda K, x, s: _rnn(K, x, s, time_major=True), "f:4,3,2", "f:3,2", "fixed"),
    ("rnn", lambda K, x, s, m: _rnn(K, x, s, time_major=True, mask=m), "f:4,3,2", "f:3,2", "b:4,3", "fixed"),
    (
        "rnn",
        lambda K, x, s, c: [*(r := K.rnn(_with_constant, x, [s, s * 2], constants=[c]))[:2], *r[2]],
        "f:3,4,2",
        "f:3,2",
        "f:3,2",
    ),
    (
        "rnn",
        lambda K, x, y, s: [*(r := K.rnn(_of_pair, [x, y], [s]))[0], *r[1], *r[2]],
        "f:3,4,2",
        "f:3,4,5",
        "f:3,5",
    ),
    (
        "separable_conv2d",
        lambda K, x, d, p: K.separable_conv2d(x, d, p, (2, 2), "same"),
        "f:2,5,4,2",
        "f:3,2,2,2",
        "f:1,1,4,3",
        "fixed",
    ),
    (
        "separable_conv2d",
        lambda K, x, d, p: K.separable_conv2d(x, d, p, data_format="channels_first"),
        "f:2,2,5,4",
        "f:3,2,2,1",
        "f:1,1,2,3",
        "fixed",
    ),
    # Sequences of labels.
    (
        "ctc_batch_cost",
        lambda K, y, x: K.ctc_batch_cost(y, x, K.constant([[6], [5]], "int32"), K.constant([[2], [1]], "int32")),
        "i3:2,2",
        "p:2,6,4",
        "fixed",
    ),
    (
        "ctc_decode",
        lambda K, x: [*(r := K.ctc_decode(x * x, K.constant([8, 6], "int32")))[0], r[1]],
        "p:2,8,4",
        "fixed",
        "flat",
    ),
    (
        "ctc_decode",
        lambda K, x: [*(r := K.ctc_decode(x, K.constant([5, 4], "int32"), False, 20, 2))[0], r[1]],
        "p:2,5,3",
        "fixed",
        "flat",
    ),
    (
        "ctc_label_dense_to_sparse",
        lambda K, y: K.to_dense(K.ctc_label_dense_to_sparse(y, K.constant([2, 3, 1], "int32"))),
        "i9:3,4",
        "fixed",
    ),
]
