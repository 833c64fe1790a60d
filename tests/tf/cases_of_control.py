"""Cases of functions that call functions: branches, loops, and maps over a first axis.

Those of `IN_GRAPHS` are also run on symbolic tensors, and compiled; the others decide by values.
"""

from __future__ import annotations

from typing import Any


def _array_in_loop(tf: Any, d: Any) -> Any:
    array = tf.TensorArray(tf.float32, size=3)
    _, _, array = tf.while_loop(
        lambda i, *_: i < 3,
        lambda i, total, array: (i + 1, total + d["x"][i], array.write(i, total * 2.0)),
        [0, tf.zeros_like(d["v"]), array],
    )
    return array.stack()


def _array(tf: Any, d: Any) -> Any:
    array = tf.TensorArray("float32", size=0, dynamic_size=True, clear_after_read=False, element_shape=(4,))
    for number in range(3):
        array = array.write(number, d["x"][number] * 2.0)
    return array.stack(), array.read(1), array.concat(), array.gather([2, 0]), array.size()


def _array_of_parts(tf: Any, d: Any) -> Any:
    array = tf.TensorArray(tf.float32, size=3).unstack(d["x"])
    others = tf.TensorArray(tf.float32, size=3).scatter([2, 0, 1], d["x"])
    return array.read(2), others.stack()


def _steps(tf: Any, d: Any) -> Any:
    return tf.while_loop(lambda i, *_: i < 4, lambda i, x, y: [i + 1, x * 0.5, y + x], [tf.constant(0), d["x"], d["y"]])


def _until_small(tf: Any, d: Any) -> Any:
    return tf.while_loop(
        lambda i, x: tf.reduce_max(tf.abs(x)) > 0.01, lambda i, x: (i + 1, x / 2.0), (tf.constant(0), d["x"])
    )


def _scanned_pairs(tf: Any, d: Any) -> Any:
    return tf.scan(
        lambda state, parts: (state[0] + parts[0], state[1] * parts[1]),
        (d["x"], d["y"]),
        initializer=(tf.zeros_like(d["v"]), tf.ones_like(d["v"])),
    )


def _mapped_pairs(tf: Any, d: Any) -> Any:
    return tf.map_fn(
        lambda parts: (parts[0] + parts[1], tf.reduce_sum(parts[0])),
        (d["x"], d["y"]),
        fn_output_signature=(tf.float32, tf.float32),
    )


IN_GRAPHS: list[tuple[str, Any]] = [
    ("cond", lambda tf, d: tf.cond(tf.reduce_sum(d["x"]) > 0, lambda: d["x"] * 2.0, lambda: d["x"] - 1.0)),
    ("cond", lambda tf, d: tf.cond(tf.reduce_sum(d["x"]) < 0, lambda: [d["x"], d["v"]], lambda: [d["y"], -d["v"]])),
    ("cond", lambda tf, d: tf.cond(tf.shape(d["x"])[0] > 2, true_fn=lambda: d["x"], false_fn=lambda: d["v"])),
    ("compat.v1.smart_cond", lambda tf, d: tf.cond(True, lambda: d["x"], lambda: d["v"])),
    ("case", lambda tf, d: tf.case(
        [(d["v"][0] > 100, lambda: d["x"]), (d["v"][0] > -100, lambda: d["x"] * 3.0)], default=lambda: -d["x"])),
    ("case", lambda tf, d: tf.case([(d["v"][0] > 100, lambda: d["x"])], default=lambda: -d["x"])),
    ("switch_case", lambda tf, d: tf.switch_case(
        tf.cast(d["i"][0, 0] * 0 + 1, tf.int32), [lambda: d["x"], lambda: d["x"] * 2.0, lambda: d["x"] * 3.0])),
    ("switch_case", lambda tf, d: tf.switch_case(
        tf.cast(d["i"][0, 0] * 0 + 7, tf.int32), {0: lambda: d["x"], 1: lambda: -d["x"]}, default=lambda: d["y"])),
    ("switch_case", lambda tf, d: tf.switch_case(
        tf.cast(d["i"][0, 0] * 0 - 7, tf.int32), [(1, lambda: d["x"]), (0, lambda: -d["x"])], lambda: d["y"])),
    ("switch_case", lambda tf, d: tf.switch_case(
        tf.cast(d["i"][0, 0] * 0 + 7, tf.int32), [(1, lambda: d["x"]), (0, lambda: -d["x"])])),
    ("map_fn", lambda tf, d: tf.map_fn(lambda row: tf.reduce_sum(row) * row, d["x"])),
    ("map_fn", lambda tf, d: tf.map_fn(lambda row: row > 0, d["x"], fn_output_signature=tf.bool)),
    ("map_fn", _mapped_pairs),
    ("vectorized_map", lambda tf, d: tf.vectorized_map(lambda part: tf.nn.softmax(part @ tf.transpose(part)), d["m"])),
    ("vectorized_map", lambda tf, d: tf.vectorized_map(lambda p: p[0] * tf.reduce_sum(p[1]), (d["x"], d["y"]))),
    ("scan", lambda tf, d: tf.scan(lambda state, row: state * 0.5 + row, d["x"])),
    ("scan", lambda tf, d: tf.scan(lambda state, row: state + row, d["x"], initializer=d["v"], reverse=True)),
    ("scan", _scanned_pairs),
    ("foldl", lambda tf, d: tf.foldl(lambda state, row: state * 0.5 + row, d["x"])),
    ("foldl", lambda tf, d: tf.foldl(lambda state, row: state * 0.5 + row, d["x"], initializer=d["v"])),
    ("foldr", lambda tf, d: tf.foldr(lambda state, row: state * 0.5 + row, d["x"])),
    ("foldr", lambda tf, d: tf.foldr(lambda state, row: state * 0.5 + row, d["x"], d["v"])),
    ("TensorArray", _array_in_loop),
    ("TensorArray", _array),
    ("TensorArray", _array_of_parts),
]  # fmt: skip
ON_TENSORS: list[tuple[str, Any]] = [
    ("vectorized_map", lambda tf, d: tf.vectorized_map(lambda part: tf.matmul(part, d["n"][0]), d["m"])),
    ("while_loop", _steps),
    ("while_loop", _until_small),
    ("while_loop", lambda tf, d: tf.while_loop(lambda x: True, lambda x: [x * 2.0], [d["x"]], maximum_iterations=3)),
]
CASES = IN_GRAPHS + ON_TENSORS
