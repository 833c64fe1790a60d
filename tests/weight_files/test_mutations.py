"""Do 200 damaged files, most of them HDF5, come to models or errors of ours, while valid ones load?"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.weight_files.mutations import FOLDER, MOST_MEBIBYTES, damage, mutate, run, sources
from torchkeras_layer.saving import load_model

_NAMES = ("chain", "dense")


@pytest.mark.parametrize("name", ["2_14/dense.keras", "2_21/dense.keras", "2_21/dense.h5"])
def test_valid_files_load(name):
    assert load_model(FOLDER / name).count_params() > 0


def test_damaged_files():
    names = {name for name, _, _ in sources(_NAMES)}
    assert all(load_model(FOLDER / name).built for name in names)
    outcomes = list(run(0, 200, _NAMES))
    assert [outcome.number for outcome in outcomes] == list(range(200))
    assert [outcome for outcome in outcomes if outcome.result not in ("refused", "loaded")] == []
    assert max(outcome.mebibytes for outcome in outcomes) < MOST_MEBIBYTES
    counts = Counter(outcome.result for outcome in outcomes)
    assert min(counts["refused"], counts["loaded"]) > 40


def test_mutations_are_those_of_their_number():
    assert mutate(7, _NAMES) == mutate(7, _NAMES) != mutate(17, _NAMES)
    assert {mutate(number, _NAMES)[1] for number in range(40)} == {
        "all", "config.json", "model.weights.h5", "json", "weights",
    }  # fmt: skip
    _, _, content = sources(_NAMES)[0]
    assert mutate(0, _NAMES)[2] != content
    assert callable(damage)
