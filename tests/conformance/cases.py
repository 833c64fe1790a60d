"""Which layers, made how and called on what, go through the conformance suite? A public layer without a case fails."""

from __future__ import annotations

import importlib
from pathlib import Path

from tests.conformance.case import Case

_FAMILIES = sorted(path.stem for path in (Path(__file__).parent / "families").glob("*.py"))

CASES: list[Case] = [
    case for family in _FAMILIES for case in importlib.import_module(f"tests.conformance.families.{family}").CASES
]
