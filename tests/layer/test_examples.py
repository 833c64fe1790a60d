"""Do the examples of the documents in docs/ give what they show?"""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

DOCUMENTS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("layer_by_example.md", 60),
        ("models_by_example.md", 120),
        ("layers_by_example.md", 25),
        ("differences.md", 110),
        ("for_pytorch_people.md", 25),
        ("losses.md", 25),
        ("metrics.md", 20),
    ],
)
def test_every_example_of_the_document_runs(name, least):
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    results = doctest.testfile(str(DOCUMENTS / name), module_relative=False, optionflags=flags, encoding="utf-8")
    assert results.failed == 0, "see the output above"
    assert results.attempted > least
