"""Do the layers of a file compute the same before and after it is ported? Asked for by `--check`; runs the file."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from torchkeras_layer.port import check_runner

SECONDS = 120
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Checked:
    """What was seen of one layer class.

    Attributes:
        name: the class.
        verdict: 'agrees', 'differs' or 'skipped'.
        text: on which input, and by how much; or why not.
    """

    name: str
    verdict: str
    text: str

    def __str__(self) -> str:
        """Return one line of a report.

        >>> str(Checked("Gate", "agrees", "inputs (2, 8), largest difference 0.0e+00"))
        'check: Gate agrees: inputs (2, 8), largest difference 0.0e+00'
        """
        return f"check: {self.name} {self.verdict}: {self.text}"


def check(old: str, new: str) -> list[Checked]:
    """Run the layer classes of a text with Keras, and those of its ported text with this library.

    Both get the same random inputs and weights. A class that needs arguments is skipped.

    Raises:
        ImportError: if the old text needs Keras or TensorFlow, and it is not installed.
        ValueError: if one of the two does not run to its end.
    """
    for module in ("tensorflow", "keras"):
        needed = f"import {module}" in old or f"from {module}" in old
        if needed and find_spec(module) is None:
            raise ImportError(f"--check runs the old file, which needs {module}: pip install {module}")
    with tempfile.TemporaryDirectory() as folder:
        before = _run(Path(folder), "before", old, None)
        after = _run(Path(folder), "after", new, Path(folder) / "before.npz")
    return [_compared(name, found, after.get(name, {"skipped": "it is not there"})) for name, found in before.items()]


def _run(folder: Path, name: str, text: str, weights: Path | None) -> dict[str, Any]:
    source, results = folder / f"{name}.py", folder / f"{name}.npz"
    source.write_text(text, encoding="utf-8")
    # By its path: to import it by its name would import this library beside Keras.
    command = [sys.executable, check_runner.__file__, str(source), str(results), *([str(weights)] if weights else [])]
    environment = {"KERAS_BACKEND": "torch", **os.environ}
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise ValueError(f"--check: the file {name} the port runs for more than {SECONDS} s.") from None
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ValueError(f"--check: the file {name} the port does not run: {last}")
    return check_runner.load(str(results))


def _compared(name: str, before: dict[str, Any], after: dict[str, Any]) -> Checked:
    if "skipped" in before:
        return Checked(name, "skipped", before["skipped"])
    if "skipped" in after:
        return Checked(name, "differs", f"with Keras it runs, with PyTorch not: {after['skipped']}")
    pairs = list(zip(before["outputs"], after["outputs"], strict=False))
    if len(before["outputs"]) != len(after["outputs"]) or any(one.shape != other.shape for one, other in pairs):
        return Checked(name, "differs", f"outputs of shapes {_shapes(before)} before, {_shapes(after)} after")
    largest = max((float(np.max(np.abs(one - other), initial=0.0)) for one, other in pairs), default=0.0)
    same = all(np.allclose(one, other, TOLERANCE, TOLERANCE, equal_nan=True) for one, other in pairs)
    text = f"inputs {tuple(before['shape'])}, largest difference {largest:.1e}"
    return Checked(name, "agrees" if same else "differs", text)


def _shapes(found: dict[str, Any]) -> str:
    return ", ".join(str(one.shape) for one in found["outputs"])
