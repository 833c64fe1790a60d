"""Does everything that tests cite of the contract stand in docs/contract.md, and has every rule there its test?"""

from __future__ import annotations

import ast
import functools
import re
from pathlib import Path

TESTS = Path(__file__).parent
CONTRACT = (TESTS.parent / "docs" / "contract.md").read_text(encoding="utf-8")
RULES = {int(number) for number in re.findall(r"^- \*\*\[(\d+)\]\*\*", CONTRACT, re.MULTILINE)}
SECTIONS = set(re.findall(r"^#+ (§[0-9a-d.]*[0-9a-d])", CONTRACT, re.MULTILINE))
TRAPS = set(re.findall(r"^(\d+)\. ", CONTRACT.partition("## Traps of torch")[2], re.MULTILINE))


@functools.cache
def docstrings() -> tuple[tuple[str, str], ...]:
    return tuple(
        (path.relative_to(TESTS).as_posix(), ast.get_docstring(node) or "")
        for path in sorted(TESTS.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
    )


def cited(pattern: str) -> dict[str, str]:
    """Return what docstrings cite, and a file that does it; a rule stands alone, an index follows a name."""
    return {found: path for path, text in docstrings() for found in re.findall(pattern, text)}


def test_every_rule_that_a_test_cites_is_in_the_contract():
    assert {number: path for number, path in cited(r"(?<!\w)\[(\d+)\]").items() if int(number) not in RULES} == {}


def test_every_section_and_trap_that_a_test_cites_is_in_the_contract():
    assert {name: path for name, path in cited(r"§[0-9a-d.]*[0-9a-d]").items() if name not in SECTIONS} == {}
    assert {number: path for number, path in cited(r"trap (\d+)").items() if number not in TRAPS} == {}


def test_every_idea_is_numbered_in_a_docstring():
    assert set(map(str, RULES)) <= set(cited(r"(?<!\w)\[(\d+)\]"))


def test_the_numbers_of_rules_stand_once():
    numbers = re.findall(r"^- \*\*\[(\d+)\]\*\*", CONTRACT, re.MULTILINE)
    assert len(numbers) == len(set(numbers)) == 55
