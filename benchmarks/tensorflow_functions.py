"""What does a function of `tf` cost over the function of torch that it comes to? (`python -m benchmarks tf:`)"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from benchmarks.operations import LARGE, SMALL, TARGETS
from benchmarks.rows import Contest, Row, ratio_row
from benchmarks.timing import Call
from torchkeras_layer import tf as _tf

# Its names are found when they are first read, which a checker of types does not know.
tf: Any = _tf
# By the name: with TensorFlow's function, and by hand. Each gets a tensor of numbers above 0.
BY_HAND: dict[str, tuple[Callable[[Tensor], Any], Callable[[Tensor], Any]]] = {
    "add": (lambda x: tf.add(x, x), lambda x: x + x),
    "exp": (lambda x: tf.exp(x), lambda x: torch.exp(x)),
    "math.log": (lambda x: tf.math.log(x), lambda x: torch.log(x)),
    "cast": (lambda x: tf.cast(x, tf.float16), lambda x: x.to(torch.float16)),
    "reduce_sum": (lambda x: tf.reduce_sum(x, axis=-1), lambda x: torch.sum(x, -1)),
    "reduce_mean": (lambda x: tf.reduce_mean(x, axis=1, keepdims=True), lambda x: torch.mean(x, 1, True)),
    "nn.softmax": (lambda x: tf.nn.softmax(x), lambda x: torch.softmax(x, -1)),
    "nn.relu": (lambda x: tf.nn.relu(x), lambda x: torch.relu(x)),
    "concat": (lambda x: tf.concat([x, x], axis=-1), lambda x: torch.cat([x, x], -1)),
    "where": (lambda x: tf.where(x > 0.5, x, 0.0), lambda x: torch.where(x > 0.5, x, 0.0)),
    "tile": (lambda x: tf.tile(x, [1, 2]), lambda x: torch.tile(x, (1, 2))),
}
# Views, and a large product, show nothing of the call on large tensors.
ONLY_SMALL: dict[str, tuple[Callable[[Tensor], Any], Callable[[Tensor], Any]]] = {
    "matmul": (lambda x: tf.matmul(x, x, transpose_b=True), lambda x: torch.matmul(x, x.mT)),
    "reshape": (lambda x: tf.reshape(x, [-1, 4]), lambda x: torch.reshape(x, (-1, 4))),
    "transpose": (lambda x: tf.transpose(x, perm=[1, 0]), lambda x: x.permute(1, 0)),
    "expand_dims": (lambda x: tf.expand_dims(x, 1), lambda x: x.unsqueeze(1)),
    "shape": (lambda x: tf.shape(x)[0], lambda x: x.shape[0]),
}


def _row(name: str, shape: tuple[int, int]) -> Row:
    function, by_hand = {**BY_HAND, **ONLY_SMALL}[name]

    def contest() -> Contest:
        torch.manual_seed(0)
        x = torch.rand(shape) + 0.1
        return Contest(Call(function, x), [Call(by_hand, x)], None)

    return ratio_row(f"tf: {name} on {shape}", TARGETS[shape], contest)


ROWS = [_row(name, SMALL) for name in (*BY_HAND, *ONLY_SMALL)] + [_row(name, LARGE) for name in BY_HAND]
