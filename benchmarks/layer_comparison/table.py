"""Which entries are there, and which layers have none, since nothing in torch stands beside them?

Each family of layers has its file beside this one.
"""

from __future__ import annotations

from importlib import import_module

from benchmarks.layer_comparison.entry import Entry
from torchkeras_layer.layers._families import FAMILY_OF

_FAMILIES = [import_module(f"benchmarks.layer_comparison.{family}") for family in dict.fromkeys(FAMILY_OF.values())]

ENTRIES: list[Entry] = [entry for family in _FAMILIES for entry in family.ENTRIES]
WITHOUT_COUNTERPART: dict[str, str] = {
    layer: why for family in _FAMILIES for layer, why in getattr(family, "WITHOUT_COUNTERPART", {}).items()
}
