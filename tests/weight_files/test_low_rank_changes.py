"""Are models of Keras read whose kernels are changed by a product of small matrices (LoRA)?"""

from __future__ import annotations

import numpy as np
import pytest
import torch

import torchkeras_layer as ours
from tests.oracle import keras

pytestmark = [
    pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file"),
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"),
]
X = torch.linspace(-1, 1, 10).reshape(2, 5)
KINDS = {
    "Dense": (lambda: keras.layers.Dense(4, lora_rank=2), X),
    "Dense without a bias": (lambda: keras.layers.Dense(4, lora_rank=1, use_bias=False), X),
    "EinsumDense": (lambda: keras.layers.EinsumDense("ab,bc->ac", 4, lora_rank=2), X),
    "Embedding": (lambda: keras.layers.Embedding(9, 4, lora_rank=2), torch.tensor([[1, 2]])),
    "Conv1D": (lambda: keras.layers.Conv1D(8, 3, lora_rank=2), X[..., None].expand(2, 5, 4)),
}


def _saved_by_keras(layer, x, path):
    given = keras.Input(x.shape[1:], dtype="float32" if x.is_floating_point() else "int32")
    model = keras.Model(given, layer(given))
    draw = np.random.default_rng(0)
    model.set_weights([draw.normal(size=weight.shape) for weight in model.weights])
    model.save(path)
    return model


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_the_kernel_is_the_changed_one(kind, suffix, tmp_path):
    make, x = KINDS[kind]
    model = _saved_by_keras(make(), x, tmp_path / f"model{suffix}")
    mine = ours.models.load_model(tmp_path / f"model{suffix}")
    torch.testing.assert_close(mine(x), model(x), rtol=1e-5, atol=1e-5)
    assert len(mine.weights) == 1 + ("bias" in str(model.weights))


def test_how_much_the_change_counts_is_known_in_archives_only(tmp_path):
    layer = keras.layers.Dense(4, name="head")
    layer.build((None, 5))
    layer.enable_lora(2, lora_alpha=6)
    for suffix in (".keras", ".h5"):
        model = _saved_by_keras(layer, X, tmp_path / f"model{suffix}")
    torch.testing.assert_close(ours.models.load_model(tmp_path / "model.keras")(X), model(X), rtol=1e-5, atol=1e-5)
    with pytest.raises(ours.registry.DeserializationError, match=r"'head' \(Dense\): .*lora_alpha=6.*as \.keras"):
        ours.models.load_model(tmp_path / "model.h5")


def test_a_class_of_the_users_gets_its_arguments(tmp_path):
    class Dense(ours.layers.Dense):
        def __init__(self, units, lora_rank=None, lora_alpha=None, **kwargs):
            super().__init__(units, **kwargs)
            self.lora_rank = lora_rank

    _saved_by_keras(keras.layers.Dense(4, lora_rank=2), X, tmp_path / "model.keras")
    model = ours.models.load_model(tmp_path / "model.keras", custom_objects={"Dense": Dense})
    assert model.layers[1].lora_rank == 2
