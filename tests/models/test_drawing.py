"""What do the pictures of models show?"""

from __future__ import annotations

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.models.samples import GRAPHS, chain
from torchkeras_layer.models.drawing.model_picture import picture_of
from torchkeras_layer.models.drawing.picture import Frame, boxes_in
from torchkeras_layer.utils import model_to_dot, model_to_mermaid, plot_model


def arrows_of(model, *shown):
    """Return start, end and label of each arrow, boxes given by their titles."""
    picture = picture_of(model, {"names", *shown})
    titles = {box.key: box.title for box in boxes_in(picture.items)}
    return [(titles[arrow.start], titles[arrow.end], arrow.label) for arrow in picture.arrows]


def lines_of(model, *shown):
    """Return the lines below the title of each box, by title."""
    return {box.title: list(box.lines) for box in boxes_in(picture_of(model, {"names", *shown}).items)}


def test_boxes_and_arrows_of_a_chain():
    assert lines_of(chain()) == {"x": ["InputLayer"], "hidden": ["Dense"], "head": ["Dense"], "output": []}
    assert arrows_of(chain()) == [("x", "hidden", ""), ("hidden", "head", ""), ("head", "output", "")]


def test_each_call_of_a_shared_layer_has_a_box():
    picture = picture_of(GRAPHS["on_itself"](), {"names"})
    assert [(box.title, box.lines[-1]) for box in boxes_in(picture.items) if box.role == "layer"] == [
        ("dense", "call 1 of 3"),
        ("dense", "call 2 of 3"),
        ("dense", "call 3 of 3"),
    ]
    keys = [box.key for box in boxes_in(picture.items)]
    assert [(arrow.start, arrow.end) for arrow in picture.arrows] == list(zip(keys, keys[1:], strict=False))


def test_arrows_say_which_of_several_tensors_they_are():
    assert set(arrows_of(GRAPHS["several"]())) == {
        ("x", "halves", ""),
        ("halves", "add", "[0]"),
        ("y", "add", ""),
        ("add", "report", ""),
        ("halves", "score", "[1]"),
        ("report", "output report.total", "total"),
        ("report", "output report.parts[0]", "parts[0]"),
        ("report", "output report.parts[1][0]", "parts[1][0]"),
        ("halves", "output rest[0]", "[1]"),
        ("score", "output rest[1][0]", ""),
    }


def test_a_tensor_that_is_taken_twice_says_so():
    x = keras.Input((3,), name="x")
    assert ("x", "mul", "×2") in arrows_of(keras.Model(x, x * x))


def test_what_boxes_say():
    model = chain()
    model.layers[1].trainable = False
    assert lines_of(model, "shapes", "dtypes")["hidden"] == ["Dense", "(None, 4) float32"]
    assert lines_of(model, "dtypes")["x"] == ["InputLayer", "float32"]
    assert lines_of(model, "activations")["hidden"] == ["Dense", "activation: relu"]
    assert lines_of(model, "training") == {
        "x": ["InputLayer"],
        "hidden": ["Dense", "frozen"],
        "head": ["Dense", "trainable"],
        "output": [],
    }
    assert lines_of(GRAPHS["several"](), "shapes")["report"] == [
        "Report", "total: (None,)", "parts[0]: (None, 2)", "parts[1][0]: (None,)",
    ]  # fmt: skip
    assert [box.title for box in boxes_in(picture_of(model, ()).items)] == ["InputLayer", "Dense", "Dense", "output"]


def test_functions_and_modules_have_their_own_boxes():
    x = keras.Input((3,), name="x")
    model = keras.Model(
        x, torch.relu(keras.layers.TorchModuleWrapper(nn.Linear(3, 2), name="torchy")(chain()(x)[:, :1] + x))
    )
    roles = {box.title: (box.role, *box.lines) for box in boxes_in(picture_of(model, {"names"}).items)}
    assert roles == {
        "x": ("input", "InputLayer"),
        "model": ("model", "Functional"),
        "getitem": ("function", "operator.getitem"),
        "add": ("function", "operator.add"),
        "torchy": ("module", "nn.Linear"),
        "relu": ("function", "torch.relu"),
        "output": ("output",),
    }


def test_nested_models_are_expanded_on_demand():
    model = GRAPHS["nested"]()
    assert ("outer_x", "model", "") in arrows_of(model)
    frames = [item for item in picture_of(model, {"names", "inside"}).items if isinstance(item, Frame)]
    assert [frame.title for frame in frames] == ["model (Functional), call 1 of 2", "model (Functional), call 2 of 2"]
    assert [[box.title for box in boxes_in(frame.items)] for frame in frames] == [["hidden", "head"]] * 2
    assert arrows_of(model, "inside") == [
        ("outer_x", "hidden", ""),
        ("hidden", "head", ""),
        ("outer_y", "hidden", ""),
        ("hidden", "head", ""),
        ("head", "cat", ""),
        ("head", "cat", ""),
        ("cat", "last", ""),
        ("last", "output", ""),
    ]


def test_modules_that_follow_each_other_are_expanded():
    x = keras.Input((3,), name="x")
    inner = nn.Sequential(nn.Linear(3, 4), nn.Sequential(nn.Tanh()))
    later = keras.Sequential([keras.layers.Dense(2, name="a"), nn.ReLU()], name="later")
    model = keras.Model(x, later(keras.layers.TorchModuleWrapper(inner, name="torchy")(x)))
    assert arrows_of(model, "inside") == [
        ("x", "0", ""),
        ("0", "0", ""),
        ("0", "a", ""),
        ("a", "torch_module_wrapper", ""),
        ("torch_module_wrapper", "output", ""),
    ]


def test_a_model_that_gives_what_it_takes_stays_a_box():
    x, y = keras.Input((3,), name="x"), keras.Input((3,), name="y")
    model = keras.Model(y, keras.layers.Dense(2, name="dense")(keras.Model(x, x, name="same")(y)))
    assert arrows_of(model, "inside") == [("y", "same", ""), ("same", "dense", ""), ("dense", "output", "")]


def test_inputs_of_a_nested_model_by_name():
    a, b = keras.Input((2,), name="a"), keras.Input((3,), name="b")
    inner = keras.Model(
        {"a": a, "b": b}, [keras.layers.Dense(1, name="of_a")(a), keras.layers.Dense(1, name="of_b")(b)]
    )
    x, y = keras.Input((2,), name="x"), keras.Input((3,), name="y")
    model = keras.Model([x, y], inner({"b": y, "a": x}))
    assert {("x", "of_a", ""), ("y", "of_b", "")} <= set(arrows_of(model, "inside"))


def test_a_sequential_that_is_not_built_is_a_chain():
    model = keras.Sequential([keras.layers.Dense(2, name="a"), nn.ReLU()])
    assert arrows_of(model, "shapes") == [("a", "torch_module_wrapper", ""), ("torch_module_wrapper", "output", "")]


def test_losses_of_the_graph_are_boxes_that_lead_nowhere():
    model = chain()
    model.add_loss(torch.mean(model.output))
    assert ("mean", "add_loss", "") in arrows_of(model)


class Own(keras.Model):
    """Has no graph."""

    def call(self, inputs):
        return inputs


def test_what_cannot_be_drawn():
    with pytest.raises(ValueError, match=r"own \(Own\): has no graph to draw.*Model\(x, model\(x\)\)"):
        model_to_dot(Own())
    with pytest.raises(ValueError, match=r"sequential \(Sequential\): has no graph"):
        model_to_mermaid(keras.Sequential())
    with pytest.raises(TypeError, match=r"Only models can be drawn\. Received: .*Dense.*Model\(x, layer\(x\)\)"):
        model_to_dot(keras.layers.Dense(2))
    for draw in (model_to_dot, model_to_mermaid):
        with pytest.raises(ValueError, match=r"rankdir must be one of TB, LR, BT, RL\. Received: rankdir='down'\."):
            draw(chain(), rankdir="down")
    for wrong in ("m.jpg", "m.dot"):
        with pytest.raises(
            ValueError, match=rf"to_file must end in \.png, \.svg or \.pdf\. Received: to_file='{wrong}'\."
        ):
            plot_model(chain(), wrong)
