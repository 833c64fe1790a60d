"""Are the shapes of torch's recurrent modules those that they give for real inputs?"""

from __future__ import annotations

import pytest
import torch
from torch import nn

import torchkeras_layer as keras


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
@pytest.mark.parametrize(
    "arguments",
    [{}, {"batch_first": True}, {"bidirectional": True, "num_layers": 2}, {"batch_first": True, "bidirectional": True}],
    ids=str,
)
def test_shapes_in_a_graph_are_those_of_calls(kind, arguments):
    module = kind(4, 3, **arguments)
    outputs = keras.layers.TorchModuleWrapper(module)(keras.Input((5, 4), batch_size=2))
    output, state = module(torch.ones(2, 5, 4))
    assert outputs[0].shape == tuple(output.shape)
    states = outputs[1] if isinstance(outputs[1], tuple) else (outputs[1],)
    real = state if isinstance(state, tuple) else (state,)
    assert [tensor.shape for tensor in states] == [tuple(tensor.shape) for tensor in real]


def test_free_sizes_stay_free():
    output, state = keras.layers.TorchModuleWrapper(nn.GRU(4, 3, batch_first=True))(keras.Input((None, 4)))
    assert (output.shape, state.shape) == ((None, None, 3), (1, None, 3))
