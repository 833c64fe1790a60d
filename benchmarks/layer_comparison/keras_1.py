"""What stands beside each layer that only Keras 1 had?"""

from __future__ import annotations

from benchmarks.layer_comparison.entry import Entry

ENTRIES: list[Entry] = []

_WHY = "torch has none, and neither has Keras since 2.0"
WITHOUT_COUNTERPART = dict.fromkeys(("Highway", "MaxoutDense", "ParametricSoftplus", "SReLU"), _WHY)
