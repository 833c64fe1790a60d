"""Does torch.jit.trace get a whole program out of recurrent layers? TensorBoard's `add_graph` traces too."""

from __future__ import annotations

import pytest
import torch

import torchkeras_layer as keras
from torchkeras_layer._structures import leaves

layers = keras.layers
pytestmark = [
    pytest.mark.filterwarnings("ignore:`torch.jit.trace.*` is deprecated:DeprecationWarning"),
    # For sizes, which a traced program keeps.
    pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning"),
]
SEQUENCES = torch.linspace(-1, 1, 40).reshape(2, 5, 4)
RECURRENT = {
    "SimpleRNN": lambda: layers.SimpleRNN(3),
    "GRU": lambda: layers.GRU(3),
    "LSTM": lambda: layers.LSTM(3),
    "without a bias": lambda: layers.LSTM(3, use_bias=False),
    "all steps": lambda: layers.GRU(3, return_sequences=True),
    "states": lambda: layers.LSTM(3, return_state=True),
    "backwards": lambda: layers.SimpleRNN(3, go_backwards=True),
    "relu": lambda: layers.SimpleRNN(3, "relu"),
    "loop": lambda: layers.GRU(3, reset_after=False),
    "dropout": lambda: layers.LSTM(3, dropout=0.5, recurrent_dropout=0.5),
    "both directions": lambda: layers.Bidirectional(layers.LSTM(3)),
    "two": lambda: keras.Sequential([layers.LSTM(3, return_sequences=True), layers.GRU(2)]),
    "masks": lambda: keras.Sequential([layers.Masking(0.0), layers.LSTM(3, return_sequences=True), layers.GRU(2)]),
    "functional": lambda: _functional(),
}


def _functional():
    x = keras.Input((5, 4))
    return keras.Model(x, layers.LSTM(2)(layers.Bidirectional(layers.GRU(3, return_sequences=True))(x)))


@pytest.mark.parametrize("kind", RECURRENT)
def test_a_recurrent_layer_is_traced_in_inference_mode(kind):
    model = keras.build(RECURRENT[kind](), SEQUENCES).eval()
    traced = torch.jit.trace(model, (SEQUENCES,))
    for ours, torchs in zip(leaves(model(-SEQUENCES)), leaves(traced(-SEQUENCES)), strict=True):
        assert torch.allclose(torchs, ours, atol=1e-6)


def test_a_traced_recurrent_layer_is_trained():
    layer = keras.build(layers.LSTM(3), SEQUENCES)
    traced = torch.jit.trace(layer, (SEQUENCES,))
    traced(SEQUENCES).sum().backward()
    found = [parameter.grad.clone() for parameter in layer.parameters()]
    layer.zero_grad()
    layer(SEQUENCES).sum().backward()
    for parameter, grad in zip(layer.parameters(), found, strict=True):
        assert torch.allclose(parameter.grad, grad, atol=1e-6)
