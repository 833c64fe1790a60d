"""What does a porter read where Keras has something that is not here?"""

from __future__ import annotations

import pytest
import torch

import torchkeras_layer as keras
from torchkeras_layer._absent import ADVICE, instead_of


def small():
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)], name="small")


class Own(keras.Model):
    def call(self, inputs):
        return inputs


@pytest.mark.parametrize("make", [small, lambda: keras.Model(x := keras.Input((3,)), x * 2), Own])
@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("fit", r"loss\.backward\(\), optimizer\.step\(\)"),
        ("train_on_batch", "Train as in PyTorch"),
        ("predict", r"model\.eval\(\).*torch\.no_grad\(\)"),
        ("evaluate", "losses and metrics"),
        ("get_state_tree", r"model\.state_dict\(\)"),
    ],
)
def test_methods_of_models(make, name, advice):
    model = make()
    assert not hasattr(model, name)
    with pytest.raises(AttributeError, match=rf"{model.name} \(.*\): Keras's '{name}' is not here\. .*{advice}"):
        getattr(model, name)


def test_a_subclass_may_have_them():
    class Trained(keras.Model):
        def fit(self):
            return "done"

        @property
        def predict(self):
            raise AttributeError("not fitted yet")

    model = Trained()
    model.evaluate = 3
    assert (model.fit(), model.evaluate) == ("done", 3)
    with pytest.raises(AttributeError, match="^not fitted yet$"):
        _ = model.predict


def test_other_names_are_explained_as_before():
    with pytest.raises(AttributeError, match=r"^small \(Sequential\): no attribute 'fitt'\.$"):
        _ = small().fitt


@pytest.mark.parametrize(
    ("arguments", "keywords", "received"),
    [
        ((), {"optimizer": "adam", "loss": "mse"}, "optimizer=, loss="),
        (("adam", "mse"), {}, "'adam', 'mse'"),
        ((torch.optim.SGD([torch.ones(1)], 0.1),), {"metrics": ["acc"]}, "SGD, metrics="),
        ((), {"jit_compile": True}, "jit_compile="),
    ],
)
def test_compile_with_arguments_of_keras(arguments, keywords, received):
    with pytest.raises(TypeError, match=rf"^small \(Sequential\): .*Received: {received}\. .*torch\.optim\.Adam"):
        small().compile(*arguments, **keywords)


def test_compile_is_that_of_torch():
    model, x = small(), torch.ones(2, 3)
    wanted = model(x)
    model.compile(backend="eager", fullgraph=True)
    torch.testing.assert_close(model(x), wanted)
    with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
        model.compile(colour="red")


@pytest.mark.parametrize(
    ("place", "name", "advice"),
    [
        (keras.mixed_precision, "LossScaleOptimizer", "GradScaler"),
        (keras.saving, "KerasFileEditor", "h5py"),
        (keras.utils, "Progbar", "tqdm"),
        (keras, "optimizers", r"torch\.optim"),
        (keras, "callbacks", "loop"),
        (keras.layers, "JaxLayer", "TorchModuleWrapper"),
        (keras.metrics, "fmeasure", "F1Score"),
    ],
)
def test_names_in_modules(place, name, advice):
    assert not hasattr(place, name)
    with pytest.raises(AttributeError, match=rf"^module '{place.__name__}' has no attribute '{name}'\. .*{advice}"):
        getattr(place, name)


@pytest.mark.parametrize(
    "place", [keras, keras.layers, keras.models, keras.metrics, keras.saving, keras.utils, keras.backend]
)
def test_nothing_is_said_of_names_that_keras_has_not(place):
    with pytest.raises(AttributeError, match=rf"^module '{place.__name__}' has no attribute 'qqq'\.?$"):
        _ = place.qqq


def test_what_is_said_not_to_be_there_is_not():
    found = {p: getattr(keras, p, keras) for p in ADVICE}
    there = [(p, name) for p, names in ADVICE.items() for name in names if hasattr(found[p], name)]
    assert there == []


def test_the_words():
    assert instead_of("fit", "Model")
    assert instead_of("fit", "keras") == instead_of("fit", "qqq") == ""
