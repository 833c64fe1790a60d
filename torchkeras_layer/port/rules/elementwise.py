"""Which functions of each value of a tensor has torch too?"""

from __future__ import annotations

from torchkeras_layer.port.rules.table import KerasCall, Unfit, rule

_SAME = {
    "exp": "K.exp ops.exp tf.exp tf.math.exp",
    "log": "K.log ops.log tf.math.log",
    "sqrt": "ops.sqrt tf.sqrt tf.math.sqrt",
    "rsqrt": "ops.rsqrt tf.math.rsqrt",
    "abs": "K.abs ops.abs ops.absolute tf.abs tf.math.abs",
    "square": "K.square ops.square tf.square tf.math.square",
    "sign": "K.sign ops.sign tf.sign tf.math.sign",
    "floor": "ops.floor tf.floor tf.math.floor",
    "round": "K.round ops.round tf.round tf.math.round",
    "sin": "K.sin ops.sin tf.sin tf.math.sin",
    "cos": "K.cos ops.cos tf.cos tf.math.cos",
    "tanh": "K.tanh ops.tanh tf.tanh tf.math.tanh tf.nn.tanh activations.tanh",
    "sigmoid": "K.sigmoid ops.sigmoid tf.sigmoid tf.math.sigmoid tf.nn.sigmoid activations.sigmoid",
    "log1p": "ops.log1p tf.math.log1p",
    "expm1": "ops.expm1 tf.math.expm1",
    "erf": "ops.erf tf.math.erf",
    "relu": "K.relu ops.relu tf.nn.relu activations.relu",
    "isnan": "ops.isnan tf.math.is_nan",
    "isfinite": "ops.isfinite tf.math.is_finite",
    "zeros_like": "K.zeros_like ops.zeros_like tf.zeros_like",
    "ones_like": "K.ones_like ops.ones_like tf.ones_like",
}
_OPERATORS = {
    "+": "ops.add tf.add tf.math.add",
    "-": "ops.subtract tf.subtract tf.math.subtract",
    "*": "ops.multiply tf.multiply tf.math.multiply",
    "==": "K.equal ops.equal tf.equal tf.math.equal",
    "!=": "K.not_equal ops.not_equal tf.not_equal tf.math.not_equal",
    ">": "K.greater ops.greater tf.greater tf.math.greater",
    ">=": "K.greater_equal ops.greater_equal tf.greater_equal tf.math.greater_equal",
    "<": "K.less ops.less tf.less tf.math.less",
    "<=": "K.less_equal ops.less_equal tf.less_equal tf.math.less_equal",
}
_OF_TWO_FLOATS = {
    "maximum": "K.maximum ops.maximum tf.maximum tf.math.maximum",
    "minimum": "K.minimum ops.minimum tf.minimum tf.math.minimum",
}
_ALONG_AN_AXIS = {
    "softmax": "K.softmax ops.softmax tf.nn.softmax activations.softmax",
    "log_softmax": "ops.log_softmax tf.nn.log_softmax",
}
_DTYPES = ("float16", "float32", "float64", "bfloat16", "int8", "int16", "int32", "int64", "uint8", "bool")


def _of_one(function: str, names: str) -> None:
    first = names.split()[0]

    def write(call: KerasCall) -> str:
        call.only(call.first())
        call.tensor(call.first())
        return f"torch.{function}({call.text(call.first())})"

    rule(names, keras=f"{first}(x)", torch=f"torch.{function}(x)")(write)


def _of_two(operator: str, names: str) -> None:
    first = names.split()[0]

    def write(call: KerasCall) -> str:
        one, other = _pair(call)
        return f"{call.tensor(one)} {operator} {call.tensor(other)}"

    rule(names, keras=f"{first}(x, y)", torch=f"x {operator} y", when="both are known to be tensors")(write)


def _of_two_floats(function: str, names: str) -> None:
    first = names.split()[0]

    def write(call: KerasCall) -> str:
        one, other = _pair(call)
        call.floats(one)
        call.floats(other)
        return f"torch.{function}({call.text(one)}, {call.text(other)})"

    when = "both are known to be tensors of floating-point numbers"
    rule(names, keras=f"{first}(x, y)", torch=f"torch.{function}(x, y)", when=when)(write)


def _along_an_axis(function: str, names: str) -> None:
    first = names.split()[0]

    def write(call: KerasCall) -> str:
        call.only(call.first(), "axis")
        call.tensor(call.first())
        axis = call.axis("axis", -1)
        return f"torch.{function}({call.text(call.first())}, {-1 if axis is None else axis})"

    when = "x is known to be a tensor, the axis is a number"
    rule(names, keras=f"{first}(x)", torch=f"torch.{function}(x, -1)", when=when)(write)


def _pair(call: KerasCall) -> tuple[str, str]:
    if len(call.given()) != 2:
        raise Unfit
    one, other = (argument for argument in call.order() if argument in call.given())
    return one, other


for _function, _names in _SAME.items():
    _of_one(_function, _names)
for _operator, _names in _OPERATORS.items():
    _of_two(_operator, _names)
for _function, _names in _OF_TWO_FLOATS.items():
    _of_two_floats(_function, _names)
for _function, _names in _ALONG_AN_AXIS.items():
    _along_an_axis(_function, _names)


@rule("ops.negative tf.negative tf.math.negative", keras="ops.negative(x)", torch="-x")
def _negative(call: KerasCall) -> str:
    call.only(call.first())
    return f"-{call.tensor(call.first())}"


@rule("K.pow ops.power tf.pow tf.math.pow", keras="K.pow(x, 2)", torch="x**2",
      when="x is known to be a tensor, the exponent is a number")  # fmt: skip
def _power(call: KerasCall) -> str:
    one, other = _pair(call)
    if type(call.literal(other, None)) not in (int, float):
        raise Unfit
    return f"{call.tensor(one)}**{call.operand(other)}"


@rule("K.clip ops.clip tf.clip_by_value", keras="K.clip(x, 0.1, 0.9)", torch="x.clamp(0.1, 0.9)",
      when="x is known to be a tensor of floating-point numbers, the limits are numbers")  # fmt: skip
def _clip(call: KerasCall) -> str:
    x, low, high = call.order()[:3]
    for limit in (low, high):
        if type(call.literal(limit, None)) not in (int, float):
            raise Unfit
    call.only(x, low, high)
    return f"{call.floats(x)}.clamp({call.text(low)}, {call.text(high)})"


@rule("K.stop_gradient ops.stop_gradient tf.stop_gradient", keras="K.stop_gradient(x)", torch="x.detach()")
def _stop_gradient(call: KerasCall) -> str:
    call.only(call.first())
    return f"{call.tensor(call.first())}.detach()"


@rule("K.cast ops.cast tf.cast", keras="K.cast(x, 'int32')", torch="x.to(torch.int32)",
      when="x is known to be a tensor, the dtype is written out")  # fmt: skip
def _cast(call: KerasCall) -> str:
    call.only(call.first(), "dtype")
    return f"{call.tensor(call.first())}.to(torch.{_dtype(call)})"


def _dtype(call: KerasCall) -> str:
    name = call.context.name_of(call.value("dtype"))
    dtype = name.removeprefix("tf.") if name else call.literal("dtype", None)
    if dtype not in _DTYPES:
        raise Unfit
    return dtype
