"""What is left of the library once torch.compile is through with it?"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import torch
from torch._dynamo.utils import counters

import torchkeras_layer as keras
from benchmarks.peers import BATCH, WIDTH, dense_stack, keras3, linear_stack
from benchmarks.rows import Contest, Measured, Row, ratio_row
from benchmarks.timing import Call, Effort


def _stacks() -> Contest:
    library = keras3()
    theirs = None if library is None else _compiled(dense_stack(library))
    return Contest(_compiled(dense_stack(keras)), [_compiled(linear_stack())], theirs)


def _compiled(model: torch.nn.Module) -> Call:
    inputs = torch.randn(BATCH, WIDTH)
    model(inputs)
    call = Call(torch.compile(torch.no_grad()(model)), inputs)
    call.seconds(3)
    return call


def _graphs(_: Effort) -> Measured:
    library = keras3()
    theirs = None if library is None else sum(_count(library))
    graphs, breaks = _count(keras)
    return Measured(graphs + breaks, theirs, f"{graphs} graphs, {breaks} breaks")


def _count(library: ModuleType) -> tuple[int, int]:
    """Compile layers of which the last adds a loss, call them 5 times, and count graphs and breaks."""

    class Penalty(library.layers.Layer):
        def call(self, inputs: Any) -> Any:
            self.add_loss(inputs.square().mean())
            return inputs

    model = torch.nn.Sequential(library.layers.Dense(8), Penalty())
    inputs = torch.randn(4, 8)
    model(inputs)
    torch._dynamo.reset()
    counters.clear()
    compiled = torch.compile(model, backend="eager")
    for _ in range(5):
        compiled(inputs)
    return counters["stats"]["unique_graphs"], sum(counters["graph_break"].values())


ROWS = [
    ratio_row("the same 20 Dense, compiled, forward", 1.02, _stacks),
    Row("graphs and breaks, 5 compiled calls with add_loss", 1, _graphs, ""),
]
