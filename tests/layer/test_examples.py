"""Do the examples of docs/layer_by_example.md, written after the two Keras pages, give what they show?"""

from __future__ import annotations

import doctest
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "layer_by_example.md"


def test_every_example_of_the_document_runs():
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    results = doctest.testfile(str(DOCUMENT), module_relative=False, optionflags=flags, encoding="utf-8")
    assert results.failed == 0, "see the output above"
    assert results.attempted > 60
