"""In which file is each operation, and which of Keras's namespaces have it? A file is imported when it is needed."""

from __future__ import annotations

# names by file: `make tables` writes what follows from the code.
_NAMES = {
    "activations": (
        "relu relu6 leaky_relu elu celu selu gelu silu hard_silu glu sigmoid hard_sigmoid log_sigmoid sparse_sigmoid "
        "hard_tanh tanh_shrink hard_shrink soft_shrink threshold softplus softsign squareplus sparse_plus softmax "
        "log_softmax sparsemax hard_swish swish"
    ),
    "arithmetic": (
        "add multiply equal not_equal greater greater_equal less less_equal maximum minimum logical_and logical_or "
        "logical_xor fmax fmin arctan2 hypot logaddexp logaddexp2 heaviside nextafter gcd lcm bitwise_and bitwise_or "
        "bitwise_xor bitwise_left_shift bitwise_right_shift subtract divide divide_no_nan floor_divide mod fmod power "
        "ldexp isclose allclose left_shift right_shift true_divide"
    ),
    "control_flow": "cond switch while_loop fori_loop scan map associative_scan",
    "conversions": (
        "cast saturate_cast stop_gradient convert_to_tensor view_as_complex view_as_real polar convert_to_numpy "
        "is_tensor dtype shape"
    ),
    "creation": (
        "zeros_like ones_like empty_like full_like full zeros ones empty eye identity tri arange linspace logspace "
        "geomspace vander bartlett blackman hamming hanning kaiser array"
    ),
    "elementwise": (
        "absolute angle arccos arccosh arcsin arcsinh arctan arctanh bitwise_not ceil conjugate cos cosh deg2rad exp "
        "exp2 expm1 floor i0 isfinite isinf isnan isneginf isposinf isreal log log10 log1p log2 logical_not negative "
        "rad2deg real reciprocal sign signbit sin sinc sinh sqrt square tan tanh cbrt clip imag nan_to_num round trunc "
        "copy view fabs abs bitwise_invert conj"
    ),
    "function_transforms": "vectorized_map vectorize jvp custom_gradient",
    "images": (
        "resize crop_images pad_images extract_patches extract_patches_3d rgb_to_grayscale rgb_to_hsv hsv_to_rgb "
        "gaussian_blur sobel_edges ssim"
    ),
    "indexing": "get_item take take_along_axis where select nonzero unravel_index",
    "joining": (
        "concatenate append stack hstack vstack dstack split array_split hsplit vsplit dsplit tile repeat meshgrid pad"
    ),
    "losses": (
        "binary_crossentropy categorical_crossentropy sparse_categorical_crossentropy ctc_loss ctc_decode psnr "
        "dot_product_attention"
    ),
    "matrices": (
        "cholesky cholesky_inverse det eig eigh inv pinv matrix_rank lstsq lu_factor norm qr svd solve solve_triangular"
    ),
    "normalizing": "moments batch_normalization layer_normalization rms_normalization normalize one_hot multi_hot",
    "products": "matmul dot inner outer vdot tensordot einsum cross kron correlate",
    "random_numbers": "normal uniform truncated_normal randint categorical gamma beta binomial dropout shuffle",
    "rearranging": "rearrange",
    "reductions": (
        "sum prod mean average max min amax amin ptp all any count_nonzero std var cumsum cumprod argmax argmin trace "
        "trapezoid"
    ),
    "segments": "segment_sum segment_prod segment_max segment_min",
    "shapes": (
        "reshape transpose moveaxis swapaxes expand_dims squeeze ravel broadcast_to flip fliplr flipud roll rot90 "
        "diagonal diag diagflat tril triu ndim size"
    ),
    "signals": "fft fft2 ifft2 rfft irfft extract_sequences stft istft",
    "slicing": "slice slice_update scatter scatter_update unstack",
    "sorting": "sort argsort argpartition searchsorted digitize bincount histogram isin unique diff",
    "special": "erf erfc erfinv rsqrt logsumexp slogdet logdet cdist top_k in_top_k",
    "statistics": (
        "quantile nanquantile percentile nanpercentile median nanmedian nansum nanprod nanmean nanvar nanstd nanmax "
        "nanmin nanargmax nanargmin nancumsum nancumprod corrcoef"
    ),
    "warping": "map_coordinates affine_transform elastic_transform perspective_transform scale_and_translate",
    "windows": (
        "conv depthwise_conv separable_conv conv_transpose max_pool average_pool adaptive_average_pool "
        "adaptive_max_pool unfold fold depth_to_space space_to_depth"
    ),
}
# End of names by file.

_RANDOM = "random_numbers"
_FILES_OF_IMAGES = "images warping"
FILE_OF = {name: file for file, names in _NAMES.items() if file != _RANDOM for name in names.split()}
# The files of a namespace, and further names from other files.
NAMESPACES = {
    "image": (_FILES_OF_IMAGES, ""),
    "linalg": ("matrices", "jvp"),
    "nn": ("activations losses normalizing windows", "polar"),
    "numpy": (
        "arithmetic creation elementwise indexing joining products reductions shapes sorting statistics",
        "slogdet vectorize",
    ),
}


def names_in(namespace: str) -> list[str]:
    """Return the names of the functions in `keras.ops`, in `keras.random`, or in a part of the first, such as 'nn'.

    >>> names_in("linalg")[:3], "mean" in names_in("ops"), "resize" in names_in("ops")
    (['cholesky', 'cholesky_inverse', 'det'], True, False)
    """
    if namespace == "ops":
        return sorted(name for name, file in FILE_OF.items() if file not in _FILES_OF_IMAGES.split())
    if namespace == "random":
        return sorted(_NAMES.get(_RANDOM, "").split())
    files, further = NAMESPACES[namespace]
    return sorted([*(name for name, file in FILE_OF.items() if file in files.split()), *further.split()])
