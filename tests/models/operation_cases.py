"""With which arguments are the operations of Keras 3 tried in models?

A case is a class of operations, a function of `keras.ops` and symbolic inputs, and the kinds of the inputs.
"""

from __future__ import annotations

import numpy as np

from tests.oracle import keras

SHAPES = {
    "x": (3, 4),  # numbers of both signs
    "p": (3, 4),  # numbers between 0 and 1
    "q": (3, 4),  # numbers above 1
    "i": (3, 4),  # ints from 0 to 3
    "b": (3, 4),  # bools
    "n": (3, 4),  # numbers and NaN
    "v": (4,),  # vectors
    "s": (3, 3),  # positive definite matrices
    "g": (7, 6, 3),  # images
    "h": (3, 6, 6),  # images with the channels first
    "l": (8, 3),  # sequences
    "w": (16,),  # signals
}
DTYPES = {"i": "int32", "b": "bool"}
BATCH = 2


def data_for(kind: str, number: int) -> np.ndarray:
    """Return the values of an input."""
    rng = np.random.default_rng(number)
    shape = (BATCH, *SHAPES[kind])
    if kind == "i":
        return rng.integers(0, 4, shape).astype("int32")
    if kind == "b":
        return rng.integers(0, 2, shape).astype(bool)
    if kind == "s":
        x = rng.normal(size=shape)
        return (x @ x.transpose(0, 2, 1) + 3 * np.eye(3)).astype("float32")
    if kind in "pgh":
        return rng.uniform(0.02, 0.98, shape).astype("float32")
    x = rng.normal(size=shape).astype("float32")
    if kind == "q":
        return np.abs(x) + 1.25
    if kind == "n":
        x[0, 0, 1] = x[1, 2, 3] = np.nan
    return x


def _same(names, kinds):
    """Operations of which only the name differs."""
    spelled = [name.split(":") for name in names.split()]
    return [(cls, lambda ops, *xs, f=f: getattr(ops, f)(*xs), kinds) for cls, f in spelled]


_POINTS = [[[0.0, 0.0], [5.0, 0.0], [0.0, 6.0], [5.0, 6.0]]]
_MOVED = [[[1.0, 0.5], [5.0, 0.0], [0.0, 6.0], [4.0, 5.0]]]

ELEMENTWISE = [
    *_same(
        "Absolute:absolute Fabs:fabs Arctan:arctan Arcsinh:arcsinh Ceil:ceil Cos:cos Cosh:cosh Deg2rad:deg2rad "
        "Erf:erf Erfc:erfc Exp:exp Exp2:exp2 Expm1:expm1 Floor:floor I0:i0 Isfinite:isfinite Isinf:isinf Isnan:isnan "
        "Isneginf:isneginf Isposinf:isposinf Isreal:isreal Negative:negative Rad2deg:rad2deg Real:real "
        "Reciprocal:reciprocal Round:round Sign:sign Signbit:signbit Sin:sin Sinc:sinc Sinh:sinh Square:square Tan:tan "
        "Tanh:tanh Trunc:trunc Cbrt:cbrt Copy:copy OnesLike:ones_like ZerosLike:zeros_like "
        "Angle:angle StopGradient:stop_gradient ConvertToTensor:convert_to_tensor "
        "Celu:celu Elu:elu Glu:glu HardShrink:hard_shrink HardSigmoid:hard_sigmoid HardSilu:hard_silu "
        "HardTanh:hard_tanh Gelu:gelu LeakyRelu:leaky_relu LogSigmoid:log_sigmoid LogSoftmax:log_softmax Relu:relu "
        "Relu6:relu6 Selu:selu Sigmoid:sigmoid Silu:silu SoftShrink:soft_shrink Softmax:softmax Softplus:softplus "
        "Softsign:softsign SparsePlus:sparse_plus SparseSigmoid:sparse_sigmoid Sparsemax:sparsemax "
        "Squareplus:squareplus TanhShrink:tanh_shrink Ravel:ravel",
        "x",
    ),
    *_same("Arccos:arccos Arcsin:arcsin Arctanh:arctanh Erfinv:erfinv Log:log Log10:log10 Log1p:log1p Log2:log2", "p"),
    *_same("Arccosh:arccosh Rsqrt:rsqrt Sqrt:sqrt", "q"),
    *_same("LogicalNot:logical_not Ceil:ceil Exp:exp Sqrt:sqrt Square:square Relu:relu Sin:sin Floor:floor", "i"),
    *_same("BitwiseNot:bitwise_not BitwiseInvert:bitwise_invert Absolute:absolute Sign:sign Negative:negative", "i"),
    ("Gelu", lambda ops, x: ops.gelu(x, approximate=False), "x"),
    ("Round", lambda ops, x: ops.round(x, 1), "x"),
    ("Clip", lambda ops, x: ops.clip(x, -0.5, 0.5), "x"),
    ("Clip", lambda ops, x: ops.clip(x, 1, 2), "i"),
    ("Cast", lambda ops, x: ops.cast(x, "int32"), "x"),
    ("SaturateCast", lambda ops, x: ops.saturate_cast(100 * x, "uint8"), "x"),
    ("NanToNum", lambda ops, x: ops.nan_to_num(x, nan=2.0), "n"),
    ("Threshold", lambda ops, x: ops.threshold(x, 0.2, -1.0), "x"),
    ("FullLike", lambda ops, x: ops.full_like(x, 2), "x"),
    ("LeakyRelu", lambda ops, x: ops.leaky_relu(x, 0.4), "x"),
    ("Softmax", lambda ops, x: ops.softmax(x, axis=1), "x"),
    ("ViewAsReal", lambda ops, x: ops.view_as_real(ops.view_as_complex(ops.reshape(x, (-1, 3, 2, 2)))), "x"),
    ("Polar", lambda ops, x, y: ops.view_as_real(ops.polar(ops.abs(x), y)), "xx"),
    ("ReLU", lambda ops, x: keras.activations.relu(x, max_value=0.8, threshold=0.1, negative_slope=0.2), "x"),
    ("ViewAsComplex", lambda ops, x: ops.real(ops.conj(ops.view_as_complex(x[..., :2]))), "x"),
    ("View", lambda ops, x: ops.view(x, "int32"), "x"),
    ("Array", lambda ops, x: ops.array(x, "float64"), "x"),
]
ARITHMETIC = [
    *_same(
        "Add:add Subtract:subtract Multiply:multiply Divide:divide TrueDivide:true_divide DivideNoNan:divide_no_nan "
        "FloorDivide:floor_divide Mod:mod Fmod:fmod Maximum:maximum Minimum:minimum Fmax:fmax Fmin:fmin "
        "Arctan2:arctan2 Hypot:hypot Logaddexp:logaddexp Logaddexp2:logaddexp2 Heaviside:heaviside Equal:equal "
        "NotEqual:not_equal Greater:greater GreaterEqual:greater_equal Less:less LessEqual:less_equal "
        "Nextafter:nextafter Isclose:isclose AllClose:allclose",
        "xx",
    ),
    *_same("Add:add Subtract:subtract Divide:divide Maximum:maximum Equal:equal Power:power Multiply:multiply", "ii"),
    *_same("Gcd:gcd Lcm:lcm BitwiseAnd:bitwise_and BitwiseOr:bitwise_or BitwiseXor:bitwise_xor Ldexp:ldexp", "ii"),
    *_same("LeftShift:left_shift RightShift:right_shift BitwiseLeftShift:bitwise_left_shift", "ii"),
    *_same("BitwiseRightShift:bitwise_right_shift", "ii"),
    ("Mod", lambda ops, x: x % 3, "i"),
    ("FloorDivide", lambda ops, x: x // 3, "i"),
    *_same("LogicalAnd:logical_and LogicalOr:logical_or LogicalXor:logical_xor Add:add Maximum:maximum", "bb"),
    *_same("Add:add Multiply:multiply Subtract:subtract Divide:divide Greater:greater", "xi"),
    ("Add", lambda ops, x: 2.5 + x, "i"),
    ("Subtract", lambda ops, x: 1 - x, "x"),
    ("Multiply", lambda ops, x: x * np.array([1.0, 2.0, 3.0, 4.0], "float32"), "x"),
    ("Power", lambda ops, x: x**2, "x"),
    ("Power", lambda ops, x: 2.0**x, "x"),
    ("Power", lambda ops, x, y: ops.power(x, y), "qx"),
    ("Mod", lambda ops, x: x % 2, "x"),
    ("FloorDivide", lambda ops, x: x // 0.5, "x"),
    ("Greater", lambda ops, x: x > 0, "x"),
    ("LogicalAnd", lambda ops, x: (x > 0) & (x < 1), "x"),
]
REDUCTIONS = [
    *_same(
        "All:all Any:any Amax:amax Amin:amin Argmax:argmax Argmin:argmin CountNonzero:count_nonzero Cumprod:cumprod "
        "Cumsum:cumsum Max:max Mean:mean Median:median Min:min Prod:prod Ptp:ptp Std:std Sum:sum Var:var "
        "Logsumexp:logsumexp Average:average Trapezoid:trapezoid",
        "x",
    ),
    *_same(
        "Nanmax:nanmax Nanmin:nanmin Nanmean:nanmean Nanmedian:nanmedian Nanprod:nanprod Nanstd:nanstd Nansum:nansum "
        "Nanvar:nanvar Nancumsum:nancumsum Nancumprod:nancumprod Nanargmax:nanargmax Nanargmin:nanargmin",
        "n",
    ),
    *_same("Sum:sum Mean:mean Max:max Prod:prod Cumsum:cumsum Std:std Argmax:argmax", "i"),
    *_same("Sum:sum All:all Any:any Mean:mean", "b"),
    ("Mean", lambda ops, x: ops.mean(x, axis=(1, 2), keepdims=True), "x"),
    ("Sum", lambda ops, x: ops.sum(x, axis=-1), "x"),
    ("Prod", lambda ops, x: ops.prod(x, axis=(1, 2)), "x"),
    ("Max", lambda ops, x: ops.max(x, axis=1, keepdims=True, initial=0.5), "x"),
    ("Any", lambda ops, x: ops.any(x > 1, axis=-1), "x"),
    ("Var", lambda ops, x: ops.var(x, axis=1, keepdims=True), "x"),
    ("Argmax", lambda ops, x: ops.argmax(x, axis=-1, keepdims=True), "x"),
    ("Average", lambda ops, x: ops.average(x, axis=2, weights=_np([1.0, 2.0, 3.0, 4.0])), "x"),
    ("Cumsum", lambda ops, x: ops.cumsum(x, axis=1), "x"),
    ("Median", lambda ops, x: ops.median(x, axis=(1, 2)), "x"),
    ("Quantile", lambda ops, x: ops.quantile(x, [0.1, 0.5], axis=1, keepdims=True), "x"),
    ("Percentile", lambda ops, x: ops.percentile(x, 30, axis=-1), "x"),
    ("Nanquantile", lambda ops, x: ops.nanquantile(x, 0.4, axis=1), "n"),
    ("Nanpercentile", lambda ops, x: ops.nanpercentile(x, 40, axis=1), "n"),
    ("Nanargmax", lambda ops, x: ops.nanargmax(x, axis=2), "n"),
    ("Trace", lambda ops, x: ops.trace(x, axis1=1, axis2=2), "s"),
    ("Trapezoid", lambda ops, x: ops.trapezoid(x, dx=0.5, axis=1), "x"),
    ("Moments", lambda ops, x: ops.moments(x, axes=[1], keepdims=True), "x"),
    ("Logsumexp", lambda ops, x: ops.logsumexp(x, axis=1, keepdims=True), "x"),
]
SHAPING = [
    ("Reshape", lambda ops, x: ops.reshape(x, (-1, 2, 6)), "x"),
    ("Transpose", lambda ops, x: ops.transpose(x, (0, 2, 1)), "x"),
    ("Transpose", lambda ops, x: ops.transpose(x), "x"),
    ("Moveaxis", lambda ops, x: ops.moveaxis(x, 1, -1), "x"),
    ("Swapaxes", lambda ops, x: ops.swapaxes(x, 1, 2), "x"),
    ("ExpandDims", lambda ops, x: ops.expand_dims(x, (1, -1)), "x"),
    ("Squeeze", lambda ops, x: ops.squeeze(x[:, :1], axis=1), "x"),
    ("BroadcastTo", lambda ops, x: ops.broadcast_to(ops.max(x, axis=0, keepdims=True), (5, 3, 4)), "x"),
    ("Flip", lambda ops, x: ops.flip(x, axis=1), "x"),
    ("Fliplr", lambda ops, x: ops.fliplr(x), "x"),
    ("Flipud", lambda ops, x: ops.flipud(x), "x"),
    ("Roll", lambda ops, x: ops.roll(x, 2, axis=1), "x"),
    ("Rot90", lambda ops, x: ops.rot90(x, k=3, axes=(1, 2)), "x"),
    ("Diagonal", lambda ops, x: ops.diagonal(x, offset=1, axis1=1, axis2=2), "x"),
    ("Diag", lambda ops, x: ops.diag(ops.max(x, axis=(0, 1))), "x"),
    ("Diagflat", lambda ops, x: ops.diagflat(ops.max(x, axis=(0, 1)), k=1), "x"),
    ("Tril", lambda ops, x: ops.tril(x, k=1), "x"),
    ("Triu", lambda ops, x: ops.triu(x), "x"),
    ("DepthToSpace", lambda ops, x: ops.depth_to_space(x[..., None] * np.ones(8, "float32"), 2), "x"),
    ("SpaceToDepth", lambda ops, x: ops.space_to_depth(x[:, :6], 3), "g"),
    ("Rearrange", lambda ops, x: ops.rearrange(x, "b t (h c) -> b h c t", h=2), "x"),
    ("Concatenate", lambda ops, x, y: ops.concatenate([x, y, x], axis=1), "xx"),
    ("Concatenate", lambda ops, x, y: ops.concatenate([x, y], axis=-1), "xi"),
    ("Append", lambda ops, x, y: ops.append(x, y, axis=2), "xx"),
    ("Stack", lambda ops, x, y: ops.stack([x, y], axis=2), "xx"),
    ("Hstack", lambda ops, x, y: ops.hstack([x, y]), "xx"),
    ("Vstack", lambda ops, x, y: ops.vstack([x, y]), "xx"),
    ("Dstack", lambda ops, x, y: ops.dstack([x, y]), "xx"),
    ("Split", lambda ops, x: ops.split(x, 2, axis=2), "x"),
    ("Split", lambda ops, x: ops.split(x, [1, 3], axis=-1)[1], "x"),
    ("ArraySplit", lambda ops, x: ops.array_split(x, 3, axis=2), "x"),
    ("Hsplit", lambda ops, x: ops.hsplit(x, 3), "x"),
    ("Dsplit", lambda ops, x: ops.dsplit(x, [1]), "x"),
    ("Vsplit", lambda ops, x: ops.vsplit(ops.transpose(x), 2), "x"),
    ("Unstack", lambda ops, x: ops.unstack(x, axis=1), "x"),
    ("Tile", lambda ops, x: ops.tile(x, (1, 2, 1)), "x"),
    ("Repeat", lambda ops, x: ops.repeat(x, 2, axis=1), "x"),
    ("Meshgrid", lambda ops, x: ops.meshgrid(ops.max(x, axis=(0, 1)), ops.max(x, axis=(0, 2))), "x"),
    ("Pad", lambda ops, x: ops.pad(x, ((0, 0), (1, 2), (0, 1)), constant_values=3.0), "x"),
    ("Pad", lambda ops, x: ops.pad(x, ((0, 0), (1, 2), (0, 0)), mode="reflect"), "x"),
]
INDEXING = [
    ("GetItem", lambda ops, x: x[:, 1], "x"),
    ("GetItem", lambda ops, x: x[..., ::2], "x"),
    ("GetItem", lambda ops, x: x[:, None, -2:, 1:3], "x"),
    ("Take", lambda ops, x: ops.take(x, [2, 0, -1], axis=2), "x"),
    ("Take", lambda ops, x, i: ops.take(ops.max(x, axis=(0, 1)), i), "xi"),
    ("TakeAlongAxis", lambda ops, x, i: ops.take_along_axis(x, i, axis=2), "xi"),
    ("Where", lambda ops, x, y: ops.where(x > 0, x, y), "xx"),
    ("Where", lambda ops, x: ops.where(x > 0, 1.0, 0.0), "x"),
    ("Select", lambda ops, x, y: ops.select([x > 1, y > 0], [x, y], -1.0), "xx"),
    ("Slice", lambda ops, x: ops.slice(x, (0, 1, 2), (2, 2, 2)), "x"),
    ("SliceUpdate", lambda ops, x, y: ops.slice_update(x, (0, 1, 0), y[:, :2]), "xx"),
    ("Scatter", lambda ops, x: ops.scatter([[0], [2], [0]], ops.max(x, axis=(0, 2)), (4,)), "x"),
    ("ScatterUpdate", lambda ops, x, y: ops.scatter_update(x, [[0, 1], [1, 2]], y[0, :2]), "xx"),
    ("UnravelIndex", lambda ops, i: ops.unravel_index(i, (2, 3)), "i"),
    ("Unique", lambda ops, i: ops.unique(i, return_counts=True), "i"),
    ("Full", lambda ops, x: ops.full((2, 3), ops.max(x)), "x"),
    ("Diff", lambda ops, x: ops.diff(x, axis=1), "x"),
    ("Digitize", lambda ops, x: ops.digitize(x, _np([-1.0, 0.0, 1.0])), "x"),
    ("SearchSorted", lambda ops, x, y: ops.searchsorted(ops.sort(ops.ravel(x)), ops.ravel(y)), "xx"),
    ("Sort", lambda ops, x: ops.sort(x, axis=1), "x"),
    ("Argsort", lambda ops, x: ops.argsort(x, axis=-1), "x"),
    ("TopK", lambda ops, x: ops.top_k(x, 2), "x"),
    ("InTopK", lambda ops, x, i: ops.in_top_k(i[:, 0, 0], x[:, 0], 2), "xi"),
    ("IsIn", lambda ops, i: ops.isin(i, [1, 3]), "i"),
    ("Bincount", lambda ops, i: ops.bincount(ops.ravel(i), minlength=6), "i"),
    ("OneHot", lambda ops, i: ops.one_hot(i, 5), "i"),
    ("OneHot", lambda ops, i: ops.one_hot(i, 4, axis=1, dtype="int32"), "i"),
    ("MultiHot", lambda ops, i: ops.multi_hot(i, 4), "i"),
    ("SegmentSum", lambda ops, x: ops.segment_sum(ops.transpose(x), np.array([0, 2, 0, 1]), num_segments=4), "x"),
    ("SegmentMax", lambda ops, x: ops.segment_max(ops.transpose(x), np.array([0, 2, 0, 1]), num_segments=3), "x"),
    ("SegmentMin", lambda ops, x: ops.segment_min(ops.transpose(x), np.array([0, 2, 0, 1]), num_segments=3), "x"),
    ("SegmentProd", lambda ops, x: ops.segment_prod(ops.transpose(x), np.array([0, 2, 0, 1]), num_segments=4), "x"),
    ("Vander", lambda ops, x: ops.vander(ops.max(x, axis=(0, 1)), 3), "x"),
    ("Linspace", lambda ops, x, y: ops.linspace(x, y, 3), "xx"),
    ("Logspace", lambda ops, x, y: ops.logspace(x, y, 3), "pp"),
    ("Geomspace", lambda ops, x, y: ops.geomspace(x, y, 3), "pp"),
]
PRODUCTS = [
    ("Matmul", lambda ops, x, s: x @ ops.transpose(x, (0, 2, 1)), "xs"),
    ("Matmul", lambda ops, i: ops.matmul(i, ops.swapaxes(i, 1, 2)), "i"),
    ("Dot", lambda ops, x, s: ops.dot(x, np.ones((4, 2), "float32")), "xs"),
    ("Inner", lambda ops, x: ops.inner(x, np.ones((5, 4), "float32")), "x"),
    ("Outer", lambda ops, x, y: ops.outer(x, y), "xx"),
    ("Vdot", lambda ops, x, y: ops.vdot(ops.ravel(x), ops.ravel(y)), "xx"),
    ("Tensordot", lambda ops, x, y: ops.tensordot(x, y, axes=[[1, 2], [1, 2]]), "xx"),
    ("Einsum", lambda ops, x, y: ops.einsum("bij,bkj->bik", x, y), "xx"),
    ("Kron", lambda ops, x, y: ops.kron(x, y), "xx"),
    ("Correlate", lambda ops, x: ops.correlate(ops.max(x, axis=(0, 1)), np.ones(2, "float32"), mode="full"), "x"),
    *_same("Cholesky:cholesky Det:det Inv:inv Pinv:pinv Slogdet:slogdet Logdet:logdet Norm:norm", "s"),
    ("CholeskyInverse", lambda ops, s: ops.cholesky_inverse(ops.cholesky(s)[0]), "s"),
    ("Eigh", lambda ops, s: ops.eigh(s)[0], "s"),
    ("Eig", lambda ops, s: ops.real(ops.sum(ops.eig(s)[0], axis=-1)), "s"),
    ("MatrixRank", lambda ops, s: ops.matrix_rank(s), "s"),
    ("Lstsq", lambda ops, s: ops.lstsq(s[0], ops.max(s, axis=0)), "s"),
    ("LuFactor", lambda ops, s: ops.lu_factor(s)[0], "s"),
    ("Norm", lambda ops, x: ops.norm(x, ord=1, axis=-1, keepdims=True), "x"),
    ("Norm", lambda ops, x: ops.norm(x, axis=(1, 2)), "x"),
    ("Qr", lambda ops, s: ops.abs(ops.qr(s)[1]), "s"),
    ("SVD", lambda ops, x: ops.svd(x, full_matrices=False)[1], "x"),
    ("Solve", lambda ops, s: ops.solve(s, ops.transpose(s, (0, 2, 1))), "s"),
    ("SolveTriangular", lambda ops, s: ops.solve_triangular(s, s, lower=True), "s"),
    ("CDist", lambda ops, x, y: ops.cdist(x, y), "xx"),
    ("Corrcoef", lambda ops, x: ops.corrcoef(ops.max(x, axis=0)), "x"),
    ("FFT", lambda ops, x, y: ops.fft((x, y)), "xx"),
    ("FFT2", lambda ops, x, y: ops.fft2((x, y)), "xx"),
    ("IFFT2", lambda ops, x, y: ops.ifft2((x, y)), "xx"),
    ("RFFT", lambda ops, x: ops.rfft(x, 6), "x"),
    ("IRFFT", lambda ops, x, y: ops.irfft((x, y), 4), "xx"),
    ("ExtractSequences", lambda ops, w: ops.extract_sequences(w, 4, 3), "w"),
    ("STFT", lambda ops, w: ops.stft(w, 4, 2, 8), "w"),
    ("ISTFT", lambda ops, w: ops.istft(ops.stft(w, 8, 2, 8), 8, 2, 8), "w"),
]
LAYERS = [
    ("Conv", lambda ops, g: ops.conv(g, _kernel(3, 3, 3, 2), 2, "same"), "g"),
    ("Conv", lambda ops, x: ops.conv(x, _kernel(2, 3, 5), 1, "valid", dilation_rate=2), "l"),
    ("DepthwiseConv", lambda ops, g: ops.depthwise_conv(g, _kernel(3, 3, 3, 2), 1, "same"), "g"),
    ("SeparableConv", lambda ops, g: ops.separable_conv(g, _kernel(3, 3, 3, 2), _kernel(1, 1, 6, 4), 1, "same"), "g"),
    ("MaxPool", lambda ops, g: ops.max_pool(g, 3, 2, "same"), "g"),
    ("MaxPool", lambda ops, x: ops.max_pool(x, 2), "l"),
    ("AveragePool", lambda ops, g: ops.average_pool(g, (2, 3), 2), "g"),
    ("AdaptiveAveragePool", lambda ops, g: ops.adaptive_average_pool(g, (3, 3)), "g"),
    ("AdaptiveMaxPool", lambda ops, g: ops.adaptive_max_pool(g, (2, 3)), "g"),
    ("Unfold", lambda ops, h: ops.unfold(h, 3), "h"),
    ("Fold", lambda ops, h: ops.fold(ops.unfold(h, 3), (6, 6), 3), "h"),
    (
        "BatchNorm",
        lambda ops, x: ops.batch_normalization(x, np.ones(4, "float32"), np.full(4, 2.0, "float32"), -1),
        "x",
    ),
    ("LayerNorm", lambda ops, x: ops.layer_normalization(x, np.full(4, 2.0, "float32"), axis=-1, epsilon=0.01), "x"),
    ("RMSNorm", lambda ops, x: ops.rms_normalization(x, axis=-1), "x"),
    ("Normalize", lambda ops, x: ops.normalize(x, axis=1, order=2), "x"),
    ("BinaryCrossentropy", lambda ops, x, y: ops.binary_crossentropy(x, y), "pp"),
    ("BinaryCrossentropy", lambda ops, x, y: ops.binary_crossentropy(x, y, from_logits=True), "px"),
    ("CategoricalCrossentropy", lambda ops, x, y: ops.categorical_crossentropy(x, y), "pp"),
    ("SparseCategoricalCrossentropy", lambda ops, i, y: ops.sparse_categorical_crossentropy(i[..., 0], y), "ip"),
    ("CTCDecode", lambda ops, x: ops.ctc_decode(x, [8, 7]), "l"),
    ("PSNR", lambda ops, x, y: ops.psnr(x, y, 1.0), "pp"),
    ("DotProductAttention", lambda ops, k, q: ops.dot_product_attention(*_heads(ops, k, q), is_causal=True), "ll"),
    ("DotProductAttention", lambda ops, k, q: ops.dot_product_attention(*_heads(ops, k, q), scale=0.3), "ll"),
]
IMAGES = [
    ("Resize", lambda ops, g: ops.image.resize(g, (4, 9)), "g"),
    ("Resize", lambda ops, g: ops.image.resize(g, (14, 12), interpolation="nearest"), "g"),
    ("Resize", lambda ops, g: ops.image.resize(g, (5, 5), crop_to_aspect_ratio=True), "g"),
    ("CropImages", lambda ops, g: ops.image.crop_images(g, 1, 2, target_height=3, target_width=4), "g"),
    ("PadImages", lambda ops, g: ops.image.pad_images(g, 1, 2, 3, 0), "g"),
    ("ExtractPatches", lambda ops, g: ops.image.extract_patches(g, 3, 2, padding="same"), "g"),
    ("RGBToGrayscale", lambda ops, g: ops.image.rgb_to_grayscale(g), "g"),
    ("RGBToHSV", lambda ops, g: ops.image.rgb_to_hsv(g), "g"),
    ("HSVToRGB", lambda ops, g: ops.image.hsv_to_rgb(g), "g"),
    ("GaussianBlur", lambda ops, g: ops.image.gaussian_blur(g, (3, 3), (1.0, 0.5)), "g"),
    ("SobelEdges", lambda ops, g: ops.image.sobel_edges(g), "g"),
    ("SSIM", lambda ops, a, b: ops.image.ssim(a, b, filter_size=3), "gg"),
    ("AffineTransform", lambda ops, g: ops.image.affine_transform(g, _AFFINE, fill_mode="reflect"), "g"),
    ("AffineTransform", lambda ops, g: ops.image.affine_transform(g, _AFFINE, interpolation="nearest"), "g"),
    ("PerspectiveTransform", lambda ops, g: ops.image.perspective_transform(g, _np(_POINTS * 2), _np(_MOVED * 2)), "g"),
    ("MapCoordinates", lambda ops, x: ops.image.map_coordinates(x, _np(_COORDINATES), 1, fill_mode="mirror"), "x"),
    (
        "ScaleAndTranslate",
        lambda ops, g: ops.image.scale_and_translate(
            g, (2, 5, 4, 3), _np([0.7, 0.6]), _np([0.2, 0.1]), (1, 2), "cubic"
        ),
        "g",
    ),
]
_AFFINE = np.array([[1.0, 0.2, -0.5, -0.1, 0.9, 1.0, 0.0, 0.0]] * 2, "float32")
_COORDINATES = [[0.0, 1.0, 0.5], [1.5, -2.0, 2.0], [0.25, 3.0, 5.0]]
FAMILIES = {
    "elementwise": ELEMENTWISE,
    "arithmetic": ARITHMETIC,
    "reductions": REDUCTIONS,
    "shapes": SHAPING,
    "indices": INDEXING,
    "products": PRODUCTS,
    "layers": LAYERS,
    "images": IMAGES,
}


def _np(values):
    return np.array(values, "float32")


def _kernel(*shape):
    return np.random.default_rng(7).normal(size=shape).astype("float32")


def _heads(ops, x, y):
    return [ops.reshape(values, (-1, 4, 2, 3)) for values in (x, y, x + y)]
