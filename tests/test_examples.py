"""Do the programs under examples/ run to their last line?"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


def _load(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    program = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(program)
    return program


def test_functional_digits(monkeypatch, capsys):
    pytest.importorskip("sklearn", reason="the digits come with scikit-learn")
    pytest.importorskip("tqdm", reason="the example shows its progress with tqdm")
    program = _load("functional_digits")
    monkeypatch.setattr(program, "EPOCHS", 2)
    monkeypatch.setattr(program, "EXPECTED", 0.5)
    monkeypatch.setattr("sys.argv", ["functional_digits.py"])
    program.main()
    printed = capsys.readouterr().out
    for part in ("digit_reader", "def forward", "flowchart"):
        assert part in printed
    assert "same: True" in printed.splitlines()[-1]


@pytest.mark.parametrize("name", ["digit_images", "text_classifier"])
def test_reaches_in_a_plain_loop_the_accuracy_that_it_states(name, capsys):
    pytest.importorskip("sklearn", reason="the digits come with scikit-learn")
    pytest.importorskip("tqdm", reason="the example shows its progress with tqdm")
    _load(name).main()
    assert "accuracy on" in capsys.readouterr().out


def test_a_model_that_keras_trained_is_ported_trained_further_and_exported(monkeypatch, capsys):
    pytest.importorskip("sklearn", reason="the digits come with scikit-learn")
    pytest.importorskip("tqdm", reason="the example shows its progress with tqdm")
    program = _load("port_keras_model")
    monkeypatch.setattr(program, "EPOCHS", 2)
    monkeypatch.setattr(program, "EXPECTED", 0.8)
    program.main()
    printed = capsys.readouterr().out
    assert "accuracy on 450 held-out digits: 96.7%" in printed
    assert "accuracy on mirrored digits before: 46.4%" in printed
