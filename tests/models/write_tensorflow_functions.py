"""What do functions of TensorFlow in models of TF-Keras give? Write their configs and outputs into a JSON file.

Run it with TensorFlow and tf_keras installed: `python tests/models/write_tensorflow_functions.py`. It writes
`tensorflow_functions.json` beside itself; the tests need neither.
"""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

# TensorFlow and tf_keras, which `main` imports: nothing else needs them.
tf: Any = None
keras: Any = None

INPUTS = {
    "x": ((3, 4), "float32"),
    "y": ((3, 4), "float32"),
    "p": ((3, 4), "float32"),
    "q": ((3, 4), "float32"),
    "i": ((3, 4), "int32"),
    "b": ((3, 4), "bool"),
    "s": ((3, 3), "float32"),
    "g": ((5, 6, 2), "float32"),
    "c": ((4, 4, 3), "float32"),
    "l": ((6, 3), "float32"),
}
UNARY_X = (
    "abs math.abs math.ceil math.cos math.cosh math.erf math.erfc math.exp math.expm1 math.floor math.negative "
    "math.round math.sigmoid math.sign math.sin math.sinh math.square math.tan math.tanh math.softplus math.softsign "
    "math.asinh math.atan math.log_sigmoid math.is_finite math.is_inf math.is_nan nn.relu nn.relu6 nn.elu nn.selu "
    "nn.silu nn.gelu nn.leaky_relu nn.softmax nn.log_softmax nn.softplus nn.softsign nn.sigmoid nn.tanh identity "
    "zeros_like ones_like stop_gradient rank size math.reduce_mean math.reduce_sum math.reduce_max math.reduce_min "
    "math.reduce_prod math.reduce_std math.reduce_variance math.reduce_logsumexp math.reduce_euclidean_norm norm "
    "math.l2_normalize nn.l2_loss transpose math.zero_fraction math.reciprocal math.bessel_i0 math.digamma"
)
UNARY_P = "math.log math.log1p math.sqrt math.rsqrt math.acos math.asin math.atanh math.erfinv math.lgamma"
BINARY = (
    "math.add math.subtract math.multiply math.truediv math.divide math.divide_no_nan math.maximum math.minimum "
    "math.floordiv math.floormod math.squared_difference math.multiply_no_nan math.equal math.not_equal math.greater "
    "math.greater_equal math.less math.less_equal math.atan2 math.xdivy"
)


def _named(name):
    found = tf
    for part in name.split("."):
        found = getattr(found, part)
    return found


def _called(names, *inputs):
    """Cases that call functions with the inputs of these names."""

    def case(name, t):
        return _named(name)(*(t[kind] for kind in inputs))

    return [functools.partial(case, name) for name in names.split()]


CASES = [
    *_called(UNARY_X, "x"),
    *_called(UNARY_P, "p"),
    *_called("math.acosh", "q"),
    *_called(BINARY, "x", "y"),
    lambda t: tf.math.xlogy(t["x"], t["p"]),
    lambda t: tf.math.pow(t["p"], t["y"]),
    lambda t: tf.math.logical_and(t["b"], t["x"] > 0),
    lambda t: tf.math.logical_or(t["b"], t["x"] > 0),
    lambda t: tf.math.logical_xor(t["b"], t["x"] > 0),
    lambda t: tf.math.logical_not(t["b"]),
    lambda t: 1.0 - t["x"] / 2.0 + t["y"] * 3.0,
    lambda t: t["x"] + [1.0, 2.0, 3.0, 4.0],
    lambda t: np.array([1.0, 2.0, 3.0, 4.0], "float32") * t["x"],
    lambda t: t["x"] ** 2 - (-t["y"]) % 0.7 + t["x"] // 0.5,
    lambda t: t["i"] / 3,
    lambda t: t["i"] // 3 + t["i"] % 3,
    lambda t: tf.math.reduce_mean(t["i"], axis=1),
    lambda t: t["x"] @ tf.transpose(t["y"], [0, 2, 1]),
    lambda t: tf.linalg.matmul(t["x"], t["y"], transpose_b=True),
    lambda t: tf.linalg.matvec(t["s"], t["x"][:, :, 0]),
    lambda t: tf.tensordot(t["x"], np.ones((4, 2), "float32"), axes=1),
    lambda t: tf.tensordot(t["x"], t["y"], axes=[[1, 2], [1, 2]]),
    lambda t: tf.linalg.cross(t["x"][..., :3], t["y"][..., 1:]),
    lambda t: tf.linalg.inv(t["s"]),
    lambda t: tf.linalg.det(t["s"]),
    lambda t: tf.linalg.trace(t["s"]),
    lambda t: tf.linalg.diag_part(t["s"]),
    lambda t: tf.linalg.diag(t["x"]),
    lambda t: tf.linalg.set_diag(t["s"], t["x"][:, :, 1]),
    lambda t: tf.linalg.band_part(t["s"], 0, -1),
    lambda t: tf.linalg.solve(t["s"], t["x"]),
    lambda t: tf.linalg.matrix_transpose(t["x"]),
    lambda t: tf.norm(t["x"], ord=1, axis=-1, keepdims=True),
    lambda t: tf.linalg.norm(t["x"], axis=1),
    lambda t: tf.math.reduce_mean(t["x"], axis=[1, 2], keepdims=True),
    lambda t: tf.math.reduce_sum(t["x"], axis=-1),
    lambda t: tf.math.reduce_any(t["b"], axis=1),
    lambda t: tf.math.reduce_all(t["b"], axis=-1, keepdims=True),
    lambda t: tf.math.reduce_max(t["x"], 1),
    lambda t: tf.math.argmax(t["x"], axis=-1),
    lambda t: tf.math.argmin(t["x"], axis=1, output_type="int32"),
    lambda t: tf.math.cumsum(t["x"], axis=1, exclusive=True),
    lambda t: tf.math.cumsum(t["x"], axis=2, reverse=True),
    lambda t: tf.math.cumprod(t["x"], axis=1),
    lambda t: tf.math.count_nonzero(t["i"], axis=1),
    lambda t: tf.math.top_k(t["x"], k=2),
    lambda t: tf.math.l2_normalize(t["x"], axis=-1),
    lambda t: tf.nn.l2_normalize(t["x"], axis=[1, 2], epsilon=0.1),
    lambda t: tf.math.add_n([t["x"], t["y"], t["p"]]),
    lambda t: tf.math.segment_sum(tf.transpose(t["x"]), [0, 0, 1, 2]),
    lambda t: tf.math.unsorted_segment_max(tf.transpose(t["x"]), [0, 2, 0, 1], num_segments=3),
    lambda t: tf.math.polyval([1.0, 2.0, 3.0], t["x"]),
    lambda t: tf.clip_by_value(t["x"], -0.5, 0.5),
    lambda t: tf.clip_by_norm(t["x"], 1.5, axes=[2]),
    lambda t: tf.cast(t["x"], "int32"),
    lambda t: tf.saturate_cast(t["x"] * 200.0, tf.uint8),
    lambda t: tf.cast(t["i"], tf.float32) * 0.5,
    lambda t: tf.reshape(t["x"], [-1, 2, 6]),
    lambda t: tf.reshape(t["x"], [tf.shape(t["x"])[0], 12]),
    lambda t: tf.reshape(t["x"], tf.concat([tf.shape(t["x"])[:1], [4, 3]], 0)),
    lambda t: tf.reshape(t["g"], [-1, tf.shape(t["g"])[1] * tf.shape(t["g"])[2], 2]),
    lambda t: tf.tile(t["x"], [1, tf.shape(t["x"])[1] // 3, 2]),
    lambda t: tf.ones([tf.shape(t["x"])[0], 2]) + t["x"][:, 0, :2],
    lambda t: tf.fill([tf.shape(t["x"])[0], 2], 1.5),
    lambda t: tf.cast(tf.shape(t["x"])[1], tf.float32) * t["x"],
    lambda t: tf.range(tf.shape(t["x"])[1]),
    lambda t: tf.zeros_like(t["x"], dtype="int32"),
    lambda t: tf.broadcast_to(t["x"][:, :1], [2, 3, 4]),
    lambda t: tf.shape(t["x"]),
    lambda t: tf.expand_dims(t["x"], axis=-1),
    lambda t: tf.squeeze(t["x"][:, :1], axis=[1]),
    lambda t: tf.transpose(t["x"], perm=[0, 2, 1]),
    lambda t: tf.compat.v1.transpose(t["x"], [1, 0, 2]),
    lambda t: tf.concat([t["x"], t["y"]], axis=1),
    lambda t: tf.concat([t["x"], tf.ones_like(t["y"])], -1),
    lambda t: tf.stack([t["x"], t["y"]], axis=-1),
    lambda t: tf.unstack(t["x"], axis=1),
    lambda t: tf.split(t["x"], 2, axis=2),
    lambda t: tf.split(t["x"], [1, 3], axis=-1),
    lambda t: tf.tile(t["x"], [1, 2, 1]),
    lambda t: tf.repeat(t["x"], 2, axis=1),
    lambda t: tf.pad(t["x"], [[0, 0], [1, 2], [0, 1]]),
    lambda t: tf.pad(t["x"], [[0, 0], [1, 1], [2, 0]], mode="REFLECT"),
    lambda t: tf.pad(t["x"], [[0, 0], [1, 1], [2, 0]], "SYMMETRIC"),
    lambda t: tf.pad(t["x"], [[0, 0], [1, 2], [0, 1]], constant_values=3.0),
    lambda t: tf.reverse(t["x"], axis=[1]),
    lambda t: tf.roll(t["x"], shift=1, axis=2),
    lambda t: tf.gather(t["x"], [0, 2, 1], axis=1),
    lambda t: tf.gather(t["x"], t["i"] % 3, axis=1, batch_dims=1),
    lambda t: tf.gather(t["x"], t["i"][:, :, 0] % 4, batch_dims=1, axis=2),
    lambda t: tf.gather_nd(t["x"], t["i"][:, 0, :2] % 2),
    lambda t: tf.gather_nd(t["x"], t["i"][:, :2, :1] % 3, batch_dims=1),
    lambda t: tf.one_hot(t["i"], 5),
    lambda t: tf.one_hot(t["i"], 4, on_value=2.0, off_value=-1.0, axis=1),
    lambda t: tf.where(t["x"] > 0, t["x"], t["y"]),
    lambda t: tf.where(t["b"], 1.0, t["y"]),
    lambda t: tf.slice(t["x"], [0, 1, 0], [-1, 2, 3]),
    lambda t: tf.strided_slice(t["x"], [0, 1, 0], [2, 3, 4], [1, 1, 2]),
    lambda t: t["x"][:, ::-1, 1:],
    lambda t: t["x"][..., tf.newaxis, 1],
    lambda t: t["x"][:, : tf.shape(t["x"])[1] - 1],
    lambda t: t["x"][0, :, tf.shape(t["x"])[2] - 1],
    lambda t: tf.boolean_mask(t["x"], t["b"]),
    lambda t: tf.sequence_mask(t["i"][:, 0], 4),
    lambda t: tf.sort(t["x"], axis=1, direction="DESCENDING"),
    lambda t: tf.argsort(t["x"], axis=-1),
    lambda t: tf.scatter_nd([[0], [2]], t["x"][0, :2], [4, 4]),
    lambda t: tf.tensor_scatter_nd_update(t["x"], [[0, 1], [1, 2]], t["y"][0, :2]),
    lambda t: tf.tensor_scatter_nd_add(t["x"], [[0, 1], [0, 1]], t["y"][0, :2]),
    lambda t: tf.stack([t["x"]], axis=1),
    lambda t: tf.concat([t["x"]], axis=1),
    lambda t: tf.convert_to_tensor(t["x"]),
    lambda t: tf.searchsorted(tf.sort(tf.reshape(t["x"], [-1])), tf.reshape(t["y"], [-1])),
    lambda t: tf.nn.leaky_relu(t["x"], alpha=0.1),
    lambda t: tf.nn.gelu(t["x"], approximate=True),
    lambda t: tf.nn.swish(t["x"], beta=2.0),
    lambda t: tf.nn.softmax(t["x"], axis=1),
    lambda t: tf.nn.moments(t["x"], axes=[1, 2], keepdims=True),
    lambda t: tf.nn.bias_add(t["x"], np.arange(4, dtype="float32")),
    lambda t: tf.nn.batch_normalization(t["x"], t["x"][:, :1], t["p"][:, :1], 1.0, 2.0, 0.01),
    lambda t: tf.nn.conv2d(t["g"], _kernel(3, 3, 2, 2), strides=[1, 2, 2, 1], padding="SAME"),
    lambda t: tf.nn.conv2d(t["g"], _kernel(2, 2, 2, 2), strides=1, padding=[[0, 0], [1, 0], [0, 2], [0, 0]]),
    lambda t: tf.nn.conv1d(t["l"], _kernel(3, 3, 2), stride=2, padding="VALID"),
    lambda t: tf.nn.depthwise_conv2d(t["g"], _kernel(3, 3, 2, 2), strides=[1, 1, 1, 1], padding="SAME"),
    lambda t: tf.nn.conv2d_transpose(t["g"], _kernel(3, 3, 2, 2), [2, 10, 12, 2], strides=2, padding="SAME"),
    lambda t: tf.nn.conv2d_transpose(t["g"], _kernel(3, 3, 2, 2), [2, 9, 11, 2], strides=2, padding="SAME"),
    lambda t: tf.nn.conv2d_transpose(t["g"], _kernel(2, 2, 2, 2), [2, 11, 12, 2], strides=2, padding="VALID"),
    lambda t: tf.nn.separable_conv2d(t["g"], _kernel(3, 3, 2, 2), _kernel(1, 1, 4, 2), [1, 1, 1, 1], "SAME"),
    lambda t: tf.nn.max_pool2d(t["g"], ksize=3, strides=2, padding="SAME"),
    lambda t: tf.nn.avg_pool2d(t["g"], ksize=[1, 3, 2, 1], strides=[1, 2, 2, 1], padding="SAME"),
    lambda t: tf.nn.max_pool1d(t["l"], 2, 2, "VALID"),
    lambda t: tf.nn.pool(t["g"], [2, 2], "AVG", strides=[2, 2]),
    lambda t: tf.nn.depth_to_space(tf.concat([t["g"], t["g"]], -1), 2),
    lambda t: tf.nn.space_to_depth(t["c"], 2),
    lambda t: tf.space_to_batch_nd(t["c"], [2, 2], [[0, 0], [0, 0]]),
    lambda t: tf.batch_to_space(tf.space_to_batch_nd(t["c"], [2, 2], [[2, 0], [0, 0]]), [2, 2], [[1, 0], [0, 1]]),
    lambda t: tf.nn.local_response_normalization(t["x"][:, None], depth_radius=1, bias=1.5, alpha=0.5),
    lambda t: tf.nn.softmax_cross_entropy_with_logits(labels=t["p"], logits=t["x"]),
    lambda t: tf.nn.sigmoid_cross_entropy_with_logits(labels=t["p"], logits=t["x"]),
    lambda t: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=t["i"][:, :, 0], logits=t["x"]),
    lambda t: keras.backend.batch_flatten(t["x"]),
    lambda t: keras.backend.binary_crossentropy(t["p"], t["p"][:, :, ::-1]),
    lambda t: keras.losses.categorical_crossentropy(t["p"], t["p"][:, :, ::-1]),
    lambda t: keras.losses.sparse_categorical_crossentropy(t["i"][:, :, 0], t["p"]),
    lambda t: keras.backend.conv2d(t["g"], tf.constant(_kernel(3, 3, 2, 2)), padding="same"),
    lambda t: keras.backend.pool2d(t["g"], (2, 2)),
    lambda t: keras.backend.hard_sigmoid(t["x"]),
    lambda t: keras.backend.relu(t["x"], alpha=0.1, max_value=0.5),
    lambda t: keras.backend.repeat(t["x"][:, 0], 3),
    lambda t: keras.backend.batch_dot(t["x"], t["y"], axes=2),
    lambda t: keras.backend.spatial_2d_padding(t["g"]),
    lambda t: keras.backend.resize_images(t["g"], 2, 2, "channels_last"),
    lambda t: tf.image.resize(t["c"], [6, 7]),
    lambda t: tf.image.resize(t["c"], (3, 8), method="nearest"),
    lambda t: tf.image.resize(t["c"], (3, 3), method="bicubic", antialias=True),
    lambda t: tf.image.resize(t["g"], (4, 4), preserve_aspect_ratio=True),
    lambda t: tf.image.resize(t["c"], tf.shape(t["c"])[1:3] * 2),
    lambda t: tf.compat.v1.image.resize_bilinear(t["c"], [6, 7]),
    lambda t: tf.compat.v1.image.resize_bilinear(t["c"], [6, 7], align_corners=True),
    lambda t: tf.compat.v1.image.resize_nearest_neighbor(t["c"], [6, 7]),
    lambda t: tf.compat.v1.image.resize_nearest_neighbor(t["c"], [6, 3], align_corners=True),
    lambda t: tf.image.flip_left_right(t["c"]),
    lambda t: tf.image.flip_up_down(t["c"]),
    lambda t: tf.image.rot90(t["c"]),
    lambda t: tf.image.rgb_to_grayscale(t["c"]),
    lambda t: tf.image.grayscale_to_rgb(t["c"][..., :1]),
    lambda t: tf.image.rgb_to_hsv(t["c"]),
    lambda t: tf.image.hsv_to_rgb(t["c"]),
    lambda t: tf.image.adjust_brightness(t["c"], 0.2),
    lambda t: tf.image.adjust_contrast(t["c"], 1.5),
    lambda t: tf.image.per_image_standardization(t["c"]),
    lambda t: tf.image.central_crop(t["c"], 0.5),
    lambda t: tf.image.crop_to_bounding_box(t["c"], 1, 0, 2, 3),
    lambda t: tf.image.pad_to_bounding_box(t["c"], 1, 0, 5, 6),
    lambda t: tf.image.resize_with_crop_or_pad(t["c"], 3, 6),
    lambda t: tf.image.extract_patches(t["c"], [1, 2, 2, 1], [1, 2, 2, 1], [1, 1, 1, 1], "VALID"),
    lambda t: tf.image.crop_and_resize(t["c"], [[0.1, 0.2, 0.8, 1.1]], [1], [3, 2]),
    lambda t: tf.image.ssim(t["c"], t["c"] * 0.5, 1.0, filter_size=3),
    lambda t: tf.image.psnr(t["c"], t["c"] * 0.5, 1.0),
    lambda t: tf.signal.frame(t["x"], 3, 2, pad_end=True),
    lambda t: tf.math.real(tf.signal.stft(t["l"][..., 0], 4, 2)),
    lambda t: tf.math.angle(tf.complex(t["x"], t["y"])),
]


def _kernel(*shape):
    return np.round(np.random.default_rng(7).normal(size=shape), 2).astype("float32")


def data() -> dict[str, np.ndarray]:
    """Return the inputs, of batch size 2, rounded so that JSON has them exactly enough."""
    rng = np.random.default_rng(0)
    values = {name: rng.normal(size=(2, *shape)) for name, (shape, _) in INPUTS.items()}
    values["i"], values["b"] = rng.integers(0, 4, (2, 3, 4)), rng.integers(0, 2, (2, 3, 4))
    values["p"], values["c"] = rng.uniform(0.05, 0.95, (2, 3, 4)), rng.uniform(0.05, 0.95, (2, 4, 4, 3))
    values["q"] = np.abs(values["q"]) + 1.25
    values["s"] = values["s"] @ values["s"].transpose(0, 2, 1) + 3 * np.eye(3)
    return {name: np.round(value, 3).astype(INPUTS[name][1]) for name, value in values.items()}


def _without_what_says_nothing(value):
    """The config without keys that no reader needs, and with empty names, so that the file stays small."""
    if isinstance(value, dict):
        left_out = ("registered_name", "build_config", "trainable", "module", "name_scope")
        return {k: _without_what_says_nothing(v) for k, v in value.items() if k not in left_out}
    return [_without_what_says_nothing(part) for part in value] if isinstance(value, list) else value


def main() -> None:
    """Write one model with all functions, its inputs and its outputs."""
    global tf, keras
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    import tensorflow as tf
    import tf_keras as keras

    inputs = {name: keras.Input(shape, dtype=dtype, name=name) for name, (shape, dtype) in INPUTS.items()}
    outputs = [tensor for case in CASES for tensor in tf.nest.flatten(case(inputs))]
    model = keras.Model(list(inputs.values()), outputs)
    values = data()
    results = [np.asarray(result) for result in model([tf.constant(value) for value in values.values()])]
    written = {
        "tensorflow": tf.__version__,
        "model": _without_what_says_nothing(json.loads(model.to_json())),
        "inputs": {name: value.tolist() for name, value in values.items()},
        "outputs": [[str(r.dtype), list(r.shape), [_short(v) for v in r.ravel().tolist()]] for r in results],
    }
    path = Path(__file__).with_name("tensorflow_functions.json")
    path.write_text(json.dumps(written, separators=(",", ":")) + "\n")
    print(len(CASES), "cases,", len(set(_functions(model))), "functions,", path.stat().st_size, "bytes")


def _functions(model):
    return [layer.get_config()["function"] for layer in model.layers if "function" in layer.get_config()]


def _short(value):
    return float(f"{value:.6g}") if isinstance(value, float) else value


if __name__ == "__main__":
    main()
