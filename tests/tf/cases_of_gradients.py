"""Cases of what differentiates: tapes, and functions with gradients of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def _taken(tf: Any, sources: Any, compute: Callable[[], Any], **options: Any) -> Any:
    """Return the gradients of what is computed with respect to tensors, which are watched."""
    with tf.GradientTape() as tape:
        tape.watch(sources)
        target = compute()
    return tape.gradient(target, sources, **options)


def _structures(tf: Any, d: Any) -> Any:
    sources = {"first": d["x"], "rest": [d["v"], (d["y"],)]}
    return tf.nest.flatten(_taken(tf, sources, lambda: d["x"] * d["v"] + tf.exp(d["y"])))


def _persistent(tf: Any, d: Any) -> Any:
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(d["x"])
        square = d["x"] * d["x"]
        cube = square * d["x"]
    return tape.gradient(square, d["x"]), tape.gradient(cube, d["x"]), tape.gradient(cube, square)


def _nested(tf: Any, d: Any) -> Any:
    with tf.GradientTape() as outer:
        outer.watch(d["p"])
        with tf.GradientTape() as inner:
            inner.watch(d["p"])
            logarithm = tf.math.log(d["p"]) * d["x"]
        first = inner.gradient(logarithm, d["p"])
    return first, outer.gradient(first, d["p"])


def _third(tf: Any, d: Any) -> Any:
    with tf.GradientTape() as outer:
        outer.watch(d["x"])
        with tf.GradientTape() as middle:
            middle.watch(d["x"])
            with tf.GradientTape() as inner:
                inner.watch(d["x"])
                power = d["x"] ** 4
            first = inner.gradient(power, d["x"])
        second = middle.gradient(first, d["x"])
    return outer.gradient(second, d["x"])


def _unconnected(tf: Any, d: Any) -> Any:
    nothing, something = _taken(tf, [d["y"], d["x"]], lambda: d["x"] * 2)
    zeros = _taken(tf, [d["y"]], lambda: d["x"] * 2, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    named = _taken(tf, d["y"], lambda: d["x"] * 2, unconnected_gradients="zero")
    return nothing is None, something, zeros, named


def _not_watched(tf: Any, d: Any) -> Any:
    with tf.GradientTape() as tape:
        target = tf.reduce_sum(d["x"] * d["x"])
    return tape.gradient(target, [d["x"], d["y"]]) == [None, None]


def _stopped(tf: Any, d: Any) -> Any:
    with tf.GradientTape() as tape:
        tape.watch(d["x"])
        kept = d["x"] * 3
        with tape.stop_recording():
            fixed = d["x"] * d["x"]
        target = kept * fixed + tf.stop_gradient(kept) * d["x"]
    return tape.gradient(target, d["x"])


def _several_targets(tf: Any, d: Any) -> Any:
    return _taken(tf, d["x"], lambda: {"a": d["x"] * 2, "b": [tf.exp(d["x"])]})


def _output_gradients(tf: Any, d: Any) -> Any:
    with tf.GradientTape() as tape:
        tape.watch(d["x"])
        targets = [d["x"] * 2, tf.sin(d["x"])]
    return tape.gradient(targets, d["x"], output_gradients=[d["y"], d["p"]])


def _variables(tf: Any, d: Any) -> Any:
    weight, fixed = tf.Variable([1.0, -2.0, 3.0, 4.0]), tf.Variable([2.0], trainable=False)
    with tf.GradientTape() as tape:
        target = tf.reduce_sum((d["x"] * weight + fixed) ** 2)
    gradients = tape.gradient(target, [weight, fixed])
    weight.assign_sub(0.1 * gradients[0])
    return gradients[0], gradients[1] is None, weight + 0.0


def _in_control_flow(tf: Any, d: Any) -> Any:
    return _taken(
        tf, d["v"], lambda: tf.while_loop(lambda i, _: i < 3, lambda i, x: (i + 1, x * d["v"]), (0, d["v"]))[1]
    )


def _jacobian(tf: Any, d: Any) -> Any:
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([d["x"], d["v"]])
        target = tf.reduce_sum(d["x"] * d["v"], axis=0) ** 2
    return tape.jacobian(target, d["v"]), tape.jacobian(target, [d["x"]])


def _batch_jacobian(tf: Any, d: Any) -> Any:
    with tf.GradientTape() as tape:
        tape.watch(d["s"])
        target = tf.reduce_sum(d["s"] * d["x"][:2, None, :3], axis=1) ** 2
    return tape.batch_jacobian(target, d["s"])


def _own_gradient(tf: Any, d: Any) -> Any:
    @tf.custom_gradient
    def clipped(x):
        return x * 1.0, lambda upstream: tf.clip_by_value(upstream, -0.1, 0.1)

    return clipped(d["x"]), _taken(tf, d["x"], lambda: clipped(d["x"]) * d["y"])


def _own_gradients(tf: Any, d: Any) -> Any:
    @tf.custom_gradient
    def both(x, y):
        def gradient(of_product, of_sum):
            return of_product * y * 2.0 + of_sum, of_product * x - of_sum

        return (x * y, x + y), gradient

    def compute():
        product, total = both(d["x"], d["y"])
        return tf.reduce_sum(product * d["p"]) + tf.reduce_sum(total * 3.0)

    return _taken(tf, [d["x"], d["y"]], compute)


def _own_gradient_with_variables(tf: Any, d: Any) -> Any:
    weight = tf.Variable([1.0, 2.0, 3.0, 4.0])

    @tf.custom_gradient
    def scaled(x):
        def gradient(upstream, variables=None):
            return upstream * 5.0, [tf.reduce_sum(upstream * 7.0, axis=0)]

        return x * weight, gradient

    with tf.GradientTape() as tape:
        tape.watch(d["x"])
        target = tf.reduce_sum(scaled(d["x"]))
    return tape.gradient(target, [d["x"], weight])


def _gradients(tf: Any, d: Any) -> Any:
    @tf.function
    def compute(x, y):
        z = x * y * y
        return tf.gradients([z, z * 2.0], [x, y])

    inputs = [tf.Variable(d["x"]), tf.Variable(d["y"])]
    return compute(*inputs)


CASES: list[tuple[str, Any]] = [
    ("GradientTape", lambda tf, d: _taken(tf, d["x"], lambda: tf.reduce_sum(d["x"] * d["x"]))),
    ("GradientTape", lambda tf, d: _taken(tf, [d["x"], d["y"]], lambda: d["x"] * tf.sin(d["y"]))),
    *[
        ("GradientTape", run)
        for run in (
            _structures, _persistent, _nested, _third, _not_watched, _stopped, _several_targets, _output_gradients,
            _variables, _in_control_flow, _jacobian, _batch_jacobian,
        )
    ],
    ("UnconnectedGradients", _unconnected),
    ("custom_gradient", _own_gradient),
    ("custom_gradient", _own_gradients),
    ("custom_gradient", _own_gradient_with_variables),
    ("gradients", _gradients),
    ("recompute_grad", lambda tf, d: _taken(tf, d["x"], lambda: tf.recompute_grad(tf.exp)(d["x"]) * d["y"])),
    ("grad_pass_through", lambda tf, d: _taken(tf, d["x"], lambda: tf.grad_pass_through(tf.round)(d["x"]) ** 2)),
]  # fmt: skip
