"""Does the layer comparison leave out no layer, and compare what belongs together?"""

from __future__ import annotations

import inspect
from types import SimpleNamespace

import pytest
import torch

import torchkeras_layer as ours
from benchmarks.layer_comparison import __main__ as program
from benchmarks.layer_comparison.comparison import Cell, line, measure, remark
from benchmarks.layer_comparison.entry import Entry, by_function, our_side, sides_by_hand
from benchmarks.layer_comparison.table import ENTRIES, WITHOUT_COUNTERPART
from benchmarks.timing import Effort

BRIEF = Effort(pairs=3, batch=1e-4, calls=10, starts=1)
EVERY_ENTRY = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.layer)
DOUBLE = Entry("Lambda", {"function": lambda x: 2 * x}, (3,), by_function(lambda x: x + x), why="it is so.")


def test_every_public_layer_is_swept_or_has_no_counterpart():
    public = {name: getattr(ours.layers, name) for name in ours.layers.__all__}
    classes = {one for one in public.values() if inspect.isclass(one) and issubclass(one, ours.layers.Layer)}
    swept = {public[entry.layer] for entry in ENTRIES}
    assert {one.__name__ for one in classes - swept} == set(WITHOUT_COUNTERPART)
    assert len(swept) == len(ENTRIES), "a layer stands there twice"


@EVERY_ENTRY
@pytest.mark.parametrize("training", [False, True], ids=["forward", "step"])
def test_both_sides_give_outputs_of_the_same_shape(entry, training):
    torch.manual_seed(0)
    mine = our_side(entry, 2, training)
    outputs = mine.function(mine.inputs)
    for by_hand in sides_by_hand(entry, 2, training):
        theirs = by_hand.function(by_hand.inputs)
        is_moved = entry.channels_second and theirs.dim() > 2
        assert tuple(outputs.shape) == tuple((theirs.movedim(1, -1) if is_moved else theirs).shape)
        assert (mine.step() is None) == (by_hand.step() is None)


@EVERY_ENTRY
def test_both_sides_have_as_many_weights(entry):
    mine = sum(one.numel() for one in our_side(entry, 1, True).parameters)
    by_hand = sum(one.numel() for one in sides_by_hand(entry, 1, True)[0].parameters)
    assert mine == by_hand


@pytest.mark.parametrize("training", [False, True])
def test_a_ratio_is_measured_beside_keras(training):
    cell = measure(DOUBLE, 4, training, pytest.importorskip("tests.oracle").keras, BRIEF)
    assert min(cell.ours, cell.seconds, cell.keras) > 0


def test_what_keras_3_lacks_is_measured_without_it():
    cell = measure(DOUBLE, 4, False, SimpleNamespace(layers=SimpleNamespace()), BRIEF)
    assert cell.keras is None


def test_what_has_no_gradients_has_no_step():
    entry = Entry("Identity", {}, (3,), torch.nn.Identity, below=5)
    assert measure(entry, 4, True, None, BRIEF) is None


def test_a_line_and_what_is_said_of_too_high_a_ratio():
    cells = [Cell(1.1049, 2e-6, 30.0), None, Cell(1.5, 1e-5, None), Cell(1.106, 1.5e-3, None, training=True)]
    expected = "Lambda 1.10/30.0 × 2 µs – 1.50· × 10 µs 1.11! × 1500 µs"
    assert " ".join(line(DOUBLE, cells).split()) == expected
    assert remark(DOUBLE, cells) == "Lambda: it is so."
    assert remark(DOUBLE, cells[:3]) is None
    assert remark(Entry("Identity", {}, (3,), torch.nn.Identity), cells) == "Identity: over, and nothing says why."


def test_layers_are_found_by_a_part_of_their_names(monkeypatch, capsys):
    assert [entry.layer for entry in program.selected(["MAXIMUM"])] == ["Maximum"]
    monkeypatch.setattr("sys.argv", ["comparison", "no such layer"])
    with pytest.raises(SystemExit):
        program.main()
    assert "no layer is called like ['no such layer']" in capsys.readouterr().err


def test_the_table_is_printed(monkeypatch, capsys):
    monkeypatch.setattr(program, "QUICK", BRIEF)
    threads = torch.get_num_threads()
    monkeypatch.setattr("sys.argv", ["comparison", "identity", "--quick"])
    program.main()
    torch.set_num_threads(threads)
    assert [text.split()[0] for text in capsys.readouterr().out.splitlines()[:2]] == ["forward", "Identity"]
