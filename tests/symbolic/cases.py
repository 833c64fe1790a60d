"""Which operations on symbolic tensors do the tests try?

Each case is a function of symbolic or real tensors, by the inputs that it takes: `x` (None, 3, 4), `y` (None, 4),
`i` integers (None, 4), `b` booleans (None, 4), `c` complex numbers (None, 4).
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import torch
from torch.nn import functional

INPUTS = {
    "x": ((3, 4), torch.float32),
    "y": ((4,), torch.float32),
    "i": ((4,), torch.int64),
    "b": ((4,), torch.bool),
    "c": ((4,), torch.complex64),
}
W = torch.arange(8.0).reshape(4, 2) / 8
INDEX = torch.tensor([2, 0])
ARRAY = np.array([1.0, -2.0, 3.0, 0.5], dtype="float32")

ARITHMETIC = ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow"]
COMPARISONS = ["lt", "le", "gt", "ge", "eq", "ne"]
LOGIC = ["and_", "or_", "xor"]


def _binary(name: str) -> list[tuple[str, Any]]:
    function = getattr(operator, name)
    return [
        (f"y {name} 2.5", lambda y: function(y, 2.5)),
        (f"2.5 {name} y", lambda y: function(2.5, y)),
        (f"y {name} x", lambda y, x: function(y[:, None], x)),
        (f"y {name} tensor", lambda y: function(y, torch.from_numpy(ARRAY))),
        (f"tensor {name} y", lambda y: function(torch.from_numpy(ARRAY), y)),
        (f"i {name} 3", lambda i: function(i, 3)),
    ]


OPERATORS: list[tuple[str, Any]] = [
    *[case for name in (*ARITHMETIC, *COMPARISONS) for case in _binary(name)],
    *[
        case
        for name in LOGIC
        for case in [
            (f"b {name} b", lambda b, name=name: getattr(operator, name)(b, ~b)),
            (f"i {name} 3", lambda i, name=name: getattr(operator, name)(i, 3)),
            (f"True {name} b", lambda b, name=name: getattr(operator, name)(True, b)),
        ]
    ],
    ("-y", lambda y: -y),
    ("+y", lambda y: +y),
    ("~b", lambda b: ~b),
    ("abs(y)", lambda y: abs(y)),
    ("i << 1", lambda i: i << 1),
    ("i >> 1", lambda i: i >> 1),
    ("y @ W", lambda y: y @ W),
    ("W.T @ x.mT", lambda x: W.T @ x.mT),
    ("x @ x.mT", lambda x: x @ x.mT),
    ("y += 1", lambda y: operator.iadd(y, 1)),
    ("y *= y", lambda y: operator.imul(y, y)),
]

INDEXING: list[tuple[str, Any]] = [
    ("x[0]", lambda x: x[0]),
    ("x[-1, 1]", lambda x: x[-1, 1]),
    ("x[:, 1]", lambda x: x[:, 1]),
    ("x[..., 0]", lambda x: x[..., 0]),
    ("x[:, None]", lambda x: x[:, None]),
    ("x[:, 1:, ::2]", lambda x: x[:, 1:, ::2]),
    ("x[1:]", lambda x: x[1:]),
    ("x[:, [0, 2]]", lambda x: x[:, [0, 2]]),
    ("x[:, INDEX]", lambda x: x[:, INDEX]),
    ("x[:, numpy]", lambda x: x[:, np.array([0, 2])]),
    ("y[:, i of another]", lambda y, i: y[:, i[0] % 4]),
    ("y[b]", lambda y: y[torch.ones_like(y, dtype=torch.bool)].sum()),
]

METHODS: list[tuple[str, Any]] = [
    ("sum()", lambda x: x.sum()),
    ("sum(-1)", lambda x: x.sum(-1)),
    ("mean((1, 2))", lambda x: x.mean((1, 2))),
    ("mean(dim, keepdim)", lambda x: x.mean(dim=1, keepdim=True)),
    ("std(1)", lambda x: x.std(1)),
    ("view", lambda x: x.view(x.shape[0], -1)),
    ("view(tuple)", lambda x: x.view((x.shape[0], 2, 6))),
    ("reshape", lambda x: x.reshape(x.shape[0], 12)),
    ("reshape(-1)", lambda x: x.reshape(-1, 4)),
    ("reshape(size)", lambda x: x.reshape(x.size(0), x.size(2), x.size(1))),
    ("flatten(1)", lambda x: x.flatten(1)),
    ("unflatten", lambda x: x.unflatten(2, (2, 2))),
    ("transpose", lambda x: x.transpose(1, 2)),
    ("permute", lambda x: x.permute(0, 2, 1)),
    ("unsqueeze", lambda x: x.unsqueeze(-1)),
    ("squeeze", lambda x: x[:, :1].squeeze(1)),
    ("expand", lambda y: y[:, None].expand(-1, 5, -1)),
    ("repeat", lambda x: x.repeat(1, 2, 1)),
    ("softmax", lambda x: x.softmax(-1)),
    ("clamp", lambda x: x.clamp(min=0, max=0.5)),
    ("double", lambda x: x.double()),
    ("to", lambda x: x.to(torch.float16)),
    ("int", lambda x: (x * 10).int()),
    ("type_as", lambda y, i: i.type_as(y)),
    ("argmax", lambda x: x.argmax(-1)),
    ("topk", lambda x: x.topk(2)),
    ("max(1)", lambda x: x.max(1)),
    ("split", lambda x: x.split(2, dim=2)),
    ("chunk", lambda x: x.chunk(3, 1)),
    ("unbind", lambda x: x.unbind(1)),
    ("masked_fill", lambda x: x.masked_fill(x > 0, 0.0)),
    ("gather", lambda y, i: y.gather(1, i % 4)),
    ("detach().clone()", lambda x: x.detach().clone().contiguous()),
    ("new_zeros", lambda y: y.new_zeros((3, 2)) + y.sum()),
    ("T", lambda y: y.T),
    ("t()", lambda y: y.t()),
    ("mT", lambda x: x.mT),
    ("real", lambda c: c.real),
    ("imag", lambda c: c.imag),
    ("abs", lambda c: c.abs()),
    ("conj", lambda c: c.conj()),
]

FUNCTIONS: list[tuple[str, Any]] = [
    ("relu", lambda x: torch.relu(x)),
    ("gelu", lambda x: functional.gelu(x)),
    ("softmax", lambda x: functional.softmax(x, dim=-1)),
    ("cat", lambda x: torch.cat([x, x * 2], 1)),
    ("cat batches", lambda x: torch.cat([x, x], 0)),
    ("cat keywords", lambda y: torch.cat(tensors=[y, torch.zeros(1, 4)], dim=0)),
    ("stack", lambda x: torch.stack((x, x + 1), dim=1)),
    ("einsum", lambda x: torch.einsum("bij,bik->bjk", x, x)),
    ("where", lambda x: torch.where(x > 0, x, 0.0)),
    ("where(1, ...)", lambda y: torch.where(torch.tensor([True, False, True, False]), y, -y)),
    ("sum", lambda x: torch.sum(x, dim=(1, 2))),
    ("bmm", lambda x: torch.bmm(x, x.mT)),
    ("maximum", lambda x: torch.maximum(x, torch.zeros(()))),
    ("split", lambda x: torch.split(x, [1, 2], dim=1)),
    ("norm", lambda x: torch.linalg.norm(x, dim=-1)),
    ("pad", lambda x: functional.pad(x, (1, 2))),
    ("layer_norm", lambda x: functional.layer_norm(x, (4,))),
    ("one_hot", lambda x: functional.one_hot(x.argmax(-1), 4)),
    ("zeros_like", lambda x: torch.zeros_like(x)),
    ("ones_like", lambda i: torch.ones_like(i, dtype=torch.float64)),
    ("rfft", lambda x: torch.fft.rfft(x).abs()),
    ("conv1d", lambda x: functional.conv1d(x, torch.ones(2, 3, 2))),
    ("linear", lambda x: functional.linear(x, W.mT, torch.ones(2))),
    ("addmm", lambda y: torch.addmm(torch.ones(2), y, W)),
    ("dropout", lambda x: functional.dropout(x, 0.5, training=False)),
    ("attention", lambda x: functional.scaled_dot_product_attention(x, x, x)),
    ("embedding", lambda i: functional.embedding(i % 4, W)),
    ("cumsum", lambda x: torch.cumsum(x, dim=1)),
    ("sort", lambda x: torch.sort(x, dim=-1)),
    ("outer", lambda x: torch.outer(x[0, 0], x[0, 1])),
    ("cosine", lambda y: functional.cosine_similarity(y, y * 2 + 1)),
    ("interpolate", lambda x: functional.interpolate(x, scale_factor=2.0)),
    ("view_as_real", lambda c: torch.view_as_real(c)),
    ("logical_and", lambda b: torch.logical_and(b, b)),
    ("promotion", lambda y, i: y + i),
]

# Of an input and an array: what a real tensor gives with the array as a tensor.
NUMPY: list[tuple[str, Any]] = [
    *[(f"y {name} array", lambda y, array, name=name: getattr(operator, name)(y, array)) for name in ARITHMETIC],
    *[(f"array {name} y", lambda y, array, name=name: getattr(operator, name)(array, y)) for name in ARITHMETIC],
    *[(f"array {name} y", lambda y, array, name=name: getattr(operator, name)(array, y)) for name in COMPARISONS],
    ("array @ x.mT", lambda x, array: array[None] @ x.mT),
    ("number * y", lambda y, array: array[1] * y),
    ("y ** number", lambda y, array: y ** array[0]),
]
