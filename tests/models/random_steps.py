"""Which single calls are random graphs made of? Each fits symbolic and real tensors alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional

import torchkeras_layer as keras
from tests.models.samples import Halves, MaskedMean, Mixes, Report, Scale
from torchkeras_layer.symbolic import is_symbolic

Pick = Callable[[Any], Any]
# One value, in the runs of both sizes.
Tensors = tuple[torch.Tensor, torch.Tensor]
layers = keras.layers


class Part(NamedTuple):
    """Something with weights that steps use: parts of equal `key` can stand for each other."""

    key: tuple[Any, ...]
    make: Callable[[], Any]
    is_random: bool = False


class Kind(NamedTuple):
    """Tells of each argument, given those before, whether it fits; `draw` gives a part or `None`, and the call."""

    accepts: tuple[Callable[..., bool], ...]
    draw: Callable[..., tuple[Part | None, Callable[..., Any]]]


STEPS: list[Kind] = []


def kind(*accepts: Callable[..., bool]) -> Callable[[Any], Any]:
    """Sign a way to draw a step on."""

    def sign_on(draw: Any) -> Any:
        STEPS.append(Kind(accepts, draw))
        return draw

    return sign_on


def floating(pair: Tensors, *_: Tensors) -> bool:
    return pair[0].is_floating_point()


def wide(pair: Tensors, *_: Tensors) -> bool:
    """Floating, at least two axes, and a last one of known size."""
    return floating(pair) and pair[0].dim() > 1 and pair[0].shape[-1] == pair[1].shape[-1] > 0


def single(pair: Tensors, *_: Tensors) -> bool:
    """As float32 is, which parameters and arrays are."""
    return wide(pair) and pair[0].dtype is torch.float32


def series(pair: Tensors, *_: Tensors) -> bool:
    return single(pair) and pair[0].dim() == 3


def tokens(pair: Tensors, *_: Tensors) -> bool:
    return pair[0].dtype is torch.int64 and pair[0].dim() == 2


def like_first(pair: Tensors, first: Tensors, *_: Tensors) -> bool:
    return all(a.shape == b.shape and a.dtype == b.dtype for a, b in zip(pair, first, strict=True))


def apply(layer: Any, *tensors: Any) -> Any:
    return layer(*tensors)


def features(pair: Tensors) -> int:
    return pair[0].shape[-1]


@kind(wide)
def dense(pick: Pick, x: Tensors) -> Any:
    units, activation, dtype = pick([2, 4]), pick([None, "relu", "tanh"]), pick(["float32", "float32", "float64"])
    return Part(("dense", features(x), x[0].dim()), lambda: layers.Dense(units, activation, dtype=dtype)), apply


@kind(single)
def one_layer(pick: Pick, x: Tensors) -> Any:
    name, make = pick(
        [
            ("norm", layers.BatchNormalization),
            ("layer_norm", layers.LayerNormalization),
            ("activation", lambda: layers.Activation("softmax")),
            ("flatten", layers.Flatten),
            ("identity", layers.Identity),
            ("scale", lambda: Scale(0.5)),
            ("halves", Halves),
            ("report", Report),
            ("masking", lambda: layers.Masking(0.5)),
            ("dropout", lambda: layers.Dropout(0.5)),
            ("merge", lambda: layers.Reshape((-1, 1))),
        ]
    )
    return Part((name, features(x), x[0].dim()), make, name == "dropout"), apply


@kind(series)
def series_layer(pick: Pick, x: Tensors) -> Any:
    size = features(x)
    name, make = pick(
        [
            ("mean", MaskedMean),
            ("permute", lambda: layers.Permute((2, 1))),
            ("lstm", lambda: layers.TorchModuleWrapper(nn.LSTM(size, 3, batch_first=True))),
            ("gru", lambda: layers.TorchModuleWrapper(nn.GRU(size, 3, batch_first=True))),
            ("stack", lambda: layers.TorchModuleWrapper(nn.Sequential(nn.Linear(size, 2), nn.LayerNorm(2), nn.Tanh()))),
        ]
    )
    return Part((name, size), make), apply


@kind(lambda pair, *_: single(pair) and pair[0].dim() == 2)
def flat_layer(pick: Pick, x: Tensors) -> Any:
    name, make = pick(
        [
            ("repeat", lambda: layers.RepeatVector(2)),
            ("reshape", lambda: layers.Reshape((1, -1))),
            ("linear", lambda: layers.TorchModuleWrapper(nn.Linear(features(x), 2, bias=False))),
        ]
    )
    return Part((name, features(x)), make), apply


@kind(tokens)
def embedding(pick: Pick, x: Tensors) -> Any:
    return Part(("embedding",), lambda: layers.Embedding(5, 4, mask_zero=True)), apply


@kind(single)
def sequential(pick: Pick, x: Tensors) -> Any:
    size, start = features(x), pick([True, False])
    shape = tuple(a if a == b else None for a, b in zip(x[0].shape, x[1].shape, strict=True))

    def make() -> Any:
        begin = [keras.Input(batch_shape=shape)] if start else []
        return keras.Sequential([*begin, layers.Dense(3), nn.ReLU(), nn.Linear(3, size), layers.Dropout(0.5)])

    def call(model: Any, x: Any) -> Any:
        return model(x) if is_symbolic(x) else model[3](model[2](model[1](model[0](x))))

    return Part(("sequential", shape), make, is_random=True), call


@kind(single, like_first, like_first)
def merging(pick: Pick, x: Tensors, *_: Tensors) -> Any:
    name = pick(["Add", "Multiply", "Concatenate", "Maximum", "Average"])
    return Part((name, x[0].dim()), getattr(layers, name)), lambda layer, *tensors: layer(list(tensors))


@kind(single, like_first, like_first)
def mixing(pick: Pick, x: Tensors, *_: Tensors) -> Any:
    scale = pick([1.0, -2.0])

    def by_keyword(layer: Any, a: Any, b: Any, c: Any) -> Any:
        return layer(a, other=b, scale=scale, more=[c, 1.0])

    def by_position(layer: Any, a: Any, b: Any, c: Any) -> Any:
        return layer(a, b, more=(c,))

    return Part(("mixes", x[0].dim()), Mixes), pick([by_keyword, by_position])


@kind(single)
def parameter(pick: Pick, x: Tensors) -> Any:
    size = features(x)
    call = pick(
        [
            lambda w, x: x @ w,
            lambda w, x: functional.linear(input=x, weight=w),
            lambda w, x: torch.einsum("...i,ij->...j", x, w),
            lambda w, x: torch.add(x, x, alpha=2) @ w,
        ]
    )
    return Part(("parameter", size), lambda: nn.Parameter(torch.randn(size, size))), call


@kind(single)
def array(pick: Pick, x: Tensors) -> Any:
    values = np.linspace(-1, 1, features(x), dtype="float32")
    function = pick(
        [
            lambda x, a: x + a,
            lambda x, a: a * x,
            lambda x, a: a - x,
            lambda x, a: torch.where(x > 0.1, x, torch.as_tensor(a)),
        ]
    )
    return None, lambda _, x: function(x, values if is_symbolic(x) else torch.from_numpy(values))


@kind(wide)
def torch_function(pick: Pick, x: Tensors) -> Any:
    function = pick(
        [
            torch.relu,
            lambda x: functional.softmax(x, dim=-1),
            lambda x: x.sum(-1),
            lambda x: x.mean(dim=-1, keepdim=True),
            lambda x: x.reshape(x.shape[0], -1),
            lambda x: x.view(x.shape[0], -1),
            lambda x: x.flatten(1),
            lambda x: torch.cat([x, x * 2], dim=-1),
            lambda x: torch.stack([x, -x], 1),
            lambda x: x[:, :1],
            lambda x: x[..., 0],
            lambda x: x[:, None] if x.ndim == 2 else x[:, -1],
            lambda x: x.topk(2, -1),
            lambda x: x.chunk(2, dim=-1),
            lambda x: torch.split(x, [1, x.shape[-1] - 1], -1),
            lambda x: x.max(dim=-1).values,
            lambda x: 1 / (x**2 + 1),
            lambda x: functional.pad(x, (1, 0)),
            lambda x: x.to(torch.float64),
            lambda x: (x > 0) & (x < 1),
            lambda x: x.transpose(0, 1).transpose(0, 1),
            lambda x: x.masked_fill(x.gt(0), 0.0),
            lambda x: torch.addcmul(x, x, x, value=0.5),
            lambda x: abs(x) - 1,
            lambda x: x.argmax(-1),
        ]
    )
    return None, lambda _, x: function(x)


@kind(series)
def time_function(pick: Pick, x: Tensors) -> Any:
    function = pick(
        [
            lambda x: (x @ x.mT).softmax(-1) @ x,
            lambda x: x @ x.mT,
            lambda x: x.mean((1, 2)),
            lambda x: x.sum(1),
            lambda x: x[:, 1:] - x[:, :-1],
            lambda x: torch.cat([x, x], 1),
            lambda x: torch.einsum("btf,btg->bfg", x, x),
            lambda x: x.cumsum(dim=1),
            lambda x: functional.scaled_dot_product_attention(x, x, x),
            lambda x: x.permute(0, 2, 1),
            lambda x: x.unbind(-1),
        ]
    )
    return None, lambda _, x: function(x)
