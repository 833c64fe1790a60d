"""Which functions that change the shape of a tensor has torch too?"""

from __future__ import annotations

from torchkeras_layer.port.rules.table import KerasCall, Unfit, rule


@rule("K.reshape ops.reshape tf.reshape", keras="K.reshape(x, (-1, 4))", torch="x.reshape(-1, 4)",
      when="x is known to be a tensor, the shape is a tuple or list without None")  # fmt: skip
def _reshape(call: KerasCall) -> str:
    x, shape = call.order()[:2]
    call.only(x, shape)
    return f"{call.tensor(x)}.reshape({', '.join(call.elements(shape))})"


@rule("K.permute_dimensions ops.transpose tf.transpose", keras="K.permute_dimensions(x, (1, 0))",
      torch="x.permute(1, 0)", when="x is known to be a tensor, the axes are written out")  # fmt: skip
def _permute(call: KerasCall) -> str:
    x, axes = call.order()[:2]
    call.only(x, axes)
    order = call.literal(axes, None)
    if not isinstance(order, (tuple, list)) or not all(type(axis) is int for axis in order):
        raise Unfit
    return f"{call.tensor(x)}.permute({', '.join(map(str, order))})"


@rule("K.expand_dims ops.expand_dims tf.expand_dims", keras="K.expand_dims(x, axis=1)", torch="x.unsqueeze(1)",
      when="x is known to be a tensor, the axis is written out")  # fmt: skip
def _expand_dims(call: KerasCall) -> str:
    call.only(call.first(), "axis")
    axis = call.axis("axis", -1)
    if axis is None:
        raise Unfit
    return f"{call.tensor(call.first())}.unsqueeze({axis})"


@rule(
    "K.squeeze ops.squeeze tf.squeeze",
    keras="K.squeeze(x, axis=1)",
    torch="x.squeeze(1)",
    when="x is known to be a tensor, the axis is written out; torch's does nothing to an axis that is not 1",
)
def _squeeze(call: KerasCall) -> str:
    call.only(call.first(), "axis")
    axis = call.axis("axis", None)
    if axis is None:
        raise Unfit
    return f"{call.tensor(call.first())}.squeeze({axis})"


@rule("K.flatten", keras="K.flatten(x)", torch="x.reshape(-1)")
def _flatten(call: KerasCall) -> str:
    call.only(call.first())
    return f"{call.tensor(call.first())}.reshape(-1)"


@rule("K.batch_flatten", keras="K.batch_flatten(x)", torch="x.flatten(1)")
def _batch_flatten(call: KerasCall) -> str:
    call.only(call.first())
    return f"{call.tensor(call.first())}.flatten(1)"


@rule("K.ndim ops.ndim", keras="K.ndim(x)", torch="x.ndim")
def _rank(call: KerasCall) -> str:
    call.only(call.first())
    return f"{call.tensor(call.first())}.ndim"
