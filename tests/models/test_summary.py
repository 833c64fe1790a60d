"""What does `model.summary()` say?"""

from __future__ import annotations

import re

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.models.samples import GRAPHS, Penalty
from tests.models.summaries import rows_of, set_width, text_of


class Blocks(keras.Model):
    """Layers and modules on attributes and in lists, and a weight of its own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.first = keras.layers.Dense(4, name="first")
        self.norm = nn.LayerNorm(4)
        self.heads = [keras.layers.Dense(2, name="head")]
        self.more = nn.ModuleList([nn.Sequential(nn.Linear(2, 2), nn.ReLU())])
        self.scale = nn.Parameter(torch.ones(2))

    def call(self, inputs):
        return self.more[0](self.heads[0](self.norm(self.first(inputs)))) * self.scale


def test_the_text_of_a_chain():
    model = GRAPHS["normalized"]()
    model.layers[1].trainable = False
    assert text_of(model) == "\n".join(
        [
            'Model: "model"',
            "------------------------------------------------",
            "Layer (type)               Output Shape  Param #",
            "------------------------------------------------",
            "x (InputLayer)             (None, 4)           0",
            "dense (Dense)              (None, 4)          20",
            "norm (BatchNormalization)  (None, 4)          16",
            "relu (Activation)          (None, 4)           0",
            "------------------------------------------------",
            "Total params: 36 (144.00 B)",
            "Trainable params: 8 (32.00 B)",
            "Non-trainable params: 28 (112.00 B): 20 frozen, 8 in buffers",
        ]
    )


def test_a_graph_that_branches_says_what_is_connected_to_what(monkeypatch):
    set_width(monkeypatch, 200)
    assert rows_of(GRAPHS["diamond"]())["join (Mixes)"] == ["(None, 4)", "0", "a, b, x"]
    rows = rows_of(GRAPHS["several"]())
    assert rows["halves (Halves)"] == ["((None, 2), (None, 2))", "0", "x"]
    assert rows["score (Dense)"] == ["(None, 1)", "3", "halves[0][1]"]
    assert rows["report (Report)"][0] == "{total: (None,), parts: [(None, 2), ((None,),)]}"
    assert rows["x (InputLayer)"][-1] == "-"


def test_a_shared_layer_says_it_of_each_call():
    rows = rows_of(GRAPHS["shared"]())
    assert rows["dense (Dense)"] == ["(None, 4)", "16", "[0] left"]
    assert rows["[1] right"] == []
    rows = rows_of(GRAPHS["on_itself"]())
    assert rows["dense (Dense)"] == ["(None, 3)", "12", "[0] x"]
    assert {"[1] dense[0][0]", "[2] dense[1][0]"} <= set(rows)


def test_a_shared_layer_with_several_shapes_gives_all():
    x, relu = keras.Input((3,), name="x"), keras.layers.Activation("relu", name="relu")
    model = keras.Model(x, [relu(x), relu(keras.layers.Dense(2, name="dense")(x))])
    text = text_of(model)
    assert "[0] (None, 3)" in text
    assert "[1] (None, 2)" in text


def test_torch_functions_and_modules_are_called_what_they_are(monkeypatch):
    set_width(monkeypatch, 200)
    rows = rows_of(GRAPHS["torch_functions"]())
    named = {"relu (torch.relu)", "mT (Tensor.mT)", "matmul (operator.matmul)", "softmax (F.softmax)"}
    assert named | {"topk (torch.topk)", "reshape (reshape)"} <= set(rows)
    wrapped = keras.Sequential([keras.Input((3,)), nn.Linear(3, 2)])
    assert rows_of(wrapped) == {"torch_module_wrapper (nn.Linear)": ["(None, 2)", "8"]}


def test_parameters_of_torch_functions_count_where_they_are_used_first():
    x, kernel = keras.Input((3,), name="x"), nn.Parameter(torch.ones(3, 3))
    once = nn.functional.linear(x, kernel)
    model = keras.Model(x, nn.functional.linear(once, kernel))
    rows = rows_of(model, show_trainable=True)
    assert rows["linear (F.linear)"] == ["(None, 3)", "9", "Y"]
    assert rows["linear_1 (F.linear)"] == ["(None, 3)", "0", "-"]
    assert "Total params: 9 (36.00 B)" in text_of(model)


@pytest.mark.parametrize("name", GRAPHS)
def test_the_rows_give_the_total(name, monkeypatch):
    set_width(monkeypatch, 200)
    model = GRAPHS[name]()
    counts = [int(row[1].replace(",", "")) for row in rows_of(model).values() if len(row) > 1]
    assert sum(counts) == model.count_params()
    assert f"Total params: {model.count_params():,} (" in text_of(model)


def test_nested_models_are_indented():
    text = text_of(GRAPHS["nested"](), expand_nested=True)
    assert re.search(
        r"^model \(Functional\) .*\n +\[1\] outer_y\n  x \(InputLayer\) .*\n  hidden \(Dense\) ", text, re.M
    )
    assert "hidden" not in text_of(GRAPHS["nested"]())


def test_modules_inside_modules_are_indented():
    inner = nn.Sequential(nn.Linear(3, 4), nn.Sequential(nn.Tanh(), nn.Linear(4, 2)))
    model = keras.Sequential([keras.Input((3,)), keras.layers.TorchModuleWrapper(inner, name="torchy")])
    lines = text_of(model, expand_nested=True).splitlines()[4:-4]
    assert [re.sub(" {2,}(?=[^ ])", "  ", line) for line in lines] == [
        "torchy (nn.Sequential)  (None, 2)  26",
        "  0 (nn.Linear)  ?  16",
        "  1 (nn.Sequential)  ?  10",
        "  0 (nn.Tanh)  ?  0",
        "  1 (nn.Linear)  ?  10",
    ]
    assert [len(line) - len(line.lstrip()) for line in lines] == [0, 2, 2, 4, 4]


def test_a_subclassed_model_before_and_after_its_first_call():
    model = Blocks(name="blocks")
    text = text_of(model)
    assert text.startswith('Model: "blocks" (not built)\n')
    assert text.endswith("Layers that are not built have no parameters yet, and are not counted.")
    assert rows_of(model) == {
        "first (Dense)": ["?", "not built"],
        "norm (nn.LayerNorm)": ["?", "8"],
        "head (Dense)": ["?", "not built"],
        "more.0 (nn.Sequential)": ["?", "6"],
        "other weights": ["-", "2"],
    }
    model(torch.ones(5, 3))
    assert rows_of(model)["first (Dense)"] == ["(None, 4)", "16"]
    assert text_of(model).startswith('Model: "blocks"\n')
    assert f"Total params: {model.count_params()} (" in text_of(model)
    assert "  1 (nn.ReLU)" in text_of(model, expand_nested=True)


def test_a_deferred_sequential_before_and_after_its_first_call():
    model = keras.Sequential([keras.layers.Dense(3, name="a"), nn.ReLU(), nn.LazyLinear(2)], name="later")
    assert text_of(model).startswith('Model: "later" (not built)\n')
    assert rows_of(model)["a (Dense)"] == ["?", "not built"]
    assert rows_of(model)["torch_module_wrapper_1 (nn.LazyLinear)"] == ["?", "not built"]
    model(torch.ones(5, 4))
    assert list(rows_of(model).values()) == [["(None, 3)", "15"], ["(None, 3)", "0"], ["(None, 2)", "8"]]


def test_an_empty_model():
    assert "Total params: 0 (0.00 B)" in text_of(keras.Sequential(name="empty"))


class Refuses(keras.layers.Layer):
    """Its shape cannot be found."""

    def build(self, input_shape):
        self.scale = self.add_weight((1,))

    def call(self, inputs):
        return inputs * self.scale

    def compute_output_shape(self, input_shape):
        raise RuntimeError("no")


class Holds(keras.Model):
    """Holds one layer."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def call(self, inputs):
        return self.layer(inputs)


def test_a_shape_that_cannot_be_found_is_not_known():
    model = Holds(Refuses(name="refuses"))
    model(torch.ones(2, 3))
    assert rows_of(model)["refuses (Refuses)"] == ["?", "1"]


def test_looking_changes_nothing():
    model = Holds(Penalty(name="penalty"))
    model(torch.ones(2, 3))
    before, losses = torch.get_rng_state(), list(model.losses)
    text_of(model, expand_nested=True)
    assert torch.equal(torch.get_rng_state(), before)
    assert [a is b for a, b in zip(model.losses, losses, strict=True)] == [True]


def test_which_layers_train():
    x = keras.Input((3,), name="x")
    inner = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(3, name="a"), keras.layers.Dense(3, name="b")], "inner"
    )
    y = keras.layers.BatchNormalization(name="norm")(keras.layers.Dense(3, name="frozen")(inner(x)))
    model = keras.Model(x, y)
    model.get_layer("frozen").trainable = inner.layers[0].trainable = False
    rows = rows_of(model, show_trainable=True, expand_nested=True)
    assert {name.split()[0]: row[-1] for name, row in rows.items()} == {
        "x": "-", "inner": "some", "a": "N", "b": "Y", "frozen": "N", "norm": "Y",
    }  # fmt: skip


def test_a_range_of_layers():
    names = ["a", "a_1", "b", "c", "c_1"]
    model = keras.Sequential([keras.Input((2,)), *(keras.layers.Dense(2, name=name) for name in names)])

    def shown(*layer_range):
        return [name.split()[0] for name in rows_of(model, layer_range=layer_range)]

    assert shown("a", "c") == ["a", "a_1", "b", "c"]
    assert shown("c", "b") == ["b", "c"]
    assert shown("b", r"c_\d") == ["b", "c", "c_1"]
    assert shown("[ab]", "[ab]") == ["a", "a_1", "b"]
    assert "Total params: 30 (" in text_of(model, layer_range=("b", "b"))
    for wrong in (("a", "zz"), ("zz", "a"), ("(", "a")):
        with pytest.raises(ValueError, match=r"layer_range: no layer's name matches '(zz|\()'\. Layers: \['a', 'a_1'"):
            model.summary(layer_range=wrong)
    for wrong in ("ab", ["a"], [1, 2]):
        with pytest.raises(ValueError, match="layer_range must be two names of layers"):
            model.summary(layer_range=wrong)
