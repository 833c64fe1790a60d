"""Which functions have other arguments, or another order of them, in TensorFlow 1: those of `tf.compat.v1`?

Rows as in `tensorflow_names.py`, by the names without `compat.v1.`, `math.`, `nn.` and `linalg.`.
"""

from __future__ import annotations

import functools

from torchkeras_layer.ops.spellings import Spelling, read_row

_POOL = "ksize strides padding data_format -name input:inputs"
_TRANSPOSED = "output_shape strides padding data_format -name"
_OF_LOSS = "-scope -loss_collection"
_ROWS = {
    "argmax": "tf.argmax input axis -name dimension:axis output_type",
    "argmin": "tf.argmin input axis -name dimension:axis output_type",
    "avg_pool": f"tf.avg_pool value:inputs {_POOL}",
    "avg_pool2d": f"tf.avg_pool value:inputs {_POOL}",
    "batch_norm_with_global_normalization": (
        "tf.batch_norm_with_global_normalization t:x m:mean v:variance beta gamma variance_epsilon "
        "scale_after_normalization -name input:x mean variance"
    ),
    "batch_to_space": "tf.batch_to_space input crops block_size:block_shape -name block_shape",
    "boolean_mask": "tf.boolean_mask tensor mask -name axis",
    "confusion_matrix": "tf.confusion_matrix labels predictions num_classes dtype -name weights",
    "conv1d": (
        "tf.conv value:input filters stride:strides padding -use_cudnn_on_gpu data_format -name input dilations"
    ),
    "conv2d": "tf.conv input filter:filters strides padding -use_cudnn_on_gpu data_format dilations -name filters",
    "conv2d_transpose": f"tf.conv_transpose value:input filter:filters {_TRANSPOSED} input filters dilations",
    "conv3d": "tf.conv input filter:filters strides padding data_format dilations -name filters",
    "conv3d_transpose": f"tf.conv_transpose value:input filter:filters {_TRANSPOSED} input filters dilations",
    "convolution": (
        "tf.conv input filter:filters padding strides dilation_rate:dilations -name data_format filters dilations"
    ),
    "depthwise_conv2d": "tf.depthwise_conv input filter strides padding rate:dilations -name data_format dilations",
    "dropout": "tf.dropout x keep_prob noise_shape seed -name rate",
    "gather": "tf.gather params indices -validate_indices -name axis batch_dims",
    "image.resize": "tf.resize_images images size method align_corners preserve_aspect_ratio",
    "image.resize_images": "tf.resize_images images size method align_corners preserve_aspect_ratio",
    "in_top_k": "in_top_k predictions targets k",
    "losses.absolute_difference": f"tf.absolute_difference labels predictions weights {_OF_LOSS} reduction",
    "losses.compute_weighted_loss": f"tf.weighted_loss losses weights {_OF_LOSS} reduction",
    "losses.cosine_distance": f"tf.cosine_distance labels predictions axis weights {_OF_LOSS} reduction dim:axis",
    "losses.hinge_loss": f"tf.hinge_loss labels logits weights {_OF_LOSS} reduction",
    "losses.huber_loss": f"tf.huber_loss labels predictions weights delta {_OF_LOSS} reduction",
    "losses.log_loss": f"tf.log_loss labels predictions weights epsilon {_OF_LOSS} reduction",
    "losses.mean_pairwise_squared_error": f"tf.pairwise_squared_error labels predictions weights {_OF_LOSS}",
    "losses.mean_squared_error": f"tf.squared_error labels predictions weights {_OF_LOSS} reduction",
    "losses.sigmoid_cross_entropy": (
        f"tf.sigmoid_loss multi_class_labels logits weights label_smoothing {_OF_LOSS} reduction"
    ),
    "losses.softmax_cross_entropy": (
        f"tf.softmax_loss onehot_labels logits weights label_smoothing {_OF_LOSS} reduction"
    ),
    "losses.sparse_softmax_cross_entropy": f"tf.sparse_softmax_loss labels logits weights {_OF_LOSS} reduction",
    "max_pool": f"tf.max_pool value:inputs {_POOL}",
    "moments": "moments x axes -shift -name keep_dims:keepdims keepdims",
    "pool": (
        "tf.pool input window_shape pooling_type padding dilation_rate:dilations strides -name data_format dilations"
    ),
    "random.poisson": "tf.random_poisson lam shape dtype seed",
    "separable_conv2d": (
        "tf.separable_conv input depthwise_filter pointwise_filter strides padding rate:dilations -name data_format "
        "dilations"
    ),
    "space_to_batch": "tf.space_to_batch input paddings block_size:block_shape -name block_shape",
    "where": "tf.where_rows condition x y",
}


@functools.cache
def spelling_in_tensorflow_1(name: str) -> Spelling | None:
    """Return how a function is spelled here, where TensorFlow 1 has other arguments than TensorFlow 2; or `None`.

    >>> list(spelling_in_tensorflow_1("dropout").words)
    ['x', 'keep_prob', 'noise_shape', 'seed', 'name', 'rate']
    >>> spelling_in_tensorflow_1("relu") is None
    True
    """
    row = _ROWS.get(name)
    return None if row is None else read_row(row if row.startswith("tf.") else f"ops.{row}")
