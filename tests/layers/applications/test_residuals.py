"""Do the layers of ConvNeXt and InceptionResNetV2 drop, load by the names in files, and refuse nonsense?"""

from __future__ import annotations

import pytest
import torch

import torchkeras_layer as ours
from tests.oracle import keras
from torchkeras_layer import layers

CLASSES = {
    "convnext": [
        ("LayerScale", {"init_values": 0.5, "projection_dim": 3}),
        ("StochasticDepth", {"drop_path_rate": 0.2}),
    ],
    "inception_resnet_v2": [("CustomScaleLayer", {"scale": 0.5})],
}
NAMED = [(module, name, arguments) for module, pairs in CLASSES.items() for name, arguments in pairs]


@pytest.mark.parametrize("rate", [0.25, 0.7])
def test_stochastic_depth_drops_samples_and_keeps_the_mean(rate):
    layer = layers.StochasticDepth(rate)
    torch.manual_seed(0)
    outputs = layer(torch.ones(20000, 2))
    assert torch.equal(outputs[:, 0], outputs[:, 1])
    torch.testing.assert_close(outputs.unique(), torch.tensor([0, 1 / (1 - rate)]))
    assert float(outputs.mean()) == pytest.approx(1, abs=0.03)
    torch.manual_seed(0)
    assert torch.equal(layer(torch.ones(20000, 2)), outputs)


def test_the_limits_of_stochastic_depth():
    x = torch.ones(3, 2)
    assert torch.equal(layers.StochasticDepth(1.0)(x), torch.zeros(3, 2))
    assert layers.StochasticDepth(0.0)(x) is x


@pytest.mark.parametrize(("module", "name", "arguments"), NAMED)
@pytest.mark.parametrize("package", ["keras.src", "keras", "tf_keras.src"])
def test_files_name_the_module_of_the_model(package, module, name, arguments):
    written = {"module": f"{package}.applications.{module}", "class_name": name, "registered_name": name}
    layer = layers.deserialize({**written, "config": {"name": "one", **arguments}})
    assert type(layer) is getattr(layers, name)


@pytest.mark.parametrize(("module", "name", "arguments"), NAMED)
def test_keras_finds_its_own_class_in_our_config(module, name, arguments):
    theirs = keras.layers.deserialize(ours.layers.serialize(getattr(layers, name)(**arguments)))
    assert isinstance(theirs, getattr(getattr(keras.src.applications, module), name))


def test_nonsense_is_refused():
    with pytest.raises(ValueError, match=r"projection_dim must be the size .* Received: projection_dim=3 .*\(2, 4\)"):
        layers.LayerScale(0.1, 3)(torch.ones(2, 4))
    with pytest.raises(ValueError, match=r"expects a list of 2 inputs.*Received: Tensor"):
        layers.CustomScaleLayer(0.1)(torch.ones(2, 4))
    with pytest.raises(ValueError, match="drop_path_rate must be a number from 0 to 1"):
        layers.StochasticDepth(1.5)
