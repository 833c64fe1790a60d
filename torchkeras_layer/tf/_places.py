"""Which names stand in which module of TensorFlow?

A function of the table in `ops/tensorflow_names.py` has the name that it has there; everything else is an object of a
file of this package.
"""

from __future__ import annotations

_BOTH = (
    "abs acos acosh add add_n argmax argmin asin asinh atan atan2 atanh cos cosh cumsum divide equal exp floor greater "
    "greater_equal less less_equal logical_and logical_not logical_or maximum minimum multiply negative not_equal pow "
    "reduce_all reduce_any reduce_logsumexp reduce_max reduce_mean reduce_min reduce_prod reduce_sum round scalar_mul "
    "sigmoid sign sin sinh sqrt square subtract tan tanh truediv"
)
_ONLY_IN_MATH = (
    "angle bessel_i0 bincount ceil conj count_nonzero cumprod digamma divide_no_nan erf erfc erfinv expm1 floordiv "
    "floormod imag in_top_k is_finite is_inf is_nan l2_normalize lgamma log log1p log_sigmoid log_softmax "
    "logical_xor mod multiply_no_nan polyval real reciprocal reduce_euclidean_norm reduce_std reduce_variance rsqrt "
    "segment_max segment_mean segment_min segment_prod segment_sum softmax softplus softsign squared_difference "
    "top_k unsorted_segment_max unsorted_segment_mean unsorted_segment_min unsorted_segment_prod "
    "unsorted_segment_sqrt_n unsorted_segment_sum xdivy xlogy zero_fraction bessel_i0e bessel_i1 bessel_i1e "
    "confusion_matrix cumulative_logsumexp erfcinv igamma igammac invert_permutation is_non_decreasing "
    "is_strictly_increasing lbeta ndtri polygamma reciprocal_no_nan rint xlog1py zeta"
)

# By module, the functions of the table.
FUNCTIONS = {
    "": (
        f"{_BOTH} argsort batch_to_space boolean_mask broadcast_to cast clip_by_norm clip_by_value complex concat "
        "constant convert_to_tensor einsum ensure_shape expand_dims eye fill gather gather_nd identity linspace matmul "
        "meshgrid norm one_hot ones ones_like pad range repeat reshape reverse roll saturate_cast scatter_nd "
        "searchsorted sequence_mask shape size slice sort space_to_batch space_to_batch_nd split squeeze stack "
        "stop_gradient strided_slice tensor_scatter_nd_add tensor_scatter_nd_max tensor_scatter_nd_min "
        "tensor_scatter_nd_sub tensor_scatter_nd_update tensordot tile transpose truncatediv truncatemod unstack where "
        "zeros zeros_like bitcast broadcast_dynamic_shape clip_by_global_norm dynamic_partition dynamic_stitch eig "
        "eigvals histogram_fixed_width histogram_fixed_width_bins reverse_sequence unique unique_with_counts "
        "unravel_index"
    ),
    "math": f"{_BOTH} {_ONLY_IN_MATH}",
    "nn": (
        "avg_pool avg_pool1d avg_pool2d avg_pool3d batch_norm_with_global_normalization batch_normalization bias_add "
        "conv1d conv1d_transpose conv2d conv2d_transpose conv3d conv3d_transpose convolution depth_to_space "
        "depthwise_conv2d dropout elu gelu in_top_k l2_loss l2_normalize leaky_relu local_response_normalization "
        "log_softmax lrn max_pool max_pool1d max_pool2d max_pool3d moments pool relu relu6 selu separable_conv2d "
        "atrous_conv2d compute_average_loss crelu ctc_loss dilation2d embedding_lookup erosion2d log_poisson_loss "
        "max_pool_with_argmax normalize_moments scale_regularization_loss sufficient_statistics "
        "weighted_cross_entropy_with_logits weighted_moments "
        "sigmoid sigmoid_cross_entropy_with_logits silu softmax softmax_cross_entropy_with_logits softplus softsign "
        "space_to_batch space_to_depth sparse_softmax_cross_entropy_with_logits swish tanh top_k zero_fraction"
    ),
    "linalg": (
        "band_part cross det diag diag_part einsum eye inv l2_normalize matmul matrix_transpose matvec norm normalize "
        "pinv set_diag solve svd tensordot trace adjoint cholesky cholesky_solve eig eigh eigvals eigvalsh expm "
        "global_norm logdet lstsq lu matrix_rank qr slogdet sqrtm tensor_diag tensor_diag_part triangular_solve"
    ),
    "image": (
        "adjust_brightness adjust_contrast central_crop crop_and_resize crop_to_bounding_box extract_patches "
        "flip_left_right flip_up_down grayscale_to_rgb hsv_to_rgb pad_to_bounding_box per_image_standardization psnr "
        "resize resize_with_crop_or_pad rgb_to_grayscale rgb_to_hsv rot90 ssim transpose adjust_gamma adjust_hue "
        "adjust_saturation convert_image_dtype image_gradients non_max_suppression non_max_suppression_padded "
        "non_max_suppression_with_scores random_brightness random_contrast random_crop random_flip_left_right "
        "random_flip_up_down random_hue random_saturation rgb_to_yiq rgb_to_yuv sobel_edges "
        "stateless_random_brightness stateless_random_contrast stateless_random_crop stateless_random_flip_left_right "
        "stateless_random_flip_up_down stateless_random_hue stateless_random_saturation total_variation yiq_to_rgb "
        "yuv_to_rgb"
    ),
    "random": (
        "categorical gamma normal poisson shuffle stateless_categorical stateless_gamma stateless_normal "
        "stateless_truncated_normal stateless_uniform truncated_normal uniform"
    ),
    "signal": (
        "dct fft fft2d fft3d fftshift frame hamming_window hann_window idct ifft ifft2d ifft3d ifftshift inverse_stft "
        "inverse_stft_window_fn irfft irfft2d kaiser_window linear_to_mel_weight_matrix "
        "mfccs_from_log_mel_spectrograms overlap_and_add rfft rfft2d stft vorbis_window"
    ),
    "dtypes": "cast complex saturate_cast",
    "compat.v1": (
        f"{_ONLY_IN_MATH} arg_max arg_min batch_to_space_nd cross depth_to_space diag diag_part floor_div "
        "matrix_transpose random_normal random_uniform reverse_v2 space_to_depth svd trace where_v2 batch_gather "
        "div setdiff1d"
    ),
    "compat.v1.nn": "relu_layer xw_plus_b avg_pool_v2 max_pool_v2 softmax_cross_entropy_with_logits_v2",
    "compat.v1.losses": (
        "absolute_difference compute_weighted_loss cosine_distance hinge_loss huber_loss log_loss "
        "mean_pairwise_squared_error mean_squared_error sigmoid_cross_entropy softmax_cross_entropy "
        "sparse_softmax_cross_entropy"
    ),
    "compat.v1.image": "resize_bicubic resize_bilinear resize_images resize_nearest_neighbor",
}

_DTYPES = (
    "string float16 half bfloat16 float32 float64 double bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 "
    "complex64 complex128"
)
_CHECKS = (
    "assert_equal assert_none_equal assert_less assert_less_equal assert_greater "
    "assert_greater_equal assert_positive assert_negative assert_non_negative assert_non_positive assert_near "
    "assert_rank assert_rank_at_least assert_rank_in assert_scalar assert_type assert_integer "
    "assert_proper_iterable assert_same_float_dtype"
)

# By file of this package, the objects that it has, with their full names: `name:other` if it has another one there.
OBJECTS = {
    "_types": (
        "Tensor TensorSpec DType Module RaggedTensor SparseTensor IndexedSlices Graph Operation Variable is_tensor "
        "VariableAggregation VariableSynchronization "
        "is_symbolic_tensor get_static_value rank as_dtype dtypes.as_dtype dtypes.DType newaxis "
        "experimental.types.TensorLike:Tensor types.experimental.TensorLike:Tensor types.experimental.Tensor:Tensor "
        "image.ResizeMethod compat.v1.losses.Reduction "
        f"{_DTYPES} {' '.join(f'dtypes.{name}' for name in _DTYPES.split())}"
    ),
    "_shapes": (
        "TensorShape broadcast_static_shape compat.dimension_value compat.v1.dimension_value compat.v1.Dimension"
    ),
    "_scopes": (
        "function autograph.experimental.do_not_convert name_scope control_dependencies init_scope device "
        "executing_eagerly inside_function identity_n group no_op tuple:tuple_of print:print_values timestamp "
        "compat.v1.is_variable_initialized get_logger py_function numpy_function compat.v1.py_func:numpy_function "
        "compat.v1.executing_eagerly_outside_functions:executing_eagerly"
    ),
    "_generators": (
        "random.set_seed random.Generator random.get_global_generator random.set_global_generator "
        "random.experimental.Generator compat.v1.set_random_seed:set_seed random.fold_in random.split "
        "random.experimental.stateless_fold_in:fold_in random.experimental.stateless_split:split"
    ),
    "_initializers": (
        "zeros_initializer:Zeros ones_initializer:Ones constant_initializer:Constant random_normal_initializer "
        "random_uniform_initializer compat.v1.zeros_initializer:Zeros compat.v1.ones_initializer:Ones "
        "compat.v1.constant_initializer:Constant compat.v1.random_normal_initializer:random_normal_of_v1 "
        "compat.v1.random_uniform_initializer:random_uniform_of_v1 "
        "compat.v1.truncated_normal_initializer:truncated_normal_of_v1 "
        "compat.v1.glorot_uniform_initializer:GlorotUniform compat.v1.glorot_normal_initializer:GlorotNormal "
        "compat.v1.orthogonal_initializer:Orthogonal compat.v1.variance_scaling_initializer:VarianceScaling"
    ),
    "_control_flow": (
        "cond compat.v1.smart_cond:cond case switch_case while_loop map_fn vectorized_map scan foldl foldr TensorArray"
    ),
    "_gradients": "GradientTape UnconnectedGradients gradients",
    "_own_gradients": "custom_gradient recompute_grad grad_pass_through",
    "_nest": " ".join(
        f"nest.{name}"
        for name in ("is_nested", "flatten", "pack_sequence_as", "map_structure", "assert_same_structure")
    ),
    "_errors": " ".join(
        f"errors.{name}"
        for name in (
            *("OpError", "InvalidArgumentError", "OutOfRangeError", "NotFoundError", "ResourceExhaustedError"),
            *("UnimplementedError", "FailedPreconditionError", "InternalError", "UnavailableError"),
            "AlreadyExistsError",
        )
    ),
    "_assertions": (
        "Assert assert_equal assert_less assert_greater assert_rank compat.v1.check_numerics "
        + " ".join(f"debugging.{name} compat.v1.{name}" for name in _CHECKS.split())
        + " debugging.assert_all_finite debugging.assert_shapes debugging.Assert debugging.check_numerics "
        "debugging.is_numeric_tensor debugging.enable_check_numerics debugging.disable_check_numerics"
    ),
}


def functions_in(path: str) -> list[str]:
    """Return the functions of the table that a module has; of `compat.v1`, also those of the module without it.

    >>> "reduce_sum" in functions_in("math"), "conv2d" in functions_in("compat.v1.nn")
    (True, True)
    """
    own = FUNCTIONS.get(path, "").split()
    newer = path.removeprefix("compat.v1").removeprefix(".")
    return sorted({*own, *(FUNCTIONS.get(newer, "").split() if newer != path else ())})
