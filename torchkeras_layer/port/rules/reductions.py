"""Which functions of the values along axes has torch too?"""

from __future__ import annotations

from torchkeras_layer.port.rules.table import KerasCall, Unfit, rule

_WHEN = "x is known to be a tensor of floating-point numbers, the axes and keepdims are written out"


def _axes(call: KerasCall) -> tuple[str, str]:
    """Return the axes and `keepdims` as torch's arguments."""
    call.only(call.first(), "axis", "keepdims")
    axis, keepdims = call.literal("axis", None), call.literal("keepdims", False)
    axis = tuple(axis) if isinstance(axis, list) else axis
    several = isinstance(axis, tuple) and axis and all(type(one) is int for one in axis)
    if not (axis is None or type(axis) is int or several) or type(keepdims) is not bool:
        raise Unfit
    if axis is None and keepdims:
        raise Unfit
    return ("" if axis is None else repr(axis)), (", keepdim=True" if keepdims else "")


def _method(method: str, names: str, shown: str) -> None:
    def write(call: KerasCall) -> str:
        axes, keepdim = _axes(call)
        return f"{call.floats(call.first())}.{method}({axes}{keepdim})"

    rule(names, keras=shown, torch=f"x.{method}(1)", when=_WHEN)(write)


_method("sum", "K.sum ops.sum tf.reduce_sum tf.math.reduce_sum", "K.sum(x, axis=1)")
_method("mean", "K.mean ops.mean tf.reduce_mean tf.math.reduce_mean", "K.mean(x, axis=1)")
_method("amax", "K.max ops.max tf.reduce_max tf.math.reduce_max", "K.max(x, axis=1)")
_method("amin", "K.min ops.min tf.reduce_min tf.math.reduce_min", "K.min(x, axis=1)")


def _spread(method: str, names: str, shown: str) -> None:
    def write(call: KerasCall) -> str:
        axes, keepdim = _axes(call)
        first = f"{axes}, " if axes else ""
        return f"{call.floats(call.first())}.{method}({first}correction=0{keepdim})"

    rule(names, keras=shown, torch=f"x.{method}(1, correction=0)", when=_WHEN)(write)


_spread("std", "K.std ops.std tf.math.reduce_std", "K.std(x, axis=1)")
_spread("var", "K.var ops.var tf.math.reduce_variance", "K.var(x, axis=1)")


@rule("tf.argmax tf.math.argmax", keras="tf.argmax(x, axis=-1)", torch="x.argmax(-1)",
      when="x is known to be a tensor, the axis is written out, the dtype is not given")  # fmt: skip
def _argmax(call: KerasCall) -> str:
    call.only(call.first(), "axis")
    axis = call.axis("axis", 0)
    return f"{call.tensor(call.first())}.argmax({0 if axis is None else axis})"
