"""Does an error that docs/differences.md explains end with a link to its entry, and does each link lead to one?"""

from __future__ import annotations

import re
from collections import namedtuple
from pathlib import Path

import pytest
import torch

import torchkeras_layer as keras

ROOT = Path(__file__).parents[1]
DOCUMENT = (ROOT / "docs" / "differences.md").read_text(encoding="utf-8")
SOURCES = {path: path.read_text(encoding="utf-8") for path in (ROOT / "torchkeras_layer").rglob("*.py")}

# Entries about which no error of this library is raised.
WITHOUT_ERROR = {
    "constraints",
    "keys-of-a-state_dict",
    "kernels-of-convolutions",
    "freezing",
    "losses",
    "losses-of-layers-in-a-plain-module",
    "metrics",
    "metrics-and-files",
    "checkpoints-inside-a-compiled-graph",
    "casting",
    "hard_sigmoid",
    "lists-of-numbers",
    "masks",
    "random-numbers",
    "the-mode",
}


def anchor(heading):
    """Return the anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_anchors_are_those_of_github():
    assert anchor("`compile`, `fit`, `evaluate`, `predict`") == "compile-fit-evaluate-predict"
    assert anchor("Before `super().__init__()`") == "before-super__init__"


def test_every_entry_is_linked_and_every_link_leads_to_one():
    entries = [anchor(heading) for heading in re.findall(r"^### (.+)$", DOCUMENT, re.MULTILINE)]
    linked = {found for text in SOURCES.values() for found in re.findall(r"docs/differences\.md#([\w-]+)", text)}
    assert len(entries) == len(set(entries))
    assert linked == set(entries) - WITHOUT_ERROR


def test_links_in_the_documents_lead_to_headings():
    documents = {path.name: path.read_text(encoding="utf-8") for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"))}
    links = [link for text in documents.values() for link in re.findall(r"\(([^()\s]+\.md)#([\w-]+)\)", text)]
    headings = {name: re.findall(r"^#+ (.+)$", text, re.MULTILINE) for name, text in documents.items()}
    assert links
    assert [(page, a) for page, a in links if a not in map(anchor, headings[Path(page).name])] == []


def test_links_are_at_the_end_of_messages():
    pattern = r"docs/differences\.md#[\w-]+(?![\w-])(.)"
    after = {found for text in SOURCES.values() for found in re.findall(pattern, text, re.DOTALL)}
    assert after <= {'"', "'"}


class Loose(keras.Layer):
    """A layer whose `call` does as it is told."""

    def __init__(self, act, **kwargs):
        super().__init__(**kwargs)
        self.act = act

    def call(self, inputs):
        return self.act(inputs)


def in_place(inputs):
    inputs += 1
    return inputs


class Early(keras.Layer):
    def __init__(self):
        self.dtype_policy = "float64"


class Graphless(keras.Model):
    def call(self, inputs):
        return inputs


Pair = namedtuple("Pair", "a b")


def x():
    return keras.Input((3,), name="x")


def small():
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])


def dense():
    layer = keras.layers.Dense(2)
    layer.build((None, 3))
    return layer


def with_symbolic_loss():
    model = small()
    model.add_loss(model.outputs[0].square().mean())
    return model


def unbuilt_and_safetensors():
    return keras.layers.Dense(2).load_state_dict({"kernel": torch.ones(3, 2), "bias": torch.ones(2)})


def as_mine(text, **objects):
    return keras.models.model_from_json(text, custom_objects=objects)


RAISING = [
    ("compile-fit-evaluate-predict", lambda: small().compile("adam", "mse")),
    ("compile-fit-evaluate-predict", lambda: small().fit),
    ("compile-fit-evaluate-predict", lambda: small().evaluate),
    ("compile-fit-evaluate-predict", lambda: small().predict),
    ("files", lambda: small().get_state_tree),
    ("files", lambda: keras.saving.KerasFileEditor),
    ("files", unbuilt_and_safetensors),
    ("modules-that-are-not-here", lambda: keras.optimizers),
    ("modules-that-are-not-here", lambda: keras.metrics.fmeasure),
    ("modules-that-are-not-here", lambda: keras.utils.get_file),
    ("modules-that-are-not-here", lambda: keras.backend.get_session),
    ("modules-that-are-not-here", lambda: keras.mixed_precision.LossScaleOptimizer),
    ("layers-that-change-images", lambda: keras.layers.RandomFlip()({"boxes": torch.ones(1)})),
    ("layers-that-are-not-here", lambda: keras.layers.JaxLayer),
    ("members-that-are-not-here", lambda: dense().quantize),
    ("members-that-are-not-here", lambda: small().symbolic_call),
    ("private-attributes-of-keras", lambda: dense()._trainable),
    ("an-optimizer-before-the-weights-exist", lambda: torch.optim.SGD(keras.layers.Dense(2).parameters())),
    ("integer-weights", lambda: keras.Layer().add_weight(shape=(), dtype="int64", trainable=True)),
    ("the-order-of-weights", lambda: dense().set_weights(dense().get_weights()[::-1])),
    ("add_loss-outside-of-a-call", lambda: dense().add_loss(torch.ones(()))),
    ("symbolic-losses-of-a-sequential", lambda: with_symbolic_loss().get_config()),
    ("symbolic-losses-of-a-sequential", lambda: keras.models.clone_model(with_symbolic_loss())),
    ("symbolic-losses-of-a-sequential", lambda: with_symbolic_loss().pop()),
    ("updates-of-symbolic-calls", lambda: keras.Model(a := x(), keras.layers.BatchNormalization()(a)).updates[0]()),
    ("a-symbolic-call-runs-call", lambda: bool(x() > 0)),
    ("libraries-that-look-at-the-type-of-a-tensor", lambda: x().__array_namespace__().unknown),
    ("a-symbolic-call-runs-call", lambda: x().add_(1)),
    ("a-symbolic-call-runs-call", lambda: Loose(lambda i: i if i.sum() > 0 else -i)(x())),
    ("changes-in-place", lambda: Loose(in_place)(torch.ones(2))),
    ("plain-modules", lambda: torch.nn.Linear(3, 2)(x())),
    ("named-tuples-in-a-graph", lambda: keras.Model(a := x(), Loose(lambda d: d["p"].a)({"p": Pair(a, a)}))),
    ("models-without-a-graph", lambda: Graphless().inputs),
    ("models-without-a-graph", lambda: keras.utils.model_to_mermaid(Graphless())),
    ("calls-on-real-tensors", lambda: dense().input_shape),
    ("custom-objects", lambda: as_mine(small().to_json().replace("Dense", "Dinse"))),
    ("code-in-configs", lambda: keras.layers.Lambda(lambda inputs: inputs).get_config()),
    ("code-in-configs", lambda: keras.utils.deserialize_keras_object({"class_name": "__lambda__", "config": {}})),
    ("code-in-configs", lambda: keras.layers.StringLookup.from_config({"vocabulary": "words.txt"})),
    ("before-super__init__", Early),
    ("names-that-are-taken", lambda: setattr(dense(), "losses", [])),
    ("names-that-are-taken", lambda: setattr(dense(), "train", dense())),
    ("arguments-that-are-not-supported", lambda: keras.Input((3,), sparse=True)),
    ("arguments-that-are-not-supported", lambda: keras.layers.TextVectorization(ragged=True)),
]


@pytest.mark.parametrize(("entry", "act"), RAISING, ids=[f"{entry}-{i}" for i, (entry, _) in enumerate(RAISING)])
def test_the_error_ends_with_the_link(entry, act):
    with pytest.raises(Exception, match=rf"(?m)\. See docs/differences\.md#{entry}$"):
        act()
