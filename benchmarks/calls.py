"""What does one forward call cost?"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import torch
from torch import nn

import torchkeras_layer as keras
from benchmarks.peers import BATCH, WIDTH, dense_stack, keras3, linear_stack
from benchmarks.rows import Contest, ratio_row
from benchmarks.timing import Call


class _PlainIdentity(nn.Module):
    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return inputs


def _identity(library: ModuleType) -> Any:
    class Identity(library.layers.Layer):
        def call(self, inputs: Any) -> Any:
            return inputs

    return Identity()


def _identities() -> Contest:
    return _contest(_identity(keras), _PlainIdentity(), torch.ones(4, 8), _identity)


def _dense() -> Contest:
    return _contest(keras.layers.Dense(8), nn.Linear(8, 8), torch.randn(4, 8), lambda k: k.layers.Dense(8))


def _stacks() -> Contest:
    return _contest(dense_stack(keras), linear_stack(), torch.randn(BATCH, WIDTH), dense_stack)


def _embedding() -> Contest:
    tokens = torch.randint(0, 1000, (32, 50))
    return _contest(
        keras.layers.Embedding(1000, 64),
        nn.Embedding(1000, 64),
        tokens,
        lambda k: k.layers.Embedding(1000, 64),
    )


def _layer_normalization() -> Contest:
    return _contest(
        keras.layers.LayerNormalization(),
        nn.LayerNorm(128, eps=1e-3),
        torch.randn(32, 64, 128),
        lambda k: k.layers.LayerNormalization(),
    )


def _contest(ours: Any, by_hand: nn.Module, inputs: torch.Tensor, in_keras: Any) -> Contest:
    library = keras3()
    theirs = None if library is None else Call(in_keras(library), inputs)
    return Contest(Call(ours, inputs), [Call(by_hand, inputs)], theirs)


ROWS = [
    ratio_row("identity call", 1.8, _identities),
    ratio_row("Dense(8) on (4, 8)", 1.05, _dense),
    ratio_row("20 Dense(64, relu) in nn.Sequential, batch 32", 0.95, _stacks),
    ratio_row("Embedding(1000, 64) on (32, 50)", 1.15, _embedding),
    ratio_row("LayerNormalization on (32, 64, 128)", 1.05, _layer_normalization),
]
