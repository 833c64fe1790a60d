"""Does anything stay behind after many eager calls?"""

from __future__ import annotations

import gc
import os
import resource
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import torch

import torchkeras_layer as keras
from benchmarks.rows import Measured, Row
from benchmarks.timing import Effort

_STATUS = Path("/proc/self/statm")


class _Held(NamedTuple):
    memory: int
    blocks: int
    objects: int


class _Penalty(keras.layers.Layer):
    def call(self, inputs: Any) -> Any:
        self.add_loss(inputs.square().mean())
        return inputs


def _without_losses(effort: Effort) -> Measured:
    return _growth(torch.nn.Sequential(keras.layers.Dense(8)), effort.calls)


def _with_losses(effort: Effort) -> Measured:
    return _growth(torch.nn.Sequential(keras.layers.Dense(8), _Penalty()), effort.calls)


def _growth(model: torch.nn.Module, calls: int) -> Measured:
    """Measure the bytes a call that stay in the process.

    A leaked tensor or Python object takes 50 bytes or more at every call, so it shows in each tenth of the
    calls; pages that the allocator takes and keeps show in some. The first tenth fills caches: not counted.
    """
    inputs = torch.randn(4, 8)
    held = [_held() for _ in range(2)]  # the first reading itself takes memory
    for _ in range(10):
        for _ in range(calls // 10):
            model(inputs)
        held.append(_held())
    least = min(later.memory - earlier.memory for earlier, later in pairwise(held[2:]))
    blocks, objects = held[-1].blocks - held[2].blocks, held[-1].objects - held[2].objects
    return Measured(least / (calls // 10), None, f"{calls} calls: {blocks:+} Python blocks, {objects:+} objects")


def _held() -> _Held:
    gc.collect()
    return _Held(_resident_bytes(), sys.getallocatedblocks(), len(gc.get_objects()))


def _resident_bytes() -> int:
    if _STATUS.exists():
        return int(_STATUS.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    # Elsewhere only the peak is known; it grows with a leak too, in bytes on macOS.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


ROWS = [
    Row("memory after 10⁵ calls, a call", 8, _without_losses, " B"),
    Row("memory after 10⁵ calls with add_loss, a call", 8, _with_losses, " B"),
]
