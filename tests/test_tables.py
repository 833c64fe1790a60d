"""Is what `make tables` writes from the code up to date, complete, and put in its place and nowhere else?"""

from __future__ import annotations

import re
import shutil

import pytest

from tests.tables import __main__ as program
from tests.tables import block as mechanism
from tests.tables.__main__ import BLOCKS
from tests.tables.block import ROOT, Block
from torchkeras_layer import activations, constraints, initializers, layers, losses, metrics, regularizers
from torchkeras_layer._absent import INSTEAD
from torchkeras_layer.layers._families import FAMILY_OF
from torchkeras_layer.registry.table import entry_of, find_in_family, names_in

# Registered, but for nobody to make: what every layer is derived from, and what graphs contain besides.
NOT_SHOWN = {"Layer", "AddLoss", "AddMetric", "ChoiceByMode"}
SAMPLE = Block("notes.md", "sample", lambda: "| new |")
AROUND = "before\n<!-- sample: `make tables` writes what follows from the code. -->\n{}<!-- End of sample. -->\nafter\n"


@pytest.mark.parametrize("block", BLOCKS, ids=str)
def test_a_block_is_up_to_date(block):
    text = block.path.read_text(encoding="utf-8")
    is_stale = block.written_anew(text) != text
    assert not is_stale, f"The block {block.name!r} in {block.file} is stale. Run `make tables`."


def _read(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


def _cells(file: str) -> list[list[str]]:
    """Return the cells of all rows of tables in a document, those of `make tables` and others."""
    return [line.strip("| ").split(" | ") for line in _read(file).splitlines() if line.startswith("| ")]


def _names(text: str) -> list[str]:
    """Return what stands in backticks, `Conv1D/2D` as two names."""
    found = []
    for code in re.findall("`(.*?)`", text):
        parts = re.fullmatch(r"(\w*?)(\dD(?:/\dD)*)(\w*)", code)
        found += [code] if parts is None else [f"{parts[1]}{rank}{parts[3]}" for rank in parts[2].split("/")]
    return found


def test_the_table_of_families_names_every_layer():
    rows = _cells("docs/layers_by_example.md")
    shown = {name: row[0] for row in rows for name in _names(row[1])}
    assert set(names_in("layer")) - NOT_SHOWN <= set(shown)
    everywhere = {name: row[0] for row in rows for name in _names(" ".join(row[1:]))}
    assert {name: everywhere.get(name) for name in FAMILY_OF} == FAMILY_OF
    assert all(hasattr(layers, name) for name in shown)


def test_the_table_of_families_says_which_names_mean_the_same():
    texts = [text for row in _cells("docs/layers_by_example.md") for text in " ".join(row[2:]).split("; ")]
    pairs = [(text.startswith("in configs"), *text.split(" for ")) for text in texts if " for " in text]
    assert (False, "`AvgPool1D/2D/3D`", "`AveragePooling1D/2D/3D`") in pairs
    for is_of_configs, others, own in pairs:
        for code in others.split(", "):
            for one, other in zip(_names(own), _names(code), strict=True):
                assert find_in_family("layer", other).target is getattr(layers, one)
                assert is_of_configs or getattr(layers, other) is getattr(layers, one)


@pytest.mark.parametrize(
    ("module", "kind"),
    [
        (initializers, "initializer"),
        (activations, "activation function"),
        (constraints, "constraint"),
        (regularizers, "regularizer"),
        (losses, "loss"),
        (metrics, "metric"),
    ],
)
def test_the_reference_tables_name_everything_public(module, kind):
    shown = {name for row in _cells("docs/reference_tables.md") for name in re.findall(r"'(\w+)'", row[0])}
    # Some are imported when they are first named.
    values = [getattr(module, name) for name in getattr(module, "__all__", [*vars(module)])]
    entries = [entry_of(value) for value in values if callable(value)]
    public = {entry.name for entry in entries if entry is not None and entry.kind == kind}
    assert len(public) > 4
    assert public <= shown


def test_the_table_of_what_is_not_here_names_it_all():
    shown = {name for row in _cells("docs/differences.md") for name in _names(row[1])}
    advices = (advices for (_, link), advices in INSTEAD.items() if link.endswith("that-are-not-here"))
    assert shown >= {name for by_advice in advices for names in by_advice.values() for name in names.split()}


def test_the_table_of_hooks_names_all_that_the_source_has():
    files = (ROOT / "torchkeras_layer").rglob("*.py")
    in_source = {name for file in files for name in re.findall(r"\b_torchkeras_\w+", file.read_text(encoding="utf-8"))}
    assert {re.findall(r"\w+", row[0])[0] for row in _cells("CONTRIBUTING.md")[1:]} == in_source


def test_a_block_is_written_between_its_lines():
    for old in ("", "| old |\n", "\n| new |\n\n"):
        assert SAMPLE.written_anew(AROUND.format(old)) == AROUND.format("\n| new |\n\n")


@pytest.mark.parametrize("text", ["", AROUND.replace("End of", ""), AROUND + AROUND])
def test_a_file_without_the_lines_is_an_error(text):
    with pytest.raises(LookupError, match="notes.md must have these two lines, once each:\n<!-- sample: "):
        SAMPLE.written_anew(text)


def test_what_is_stale_is_written_and_named(tmp_path, monkeypatch, capsys):
    for file in {block.file for block in BLOCKS}:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)
    monkeypatch.setattr(mechanism, "ROOT", tmp_path)
    program.main()
    stale = tmp_path / "docs" / "reference_tables.md"
    fresh = stale.read_text(encoding="utf-8")
    stale.write_text(fresh.replace("'MaxNorm'", "'MaximumNorm'"), encoding="utf-8")
    capsys.readouterr()
    program.main()
    program.main()
    assert capsys.readouterr().out == "written: docs/reference_tables.md, constraints\n"
    assert stale.read_text(encoding="utf-8") == fresh
