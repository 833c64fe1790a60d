"""What does `import torchkeras_layer` add to `import torch`?"""

from __future__ import annotations

import os
import subprocess
import sys
from statistics import median

from benchmarks.peers import keras3
from benchmarks.rows import Measured, Row
from benchmarks.timing import Effort

# Timed inside the new process: the time that `import torch` takes varies by more than what is measured here. Python
# walks through all objects now and then; through torch's, that takes 0.07 s, which falls to whoever happens to be next.
_PROGRAM = """
import gc
from time import perf_counter
import torch
gc.freeze()
start = perf_counter()
import {}
print(perf_counter() - start)
"""


def _import_time(effort: Effort) -> Measured:
    keras = None if keras3() is None else _median_seconds("keras", effort.starts)
    return Measured(_median_seconds("torchkeras_layer", effort.starts), keras, f"median of {effort.starts} starts")


def _median_seconds(module: str, starts: int) -> float:
    times = [_seconds(module) for _ in range(starts + 1)]
    return median(times[1:])  # the first start compiles to bytecode


def _seconds(module: str) -> float:
    environment = os.environ | {"KERAS_BACKEND": "torch"}
    command = [sys.executable, "-c", _PROGRAM.format(module)]
    return float(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)


ROWS = [Row("import, over import torch", 0.08, _import_time, " s")]
