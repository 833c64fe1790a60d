"""Cases of TensorFlow's functions of neural networks, images and signals."""

from __future__ import annotations

from typing import Any

import numpy as np

_KERNEL = np.random.default_rng(1).normal(size=(3, 3, 3, 2)).astype("float32")
_DEPTH = np.random.default_rng(2).normal(size=(3, 3, 3, 1)).astype("float32")
_ONES = np.ones(3, "float32")

_WEIGHTS = np.array([[0.5], [0.0], [2.0]], "float32")
_REDUCTIONS = ("NONE", "SUM", "SUM_OVER_BATCH_SIZE", "MEAN", "SUM_BY_NONZERO_WEIGHTS")


def _losses_of_1(name: str, targets: str = "x", predictions: str = "y", **arguments: Any) -> tuple[str, Any]:
    """Return the case of a loss of TensorFlow 1, without weights, with weights, and with each reduction."""

    def run(tf: Any, d: dict[str, Any]) -> list[Any]:
        loss, reductions = getattr(tf.compat.v1.losses, name), tf.compat.v1.losses.Reduction
        pair = tf.nn.softmax(d[targets]) if name == "softmax_cross_entropy" else d[targets], d[predictions]
        weights = d["p"][:, 0] if name.endswith("softmax_cross_entropy") else _WEIGHTS
        return [
            loss(*pair, **arguments),
            loss(*pair, weights=0.5, **arguments),
            *(loss(*pair, weights=weights, reduction=getattr(reductions, one), **arguments) for one in _REDUCTIONS),
        ]

    return f"compat.v1.losses.{name}", run


CASES: list[tuple[str, Any]] = [
    _losses_of_1("absolute_difference"),
    _losses_of_1("mean_squared_error"),
    _losses_of_1("huber_loss"),
    _losses_of_1("huber_loss", delta=0.3),
    _losses_of_1("hinge_loss", "p", "x"),
    _losses_of_1("log_loss", "p", "p"),
    _losses_of_1("cosine_distance", axis=1),
    _losses_of_1("sigmoid_cross_entropy", "p", "x"),
    _losses_of_1("sigmoid_cross_entropy", "p", "x", label_smoothing=0.2),
    _losses_of_1("softmax_cross_entropy", "p", "x"),
    _losses_of_1("softmax_cross_entropy", "p", "x", label_smoothing=0.2),
    _losses_of_1("sparse_softmax_cross_entropy", "ids", "x"),
    # With a number for the weights, TensorFlow has other results without a graph than in one.
    ("compat.v1.losses.mean_pairwise_squared_error", lambda tf, d: (
        tf.compat.v1.losses.mean_pairwise_squared_error(d["x"], d["y"], np.ones((3, 1), "float32")),
        tf.compat.v1.losses.mean_pairwise_squared_error(d["m"], d["m"] ** 2, np.full((2, 1, 1), 0.5, "float32")),
        tf.compat.v1.losses.mean_pairwise_squared_error(d["x"], d["y"], _WEIGHTS))),
    ("compat.v1.losses.compute_weighted_loss", lambda tf, d: (
        tf.compat.v1.losses.compute_weighted_loss(d["x"]),
        tf.compat.v1.losses.compute_weighted_loss(d["x"], 0.0),
        tf.compat.v1.losses.compute_weighted_loss(d["x"], d["p"], reduction="weighted_mean"))),
    *[
        (f"nn.{kind}_pool", lambda tf, d, kind=kind: (
            getattr(tf.nn, f"{kind}_pool")(d["image"], ksize=2, strides=2, padding="VALID"),
            getattr(tf.nn, f"{kind}_pool2d")(d["image"], 3, 2, "SAME"),
            getattr(tf.nn, f"{kind}_pool1d")(d["m"], 2, 1, "SAME"),
            getattr(tf.nn, f"{kind}_pool3d")(d["image"][:, None], [1, 2, 2], 2, "SAME"),
        ))
        for kind in ("avg", "max")
    ],
    *[
        (f"nn.{kind}_pool{rank}d", lambda tf, d, kind=kind, rank=rank: getattr(tf.nn, f"{kind}_pool{rank}d")(
            d["m"] if rank == 1 else d["image"][:, None], 2, 1, "SAME"))
        for kind in ("avg", "max")
        for rank in (1, 3)
    ],
    ("nn.pool", lambda tf, d: tf.nn.pool(d["image"], [2, 2], "MAX", strides=[1, 1], padding="SAME")),
    ("nn.max_pool_with_argmax", lambda tf, d: tf.nn.max_pool_with_argmax(d["image"], 2, 2, "VALID")),
    ("nn.batch_normalization", lambda tf, d: tf.nn.batch_normalization(d["x"], 0.1, 2.0, 0.5, 1.5, 1e-3)),
    ("nn.bias_add", lambda tf, d: tf.nn.bias_add(d["x"], d["v"])),
    ("nn.conv1d", lambda tf, d: tf.nn.conv1d(d["n"], _KERNEL[0], stride=1, padding="SAME")),
    ("nn.conv2d", lambda tf, d: (tf.nn.conv2d(d["image"], _KERNEL, strides=[1, 2, 2, 1], padding="SAME"),
                                 tf.nn.conv2d(d["image"], _KERNEL, 1, "VALID", dilations=2))),
    ("nn.conv3d", lambda tf, d: tf.nn.conv3d(d["image"][:, None], _KERNEL[None], [1, 1, 1, 1, 1], "VALID")),
    ("nn.convolution", lambda tf, d: tf.nn.convolution(d["image"], _KERNEL, padding="SAME")),
    ("nn.conv2d_transpose", lambda tf, d: tf.nn.conv2d_transpose(
        d["image"][..., :2], _KERNEL, output_shape=[2, 12, 10, 3], strides=2, padding="SAME")),
    ("nn.conv1d_transpose", lambda tf, d: tf.nn.conv1d_transpose(
        d["n"][..., :2], _KERNEL[0], [2, 2 * d["n"].shape[1], 3], 2, "SAME")),
    ("nn.conv3d_transpose", lambda tf, d: tf.nn.conv3d_transpose(
        d["image"][:, None, ..., :2], _KERNEL[None], [2, 1, 12, 10, 3], [1, 2, 2], "SAME")),
    ("compat.v1.nn.batch_norm_with_global_normalization",
     lambda tf, d: tf.compat.v1.nn.batch_norm_with_global_normalization(
         d["image"], d["image"][0, 0, 0], d["image"][0, 0, 1] ** 2, _ONES, 2 * _ONES, 1e-3, True)),
    ("compat.v1.nn.lrn", lambda tf, d: tf.nn.lrn(d["image"], 1, 2.0, 0.5, 0.75)),
    ("compat.v1.arg_max", lambda tf, d: (tf.compat.v1.arg_max(d["x"], 1), tf.compat.v1.arg_min(d["x"], 0))),
    ("compat.v1.arg_min", lambda tf, d: tf.compat.v1.arg_min(d["x"], 1, tf.int32)),
    ("compat.v1.image.resize_bicubic", lambda tf, d: tf.compat.v1.image.resize_bicubic(
        d["image"], [7, 8], half_pixel_centers=True)),
    ("nn.depthwise_conv2d", lambda tf, d: tf.nn.depthwise_conv2d(d["image"], _DEPTH, [1, 1, 1, 1], "SAME")),
    ("nn.separable_conv2d", lambda tf, d: tf.nn.separable_conv2d(
        d["image"], _DEPTH, _KERNEL[:1, :1], [1, 1, 1, 1], "VALID")),
    ("nn.atrous_conv2d", lambda tf, d: tf.nn.atrous_conv2d(d["image"], _KERNEL, 2, "SAME")),
    ("nn.dilation2d", lambda tf, d: tf.nn.dilation2d(
        d["image"], _DEPTH[..., 0], [1, 1, 1, 1], "SAME", "NHWC", [1, 1, 1, 1])),
    ("nn.erosion2d", lambda tf, d: tf.nn.erosion2d(
        d["image"], _DEPTH[..., 0], [1, 1, 1, 1], "SAME", "NHWC", [1, 1, 1, 1])),
    ("nn.depth_to_space", lambda tf, d: tf.nn.depth_to_space(tf.concat([d["image"], d["image"][..., :1]], -1), 2)),
    ("nn.space_to_depth", lambda tf, d: tf.nn.space_to_depth(d["image"][:, :, :4], 2)),
    ("nn.embedding_lookup", lambda tf, d: tf.nn.embedding_lookup(d["x"], [[0, 2], [1, 1]])),
    ("nn.local_response_normalization", lambda tf, d: tf.nn.local_response_normalization(d["image"], 2)),
    ("nn.moments", lambda tf, d: tf.nn.moments(d["x"], axes=[0], keepdims=True)),
    ("nn.weighted_moments", lambda tf, d: tf.nn.weighted_moments(d["x"], axes=[0], frequency_weights=d["p"])),
    ("nn.sufficient_statistics", lambda tf, d: tf.nn.sufficient_statistics(d["x"], axes=[0])[:3]),
    ("nn.normalize_moments", lambda tf, d: tf.nn.normalize_moments(3.0, d["v"], d["v"] ** 2 + 1, None)),
    ("nn.sigmoid_cross_entropy_with_logits", lambda tf, d: tf.nn.sigmoid_cross_entropy_with_logits(d["p"], d["x"])),
    ("nn.softmax_cross_entropy_with_logits", lambda tf, d: tf.nn.softmax_cross_entropy_with_logits(
        tf.nn.softmax(d["y"]), d["x"])),
    ("nn.sparse_softmax_cross_entropy_with_logits",
     lambda tf, d: tf.nn.sparse_softmax_cross_entropy_with_logits([1, 0, 3], d["x"])),
    ("nn.weighted_cross_entropy_with_logits",
     lambda tf, d: tf.nn.weighted_cross_entropy_with_logits(d["p"], d["x"], pos_weight=2.0)),
    ("nn.log_poisson_loss", lambda tf, d: tf.nn.log_poisson_loss(d["p"], d["x"])),
    ("nn.compute_average_loss", lambda tf, d: tf.nn.compute_average_loss(d["p"][:, 0], global_batch_size=6)),
    ("nn.ctc_loss", lambda tf, d: tf.nn.ctc_loss(
        np.array([[1, 2]], "int32"), d["m"][:, :1], [2], [2], logits_time_major=True, blank_index=0)),
    ("nn.scale_regularization_loss", lambda tf, d: tf.nn.scale_regularization_loss(d["v"])),
    ("nn.weighted_moments", lambda tf, d: tf.nn.weighted_moments(d["m"], [0, 1], 1.0, keepdims=True)),
    ("nn.top_k", lambda tf, d: tuple(tf.nn.top_k(d["x"], 3))),
    ("compat.v1.nn.xw_plus_b", lambda tf, d: tf.compat.v1.nn.xw_plus_b(d["x"], tf.transpose(d["x"]), _ONES)),
    ("compat.v1.nn.relu_layer", lambda tf, d: tf.compat.v1.nn.relu_layer(d["x"], tf.transpose(d["x"]), _ONES)),
    ("image.adjust_brightness", lambda tf, d: tf.image.adjust_brightness(d["image"], 0.2)),
    ("image.adjust_contrast", lambda tf, d: tf.image.adjust_contrast(d["image"], 2.0)),
    ("image.adjust_gamma", lambda tf, d: tf.image.adjust_gamma(d["image"], 2.0, gain=0.5)),
    ("image.adjust_hue", lambda tf, d: tf.image.adjust_hue(d["image"], 0.2)),
    ("image.adjust_saturation", lambda tf, d: tf.image.adjust_saturation(d["image"], 0.5)),
    ("image.central_crop", lambda tf, d: tf.image.central_crop(d["image"], 0.5)),
    ("image.convert_image_dtype", lambda tf, d: (
        tf.image.convert_image_dtype(d["bytes"], tf.float32), tf.image.convert_image_dtype(d["image"], tf.uint8))),
    ("image.crop_and_resize", lambda tf, d: tf.image.crop_and_resize(
        d["image"], [[0.1, 0.2, 0.8, 0.9]], [1], [3, 4])),
    ("image.crop_to_bounding_box", lambda tf, d: tf.image.crop_to_bounding_box(d["image"], 1, 2, 3, 2)),
    ("image.pad_to_bounding_box", lambda tf, d: tf.image.pad_to_bounding_box(d["image"], 1, 2, 9, 9)),
    ("image.extract_patches", lambda tf, d: tf.image.extract_patches(
        d["image"], [1, 2, 2, 1], [1, 2, 2, 1], [1, 1, 1, 1], "VALID")),
    ("image.grayscale_to_rgb", lambda tf, d: tf.image.grayscale_to_rgb(d["image"][..., :1])),
    ("image.hsv_to_rgb", lambda tf, d: tf.image.hsv_to_rgb(d["image"])),
    ("image.psnr", lambda tf, d: tf.image.psnr(d["image"], d["image"] * 0.9, 1.0)),
    ("image.resize", lambda tf, d: (
        tf.image.resize(d["image"], [9, 7]),
        tf.image.resize(d["image"], [3, 4], tf.image.ResizeMethod.NEAREST_NEIGHBOR),
        tf.image.resize(d["image"], [9, 7], "bicubic"), tf.image.resize(d["image"], [3, 3], antialias=True))),
    ("image.resize_with_crop_or_pad", lambda tf, d: tf.image.resize_with_crop_or_pad(d["image"], 4, 8)),
    ("image.non_max_suppression", lambda tf, d: tf.image.non_max_suppression(d["boxes"], d["scores"], 3, 0.5)),
    ("image.non_max_suppression_with_scores",
     lambda tf, d: tf.image.non_max_suppression_with_scores(d["boxes"], d["scores"], 3, 0.5)),
    ("image.non_max_suppression_padded", lambda tf, d: tf.image.non_max_suppression_padded(
        d["boxes"], d["scores"], 3, 0.5, pad_to_max_output_size=True)),
    ("signal.fft3d", lambda tf, d: tf.signal.fft3d(d["c2"])),
    ("signal.ifft3d", lambda tf, d: tf.signal.ifft3d(d["c2"])),
    ("signal.irfft", lambda tf, d: tf.signal.irfft(d["c"], fft_length=[12])),
    ("signal.rfft2d", lambda tf, d: tf.signal.rfft2d(d["m"])),
    ("signal.irfft2d", lambda tf, d: tf.signal.irfft2d(d["c2"], fft_length=[4, 14])),
    ("signal.frame", lambda tf, d: tf.signal.frame(d["wave"], 8, 5, pad_end=True, pad_value=2.0)),
    ("signal.stft", lambda tf, d: tf.signal.stft(d["wave"], 16, 8, fft_length=32)),
    ("signal.inverse_stft", lambda tf, d: tf.signal.inverse_stft(
        tf.signal.stft(d["wave"], 16, 8), 16, 8, window_fn=tf.signal.inverse_stft_window_fn(8))),
    ("signal.inverse_stft_window_fn", lambda tf, d: tf.signal.inverse_stft_window_fn(4)(16, dtype=tf.float32)),
    ("signal.overlap_and_add", lambda tf, d: tf.signal.overlap_and_add(tf.reshape(d["wave"], [2, 8, 8]), 3)),
    ("signal.dct", lambda tf, d: (
        tf.signal.dct(d["wave"], type=1), tf.signal.dct(d["wave"], type=3), tf.signal.dct(d["wave"], norm="ortho"))),
    ("signal.idct", lambda tf, d: tf.signal.idct(d["wave"], norm="ortho")),
    *[(f"signal.{name}_window", lambda tf, d, name=name: getattr(tf.signal, f"{name}_window")(8))
      for name in ("hann", "hamming", "kaiser", "vorbis")],
    ("signal.linear_to_mel_weight_matrix", lambda tf, d: tf.signal.linear_to_mel_weight_matrix(4, 9, 8000)),
    ("signal.mfccs_from_log_mel_spectrograms", lambda tf, d: tf.signal.mfccs_from_log_mel_spectrograms(d["wave"])),
    # With the arguments of TensorFlow 1, by their positions.
    *[
        (f"compat.v1.image.{name}", lambda tf, d, name=name: [
            getattr(tf.compat.v1.image, name)(d["image"], size, method, *more)
            for size, method, more in [((3, 4), 0, ()), ((3, 4), 1, ()), ((9, 8), 0, (True,)), ((9, 8), 1, (True,)),
                                       ((3, 3), 3, ()), ((6, 5), 0, ()), ((4, 9), 0, (False, True))]
        ])
        for name in ("resize", "resize_images")
    ],
    ("compat.v1.where", lambda tf, d: (tf.compat.v1.where(d["x"][:, 0] > 0, d["x"], d["y"]),
                                       tf.compat.v1.where(d["x"] > 0, d["x"], d["y"]))),
    ("compat.v1.gather", lambda tf, d: tf.compat.v1.gather(d["x"], [1, 0], None, None, 1)),
    ("compat.v1.nn.in_top_k", lambda tf, d: tf.compat.v1.nn.in_top_k(d["x"], [0, 1, 2], 2)),
    ("compat.v1.nn.moments", lambda tf, d: tf.compat.v1.nn.moments(d["x"], [0], None, None, True)),
    ("compat.v1.nn.pool", lambda tf, d: tf.compat.v1.nn.pool(d["image"], [2, 2], "AVG", "SAME", [1, 1], [2, 2])),
    ("compat.v1.nn.max_pool", lambda tf, d: tf.compat.v1.nn.max_pool(d["image"], [1, 2, 2, 1], [1, 2, 2, 1], "SAME")),
    ("compat.v1.nn.conv1d", lambda tf, d: tf.compat.v1.nn.conv1d(d["n"], _KERNEL[0], 1, "SAME", True, "NWC")),
    ("compat.v1.nn.conv2d", lambda tf, d: tf.compat.v1.nn.conv2d(
        d["image"], _KERNEL, [1, 1, 1, 1], "SAME", True, "NHWC", [1, 2, 2, 1])),
    ("compat.v1.nn.convolution", lambda tf, d: tf.compat.v1.nn.convolution(d["image"], _KERNEL, "VALID", None, [2, 1])),
    ("nn.convolution", lambda tf, d: tf.nn.convolution(d["image"], _KERNEL, [2, 1], "SAME")),
    ("compat.v1.nn.depthwise_conv2d", lambda tf, d: tf.compat.v1.nn.depthwise_conv2d(
        d["image"], _DEPTH, [1, 1, 1, 1], "SAME", [2, 2])),
    ("compat.v1.nn.separable_conv2d", lambda tf, d: tf.compat.v1.nn.separable_conv2d(
        d["image"], _DEPTH, _KERNEL[:1, :1], [1, 1, 1, 1], "VALID", [2, 2])),
    ("compat.v1.nn.conv2d_transpose", lambda tf, d: tf.compat.v1.nn.conv2d_transpose(
        d["image"][..., :2], _KERNEL, [2, 12, 10, 3], [1, 2, 2, 1], "SAME", "NHWC", None)),
    ("compat.v1.space_to_batch", lambda tf, d: tf.compat.v1.space_to_batch(d["image"], [[0, 0], [1, 0]], 2)),
    ("compat.v1.batch_to_space", lambda tf, d: tf.compat.v1.batch_to_space(
        tf.concat([d["image"], d["image"]], 0), [[0, 1], [1, 0]], 2)),
    ("nn.batch_norm_with_global_normalization", lambda tf, d: tf.nn.batch_norm_with_global_normalization(
        d["image"], d["image"][0, 0, 0], d["image"][0, 0, 1] ** 2, _ONES, 2 * _ONES, 1e-3, False)),
]  # fmt: skip
