"""Does the example of a ported script say what the command writes, and compute what Keras computes?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from torchkeras_layer.port.rewriting import port_text

FOLDER = Path(__file__).parents[2] / "examples" / "port_a_script"
# Runs a script, and prints the losses that it leaves in `history`.
RUN = """\
import json, runpy, sys
found = runpy.run_path(sys.argv[1])
history = getattr(found["history"], "history", found["history"])
results = {name: values for name, values in history.items()}
results["test"] = [found["loss"], found["accuracy"]]
print("RESULTS" + json.dumps(results))
"""


def run(name: str) -> dict[str, list[float]]:
    environment = {**os.environ, "KERAS_BACKEND": "torch", "OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(FOLDER / name)], env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.rpartition("RESULTS")[2])


def test_the_second_script_is_what_the_command_makes_of_the_first():
    before = (FOLDER / "train_with_keras.py").read_text(encoding="utf-8")
    after = (FOLDER / "train_with_pytorch.py").read_text(encoding="utf-8")
    text, findings = port_text(before)
    assert text == after
    assert [finding for finding in findings if finding.kind == "left"] == []
    assert port_text(after) == (after, [])


def test_both_scripts_have_the_same_losses_in_each_epoch():
    theirs, ours = run("train_with_keras.py"), run("train_with_pytorch.py")
    assert len(theirs["loss"]) == 5
    assert ours.keys() == theirs.keys()
    for name, values in theirs.items():
        assert ours[name] == pytest.approx(values, rel=1e-4, abs=1e-6), name
