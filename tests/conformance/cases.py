"""Which layers, made how and called on what, go through the conformance suite? A public layer without a case fails.

Its family's file says why one has none, and tests/layers/<family> tests it.
"""

from __future__ import annotations

import importlib
from pathlib import Path

from tests.conformance.case import Case

_NAMES = sorted(path.stem for path in (Path(__file__).parent / "families").glob("*.py"))
_FAMILIES = [importlib.import_module(f"tests.conformance.families.{name}") for name in _NAMES]

CASES: list[Case] = [case for family in _FAMILIES for case in family.CASES]
WITHOUT_CASE: set[str] = {layer for family in _FAMILIES for layer in getattr(family, "WITHOUT_CASE", ())}
