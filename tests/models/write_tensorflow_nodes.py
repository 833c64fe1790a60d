"""What do nodes of TensorFlow's graphs in models give? Write models with `TensorFlowOpLayer` and outputs as JSON.

Run it with TensorFlow and tf_keras installed: `python tests/models/write_tensorflow_nodes.py`. In the graphs of
TensorFlow 1, tf_keras makes such layers to this day, as Keras did in TensorFlow 2.0 to 2.3. It writes
`tensorflow_nodes.json` beside itself; the tests need neither.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

# TensorFlow, which `main` imports: nothing else needs it.
tf: Any = None

UNARY = (
    "abs math.ceil math.cos math.cosh math.erf math.exp math.expm1 math.floor math.negative math.sigmoid math.sign "
    "math.sin math.square math.tanh nn.relu nn.relu6 nn.elu nn.selu nn.softmax nn.log_softmax nn.softplus nn.softsign "
    "zeros_like ones_like math.reduce_mean math.reduce_sum math.reduce_max math.reduce_min math.is_nan"
)
BINARY = (
    "math.add math.subtract math.multiply math.divide math.divide_no_nan math.maximum math.minimum math.floordiv "
    "math.floormod math.squared_difference math.equal math.not_equal math.greater math.greater_equal math.less "
    "math.less_equal math.atan2"
)


def _named(name):
    found = tf
    for part in name.split("."):
        found = getattr(found, part)
    return found


CASES = [
    lambda x, y, g: x * 2.0 + 1.0,
    lambda x, y, g: 1.0 - x,
    lambda x, y, g: x / np.array([1.0, 2.0, 3.0, 4.0], "float32"),
    lambda x, y, g: tf.reshape(x, [-1, 12]),
    lambda x, y, g: tf.reshape(x, [tf.shape(x)[0], -1]),
    lambda x, y, g: tf.transpose(x, [0, 2, 1]),
    lambda x, y, g: tf.concat([x, y], axis=-1),
    lambda x, y, g: tf.stack([x, y, x], axis=1),
    lambda x, y, g: tf.split(x, 2, axis=2)[1],
    lambda x, y, g: tf.split(x, [1, 3], axis=2)[1],
    lambda x, y, g: tf.unstack(x, axis=1)[2],
    lambda x, y, g: x[:, 1],
    lambda x, y, g: x[:, ::-1, 1:3],
    lambda x, y, g: x[..., tf.newaxis, -1],
    lambda x, y, g: x[0],
    lambda x, y, g: tf.slice(x, [0, 1, 0], [-1, 2, 2]),
    lambda x, y, g: tf.expand_dims(x, 1),
    lambda x, y, g: tf.squeeze(x[:, :1], [1]),
    lambda x, y, g: tf.cast(x, "int32"),
    lambda x, y, g: tf.tile(x, [1, 2, 1]),
    lambda x, y, g: tf.pad(x, [[0, 0], [1, 0], [0, 2]]),
    lambda x, y, g: tf.pad(x, [[0, 0], [1, 1], [0, 2]], mode="REFLECT"),
    lambda x, y, g: tf.gather(x, [2, 0], axis=1),
    lambda x, y, g: tf.where(x > y, x, y),
    lambda x, y, g: tf.matmul(x, y, transpose_b=True),
    lambda x, y, g: tf.math.reduce_mean(x, axis=[1, 2], keepdims=True),
    lambda x, y, g: tf.math.reduce_sum(x, axis=-1),
    lambda x, y, g: tf.math.argmax(x, axis=-1),
    lambda x, y, g: tf.math.cumsum(x, axis=1, exclusive=True),
    lambda x, y, g: tf.math.top_k(x, 2)[0],
    lambda x, y, g: tf.math.add_n([x, y, x]),
    lambda x, y, g: tf.one_hot(tf.cast(x > y, "int32"), 3),
    lambda x, y, g: tf.clip_by_value(x, -0.5, 0.5),
    lambda x, y, g: tf.nn.leaky_relu(x, 0.1),
    lambda x, y, g: tf.math.l2_normalize(x, axis=-1),
    lambda x, y, g: tf.fill([tf.shape(x)[0], 2], 1.5),
    lambda x, y, g: tf.reverse(x, [1]),
    lambda x, y, g: tf.nn.max_pool2d(g, 2, 2, "SAME"),
    lambda x, y, g: tf.nn.avg_pool2d(g, 3, 2, "SAME"),
    lambda x, y, g: tf.compat.v1.image.resize_bilinear(g, [6, 7]),
    lambda x, y, g: tf.image.resize(g, [6, 7]),
    lambda x, y, g: tf.image.resize(g, [8, 3], method="nearest"),
    lambda x, y, g: tf.nn.depth_to_space(tf.concat([g, g], -1), 2),
    lambda x, y, g: tf.nn.space_to_depth(g[:, :4], 2),
    lambda x, y, g: tf.nn.conv2d(
        g, np.round(np.linspace(-1, 1, 24), 2).reshape(3, 2, 2, 2).astype("float32"), 2, "SAME"
    ),
]


def main() -> None:
    """Write one model with all nodes, its inputs and its outputs."""
    global tf
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    import tensorflow as tf
    import tf_keras as keras
    from tf_keras.src.engine import base_layer_utils

    tf.compat.v1.disable_eager_execution()
    shapes = {"x": (3, 4), "y": (3, 4), "g": (5, 6, 2)}
    inputs = {name: keras.Input(shape, name=name) for name, shape in shapes.items()}
    x, y, g = inputs.values()
    outputs = [_named(name)(x) for name in UNARY.split()] + [_named(name)(x, y) for name in BINARY.split()]
    outputs += [case(x, y, g) for case in CASES]
    base_layer_utils.create_keras_history(outputs)
    model = keras.Model([x, y, g], outputs)
    rng = np.random.default_rng(0)
    values = {name: np.round(rng.normal(size=(2, *shape)), 3).astype("float32") for name, shape in shapes.items()}
    with tf.compat.v1.Session() as session:
        results = session.run(outputs, {inputs[name]: value for name, value in values.items()})
    written = {
        "tensorflow": tf.__version__,
        "model": json.loads(model.to_json()),
        "inputs": {name: value.tolist() for name, value in values.items()},
        "outputs": [[str(r.dtype), list(r.shape), [_short(v) for v in r.ravel().tolist()]] for r in results],
    }
    path = Path(__file__).with_name("tensorflow_nodes.json")
    path.write_text(json.dumps(_without_what_says_nothing(written), separators=(",", ":")) + "\n")
    ops = {
        layer["config"]["node_def"]["op"]
        for layer in written["model"]["config"]["layers"]
        if "Op" in layer["class_name"]
    }
    print(len(outputs), "outputs,", len(ops), "ops,", path.stat().st_size, "bytes")


def _without_what_says_nothing(value):
    """The config without keys that no reader needs, so that the file stays small."""
    if isinstance(value, dict):
        left_out = ("registered_name", "build_config", "trainable", "module", "batch_input_shape_of_build")
        return {k: _without_what_says_nothing(v) for k, v in value.items() if k not in left_out}
    return [_without_what_says_nothing(part) for part in value] if isinstance(value, list) else value


def _short(value):
    return float(f"{value:.6g}") if isinstance(value, float) else value


if __name__ == "__main__":
    main()
