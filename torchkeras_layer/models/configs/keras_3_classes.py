"""Which classes of operations does Keras 3 have, and which function is each?

A class takes some arguments of its function when it is made, which are its config, and the others in each call.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from torchkeras_layer.ops.names import PREFIX, operation_named
from torchkeras_layer.ops.table import FILE_OF

_WORD_ENDS = re.compile(r"(?<=[a-z])(?=[A-Z])")
# Classes whose names are not those of the functions in another spelling.
_FUNCTIONS = {
    "AllClose": "allclose",
    "BatchNorm": "batch_normalization",
    "CTCDecode": "ctc_decode",
    "CTCLoss": "ctc_loss",
    "HSVToRGB": "hsv_to_rgb",
    "IsIn": "isin",
    "LayerNorm": "layer_normalization",
    "RGBToGrayscale": "rgb_to_grayscale",
    "RGBToHSV": "rgb_to_hsv",
    "RMSNorm": "rms_normalization",
    "SearchSorted": "searchsorted",
}
# Classes that belong to activation functions, and not to operations.
_ACTIVATIONS = {"Mish": "mish", "ReLU": "relu"}
# Their operations get Python functions, which a config does not contain.
_FILES_WITHOUT_CONFIGS = ("control_flow", "function_transforms")
# The arguments of a call that are not the first ones of the function, in their order.
WORDS_OF_CALLS = {
    "Average": ("x", "weights"),
    "BatchNorm": ("x", "mean", "variance", "offset", "scale"),
    "Full": ("fill_value",),
    "Pad": ("x", "constant_values"),
}
# By their modules in `keras.src`; with the number of arguments of a call, the first ones of the function, if it is not
# one. Of several classes of the same function, the last.
_CLASSES = {
    "activations.activations": "Mish ReLU",
    "ops.core": (
        "Cast ConvertToTensor SaturateCast Scatter:2 ScatterUpdate:3 Slice:2 SliceUpdate:3 StopGradient Unstack"
    ),
    "ops.einops": "Rearrange:2",
    "ops.image": (
        "AffineTransform:2 CropImages ElasticTransform ExtractPatches GaussianBlur HSVToRGB MapCoordinates:2 "
        "PadImages PerspectiveTransform:3 RGBToGrayscale RGBToHSV Resize SSIM:2 ScaleAndTranslate:4 SobelEdges"
    ),
    "ops.linalg": (
        "Cholesky CholeskyInverse Det Eig Eigh Inv Lstsq:2 LuFactor MatrixRank Norm Pinv Qr SVD Solve:2 "
        "SolveTriangular:2"
    ),
    "ops.math": (
        "CDist:2 Erf Erfc Erfinv ExtractSequences FFT FFT2 IFFT2 IRFFT ISTFT InTopK:2 Logdet Logsumexp RFFT Rsqrt "
        "STFT SegmentMax:2 SegmentMin:2 SegmentProd:2 SegmentSum:2 TopK ViewAsComplex ViewAsReal"
    ),
    "ops.nn": (
        "AdaptiveAveragePool AdaptiveMaxPool AveragePool BatchNorm BinaryCrossentropy:2 CTCDecode:2 CTCLoss:4 "
        "CategoricalCrossentropy:2 Celu Conv:2 ConvTranspose:2 DepthToSpace DepthwiseConv:2 DotProductAttention:6 "
        "Elu Fold Gelu Glu HardShrink HardSigmoid HardSilu HardTanh LayerNorm:3 LeakyRelu LogSigmoid LogSoftmax "
        "MaxPool Moments MultiHot Normalize OneHot PSNR:2 Polar:2 RMSNorm:2 Relu Relu6 Selu SeparableConv:3 "
        "Sigmoid Silu SoftShrink Softmax Softplus Softsign SpaceToDepth SparseCategoricalCrossentropy:2 "
        "SparsePlus SparseSigmoid Sparsemax Squareplus TanhShrink Threshold Unfold"
    ),
    "ops.numpy": (
        "Abs BitwiseInvert Conj Fabs LeftShift:2 RightShift:2 TrueDivide:2 Absolute Add:2 All AllClose:2 Amax Amin "
        "Angle Any Append:2 Arange:3 Arccos Arccosh Arcsin Arcsinh Arctan Arctan2:2 Arctanh Argmax Argmin "
        "Argpartition Argsort Array ArraySplit Average Bincount BitwiseAnd:2 BitwiseLeftShift:2 BitwiseNot "
        "BitwiseOr:2 BitwiseRightShift:2 BitwiseXor:2 BroadcastTo Cbrt Ceil Clip Concatenate Conjugate Copy "
        "Corrcoef Correlate:2 Cos Cosh CountNonzero Cross:2 Cumprod Cumsum Deg2rad Diag Diagflat Diagonal Diff "
        "Digitize:2 Divide:2 DivideNoNan:2 Dot:2 Dsplit Dstack Einsum EmptyLike Equal:2 Exp Exp2 ExpandDims Expm1 "
        "Flip Fliplr Flipud Floor FloorDivide:2 Fmax:2 Fmin:2 Fmod:2 Full FullLike:2 Gcd:2 Geomspace:2 GetItem:2 "
        "Greater:2 GreaterEqual:2 Heaviside:2 Histogram Hsplit Hstack Hypot:2 I0 Imag Inner:2 IsIn:2 Isclose:4 "
        "Isfinite Isinf Isnan Isneginf Isposinf Isreal Kron:2 Lcm:2 Ldexp:2 Less:2 LessEqual:2 Linspace:2 Log Log10 "
        "Log1p Log2 Logaddexp:2 Logaddexp2:2 LogicalAnd:2 LogicalNot LogicalOr:2 LogicalXor:2 Logspace:2 Matmul:2 "
        "Max Maximum:2 Mean Median Meshgrid Min Minimum:2 Mod:2 Moveaxis Multiply:2 NanToNum Nanargmax Nanargmin "
        "Nancumprod Nancumsum Nanmax Nanmean Nanmedian Nanmin Nanpercentile:2 Nanprod Nanquantile:2 Nanstd Nansum "
        "Nanvar Ndim Negative Nextafter:2 Nonzero NotEqual:2 OnesLike Outer:2 Pad Percentile:2 Power:2 Prod Ptp "
        "Quantile:2 Rad2deg Ravel Real Reciprocal Repeat Reshape Roll Rot90 Round SearchSorted:2 Select:3 Sign "
        "Signbit Sin Sinc Sinh Size Slogdet Sort Split Sqrt Square Squeeze Stack Std Subtract:2 Sum Swapaxes Take:2 "
        "TakeAlongAxis:2 Tan Tanh Tensordot:2 Tile Trace Transpose Trapezoid Tril Triu Trunc Unique UnravelIndex "
        "Vander Var Vdot:2 View Vsplit Vstack Where:3 ZerosLike"
    ),
}


@dataclass(frozen=True)
class OperationClass:
    """A class of operations.

    Attributes:
        name: its name.
        module: its module in Keras.
        function: what it computes.
        words: the arguments of the function that a call has, in the order of the class.
    """

    name: str
    module: str
    function: Callable[..., Any]
    words: tuple[str, ...]


def operation_of(class_name: str) -> Callable[..., Any] | None:
    """Return the function of a class of operations of Keras 3; `None` if it is not here.

    >>> operation_of("ExpandDims").__name__, operation_of("WhileLoop")
    ('expand_dims', None)
    """
    if class_name in _ACTIVATIONS:
        return operation_named(f"keras.activations.{_ACTIVATIONS[class_name]}")
    name = _FUNCTIONS.get(class_name) or _WORD_ENDS.sub("_", class_name).lower()
    return None if FILE_OF.get(name) in _FILES_WITHOUT_CONFIGS else operation_named(PREFIX + name)


def class_of(function: Callable[..., Any]) -> OperationClass | None:
    """Return the class of operations that a function is; `None` if Keras has none.

    >>> class_of(operation_of("Where")).words, class_of(print)
    (('condition', 'x1', 'x2'), None)
    """
    return _by_function().get(function)


@functools.cache
def _by_function() -> dict[Callable[..., Any], OperationClass]:
    found: dict[Callable[..., Any], OperationClass] = {}
    for module, classes in _CLASSES.items():
        for name, _, count in (row.partition(":") for row in classes.split()):
            function = cast(Callable[..., Any], operation_of(name))
            first = tuple(inspect.signature(function).parameters)[: int(count or 1)]
            words = WORDS_OF_CALLS.get(name, first)
            found[function] = OperationClass(name, f"keras.src.{module}", function, words)
    return found
