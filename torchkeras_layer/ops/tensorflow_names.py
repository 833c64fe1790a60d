"""Which functions are TensorFlow's functions, and how are their arguments spelled?

The names are without `math.`, `nn.`, `linalg.` and `compat.v1.`. A row, as in `spellings.py`, is a function of
`keras.ops` or, with `tf.`, of the `tensorflow` files, and TensorFlow's arguments in their order. Functions of these
files that have TensorFlow's names and arguments need none.
"""

from __future__ import annotations

import functools
import inspect
import re

from torchkeras_layer.ops.backend_names import PREFIX, spelling_in_backend
from torchkeras_layer.ops.names import operation_named
from torchkeras_layer.ops.spellings import Spelling, read_row
from torchkeras_layer.ops.tensorflow_1_names import spelling_in_tensorflow_1

_SAME_X = (
    "abs angle ceil conj cos cosh erf erfc erfinv exp expm1 floor imag log log1p negative real reciprocal round rsqrt "
    "sigmoid sign sin sinh sqrt square tan tanh"
)
_OTHER_X = (
    "acos:arccos acosh:arccosh asin:arcsin asinh:arcsinh atan:arctan atanh:arctanh ceil:ceil is_finite:isfinite "
    "is_inf:isinf is_nan:isnan logical_not:logical_not bessel_i0:i0 log_sigmoid:log_sigmoid invert:bitwise_not"
)
_FEATURES = "elu:elu relu6:relu6 selu:selu softplus:softplus softsign:softsign relu:relu"
_BINARY = (
    "add:add subtract:subtract multiply:multiply truediv:tf.truediv divide:tf.truediv divide_no_nan:divide_no_nan "
    "floordiv:floor_divide floormod:mod mod:mod pow:power maximum:maximum minimum:minimum equal:equal eq:equal "
    "not_equal:not_equal ne:not_equal greater:greater greater_equal:greater_equal less:less less_equal:less_equal "
    "logical_and:logical_and logical_or:logical_or logical_xor:logical_xor squared_difference:tf.squared_difference "
    "multiply_no_nan:tf.multiply_no_nan xlogy:tf.xlogy xdivy:tf.xdivy floor_div:floor_divide"
)
_REDUCTIONS = (
    "reduce_mean:tf.mean reduce_sum:sum reduce_prod:prod reduce_max:max reduce_min:min reduce_all:all reduce_any:any "
    "reduce_std:std reduce_variance:var reduce_logsumexp:logsumexp reduce_euclidean_norm:tf.euclidean_norm"
)
_SEGMENTS = "segment_sum segment_prod"
_ROWS = {
    "arg_max": "tf.argmax input axis output_type",
    "arg_min": "tf.argmin input axis output_type",
    "argmax": "tf.argmax input axis output_type",
    "argmin": "tf.argmin input axis output_type",
    "argsort": "tf.argsort values axis direction stable",
    "add_n": "tf.add_n inputs",
    "atan2": "arctan2 y:x1 x:x2",
    "avg_pool": "tf.avg_pool input:inputs ksize strides padding data_format value:inputs",
    "avg_pool1d": "tf.avg_pool input:inputs ksize strides padding data_format",
    "avg_pool2d": "tf.avg_pool input:inputs ksize strides padding data_format",
    "avg_pool3d": "tf.avg_pool input:inputs ksize strides padding data_format",
    "batch_norm_with_global_normalization": (
        "tf.batch_norm_with_global_normalization input:x mean variance beta gamma variance_epsilon "
        "scale_after_normalization"
    ),
    "batch_normalization": "tf.batch_normalization x mean variance offset scale variance_epsilon",
    "band_part": "tf.band_part input num_lower num_upper",
    "bias_add": "tf.bias_add value bias data_format",
    "boolean_mask": "tf.boolean_mask tensor mask axis",
    "broadcast_to": "broadcast_to input:x shape",
    "cast": "cast x dtype",
    "clip_by_norm": "tf.clip_by_norm t clip_norm axes",
    "clip_by_value": "clip t:x clip_value_min:x_min clip_value_max:x_max",
    "complex": "tf.complex real imag",
    "concat": "concatenate values:xs axis",
    "conv1d": "tf.conv input filters stride:strides padding data_format dilations filter:filters",
    "conv2d": "tf.conv input filters strides padding data_format dilations filter:filters",
    "conv3d": "tf.conv input filters strides padding data_format dilations filter:filters",
    "conv2d_transpose": "tf.conv_transpose input filters output_shape strides padding data_format dilations",
    "conv1d_transpose": "tf.conv_transpose input filters output_shape strides padding data_format dilations",
    "conv3d_transpose": "tf.conv_transpose input filters output_shape strides padding data_format dilations",
    "convert_to_tensor": "convert_to_tensor value:x dtype -dtype_hint",
    "convolution": (
        "tf.conv input filters strides padding data_format dilations filter:filters dilation_rate:dilations"
    ),
    "count_nonzero": "tf.count_nonzero input axis keepdims dtype",
    "cross": "cross a:x1 b:x2",
    "cumprod": "tf.cumprod x axis exclusive reverse",
    "cumsum": "tf.cumsum x axis exclusive reverse",
    "depth_to_space": "tf.depth_to_space input block_size data_format",
    "depthwise_conv2d": "tf.depthwise_conv input filter strides padding data_format dilations rate:dilations",
    "det": "det input:x",
    "digamma": "tf.digamma x",
    "dropout": "tf.dropout x rate noise_shape seed keep_prob",
    "einsum": "einsum *",
    "expand_dims": "expand_dims input:x axis",
    "fill": "full dims:shape value:fill_value",
    "gather": "tf.gather params indices -validate_indices axis batch_dims",
    "gather_nd": "tf.gather_nd params indices batch_dims",
    "gelu": "tf.gelu features approximate",
    "getitem": "get_item tensor:x slice_spec:key -var",
    "identity": "tf.identity input:x -type",
    "image.adjust_brightness": "tf.adjust_brightness image delta",
    "image.adjust_contrast": "tf.adjust_contrast images contrast_factor",
    "image.central_crop": "tf.central_crop image central_fraction",
    "image.crop_and_resize": "tf.crop_and_resize image boxes box_indices crop_size method extrapolation_value",
    "image.crop_to_bounding_box": (
        "crop_images image:images offset_height:top_cropping offset_width:left_cropping target_height target_width"
    ),
    "image.extract_patches": "tf.extract_patches images sizes strides rates padding",
    "image.flip_left_right": "tf.flip_left_right image",
    "image.flip_up_down": "tf.flip_up_down image",
    "image.grayscale_to_rgb": "tf.grayscale_to_rgb images",
    "image.hsv_to_rgb": "hsv_to_rgb images",
    "image.pad_to_bounding_box": (
        "pad_images image:images offset_height:top_padding offset_width:left_padding target_height target_width"
    ),
    "image.per_image_standardization": "tf.per_image_standardization image",
    "image.psnr": "tf.psnr a b max_val",
    "image.resize": "tf.resize images size method preserve_aspect_ratio antialias",
    "image.resize_bicubic": "tf.resize_bicubic images size align_corners half_pixel_centers",
    "image.resize_bilinear": "tf.resize_bilinear images size align_corners half_pixel_centers",
    "image.resize_images": "tf.resize_images images size method align_corners preserve_aspect_ratio",
    "image.resize_nearest_neighbor": "tf.resize_nearest images size align_corners half_pixel_centers",
    "image.resize_with_crop_or_pad": "tf.resize_with_crop_or_pad image target_height target_width",
    "image.rgb_to_grayscale": "tf.rgb_to_grayscale images",
    "image.rgb_to_hsv": "rgb_to_hsv images",
    "image.rot90": "tf.rot90 image k",
    "image.ssim": "tf.ssim img1 img2 max_val filter_size filter_sigma k1 k2",
    "image.transpose": "tf.transpose_image image",
    "l2_loss": "tf.l2_loss t",
    "l2_normalize": "tf.l2_normalize x axis epsilon",
    "leaky_relu": "leaky_relu features:x alpha:negative_slope",
    "lgamma": "tf.lgamma x",
    "local_response_normalization": "tf.local_response_normalization input depth_radius bias alpha beta",
    "log_softmax": "log_softmax logits:x axis",
    "lrn": "tf.local_response_normalization input depth_radius bias alpha beta",
    "matmul": "tf.matmul a b transpose_a transpose_b adjoint_a adjoint_b -a_is_sparse -b_is_sparse -output_type",
    "matvec": "tf.matvec a b transpose_a",
    "max_pool": "tf.max_pool input:inputs ksize strides padding data_format value:inputs",
    "max_pool1d": "tf.max_pool input:inputs ksize strides padding data_format",
    "max_pool2d": "tf.max_pool input:inputs ksize strides padding data_format",
    "max_pool3d": "tf.max_pool input:inputs ksize strides padding data_format",
    "meshgrid": "meshgrid * indexing",
    "moments": "moments x axes -shift keepdims",
    "norm": "tf.norm tensor ord axis keepdims",
    "normalize": "tf.normalize tensor ord axis",
    "one_hot": "tf.one_hot indices depth on_value off_value axis dtype",
    "ones": "ones shape dtype",
    "ones_like": "ones_like input:x dtype -layout tensor:x -optimize",
    "pad": "tf.pad tensor paddings mode constant_values",
    "pinv": "pinv a:x rcond",
    "pool": "tf.pool input window_shape pooling_type strides padding data_format dilations",
    "polyval": "tf.polyval coeffs x",
    "random.categorical": "tf.random_categorical logits num_samples dtype seed",
    "random.gamma": "tf.random_gamma shape alpha beta dtype seed",
    "random.normal": "tf.random_normal shape mean stddev dtype seed",
    "random.poisson": "tf.random_poisson shape lam dtype seed",
    "random.shuffle": "random.shuffle value:x -seed",
    "random.stateless_categorical": "tf.stateless_categorical logits num_samples seed dtype -alg",
    "random.stateless_gamma": "tf.stateless_gamma shape seed alpha beta dtype -alg",
    "random.stateless_normal": "tf.stateless_normal shape seed mean stddev dtype -alg",
    "random.stateless_truncated_normal": "tf.stateless_truncated_normal shape seed mean stddev dtype -alg",
    "random.stateless_uniform": "tf.stateless_uniform shape seed minval maxval dtype -alg",
    "random.truncated_normal": "tf.truncated_normal shape mean stddev dtype seed",
    "random.uniform": "tf.random_uniform shape minval maxval dtype seed",
    "random_normal": "tf.random_normal shape mean stddev dtype seed",
    "random_uniform": "tf.random_uniform shape minval maxval dtype seed",
    "range": "arange start limit:stop delta:step dtype",
    "rank": "ndim input:x",
    "repeat": "repeat input:x repeats axis",
    "reshape": "reshape tensor:x shape:newshape",
    "reverse": "flip tensor:x axis",
    "roll": "roll input:x shift axis",
    "saturate_cast": "saturate_cast value:x dtype",
    "scalar_mul": "multiply scalar:x1 x:x2",
    "scatter_nd": "scatter indices updates:values shape",
    "searchsorted": "searchsorted sorted_sequence values side",
    "separable_conv2d": (
        "tf.separable_conv input depthwise_filter pointwise_filter strides padding data_format dilations"
    ),
    "sequence_mask": "tf.sequence_mask lengths maxlen dtype",
    "shape": "sizes.shape input:x -out_type",
    "sigmoid_cross_entropy_with_logits": "tf.sigmoid_cross_entropy labels logits",
    "silu": "tf.swish features beta",
    "size": "size input:x -out_type",
    "slice": "tf.slice input_ begin size",
    "softmax": "softmax logits:x axis",
    "softmax_cross_entropy_with_logits": "tf.softmax_cross_entropy labels logits axis",
    "sort": "tf.sort values axis direction",
    "space_to_batch_nd": "tf.space_to_batch input block_shape paddings",
    "space_to_depth": "tf.space_to_depth input block_size data_format",
    "sparse_softmax_cross_entropy_with_logits": "tf.sparse_softmax_cross_entropy labels logits",
    "split": "tf.split value num_or_size_splits axis -num",
    "batch_to_space": "tf.batch_to_space input block_shape crops",
    "batch_to_space_nd": "tf.batch_to_space input block_shape crops",
    "space_to_batch": "tf.space_to_batch input block_shape paddings",
    "squeeze": "squeeze input:x axis",
    "stack": "stack values:x axis",
    "stop_gradient": "stop_gradient input:variable",
    "strided_slice": (
        "tf.strided_slice input_ begin end strides begin_mask end_mask ellipsis_mask new_axis_mask shrink_axis_mask"
    ),
    "svd": "tf.svd tensor full_matrices compute_uv",
    "swish": "tf.swish features beta",
    "tensor_scatter_nd_add": "tf.tensor_scatter_nd_add tensor indices updates",
    "tensor_scatter_nd_max": "tf.tensor_scatter_nd_max tensor indices updates",
    "tensor_scatter_nd_min": "tf.tensor_scatter_nd_min tensor indices updates",
    "tensor_scatter_nd_sub": "tf.tensor_scatter_nd_sub tensor indices updates",
    "tensor_scatter_nd_update": "scatter_update tensor:inputs indices updates",
    "tensordot": "tensordot a:x1 b:x2 axes",
    "tile": "tile input:x multiples:repeats",
    "in_top_k": "in_top_k targets predictions k",
    "trace": "tf.trace x",
    "truncatediv": "tf.truncatediv x y",
    "truncatemod": "fmod x:x1 y:x2",
    "unsorted_segment_sum": "segment_sum data segment_ids num_segments",
    "unsorted_segment_prod": "segment_prod data segment_ids num_segments",
    "unsorted_segment_mean": "tf.segment_mean data segment_ids num_segments",
    "segment_mean": "tf.segment_mean data segment_ids",
    "unstack": "unstack value:x num axis",
    "unsorted_segment_sqrt_n": "tf.segment_sqrt_n data segment_ids num_segments",
    "weighted_cross_entropy_with_logits": "tf.weighted_cross_entropy labels logits pos_weight",
    "zero_fraction": "tf.zero_fraction value",
    "zeros": "zeros shape dtype",
    "zeros_like": "zeros_like input:x dtype -layout tensor:x -optimize",
}
_WITHOUT_MEANING = re.compile(r"^(compat\.v[12]\.)?(math\.|nn\.|linalg\.|dtypes\.|__operators__\.|manip\.)?|_v2$")
# `compat.v1` has functions of TensorFlow 2 too, whose names end with `_v2`.
_IS_OLD = re.compile(r"compat\.v1\.(?!.*_v2$)")


def spelling_of(name: str) -> Spelling | None:
    """Return how a function of TensorFlow, without `tf.` before its name, is spelled here; `None` if it is not here.

    >>> spelling_of("math.reduce_mean").target, spelling_of("io.read_file")
    ('keras.tf.mean', None)
    """
    if name.startswith(PREFIX):
        return spelling_in_backend(name.removeprefix(PREFIX))
    short = _WITHOUT_MEANING.sub("", name)
    older = spelling_in_tensorflow_1(short) if _IS_OLD.match(name) else None
    return older or _table().get(short) or _spelled_alike(short.rpartition(".")[2])


def names_of_tensorflow() -> list[str]:
    """Return the names of the functions that are here, without `math.`, `nn.` and `linalg.`.

    >>> len(names_of_tensorflow()) > 200
    True
    """
    return sorted(_table())


@functools.cache
def _spelled_alike(name: str) -> Spelling | None:
    """Return the spelling of a function that has TensorFlow's name and arguments; `None` if there is none."""
    function = operation_named(f"keras.tf.{name}")
    words = [] if function is None else list(inspect.signature(function).parameters)
    return None if function is None else Spelling(f"keras.tf.{name}", {word: word for word in words}, False)


@functools.cache
def _table() -> dict[str, Spelling]:
    rows = {name: f"{name} x" for name in _SAME_X.split()}
    for names, words in ((_OTHER_X, "x"), (_FEATURES, "features:x"), (_BINARY, "x:x1 y:x2")):
        rows |= {tf: f"{own} {words}" for tf, own in _pairs(names)}
    rows |= {tf: f"{own} input_tensor:x axis keepdims" for tf, own in _pairs(_REDUCTIONS)}
    rows |= {name: f"{name} data segment_ids" for name in _SEGMENTS.split()}
    return {name: _parsed(row) for name, row in {**rows, **_ROWS}.items()}


def _pairs(names: str) -> list[list[str]]:
    return [name.split(":") for name in names.split()]


def _parsed(row: str) -> Spelling:
    return read_row(row if row.startswith(("tf.", "sizes.", "random.")) else f"ops.{row}")
