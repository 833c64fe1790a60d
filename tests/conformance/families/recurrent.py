"""Which recurrent layers go through the conformance suite?"""

from __future__ import annotations

from tests.conformance.case import Case

CASES: list[Case] = []
