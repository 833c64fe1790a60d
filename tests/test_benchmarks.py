"""Does the benchmark table find its rows, compare with the right side, and judge them?"""

from __future__ import annotations

import pytest

from benchmarks import __main__ as program
from benchmarks import named_calls, two_checkouts
from benchmarks.rows import Contest, Measured, Row, header, line, ratio_row
from benchmarks.timing import Call, Effort, compare, enough_loops

BRIEF = Effort(pairs=3, batch=1e-4, calls=10, starts=1)


class _Takes(Call):
    """A call that claims to take `argument` seconds."""

    def seconds(self, loops: int) -> float:
        return self.argument


def _takes(seconds: float) -> Call:
    return _Takes(abs, seconds)


def test_every_row_has_a_name_of_its_own_and_is_found_by_a_part_of_it():
    rows = program._selected([])
    assert len({row.name for row in rows}) == len(rows) > 20
    assert [row.name for row in program._selected(["IDENTITY"])] == ["identity call"]


def test_an_unknown_row_is_answered_with_those_that_there_are(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["benchmarks", "no such row"])
    with pytest.raises(SystemExit):
        program.main()
    assert "no row is called like ['no such row']" in capsys.readouterr().err


def test_a_row_is_judged_by_its_target():
    rows = [
        Row("short", 1.0, lambda _: Measured(1.0)),
        Row("a longer name", 1.0, lambda _: Measured(2.0, 3.0)),
    ]
    lines = [header(rows), *(line(rows, row, row.measure(BRIEF)) for row in rows)]
    assert lines[1].split() == ["short", "1.00×", "–", "≤", "1.00×", "ok"]
    assert lines[2].split() == ["a", "longer", "name", "2.00×", "3.00×", "≤", "1.00×", "over"]
    assert lines[1].index("≤") == lines[2].index("≤")


def test_a_ratio_is_ours_over_by_hand():
    found = compare(_takes(6.0), _takes(2.0), BRIEF)
    assert (found.ratio, found.ratio_of_minima, found.seconds, found.reference_seconds) == (
        3.0,
        3.0,
        6.0,
        2.0,
    )


def test_a_ratio_row_compares_with_the_fastest_hand_written_way():
    row = ratio_row("row", 1.0, lambda: Contest(_takes(6.0), [_takes(3.0), _takes(2.0)], _takes(8.0)))
    measured = row.measure(BRIEF)
    assert (measured.ours, measured.keras) == (3.0, 4.0)


def test_a_call_is_repeated_to_fill_its_batch():
    assert enough_loops(_takes(0.25), 2.0) == 8
    assert enough_loops(_takes(5.0), 2.0) == 1
    assert Call(abs, -1).seconds(10) > 0


def test_every_named_call_runs():
    assert len(named_calls.NAMES) == len(set(named_calls.NAMES)) > 200
    calls = [named_calls.make(name) for name in ("identity", "masked Add", "pickle of Dense", "Dense, step 1")]
    assert all(call is not None and call.seconds(1) > 0 for call in calls)


def test_what_one_library_lacks_is_not_there(monkeypatch):
    assert named_calls.is_there("Dense, forward 1")
    monkeypatch.setattr(named_calls, "layers", object())
    assert not named_calls.is_there("Dense, forward 1")
    assert named_calls.is_there("identity")


def test_two_checkouts_are_timed_in_turns():
    with two_checkouts.Worker(two_checkouts.HERE, 1e-4) as old, two_checkouts.Worker(two_checkouts.HERE, 1e-4) as new:
        words = two_checkouts.compare(old, new, "identity", pairs=2).split()
        assert two_checkouts.compare(old, new, "Discretization, step 1", 2).endswith("is not in both")
    assert words[0] == "identity"
    assert all(float(number) > 0 for number in words[1:])
    assert len(words) == 5


def test_a_folder_without_the_package_is_refused(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("sys.argv", ["two_checkouts", str(tmp_path)])
    with pytest.raises(SystemExit):
        two_checkouts.main()
    assert "holds no package torchkeras_layer" in capsys.readouterr().err
