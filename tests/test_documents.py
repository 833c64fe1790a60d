"""Does every example in the documents run?"""

from __future__ import annotations

import doctest
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parents[1]


@pytest.mark.parametrize("document", ["README.md"])
def test_examples_run(document):
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL
    result = doctest.testfile(str(ROOT / document), module_relative=False, optionflags=flags)
    assert result.attempted > 5
    assert result.failed == 0
