"""How is `model.summary()` laid out, and how does it get onto the screen?"""

from __future__ import annotations

import re
import sys

import pytest

import torchkeras_layer as keras
from tests.models.samples import GRAPHS
from tests.models.summaries import set_width, text_of


@pytest.mark.parametrize("expand_nested", [False, True])
@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("columns", [20, 40, 80, 200])
def test_it_fits_the_terminal_and_is_aligned(name, columns, expand_nested, monkeypatch):
    set_width(monkeypatch, columns)
    lines = text_of(GRAPHS[name](), expand_nested=expand_nested, show_trainable=columns > 20).splitlines()
    rules = [number for number, line in enumerate(lines) if set(line) == {"-"}]
    length = len(lines[rules[0]])
    # In 20 columns, what cannot wrap and six letters of everything else do not fit.
    assert length <= max(columns, 37)
    table = [line for line in lines[rules[0] : rules[-1]] if set(line) != {"-"}]
    assert all(len(line) <= length for line in table)
    output, number = table[0].index("Output"), table[0].index("Param #")
    assert all(line[output - 2 : output].strip() == line[number - 2 : number].strip() == "" for line in table)
    assert all(
        line[number : number + 7].rjust(7)[-1].isdigit() for line in table[1:] if line[number : number + 7].strip(" #")
    )


def test_a_line_length_is_kept():
    model = GRAPHS["chain"]()
    for length in (30, 60, 120):
        rules = [line for line in text_of(model, line_length=length).splitlines() if set(line) == {"-"}]
        assert [len(rule) for rule in rules] == [length] * 3
    with pytest.raises(ValueError, match=r"model: line_length must be at least 23\. Received: line_length=10\."):
        model.summary(line_length=10)


def test_columns_end_at_positions():
    model = GRAPHS["chain"]()
    for positions, length in (([40, 60, 70], None), ([0.4, 0.6, 0.7], 100), ([40, 60, 70, 99], None)):
        heading = text_of(model, positions=positions, line_length=length).splitlines()[2]
        assert (heading.index("Output"), len(heading)) == (42, 70)


@pytest.mark.parametrize("positions", [[40, 60], [40, 30, 70], [0.1, 0.2, 0.3], [3, 40, 60], []])
def test_positions_that_leave_no_room(positions):
    with pytest.raises(
        ValueError, match=r"model: positions must be the ends of 3 columns.*Received: .*'Output Shape': 6"
    ):
        GRAPHS["chain"]().summary(positions=positions, line_length=60)


def test_names_cannot_break_the_table():
    x = keras.Input((2,), name="two\nlines")
    y = keras.layers.Dense(2, name="\x1b[31mred [bold]")(x)
    y = keras.layers.Dense(2, name="\u5c64\u5c64")(y)
    lines = text_of(keras.Model(x, y, name="m\t")).splitlines()
    assert lines[0] == 'Model: "m\\t"'
    assert lines[4].startswith("two\\nlines (InputLayer)")
    assert lines[5].startswith("\\x1b[31mred [bold] (Dense)")
    # Two letters, each as wide as two.
    assert lines[6].index("(None") == lines[5].index("(None") - 2


def test_it_prints_the_same_with_rich_and_without(capsys, monkeypatch):
    model = GRAPHS["nested"]()
    expected = text_of(model, expand_nested=True)
    model.summary(expand_nested=True)
    coloured = capsys.readouterr().out
    assert coloured.replace("\u2500", "-").rstrip("\n") == expected
    monkeypatch.setitem(sys.modules, "rich", None)
    monkeypatch.setitem(sys.modules, "rich.console", None)
    model.summary(expand_nested=True)
    assert capsys.readouterr().out.rstrip("\n") == expected


def test_rich_colours_a_terminal(capsys, monkeypatch):
    pytest.importorskip("rich")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8")
    GRAPHS["chain"]().summary()
    printed = capsys.readouterr().out
    assert "\x1b[" in printed
    assert re.sub(r"\x1b\[[\d;]*m", "", printed).replace("\u2500", "-").rstrip("\n") == text_of(
        GRAPHS["chain"]()
    ).replace("model_1", "model")
