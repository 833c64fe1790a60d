"""How are pictures of models written and drawn, and can any name break them?"""

from __future__ import annotations

import re
import shutil
import sys
from xml.etree import ElementTree

import pytest
import torch
from torch import nn

import torchkeras_layer as keras
from tests.models.samples import GRAPHS, chain
from torchkeras_layer.utils import model_to_dot, model_to_mermaid, plot_model

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="the program dot of Graphviz is not installed")
HOSTILE = [
    'quote "q" \'s\'', "[x] {y} (z) <b>&amp;</b>", "new\nline", "back\\slash\\n", "-->|x|", "%% note", "#35;", "`md`",
    "end", " ", "\x1b[31m", '"]; evil', "1. one", "<<b>", "]]>", "|", "_it_", "*b*", "[0]: (x)", "\u5c64",
]  # fmt: skip


def labels_of_dot(text):
    """Return what stands in the labels of boxes and frames, line by line."""
    labels = re.findall(r" \[label=<(<b>.*?)>, (?:fill|style)", text)
    return [
        ["".join(part.itertext()) for part in ElementTree.fromstring(f"<l>{label}</l>") if part.tag != "br"]
        for label in labels
    ]


def hostile():
    x = keras.Input((3,), name=HOSTILE[0])
    y = x
    for name in HOSTILE[1:]:
        y = keras.layers.Dense(3, name=name)(y)
    inner, outer = keras.Model(x, y, name='in"ner" ]>\n{}'), keras.Input((3,), name="outer")
    return keras.Model(outer, {'key" -->': inner(outer), "]]>": inner(outer) + 1})


def written_out(name):
    return name.replace("\n", "\\n").replace("\x1b", "\\x1b")


def test_no_name_can_break_dot():
    text = model_to_dot(hostile(), expand_nested=True)
    titles = [label[0] for label in labels_of_dot(text)]
    assert [title for title in titles if "ner" in title] == [
        'in"ner" ]>\\n{} (Functional), call 1 of 2',
        'in"ner" ]>\\n{} (Functional), call 2 of 2',
    ]
    assert [title for title in titles if title in map(written_out, HOSTILE)] == [*map(written_out, HOSTILE[1:])] * 2
    assert titles[-2:] == ['output key" -->', "output ]]>"]
    # Outside of labels, there is nothing of the names.
    bare = re.sub(r"label=<.*>(, |\])", r"\1", text)
    assert re.fullmatch(r"[\w\s\[\]{}\->=,;.\"#]*", bare)


def test_an_empty_name_is_a_blank():
    x = keras.Input((3,), name="x")
    model = keras.Model(x, keras.layers.Dense(2, name="")(x))
    assert ["\xa0", "Dense"] in labels_of_dot(model_to_dot(model))
    assert '  box2["<br/>Dense"]:::layer' in model_to_mermaid(model).splitlines()


def test_no_name_can_break_mermaid():
    text = model_to_mermaid(hostile(), expand_nested=True)
    box = r'box\d+[\[(]+"[^"`<>\\\[\]{}|*]*(?:<br/>[^"`<>\\\[\]{}|*]*)*"[\])]+:::\w+'
    frame = r'subgraph frame\d+\["[^"`<>\\\[\]{}|*]*"\]|end'
    arrow = r'box\d+ -->(?:\|"[^"`<>\\\[\]{}|*]*"\|)? box\d+'
    style = r"(?:classDef|style) \w+ fill:#\w{6},stroke:#\w{6},color:#\w{6}"
    first, *lines = text.splitlines()
    assert first == "flowchart TB"
    assert [line for line in lines if not re.fullmatch(rf" +(?:{box}|{frame}|{arrow}|{style})", line)] == []
    titles = re.findall(r'box\d+[\[(]+"(.*?)(?:<br/>|")', text)
    read = [re.sub(r"#(\d+);", lambda found: chr(int(found[1])), title) for title in titles]
    assert [title for title in read if title in map(written_out, HOSTILE)] == [*map(written_out, HOSTILE[1:])] * 2


def test_the_text_of_mermaid():
    x = keras.Input((3,), name="x")
    y = keras.layers.TorchModuleWrapper(nn.Linear(3, 2), name="torchy")(torch.relu(x))
    text = model_to_mermaid(keras.Model(x, chain()(keras.layers.Dense(3, name="d")(y))), show_shapes=True, rankdir="LR")
    assert text.splitlines() == [
        "flowchart LR",
        '  box1(["x<br/>InputLayer<br/>(None, 3)"]):::input',
        '  box2("relu<br/>torch.relu<br/>(None, 3)"):::function',
        '  box3["torchy<br/>nn.Linear<br/>(None, 2)"]:::module',
        '  box4["d<br/>Dense<br/>(None, 3)"]:::layer',
        '  box5[["model<br/>Functional<br/>(None, 2)"]]:::model',
        '  box6(["output"]):::output',
        "  box1 --> box2",
        "  box2 --> box3",
        "  box3 --> box4",
        "  box4 --> box5",
        "  box5 --> box6",
        "  classDef input fill:#d9e8f6,stroke:#4a7ba6,color:#000000",
        "  classDef layer fill:#ffffff,stroke:#5b6770,color:#000000",
        "  classDef model fill:#ffffff,stroke:#5b6770,color:#000000",
        "  classDef function fill:#fff3cf,stroke:#b08d2e,color:#000000",
        "  classDef module fill:#ffe3d3,stroke:#c0683a,color:#000000",
        "  classDef output fill:#dcefdc,stroke:#4f8f55,color:#000000",
    ]


def test_a_missing_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "graphviz", None)
    with pytest.raises(
        ImportError, match=r"plot_model needs the package graphviz: pip install 'torchkeras_layer\[plot\]'"
    ):
        plot_model(chain(), tmp_path / "m.svg")
    assert list(tmp_path.iterdir()) == []
    assert "hidden" in model_to_dot(chain())


def test_a_missing_program_is_named(tmp_path, monkeypatch):
    pytest.importorskip("graphviz")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        ImportError, match=r"plot_model needs the program `dot`.*apt install graphviz.*model_to_mermaid"
    ):
        plot_model(chain(), tmp_path / "m.svg")
    assert list(tmp_path.iterdir()) == []


@needs_dot
@pytest.mark.parametrize(
    ("name", "start"), [("m.svg", b"<?xml"), ("m.PDF", b"%PDF"), ("m.png", b"\x89PNG"), ("m", b"\x89PNG")]
)
def test_files(name, start, tmp_path):
    pytest.importorskip("graphviz")
    picture = plot_model(hostile(), tmp_path / name, expand_nested=True)
    assert (tmp_path / name).read_bytes().startswith(start)
    assert picture.source.startswith("digraph")
    assert ("dpi=200" in picture.source) is (start == b"\x89PNG")


@needs_dot
def test_the_words_in_an_svg(tmp_path):
    pytest.importorskip("graphviz")
    plot_model(hostile(), str(tmp_path / "m.svg"), expand_nested=True, show_shapes=True, show_trainable=True)
    root = ElementTree.parse(tmp_path / "m.svg").getroot()
    words = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert sorted(word for word in words if word in map(written_out, HOSTILE)) == sorted(
        [*map(written_out, HOSTILE[1:])] * 2
    )
    assert words.count("trainable") == words.count("Dense") == 2 * (len(HOSTILE) - 1)
    assert len(list(root.iter("{http://www.w3.org/2000/svg}path"))) > len(HOSTILE)


@needs_dot
@pytest.mark.parametrize("name", GRAPHS)
def test_every_graph_can_be_drawn(name, tmp_path):
    pytest.importorskip("graphviz")
    for direction in ("TB", "LR"):
        plot_model(
            GRAPHS[name](), tmp_path / "m.svg", show_shapes=True, show_dtype=True, expand_nested=True, rankdir=direction
        )
        root = ElementTree.parse(tmp_path / "m.svg").getroot()
        assert "output" in "".join(root.itertext())
