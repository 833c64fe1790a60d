"""How is a notebook ported? Its code cells as one file, between marks that say where each begins."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import libcst as cst

from torchkeras_layer.port.findings import Finding
from torchkeras_layer.port.sources import Refused

Port = Callable[[str], tuple[str, list[Finding]]]
# Statements, which all rules leave alone, and behind which imports may stand.
_MARK = '"@@ cell {} @@"\n'
_MARKS = re.compile(r'^"@@ cell (\d+) @@"\n', re.MULTILINE)
_MAGIC = re.compile(r"^(\s*)([%!].*|\?.*|.*\?)$")
_KEPT = re.compile(r"^(\s*)pass  # @@ line (\d+) @@$", re.MULTILINE)
# Magics of a whole cell whose rest is Python.
_OF_PYTHON = ("%%time", "%%timeit", "%%capture", "%%prun")


def port_notebook(text: str, name: str, port: Port) -> tuple[str, list[Finding]]:
    """Return the text of a notebook with its code cells ported, and what was done and left.

    Lines of IPython, such as `%matplotlib inline` and `!pip install keras`, stay as they are, and so do cells of other
    languages, cells that are not Python, and all outputs.

    Args:
        text: the notebook, as JSON.
        name: its path, for errors.
        port: ports Python text.

    Raises:
        Refused: if it is no notebook of version 4.
    """
    notebook = _read(text, name)
    kept: list[str] = []
    cells = {place: _source(cell) for place, cell in enumerate(notebook["cells"]) if cell.get("cell_type") == "code"}
    python = {place: found for place, source in cells.items() if (found := _as_python(source, kept)) is not None}
    joined = "".join(_MARK.format(place) + source.rstrip("\n") + "\n\n" for place, source in python.items())
    new, findings = port(joined)
    if new == joined:
        return text, []
    for place, source in _split(new).items():
        restored = _KEPT.sub(lambda match: kept[int(match[2])], source).strip("\n")
        if restored != cells[place].strip("\n"):
            _set_source(notebook["cells"][place], restored)
    starts = {place: joined.count("\n", 0, joined.index(_MARK.format(place))) + 1 for place in python}
    return _written(notebook, text), [_in_cell(finding, starts) for finding in findings]


def _read(text: str, name: str) -> dict[str, Any]:
    try:
        notebook = json.loads(text)
    except json.JSONDecodeError as error:
        raise Refused(f"{name}, line {error.lineno}: this is not JSON, so it is no notebook: {error.msg}.") from None
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise Refused(
            f"{name}: expected a notebook of version 4, with a list of cells. Open it in Jupyter, and save it."
        )
    return notebook


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", "")
    return "".join(source) if isinstance(source, list) else str(source)


def _as_python(source: str, kept: list[str]) -> str | None:
    """Return a cell with lines of IPython replaced by `pass`; `None` if it is not Python."""
    first = source.lstrip().partition("\n")[0]
    if first.startswith("%%") and not first.startswith(_OF_PYTHON):
        return None
    lines = []
    for line in source.splitlines():
        match = _MAGIC.match(line)
        lines.append(f"{match[1]}pass  # @@ line {len(kept)} @@" if match else line)
        kept += [line] if match else []
    text = "\n".join(lines)
    try:
        cst.parse_module(text)
    except cst.ParserSyntaxError:
        return None
    return text


def _split(text: str) -> dict[int, str]:
    """Return the text of each cell; what stands before the first mark belongs to the first."""
    before, *parts = _MARKS.split(text)
    found = {int(place): source for place, source in zip(parts[::2], parts[1::2], strict=True)}
    if before.strip():
        first = next(iter(found))
        found[first] = f"{before}{found[first]}"
    return found


def _set_source(cell: dict[str, Any], source: str) -> None:
    is_list = isinstance(cell.get("source"), list)
    cell["source"] = source.splitlines(keepends=True) if is_list else source


def _in_cell(finding: Finding, starts: dict[int, int]) -> Finding:
    place = max((place for place, start in starts.items() if start <= finding.line), default=min(starts))
    return replace(finding, cell=place + 1, line=max(finding.line - starts[place], 1))


def _written(notebook: dict[str, Any], old: str) -> str:
    """Return a notebook as JSON, indented as it was."""
    indented = re.search(r"^( +|\t+)\S", old, re.MULTILINE)
    indent: Any = None if indented is None else indented[1] if "\t" in indented[1] else len(indented[1])
    text = json.dumps(notebook, ensure_ascii="\\u" in old, indent=indent)
    return text + "\n" if old.endswith("\n") else text
