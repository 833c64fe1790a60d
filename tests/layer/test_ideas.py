"""Does every test idea of contract §9 have its test? The docstrings of the tests number them."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]


def test_every_idea_is_numbered_in_a_docstring():
    texts = (path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py"))
    found = {
        int(number)
        for text in texts
        for line in re.findall(r'"""(.*)', text)
        for number in re.findall(r"\[(\d+)\]", line)
    }
    assert set(range(1, 56)) <= found
