"""Does torch.jit.trace get a whole program out of every layer, one that the ONNX exporter for it can write?

TensorBoard's `add_graph` traces too.
"""

from __future__ import annotations

import pytest
import torch
from torch.overrides import TorchFunctionMode

import torchkeras_layer as keras
from tests.conformance.cases import CASES
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


@pytest.mark.parametrize(
    "layer",
    [
        layers.DepthwiseConv2D(3, 2, padding="same"),
        layers.BatchNormalization(),
        layers.GlobalMaxPooling2D(),
        layers.MaxPooling2D(padding="same"),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_a_program_does_not_depend_on_whether_gradients_are_asked_for(layer):
    images = torch.linspace(-1, 1, 64).reshape(1, 4, 4, 4)
    keras.build(layer, images).eval()
    traced = torch.jit.trace(layer, (images,))
    assert torch.allclose(traced(-images), layer(-images), atol=1e-6)


class _AxesOfPermutations(TorchFunctionMode):
    """Collects the axes that `movedim` and `permute` are given."""

    def __init__(self):
        super().__init__()
        self.axes = []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function.__name__ in ("movedim", "moveaxis", "permute"):
            self.axes += [leaf for leaf in leaves(args) if not isinstance(leaf, torch.Tensor)]
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_no_layer_permutes_by_negative_axes(case):
    # The exporter writes `movedim(-1, 1)` as `perm = [0, -1, 1, 2]`, which is no permutation.
    layer = case.ready()
    with _AxesOfPermutations() as mode:
        case.run(layer, case.inputs())
    assert min(mode.axes, default=0) >= 0


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_no_activation_permutes_by_negative_axes(name):
    with _AxesOfPermutations() as mode:
        getattr(keras.activations, name)(torch.ones(2, 3, 4), axis=(-1, -2))
    assert min(mode.axes) >= 0


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_a_pooling_layer_is_written_with_a_permutation(data_format):
    images = torch.linspace(-1, 1, 128).reshape(1, 4, 8, 4)
    layer = keras.build(layers.MaxPooling2D(2, data_format=data_format), images).eval()
    graph = torch.jit.trace(layer, (images,)).inlined_graph
    values = [node.i("value") for node in graph.findAllNodes("prim::Constant") if node.hasAttribute("value")]
    moves = [[one.toIValue() for one in list(node.inputs())[1:]] for node in graph.findAllNodes("aten::movedim")]
    assert values
    assert moves == ([] if data_format == "channels_first" else [[3, 1], [1, 3]])
