"""With which arguments are operations tried that multiply matrices, convolve, compare and transform images?"""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.ops.arguments import array, call, either, one_of, square

_PADDING = one_of("valid", "same")
_MOVED = np.array([[[1.0, 0.5], [4.0, 0.0], [0.0, 5.0], [4.0, 4.0]]] * 2, "float32")
_CORNERS = np.array([[[0.0, 0.0], [4.0, 0.0], [0.0, 5.0], [4.0, 5.0]]] * 2, "float32")
_AFFINE = np.array([[1.0, 0.2, -0.5, -0.1, 0.9, 1.0, 0.0, 0.0]] * 2, "float32")


def _probabilities(r: Any) -> Any:
    x = array(r, "p", (2, 3))
    return x / x.sum(-1, keepdims=True)


def _attended(r: Any) -> Any:
    mask = array(r, "b", (2, 1, 4, 5))
    mask[..., 0] = True
    return mask


def _factor(r: Any) -> Any:
    return np.linalg.cholesky(square(r)[0])


PRODUCTS: dict[str, Any] = {
    "matmul": call("x 2,3,4", one_of("x 4,2", "x 2,4,3", "x 4")),
    "dot": call("x 2,3,4", one_of("x 4", "x 4,2", "x 2,4,3", 2.0)),
    "inner": call("x 2,3", one_of("x 4,3", "x 3")),
    "outer": call("x 2,3", "x 4"),
    "vdot": call("x 6", "x 6"),
    "tensordot": call("x 2,3,4", "x 3,4,2", axes=one_of([[1, 2], [0, 1]], [[1], [0]], [[0], [-1]])),
    "einsum": either(
        call("bij,bjk->bik", "x 2,3,4", "x 2,4,2"),
        call("...ij,...jk->...ik", "x 2,3,4", "x 2,4,2"),
        call("i,j,k->ijk", "x 2", "x 3", "x 4"),
        call("ii->i", "x 3,3"),
        call("ij->", "i 2,3"),
    ),
    "cross": either(call("x 2,3", "x 2,3"), call("x 3,2", "x 3,2", axis=0)),
    "kron": call("x 2,3", "x 2,2"),
    "correlate": call("x 6", one_of("x 3", "x 4"), mode=one_of("valid", "full", "same")),
    **dict.fromkeys(["cholesky", "det", "inv", "slogdet", "logdet", "eig"], call(square)),
    "cholesky_inverse": call(_factor),
    "eigh": call(square),
    "pinv": call("x 3,2"),
    "matrix_rank": call(square),
    "lstsq": call("x 4,2", one_of("x 4", "x 4,3")),
    "lu_factor": call(square),
    "norm": either(
        call("x 2,3,3", ord=one_of(None, 2, 1, np.inf, -1, 3), axis=one_of(-1, 1), keepdims=one_of(True, False)),
        call("x 2,3,3", ord=one_of(None, 2, 1, np.inf, "fro", "nuc", -2), axis=(1, 2)),
        call(one_of("x 4", "x 2,3"), ord=one_of(None, 2)),
    ),
    "qr": call("x 4,3", mode=one_of("reduced", "complete")),
    "svd": call("x 3,2", compute_uv=False),
    "solve": call(square, "x 2,3,1"),
    "solve_triangular": call(square, "x 2,3,2", lower=one_of(True, False)),
    "cdist": call("x 2,3", "x 4,3"),
    "fft": call(["x 2,8", "x 2,8"]),
    "fft2": call(["x 2,4,4", "x 2,4,4"]),
    "ifft2": call(["x 2,4,4", "x 2,4,4"]),
    "rfft": call("x 2,8", fft_length=one_of(None, 6)),
    "irfft": call(["x 2,5", "x 2,5"], fft_length=one_of(None, 8)),
    "stft": call("x 2,16", 6, 4, one_of(6, 8), window=one_of("hann", "hamming", None), center=one_of(True, False)),
    "istft": call(["x 5,5", "x 5,5"], 8, 4, 8, window=one_of("hann", "hamming")),
    "view_as_real": call(lambda r: (array(r, "x", (2, 3)) + 1j).astype("complex64")),
}
LAYERS: dict[str, Any] = {
    "conv": either(
        call("x 2,6,5,4", "x 3,2,4,2", one_of(1, 2, (2, 1)), _PADDING),
        call("x 2,9,8,4", "x 3,2,4,2", 1, _PADDING, dilation_rate=one_of(2, (1, 2))),
        call("x 2,7,4", "x 3,4,2", one_of(1, 2), _PADDING),
        call("x 1,4,5,4,2", "x 2,3,2,2,3", one_of(1, 2), _PADDING),
        call("x 2,4,6,5", "x 3,2,2,6", one_of(1, 2), _PADDING, data_format="channels_first"),
    ),
    "depthwise_conv": either(
        call("x 2,6,5,4", "x 3,2,4,2", one_of(1, 2), _PADDING),
        call("x 2,7,4", "x 3,4,2", one_of(1, 2), _PADDING),
        call("x 2,4,6,5", "x 3,2,4,2", 1, _PADDING, data_format="channels_first", dilation_rate=one_of(1, 2)),
    ),
    "separable_conv": call("x 2,6,5,4", "x 3,2,4,2", "x 1,1,8,3", one_of(1, 2), _PADDING),
    "conv_transpose": either(
        call("x 2,4,5,3", "x 3,3,2,3", one_of(1, 2), _PADDING),
        call("x 2,4,3", one_of("x 3,2,3", "x 4,2,3"), one_of(1, 2, 3), _PADDING),
        call("x 2,3,4,5", "x 3,2,2,3", 2, _PADDING, data_format="channels_first"),
        call("x 2,4,5,3", "x 3,3,2,3", 2, _PADDING, output_padding=1),
    ),
    "max_pool": either(
        call("x 2,6,5,4", one_of(2, (3, 2)), one_of(None, 1), _PADDING),
        call("x 2,7,3", 2, one_of(None, 1, 3), _PADDING),
        call("x 2,3,6,5", 2, data_format="channels_first"),
        call("x 1,4,5,4,2", 2, one_of(None, 1), _PADDING),
    ),
    "average_pool": either(
        call("x 2,6,5,4", one_of(2, 3), one_of(None, 1), "valid"),
        call("x 2,7,3", 2, one_of(None, 1), "valid"),
        call("x 2,3,6,5", 2, data_format="channels_first"),
    ),
    "adaptive_average_pool": call("x 2,6,5,4", one_of(2, (3, 2))),
    "adaptive_max_pool": call("x 2,6,5,4", one_of(2, (3, 2))),
    "unfold": call("x 2,3,6,5", one_of(2, 3), stride=one_of(1, 2)),
    "fold": call("x 2,8,6", (3, 4), 2),
    "batch_normalization": either(
        call("x 2,3,4", "x 4", "q 4", -1, offset="x 4", scale="x 4"),
        call("x 2,3,4", "x 3", "q 3", 1, epsilon=one_of(1e-3, 0.1)),
        call("x 2,4", "x 4", "q 4", -1, scale="x 4"),
    ),
    "layer_normalization": either(
        call("x 2,3,4", "x 4", "x 4", axis=-1, epsilon=one_of(None, 1e-3)),
        call("x 2,3,4", axis=one_of(-1, 2)),
    ),
    "rms_normalization": call("x 2,3,4", "x 4", axis=-1, epsilon=one_of(None, 1e-3)),
    "normalize": call("x 2,3", axis=one_of(-1, 0), order=one_of(2, 1)),
    "binary_crossentropy": call("p 2,3", "p 2,3", from_logits=one_of(True, False)),
    "categorical_crossentropy": call(_probabilities, _probabilities, from_logits=one_of(True, False)),
    "sparse_categorical_crossentropy": call("i 4", "p 4,6", from_logits=one_of(True, False)),
    "ctc_loss": call(np.array([[1, 2, 1], [2, 2, 1]]), "x 2,8,4", np.array([3, 2]), np.array([8, 7])),
    "ctc_decode": call("x 2,6,4", np.array([6, 4]), mask_index=0),
    "psnr": call("p 2,3", "p 2,3", 1.0),
    "dot_product_attention": either(
        call("x 2,4,2,3", "x 2,5,2,3", "x 2,5,2,3", scale=one_of(None, 0.5)),
        call("x 2,4,2,3", "x 2,5,2,3", "x 2,5,2,3", mask=_attended),
        call("x 2,4,2,3", "x 2,5,2,3", "x 2,5,2,3", bias="x 2,2,4,5"),
        call("x 2,4,2,3", "x 2,4,2,3", "x 2,4,2,3", is_causal=True),
        call("x 2,4,4,3", "x 2,5,2,3", "x 2,5,2,3"),
    ),
}
IMAGES: dict[str, Any] = {
    "resize": either(
        call("p 2,6,5,3", one_of((3, 4), (8, 9)), interpolation=one_of("bilinear", "nearest")),
        call("p 6,5,3", (8, 9), interpolation=one_of("bilinear", "nearest")),
        call("p 2,3,6,5", (4, 7), data_format="channels_first"),
        call("p 2,6,5,3", (4, 4), crop_to_aspect_ratio=True),
        call("p 2,6,5,3", (6, 6), pad_to_aspect_ratio=True, fill_value=one_of(0.0, 0.5)),
        call("p 2,8,8,3", (4, 4), antialias=True),
    ),
    "crop_images": either(
        call("p 2,6,5,3", 1, 2, target_height=3, target_width=2),
        call("p 6,5,3", 1, 2, 2, 0),
        call("p 2,3,6,5", 1, 1, 1, 1, data_format="channels_first"),
    ),
    "pad_images": either(
        call("p 2,6,5,3", 1, 2, 3, 0),
        call("p 6,5,3", 1, 2, target_height=9, target_width=8),
        call("p 2,3,6,5", 1, 1, 1, 1, data_format="channels_first"),
    ),
    "extract_patches": call("p 2,6,5,3", one_of(2, (3, 2)), one_of(None, 1), padding=_PADDING),
    "extract_patches_3d": call("p 2,4,4,5,2", one_of(2, (2, 3, 2)), padding=_PADDING),
    "rgb_to_grayscale": either(call("p 2,4,5,3"), call("p 4,5,3"), call("p 2,3,4,5", data_format="channels_first")),
    "rgb_to_hsv": either(call("p 2,4,5,3"), call("p 4,5,3"), call("p 2,3,4,5", data_format="channels_first")),
    "hsv_to_rgb": either(call("p 2,4,5,3"), call("p 4,5,3"), call("p 2,3,4,5", data_format="channels_first")),
    "gaussian_blur": call(
        "p 2,6,5,3", one_of((3, 3), (5, 5)), one_of((1.0, 1.0), (0.5, 1.0)), data_format="channels_last"
    ),
    "sobel_edges": call("p 2,6,5,3"),
    "ssim": call("p 2,12,12,3", "p 2,12,12,3", filter_size=one_of(3, 11)),
    "affine_transform": call(
        "p 2,6,5,3", _AFFINE, one_of("bilinear", "nearest"), one_of("constant", "reflect", "wrap")
    ),
    "perspective_transform": call("p 2,6,5,3", _CORNERS, _MOVED),
    "map_coordinates": either(
        call("x 3,4", "p 2,5", one_of(0, 1), one_of("constant", "nearest", "mirror")),
        call("x 3,4", "x 2,5", 1, one_of("constant", "nearest", "mirror", "reflect", "wrap"), one_of(0.0, 0.5)),
        call("x 3,4,2", "x 3,2,5", 1, one_of("constant", "nearest")),
    ),
    "scale_and_translate": call(
        "p 2,6,5,3",
        (2, 5, 4, 3),
        np.array([0.7, 0.6], "float32"),
        np.array([0.2, 0.1], "float32"),
        (1, 2),
        one_of("linear", "cubic", "lanczos3"),
    ),
}
CASES: dict[str, Any] = {**PRODUCTS, **LAYERS, **IMAGES}
