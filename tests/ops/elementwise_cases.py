"""With which arguments are operations tried that work on each value, or on two?"""

from __future__ import annotations

from typing import Any

from tests.ops.arguments import call, either, of, one_of, two

_ANY = (
    "absolute abs fabs arcsinh arctan ceil cos cosh deg2rad rad2deg exp exp2 expm1 floor isfinite isinf isnan isneginf "
    "isposinf isreal logical_not negative sign signbit sin sinc sinh square tan tanh cbrt trunc copy real angle conj "
    "conjugate imag erf erfc i0 zeros_like ones_like ravel stop_gradient nan_to_num "
    "celu elu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh gelu leaky_relu log_sigmoid log_softmax relu "
    "relu6 selu sigmoid silu swish soft_shrink softmax softplus softsign sparse_plus sparse_sigmoid sparsemax "
    "squareplus tanh_shrink round"
)
_PROBABILITIES = "arccos arcsin arctanh erfinv log log10 log1p log2 sqrt rsqrt reciprocal"
_INTS = "bitwise_not bitwise_invert"
_TWO = (
    "add subtract multiply divide true_divide divide_no_nan maximum minimum fmax fmin arctan2 hypot logaddexp "
    "logaddexp2 heaviside equal not_equal greater greater_equal less less_equal nextafter isclose logical_and "
    "logical_or logical_xor allclose"
)
_TWO_OF_NO_ZEROS = "floor_divide mod fmod power"
_TWO_OF_INTS = (
    "gcd lcm bitwise_and bitwise_or bitwise_xor bitwise_left_shift left_shift bitwise_right_shift right_shift"
)

OF_ONE = [*_ANY.split(), *_PROBABILITIES.split(), *_INTS.split()]
OF_TWO = [*_TWO.split(), *_TWO_OF_NO_ZEROS.split(), *_TWO_OF_INTS.split()]
CASES: dict[str, Any] = {
    **dict.fromkeys(_ANY.split(), of("x")),
    **dict.fromkeys(_PROBABILITIES.split(), of("p")),
    **dict.fromkeys(_INTS.split(), of("i")),
    **dict.fromkeys(_TWO.split(), two("x")),
    **dict.fromkeys(_TWO_OF_NO_ZEROS.split(), two("q")),
    **dict.fromkeys(_TWO_OF_INTS.split(), two("i")),
    "arccosh": of("q"),
    "ldexp": of("x", "i"),
    "equal": two("z"),
    "not_equal": two("z"),
    "heaviside": two("z"),
    "isclose": of("x", "x", rtol=[1e-5, 0.5], atol=[1e-8, 0.5]),
    "nan_to_num": of("n", nan=[0.0, 2.0]),
    "isnan": of("n"),
    "isfinite": of("n"),
    "round": of("x", decimals=[0, 1, 2]),
    "gelu": of("x", approximate=[True, False]),
    "elu": of("x", alpha=[1.0, 0.5]),
    "celu": of("x", alpha=[1.0, 0.5]),
    "leaky_relu": of("x", negative_slope=[0.2, 0.5]),
    "hard_shrink": of("x", threshold=[0.5, 1.0]),
    "soft_shrink": of("x", threshold=[0.5, 1.0]),
    "squareplus": of("x", b=[4, 1]),
    "softmax": call("x 2,3,4", axis=one_of(-1, 0, 1, (0, 2))),
    "log_softmax": call("x 2,3,4", axis=one_of(-1, 0, 1)),
    "glu": call("x 2,4,6", axis=one_of(-1, 1, 2)),
    "sparsemax": call("x 2,3", axis=-1),
    "threshold": call("x 2,3", one_of(0.2, 1.0), one_of(-1.0, 2.0)),
    "clip": either(call(one_of("x 2,3", "i 3", "p 2,1"), 0, 1), call("x 2,3", "p 3", "q 2,1")),
    "cast": of("x", dtype=["int32", "float16", "bool", "float64"]),
    "saturate_cast": call("x 2,3", one_of("uint8", "int32", "float16")),
    "convert_to_tensor": call("x 2,3", dtype=one_of(None, "float16", "int32")),
    "array": call("x 2,3", dtype=one_of(None, "float16", "int32")),
    "view": call("x 2,4", dtype=one_of("int32", "float32", "uint8")),
    "view_as_complex": call("x 2,3,2"),
    "polar": call("p 2,3", "x 2,3"),
    "full_like": call("x 2,3", one_of(2, 0.5), dtype=one_of(None, "int32", "float16")),
    "empty_like": call("x 2,3"),
    "zeros": call((2, 3), dtype=one_of(None, "int32", "bool")),
    "ones": call((2, 3), dtype=one_of(None, "int32", "bool")),
    "empty": call((2, 3), dtype=one_of(None, "int32")),
    "full": call((2, 3), one_of(2, 0.5), dtype=one_of(None, "int32", "float16")),
    "eye": call(one_of(2, 3), one_of(None, 4), k=one_of(0, 1, -1)),
    "identity": call(one_of(2, 3), dtype=one_of(None, "int32")),
    "tri": call(one_of(2, 3), one_of(None, 4), k=one_of(0, 1, -1)),
    "arange": call(one_of(0, 1), one_of(5, 7.5), one_of(1, 2, 0.5)),
    "linspace": call("x 2,3", "x 2,3", one_of(1, 4), endpoint=one_of(True, False), axis=one_of(0, -1)),
    "logspace": call("p 3", "q 3", 4, endpoint=one_of(True, False), base=one_of(10, 2.0)),
    "geomspace": call("p 3", "q 3", 4, endpoint=one_of(True, False)),
    "vander": call("x 4", one_of(None, 3), increasing=one_of(True, False)),
    **dict.fromkeys(["bartlett", "blackman", "hamming", "hanning"], call(one_of(1, 4, 5))),
    "kaiser": call(one_of(4, 5), one_of(2.0, 8.0)),
}
