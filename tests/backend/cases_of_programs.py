"""Calls of K that make variables and change them, ask about tensors, run functions and draw numbers: see `cases.py`."""

from __future__ import annotations

from typing import Any

import numpy as np


def _changed(K: Any, name: str, x: Any, *args: Any) -> Any:
    own = K.variable(x)
    getattr(K, name)(own, *args)
    return K.get_value(own)


def _set_many(K: Any, x: Any) -> list[Any]:
    one, other = K.variable(x), K.zeros((2,))
    K.batch_set_value([(one, np.ones((2, 3))), (other, [3, 4])])
    return K.batch_get_value([one, other])


def _run(K: Any, x: Any) -> list[Any]:
    first = K.placeholder((None, 3))
    second = K.placeholder(shape=(None, 3))
    run = K.function([first, second], [first * 2.0 + second, K.sum(second, axis=-1)])
    return run([K.get_value(x), K.get_value(x) + 1])


def _facts_of_draws(K: Any, values: Any, low: float, high: float) -> list[Any]:
    array = K.get_value(values)
    return [K.int_shape(values), K.dtype(values), bool((array >= low).all() and (array <= high).all())]


ROWS: list[tuple[Any, ...]] = [
    ("backend", lambda K: K.backend() in ("tensorflow", "torch")),
    ("batch_get_value", lambda K, x: _set_many(K, x), "f:2,3", "fixed", "flat"),
    ("batch_set_value", lambda K, x: _set_many(K, x), "f:2,3", "fixed", "flat"),
    ("count_params", lambda K, x: K.count_params(K.variable(x)), "f:2,3", "fixed", "flat"),
    ("dropout", lambda K, x: K.dropout(x, 0.0), "f:2,3", "fixed"),
    ("dropout", lambda K, x: K.shape(K.dropout(x, 0.5, noise_shape=(2, 1), seed=3)), "f:2,3", "fixed", "flat"),
    ("dtype", lambda K, x: K.dtype(x), "d:2,3", "fixed", "flat"),
    ("dtype", lambda K, x: K.dtype(K.variable(x)), "f:2,3", "fixed", "flat"),
    ("epsilon", lambda K: K.epsilon()),
    ("eval", lambda K, x: K.eval(x * 2.0), "f:2,3", "fixed", "flat"),
    ("floatx", lambda K: K.floatx()),
    ("foldl", lambda K, x: K.foldl(lambda a, b: a * 0.5 + b, x), "f:4,3", "fixed"),
    ("foldl", lambda K, x: K.foldl(lambda a, b: a - b, x, initializer=K.constant([1.0, 2.0])), "f:4,2", "fixed"),
    ("foldr", lambda K, x: K.foldr(lambda a, b: a * 0.5 + b, x), "f:4,3", "fixed"),
    ("function", lambda K, x: _run(K, x), "f:2,3", "fixed", "flat"),
    ("get_uid", lambda K: [K.get_uid("sample_of_parity"), K.get_uid("sample_of_parity")]),
    ("get_value", lambda K, x: K.get_value(K.variable(x)), "f:2,3", "fixed", "flat"),
    ("image_data_format", lambda K: K.image_data_format()),
    ("in_test_phase", lambda K, x: K.in_test_phase(x, x * 2, training=0), "f:2,3", "fixed"),
    ("in_train_phase", lambda K, x: K.in_train_phase(x, x * 2, training=True), "f:2,3", "fixed"),
    ("in_train_phase", lambda K, x: K.in_train_phase(lambda: x, lambda: x * 2, 0), "f:2,3", "fixed"),
    ("in_train_phase", lambda K, x: K.in_train_phase(x, x * 2), "f:2,3", "fixed"),
    ("int_shape", lambda K, x: K.int_shape(x), "f:2,3", "fixed", "flat"),
    ("int_shape", lambda K: [K.int_shape(K.placeholder((None, 3)))[1]]),
    ("is_keras_tensor", lambda K: [K.is_keras_tensor(K.placeholder((None, 3)))]),
    ("is_placeholder", lambda K: [K.is_placeholder(K.placeholder((None, 3)))]),
    ("is_sparse", lambda K, x: K.is_sparse(x), "f:2,3", "fixed", "flat"),
    ("learning_phase", lambda K: int(K.learning_phase())),
    ("map_fn", lambda K, x: K.map_fn(lambda row: row * K.sum(row), x), "f:4,3"),
    ("map_fn", lambda K, x: K.map_fn(lambda row: K.cast(row, "int32"), x, dtype="int32"), "f:4,3"),
    (
        "moving_average_update",
        lambda K, x: _changed(K, "moving_average_update", x, x * 2, 0.7),
        "f:2,3",
        "fixed",
        "flat",
    ),
    ("ndim", lambda K, x: K.ndim(x), "f:2,3", "fixed", "flat"),
    ("placeholder", lambda K: list(K.int_shape(K.placeholder((4, 3), dtype="int32")))),
    ("placeholder", lambda K: K.ndim(K.placeholder(ndim=3))),
    ("print_tensor", lambda K, x: K.print_tensor(x, "value: "), "f:2,3"),
    ("random_bernoulli", lambda K: _facts_of_draws(K, K.random_bernoulli((2, 3), p=0.4), 0, 1)),
    ("random_binomial", lambda K: _facts_of_draws(K, K.random_binomial((2, 3), p=0.4, dtype="float64"), 0, 1)),
    ("random_normal", lambda K: _facts_of_draws(K, K.random_normal((2, 3), 50.0, 0.1, seed=1), 49, 51)),
    ("random_normal_variable", lambda K: _facts_of_draws(K, K.random_normal_variable((2, 3), 50.0, 0.1), 49, 51)),
    ("random_uniform", lambda K: _facts_of_draws(K, K.random_uniform((2, 3), 4.0, 5.0), 4, 5)),
    ("random_uniform", lambda K: _facts_of_draws(K, K.random_uniform((2, 3), 4, 9, dtype="int32"), 4, 8)),
    ("random_uniform_variable", lambda K: _facts_of_draws(K, K.random_uniform_variable((2, 3), 4, 5), 4, 5)),
    ("truncated_normal", lambda K: _facts_of_draws(K, K.truncated_normal((2, 30), 5.0, 1.0), 3, 7)),
    ("set_value", lambda K, x: _changed(K, "set_value", x, np.ones((2, 3))), "f:2,3", "fixed", "flat"),
    ("update", lambda K, x: _changed(K, "update", x, x * 2), "f:2,3", "fixed", "flat"),
    ("update_add", lambda K, x: _changed(K, "update_add", x, x), "f:2,3", "fixed", "flat"),
    ("update_sub", lambda K, x: _changed(K, "update_sub", x, x * 0.5), "f:2,3", "fixed", "flat"),
    ("variable", lambda K: K.variable([[1, 2]])),
    ("variable", lambda K: K.variable(np.ones((2, 3)), dtype="int32", name="own")),
]
