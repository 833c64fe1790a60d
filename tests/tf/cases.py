"""With which arguments are TensorFlow's functions tried? Each case is run by TensorFlow once, and here in each test.

A case is the full name of a function and what is called: a function of `tf` and of the inputs `d`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_random = np.random.default_rng(0)


def _normal(*shape: int) -> np.ndarray:
    return _random.normal(size=shape).astype("float32")


_square = _normal(2, 3, 3)
INPUTS: dict[str, np.ndarray] = {
    "x": _normal(3, 4),
    "y": _normal(3, 4),
    "p": _random.uniform(0.1, 0.9, (3, 4)).astype("float32"),
    "big": _random.uniform(1.1, 3.0, (3, 4)).astype("float32"),
    "v": _normal(4),
    "i": _random.integers(0, 5, (3, 4)).astype("int32"),
    "j": _random.integers(1, 5, (3, 4)).astype("int32"),
    "b": _random.integers(0, 2, (3, 4)).astype(bool),
    "m": _normal(2, 3, 4),
    "n": _normal(2, 4, 3),
    "s": _square,
    "spd": _square @ _square.transpose(0, 2, 1) + 3 * np.eye(3, dtype="float32"),
    "image": _random.uniform(0.0, 1.0, (2, 6, 5, 3)).astype("float32"),
    "bytes": _random.integers(0, 255, (2, 6, 5, 3)).astype("uint8"),
    "wave": _normal(2, 64),
    "c": (_normal(2, 8) + 1j * _normal(2, 8)).astype("complex64"),
    "c2": (_normal(2, 4, 8) + 1j * _normal(2, 4, 8)).astype("complex64"),
    "boxes": np.array([[0, 0, 1, 1], [0, 0.1, 1, 1.1], [0, 2, 1, 3]], "float32"),
    "scores": np.array([0.9, 0.75, 0.6], "float32"),
    "ids": np.array([0, 0, 2], "int32"),
}
# Functions of one tensor, by the input that fits.
_OF_ONE = {
    "x": (
        "abs negative sign square exp cos sin tan sinh cosh tanh asinh atan sigmoid round math.floor math.ceil "
        "math.erf math.erfc math.expm1 math.is_finite math.is_inf math.is_nan math.rint math.reciprocal "
        "math.reciprocal_no_nan math.softplus math.softsign math.log_sigmoid math.bessel_i0 math.bessel_i0e "
        "math.bessel_i1 math.bessel_i1e math.l2_normalize math.log_softmax math.softmax math.zero_fraction "
        "math.reduce_std math.reduce_variance math.reduce_euclidean_norm reduce_sum reduce_mean reduce_max "
        "reduce_min reduce_prod reduce_logsumexp nn.relu nn.relu6 nn.elu nn.selu nn.gelu nn.silu nn.swish "
        "nn.leaky_relu nn.crelu nn.l2_loss zeros_like ones_like identity stop_gradient shape size transpose norm "
        "argmax argmin math.real math.count_nonzero math.angle"
    ),
    "p": "acos asin atanh math.log math.log1p sqrt math.rsqrt math.lgamma math.digamma math.ndtri math.erfinv",
    "big": "acosh math.lbeta math.conj",
    "i": "bitwise.invert unique_ math.bincount reduce_sum math.is_non_decreasing math.is_strictly_increasing",
    "b": "logical_not reduce_all reduce_any",
    "s": (
        "linalg.det linalg.inv linalg.trace linalg.diag_part linalg.adjoint linalg.matrix_transpose linalg.expm "
        "linalg.slogdet linalg.matrix_rank linalg.pinv"
    ),
    "spd": "linalg.cholesky linalg.logdet linalg.sqrtm linalg.eigvalsh",
    "v": "linalg.diag linalg.tensor_diag",
    "image": (
        "image.rgb_to_hsv image.rgb_to_yiq image.yiq_to_rgb image.rgb_to_yuv image.yuv_to_rgb image.rgb_to_grayscale "
        "image.total_variation image.sobel_edges image.image_gradients image.flip_left_right image.flip_up_down "
        "image.transpose image.rot90 image.per_image_standardization"
    ),
    "c": "signal.fft signal.ifft signal.fftshift signal.ifftshift math.imag math.real math.conj math.angle",
    "c2": "signal.fft2d signal.ifft2d",
    "wave": "signal.rfft signal.dct signal.idct",
}
_OF_TWO = (
    "add subtract multiply divide truediv maximum minimum equal not_equal greater greater_equal less less_equal "
    "math.squared_difference math.divide_no_nan math.multiply_no_nan math.floordiv math.floormod math.mod atan2 "
    "math.xlog1py_ truncatemod"
)
_OF_BOOLS = "logical_and logical_or math.logical_xor"
# Named as an operator, or tried with other inputs below.
_NOT_SO = ("bitwise.invert", "unique_", "math.xlog1py_")


def _of_one(path: str, key: str) -> Any:
    return lambda tf, d: named(tf, path)(d[key])


def _of_two(path: str, first: str, second: str) -> Any:
    return lambda tf, d: named(tf, path)(d[first], d[second])


def named(tf: Any, path: str) -> Any:
    """Return what has a name such as 'math.log'."""
    for part in path.split("."):
        tf = getattr(tf, part)
    return tf


CASES: list[tuple[str, Any]] = [
    (path, _of_one(path, key)) for key, names in _OF_ONE.items() for path in names.split() if path not in _NOT_SO
]
CASES += [(path, _of_two(path, "x", "y")) for path in _OF_TWO.split() if path not in _NOT_SO]
CASES += [(path, _of_two(path, "b", "b")) for path in _OF_BOOLS.split()]
