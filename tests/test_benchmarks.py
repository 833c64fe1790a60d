"""Does the benchmark table find its rows, compare with the right side, and judge them?"""

from __future__ import annotations

import pytest

from benchmarks import __main__ as program
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
