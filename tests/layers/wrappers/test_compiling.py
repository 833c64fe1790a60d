"""Do wrapped and convolutional recurrent layers compile to one graph with masks, states and in training, and export?"""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch._dynamo.testing import CompileCounterWithBackend

import torchkeras_layer as ours
from torchkeras_layer._structures import leaves

L = ours.layers
_SEQUENCES, _FILM = (2, 3, 3), (2, 3, 4, 4, 2)

_LAYERS = {
    "all outputs and states": (lambda: L.Bidirectional(_lstm(return_state=True), merge_mode=None), _SEQUENCES),
    "stateful": (lambda: L.Bidirectional(L.GRU(2, stateful=True)), _SEQUENCES),
    "loop": (lambda: L.Bidirectional(L.GRU(2, reset_after=False, return_sequences=True)), _SEQUENCES),
    "images": (lambda: L.ConvLSTM2D(2, 2, padding="same", return_sequences=True), _FILM),
    "stateful images": (lambda: L.ConvLSTM2D(2, 3, return_state=True, stateful=True), _FILM),
    "a layer with a mask": (lambda: L.TimeDistributed(L.GRU(2)), (2, 3, 3, 3)),
    "step by step": (lambda: L.TimeDistributed(L.BatchNormalization()), _SEQUENCES),
}

_MASK = torch.tensor([[True, False, True], [True, True, False]])
_MASKS = {
    "all outputs and states": _MASK,
    "loop": _MASK,
    "stateful images": _MASK,
    "a layer with a mask": torch.ones(2, 3, 3, dtype=torch.bool).tril(),
}


def _lstm(**arguments: Any) -> Any:
    return L.LSTM(2, return_sequences=True, **arguments)


@pytest.mark.parametrize("name", list(_LAYERS))
def test_training_compiles_to_one_graph(name):
    make, shape = _LAYERS[name]
    layer = make()
    torch.manual_seed(0)
    inputs = torch.randn(shape)
    layer.build(shape)
    inputs._keras_mask = _MASKS.get(name)
    eager = copy.deepcopy(layer)
    torch._dynamo.reset()
    counter = CompileCounterWithBackend("aot_eager")
    compiled = torch.compile(layer, backend=counter, fullgraph=True)
    for _ in range(2):
        outputs, expected = compiled(inputs), eager(inputs)
        torch.testing.assert_close(outputs, expected)
        mine, theirs = (
            torch.autograd.grad(sum((one**2).sum() for one in leaves(result)), list(model.parameters()))
            for result, model in ((outputs, layer), (expected, eager))
        )
        torch.testing.assert_close(mine, theirs)
    assert counter.frame_count == 1


def test_a_mask_goes_through_an_exported_program():
    model = ours.Sequential(
        [L.Embedding(9, 3, mask_zero=True), L.Bidirectional(_lstm()), L.TimeDistributed(L.Dense(2))]
    ).eval()
    tokens = torch.tensor([[3, 4, 0, 0], [0, 1, 2, 8]])
    expected = model(tokens)
    program = torch.export.export(model, (tokens,), dynamic_shapes=({0: torch.export.Dim("batch", min=2)},))
    torch.testing.assert_close(program.module()(tokens), expected)
    more = torch.cat([tokens, tokens.flip(0)])
    torch.testing.assert_close(program.module()(more), model(more))
