"""Which functions that join and multiply tensors has torch too?"""

from __future__ import annotations

from torchkeras_layer.port.rules.table import KerasCall, Unfit, rule


def _listed(call: KerasCall, argument: str) -> str:
    if not all(map(call.tensors.is_float, call.parts(argument))):
        raise Unfit
    return call.text(argument)


@rule("K.concatenate ops.concatenate tf.concat", keras="K.concatenate([x, y], axis=-1)", torch="torch.cat([x, y], -1)",
      when="a list of tensors of floating-point numbers, the axis is written out")  # fmt: skip
def _concatenate(call: KerasCall) -> str:
    call.only(call.first(), "axis")
    axis = call.axis("axis", 0 if call.name == "keras.ops.concatenate" else -1)
    if axis is None:
        raise Unfit
    return f"torch.cat({_listed(call, call.first())}, {axis})"


@rule("K.stack ops.stack tf.stack", keras="K.stack([x, y], axis=1)", torch="torch.stack([x, y], 1)",
      when="a list of tensors of floating-point numbers, the axis is written out")  # fmt: skip
def _stack(call: KerasCall) -> str:
    call.only(call.first(), "axis")
    axis = call.axis("axis", 0)
    if axis is None:
        raise Unfit
    return f"torch.stack({_listed(call, call.first())}, {axis})"


@rule("ops.matmul tf.matmul tf.linalg.matmul", keras="tf.matmul(x, w)", torch="x @ w",
      when="both are known to be tensors of floating-point numbers, nothing is transposed")  # fmt: skip
def _matmul(call: KerasCall) -> str:
    one, other = call.order()[:2]
    call.only(one, other)
    return f"{call.floats(one)} @ {call.floats(other)}"


@rule("K.dot", keras="K.dot(x, w)", torch="x @ w",
      when="x is known to be a tensor, w a weight of two axes, as the shape of its add_weight shows")  # fmt: skip
def _dot(call: KerasCall) -> str:
    x, y = call.order()[:2]
    if not call.tensors.is_matrix(call.value(y)):
        raise Unfit
    return f"{call.tensor(x)} @ {call.operand(y)}"
