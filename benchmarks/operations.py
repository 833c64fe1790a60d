"""What does a function of `keras.ops` cost over the function of torch that it comes to?

`python -m benchmarks.operations` measures all of them, on a small tensor and on a large one; the table of
`python -m benchmarks` has some.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.peers import keras3
from benchmarks.rows import Contest, Row, header, line, ratio_row
from benchmarks.timing import FULL, QUICK, Call
from torchkeras_layer import ops

SMALL, LARGE = (4, 8), (1024, 1024)
# On a small tensor, a call of Python's takes half as long as one of torch's; on a large one, it does not count.
TARGETS = {SMALL: 1.5, LARGE: 1.05}


def _top_two(x: Tensor) -> tuple[Tensor, Tensor]:
    values, indices = torch.topk(x, 2)
    return values, indices.to(torch.int32)


# By the name: the same by hand. Each gets a tensor of numbers above 0.
BY_HAND: dict[str, tuple[Callable[[Any], Callable[[Tensor], Any]], Callable[[Tensor], Any]]] = {
    "add": (lambda o: lambda x: o.add(x, x), lambda x: x + x),
    "add a number": (lambda o: lambda x: o.add(x, 2.5), lambda x: x + 2.5),
    "subtract": (lambda o: lambda x: o.subtract(x, x), lambda x: x - x),
    "multiply": (lambda o: lambda x: o.multiply(x, x), lambda x: x * x),
    "divide": (lambda o: lambda x: o.divide(x, x), lambda x: x / x),
    "power": (lambda o: lambda x: o.power(x, 2), lambda x: x**2),
    "maximum": (lambda o: lambda x: o.maximum(x, x), lambda x: torch.maximum(x, x)),
    "greater": (lambda o: lambda x: o.greater(x, 0.5), lambda x: x > 0.5),
    "equal": (lambda o: lambda x: o.equal(x, x), lambda x: x == x),
    "where": (lambda o: lambda x: o.where(x > 0.5, x, x), lambda x: torch.where(x > 0.5, x, x)),
    "exp": (lambda o: lambda x: o.exp(x), lambda x: torch.exp(x)),
    "log": (lambda o: lambda x: o.log(x), lambda x: torch.log(x)),
    "sqrt": (lambda o: lambda x: o.sqrt(x), lambda x: torch.sqrt(x)),
    "square": (lambda o: lambda x: o.square(x), lambda x: torch.square(x)),
    "abs": (lambda o: lambda x: o.abs(x), lambda x: torch.abs(x)),
    "clip": (lambda o: lambda x: o.clip(x, 0.2, 0.8), lambda x: torch.clamp(x, 0.2, 0.8)),
    "tanh": (lambda o: lambda x: o.tanh(x), lambda x: torch.tanh(x)),
    "relu": (lambda o: lambda x: o.relu(x), lambda x: torch.relu(x)),
    "sigmoid": (lambda o: lambda x: o.sigmoid(x), lambda x: torch.sigmoid(x)),
    "gelu": (lambda o: lambda x: o.gelu(x), lambda x: F.gelu(x, approximate="tanh")),
    "softmax": (lambda o: lambda x: o.softmax(x), lambda x: torch.softmax(x, -1)),
    "cast": (lambda o: lambda x: o.cast(x, "float16"), lambda x: x.to(torch.float16)),
    "stop_gradient": (lambda o: lambda x: o.stop_gradient(x), lambda x: x.detach()),
    "sum": (lambda o: lambda x: o.sum(x), lambda x: torch.sum(x)),
    "sum along an axis": (lambda o: lambda x: o.sum(x, axis=-1), lambda x: torch.sum(x, -1)),
    "mean": (lambda o: lambda x: o.mean(x), lambda x: torch.mean(x)),
    "mean along an axis": (lambda o: lambda x: o.mean(x, axis=1, keepdims=True), lambda x: torch.mean(x, 1, True)),
    "max": (lambda o: lambda x: o.max(x, axis=-1), lambda x: torch.amax(x, -1)),
    "any": (lambda o: lambda x: o.any(x > 0.5, axis=-1), lambda x: torch.any(x > 0.5, -1)),
    "argmax": (lambda o: lambda x: o.argmax(x, axis=-1), lambda x: torch.argmax(x, -1).to(torch.int32)),
    "std": (lambda o: lambda x: o.std(x, axis=-1), lambda x: torch.std(x, -1, correction=0)),
    "cumsum": (lambda o: lambda x: o.cumsum(x, axis=1), lambda x: torch.cumsum(x, 1)),
    "reshape": (lambda o: lambda x: o.reshape(x, (-1, 4)), lambda x: torch.reshape(x, (-1, 4))),
    "transpose": (lambda o: lambda x: o.transpose(x, (1, 0)), lambda x: x.permute(1, 0)),
    "expand_dims": (lambda o: lambda x: o.expand_dims(x, 1), lambda x: x.unsqueeze(1)),
    "squeeze": (lambda o: lambda x: o.squeeze(x[None], 0), lambda x: x[None].squeeze(0)),
    "swapaxes": (lambda o: lambda x: o.swapaxes(x, 0, 1), lambda x: x.swapaxes(0, 1)),
    "broadcast_to": (lambda o: lambda x: o.broadcast_to(x, (2, *x.shape)), lambda x: x.broadcast_to((2, *x.shape))),
    "slice": (lambda o: lambda x: o.slice(x, (0, 1), (2, 2)), lambda x: x[0:2, 1:3]),
    "take": (lambda o: lambda x: o.take(x, x.new_tensor([0, 2]).int(), 0), lambda x: x[x.new_tensor([0, 2]).int()]),
    "concatenate": (lambda o: lambda x: o.concatenate([x, x], -1), lambda x: torch.cat([x, x], -1)),
    "stack": (lambda o: lambda x: o.stack([x, x]), lambda x: torch.stack([x, x])),
    "split": (lambda o: lambda x: o.split(x, 2, -1), lambda x: torch.tensor_split(x, 2, -1)),
    "tile": (lambda o: lambda x: o.tile(x, (1, 2)), lambda x: torch.tile(x, (1, 2))),
    "pad": (lambda o: lambda x: o.pad(x, ((0, 0), (1, 1))), lambda x: F.pad(x, (1, 1))),
    "flip": (lambda o: lambda x: o.flip(x, 1), lambda x: torch.flip(x, (1,))),
    "zeros_like": (lambda o: lambda x: o.zeros_like(x), lambda x: torch.zeros_like(x)),
    "matmul": (lambda o: lambda x: o.matmul(x, x.mT), lambda x: torch.matmul(x, x.mT)),
    "einsum": (lambda o: lambda x: o.einsum("ij,kj->ik", x, x), lambda x: torch.einsum("ij,kj->ik", x, x)),
    "top_k": (lambda o: lambda x: o.top_k(x, 2), _top_two),
    "sort": (lambda o: lambda x: o.sort(x), lambda x: torch.sort(x)),
    "norm": (lambda o: lambda x: o.norm(x, axis=-1), lambda x: torch.linalg.vector_norm(x, 2, -1)),
    "logsumexp": (lambda o: lambda x: o.logsumexp(x, axis=-1), lambda x: torch.logsumexp(x, -1)),
}
# Views take no longer for a large tensor; large products take long, and show nothing of the call.
_ONLY_SMALL = frozenset(
    {"matmul", "einsum", "sort", "stop_gradient", "reshape", "transpose", "expand_dims", "squeeze", "swapaxes", "slice"}
    | {"broadcast_to", "split", "take"}
)
_IN_THE_TABLE = ("add", "exp", "mean along an axis", "softmax", "concatenate")


def _contest(name: str, shape: tuple[int, ...]) -> Contest:
    function, by_hand = BY_HAND[name]
    torch.manual_seed(0)
    x, library = torch.rand(shape) + 0.1, keras3()
    theirs = None if library is None else Call(function(library.ops), x)
    return Contest(Call(function(ops), x), [Call(by_hand, x)], theirs)


def _row(name: str, shape: tuple[int, int]) -> Row:
    return ratio_row(f"ops: {name} on {shape}", TARGETS[shape], lambda: _contest(name, shape))


ALL = [_row(name, shape) for name in BY_HAND for shape in (SMALL, LARGE) if shape == SMALL or name not in _ONLY_SMALL]
ROWS = [_row(name, shape) for name in _IN_THE_TABLE for shape in (SMALL, LARGE)]


def main() -> None:
    """Print the table of all functions, or of those whose names contain a word."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.operations", description=__doc__)
    parser.add_argument("row", nargs="*", help="only rows whose name contains one of these")
    parser.add_argument("--quick", action="store_true", help="measure shortly, for a first impression")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rows = [row for row in ALL if not arguments.row or any(word in row.name for word in arguments.row)]
    print(header(rows))
    for row in rows:
        print(line(rows, row, row.measure(QUICK if arguments.quick else FULL)), flush=True)


if __name__ == "__main__":
    main()
