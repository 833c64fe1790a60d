"""Do all private names belong to the user, and does nothing of ours stand in their way?"""

from __future__ import annotations

import copy
import functools
import inspect
import pickle
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.layer.user_names import NAMES, Plain, class_setting, class_with, private_names
from torchkeras_layer import layers as L

# What Keras's layers have too, and ported code uses.
OF_KERAS = {"_name", "_inbound_nodes", "_add_inbound_node", "_compute_output_shape"}
X = torch.linspace(-1, 1, 12).reshape(2, 2, 3)
BASES = [keras.Layer, keras.Model, keras.Sequential]


@pytest.mark.parametrize("cls", BASES)
def test_private_names_are_keras_s_or_ours_by_their_prefix(cls):
    ours = {name for name in private_names(cls) if name.startswith("_torchkeras")}
    assert private_names(cls) - ours == OF_KERAS
    assert len(ours) <= 10


def test_all_private_names_are_described():
    """In CONTRIBUTING.md; `tests/test_tables.py` shows that its table has no others."""
    text = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert private_names(keras.Layer) <= set(re.findall(r"`(_\w+)", text))


@pytest.mark.parametrize(
    "layer",
    [keras.Layer(), L.Dense(2), keras.Model(), keras.Sequential([L.Dense(2, input_shape=(3,))])],
    ids=lambda layer: type(layer).__name__,
)
def test_an_instance_has_one_private_key_of_ours(layer):
    assert {key for key in vars(layer) if key.startswith("_")} - set(vars(nn.Module())) == {"_torchkeras"}
    assert not hasattr(layer._torchkeras, "__dict__")


def test_the_tower_is_low():
    def depth(cls: Any) -> int:
        return len(cls.__mro__)

    assert depth(keras.Layer) - depth(nn.modules.lazy.LazyModuleMixin) - 1 <= 7
    assert depth(L.Dense) <= 12
    assert depth(keras.Model) <= 15
    assert depth(keras.Sequential) <= 18
    built_in = [getattr(L, name) for name in L.__all__]
    assert [cls for cls in built_in if inspect.isclass(cls) and depth(cls) > 15] == []


@pytest.mark.parametrize("base", [Plain, keras.Model, keras.Sequential], ids=lambda base: base.__name__)
def test_the_names_are_not_taken(base):
    assert private_names(base) & set(NAMES) == set()


def _all_of(layer: Any) -> dict[str, Any]:
    """Return what a layer does and says, in a way that can be compared."""
    x = X.clone().requires_grad_()
    x._keras_mask = torch.tensor([[True, False], [True, True]])
    outputs = layer(x, training=True)
    (outputs.square().sum() + sum(layer.losses)).backward()
    mask = getattr(outputs, "_keras_mask", None)
    return {
        "outputs": outputs.tolist(),
        "mask": None if mask is None else mask.tolist(),
        "gradients": [x.grad.tolist(), *(p.grad.tolist() for p in layer.parameters())],
        "losses": [loss.item() for loss in layer.losses],
        "metrics": [metric.result().item() for metric in layer.metrics],
        "state_dict": {key: value.tolist() for key, value in layer.state_dict().items()},
        "config": layer.get_config(),
        "shape": layer.compute_output_shape((None, 2, 3)),
        "trainable": (layer.trainable, len(layer.trainable_weights), len(layer.non_trainable_weights)),
    }


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    return _all_of(Plain(name="plain"))


@functools.cache
def _are_free(*names: str) -> bool:
    """Whether a layer with these names, as methods and as attributes, does what it does without them."""
    try:
        expected = _all_of(Plain(name="plain"))
        return all(_all_of(make(Plain, names)(name="plain")) == expected for make in (class_with, class_setting))
    except Exception:
        return False


@pytest.mark.parametrize("name", NAMES)
def test_one_name_as_a_method_and_as_an_attribute(name):
    """With others in the same class; if one of them is in the way, each by itself, so that this one fails."""
    start = NAMES.index(name) // 16 * 16
    assert _are_free(*NAMES[start : start + 16]) or _are_free(name)


@pytest.mark.parametrize("kind", [class_with, class_setting])
def test_copies_of_a_layer_with_all_names(kind, expected):
    layer = kind(Plain, NAMES)(name="plain")
    for twin in (copy.deepcopy(layer), copy.copy(layer)):
        assert _all_of(twin) == expected


def test_a_layer_may_stand_under_each_name(expected):
    """`self._policy = Dense(2)`: the layer is tracked and called, whatever the name."""
    for name in NAMES:
        layer = class_setting(Plain, [name], L.Dense(2, name="inside"))(name="plain")
        getattr(layer, name)(torch.ones(1, 2))
        assert [key for key in layer.state_dict() if key.startswith(f"{name}.")] == [f"{name}.kernel", f"{name}.bias"]
        assert layer(X).tolist() == expected["outputs"]


class WithNames(keras.Model):
    """A subclassed model whose names are those that ours once were."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._door, self._wiring, self._network = "x", "y", L.Dense(2, kernel_initializer="ones")

    def call(self, inputs: Any) -> Any:
        return self._network(inputs)


def test_models_with_attributes_of_their_own():
    model = WithNames()
    assert model(torch.ones(1, 3)).tolist() == [[3.0, 3.0]]
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert (twin._door, twin._wiring, twin(torch.ones(1, 3)).tolist()) == ("x", "y", [[3.0, 3.0]])


def _functional(cls: Any, names: tuple[str, ...] = ()) -> Any:
    x = keras.Input((3,), name="x")
    model = cls(x, L.Dense(2, kernel_initializer="ones", name="head")(x), name="model")
    for name in names:
        setattr(model, name, "the user's own")
    return model


def _chained(cls: Any, names: tuple[str, ...] = ()) -> Any:
    head = L.Dense(2, kernel_initializer="ones", name="head")
    model = cls([keras.Input((3,), name="x"), head, L.Dropout(0.5, name="drop")], name="model")
    for name in names:
        setattr(model, name, "the user's own")
    return model


@pytest.mark.parametrize(("make", "base"), [(_functional, keras.Model), (_chained, keras.Sequential)])
@pytest.mark.parametrize("way", ["methods", "attributes"])
def test_models_of_graphs_with_all_names(make, base, way):
    model = make(class_with(base, NAMES)) if way == "methods" else make(type("M", (base,), {}), tuple(NAMES))
    plain = make(base)
    for one in (model, copy.deepcopy(model), copy.copy(model)):
        assert one(torch.ones(1, 3), training=False).tolist() == plain(torch.ones(1, 3), training=False).tolist()
        assert one.get_config() == plain.get_config()
        assert list(one.state_dict()) == list(plain.state_dict())
        assert one.code == plain.code
        assert one.output_shape == plain.output_shape == (None, 2)


def test_the_examples_of_the_issue():
    class Agent(L.Layer):
        def __init__(self):
            super().__init__()
            self._policy = L.Dense(2)

        def call(self, x):
            return self._policy(x)

    class Again(L.Layer):
        def _build_again(self):
            return 1

    class Connects(keras.Model):
        def __init__(self):
            inputs = keras.Input((4,))
            super().__init__(inputs, L.Dense(2)(inputs))

        def _connect(self, value):
            return value

    assert Agent()(torch.ones(1, 4)).shape == (1, 2)
    assert Again()._build_again() == 1
    assert Connects()(torch.ones(1, 4)).shape == (1, 2)
    assert Connects()._connect(3) == 3


def test_assigning_the_name_of_keras_renames():
    layer = L.Dense(2, name="before")
    layer._name = "after"
    assert (layer.name, layer._name, layer.get_config()["name"]) == ("after", "after", "after")
    with pytest.raises(TypeError, match=r"Dense: name must be a string\. Received: name=3\."):
        layer._name = 3
    assert layer.name == "after"


def test_a_renamed_layer_is_named_in_a_model():
    x = keras.Input((3,))
    layer = L.Dense(2)
    layer._name = "head"
    assert keras.Model(x, layer(x)).get_layer("head") is layer
