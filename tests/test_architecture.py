"""Does the source keep the rules for the source, and would the checks notice if it did not?"""

from __future__ import annotations

from configparser import ConfigParser
from itertools import chain
from pathlib import Path

import pytest

from tests import source_rules

ROOT = Path(__file__).parents[1]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / source_rules.PACKAGE).rglob("*.py"))
}
FILES = {
    str(path.relative_to(ROOT)): path.read_text()
    for folder in (source_rules.PACKAGE, "tests", "benchmarks", "examples")
    for path in sorted((ROOT / folder).rglob("*.py"))
}
FEATURES = ("files", "yaml", "safetensors", "torchmetrics", "rich", "onnx", "plot", "port")
BASE, WEIGHTS = "torchkeras_layer.layer.base", "torchkeras_layer.layer.weights"


@pytest.fixture(scope="module")
def found() -> dict[str, list[source_rules.Import]]:
    return {
        module: source_rules.imports(path.read_text(), module, path.name == "__init__.py", MODULES)
        for module, path in MODULES.items()
    }


@pytest.fixture(scope="module")
def optional() -> set[str]:
    settings = ConfigParser()
    settings.read(ROOT / "setup.cfg")
    lines = (settings["options.extras_require"][extra].split() for extra in FEATURES)
    names = {line.partition(">")[0] for line in chain(*lines)}
    # What is imported is not always called like its package.
    return {{"pyyaml": "yaml"}.get(name, name) for name in names}


def test_every_module_has_a_level():
    assert all(source_rules.level(module) >= 0 for module in MODULES)


def test_every_folder_is_a_package():
    folders = {path.parent for path in MODULES.values()}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


def test_arrows_point_down(found):
    complaints = (source_rules.upward_imports(module, items) for module, items in found.items())
    assert list(chain(*complaints)) == []


def test_no_import_cycles(found):
    assert source_rules.import_cycle(found) == []


def test_only_torch_and_numpy_at_module_level(found, optional):
    complaints = (source_rules.foreign_imports(module, items, optional) for module, items in found.items())
    assert list(chain(*complaints)) == []


@pytest.mark.parametrize("rule", [source_rules.oversized, source_rules.unstated, source_rules.unfinished])
def test_every_file_keeps(rule):
    assert list(chain(*(rule(name, source) for name, source in FILES.items()))) == []


def _read(source: str, module: str = BASE, is_package: bool = False) -> list[source_rules.Import]:
    modules = ("torchkeras_layer", "torchkeras_layer.layer", "torchkeras_layer.layers", BASE, WEIGHTS)
    return source_rules.imports(source, module, is_package, modules)


@pytest.mark.parametrize(
    ("source", "is_package", "target"),
    [
        ("import torch.nn as nn", False, "torch.nn"),
        ("from torchkeras_layer import layers", False, "torchkeras_layer.layers"),
        ("from torchkeras_layer import Layer", False, "torchkeras_layer"),
        ("from . import weights", False, "torchkeras_layer.layer.weights"),
        ("from .weights import WeightSpec", False, "torchkeras_layer.layer.weights"),
        ("from .. import layers", False, "torchkeras_layer.layers"),
        ("from ..layers import Dense", False, "torchkeras_layer.layers"),
        ("from .base import Layer", True, "torchkeras_layer.layer.base"),
    ],
)
def test_reads_the_imported_module(source, is_package, target):
    module = "torchkeras_layer.layer" if is_package else BASE
    assert [item.target for item in _read(source, module, is_package)] == [target]


@pytest.mark.parametrize(
    ("source", "when"),
    [
        ("try:\n    import h5py\nexcept ImportError:\n    pass", "module"),
        ("class A:\n    import h5py", "module"),
        ("class A:\n    async def f(self):\n        import h5py", "function"),
        ("if TYPE_CHECKING:\n    import h5py", "typing"),
        ("if typing.TYPE_CHECKING:\n    pass\nelse:\n    import h5py", "module"),
    ],
)
def test_reads_when_it_is_imported(source, when):
    assert [(item.target, item.when) for item in _read(source)] == [("h5py", when)]


@pytest.mark.parametrize("source", ["from ..layers import Dense", "def f():\n    import torchkeras_layer"])
def test_notices_an_upward_import(source):
    assert len(source_rules.upward_imports(BASE, _read(source))) == 1


@pytest.mark.parametrize(
    "source",
    ["from .weights import WeightSpec", "if TYPE_CHECKING:\n    from ..layers import Dense", "import torch"],
)
def test_allows_an_import_from_beside_or_for_types(source):
    assert source_rules.upward_imports(BASE, _read(source)) == []


def test_notices_a_module_without_a_level():
    with pytest.raises(LookupError, match="has no level"):
        source_rules.level("torchkeras_layer.attic")


def test_notices_a_cycle_even_when_deferred_or_for_types():
    there = _read("from .weights import WeightSpec", BASE)
    deferred = _read("def f():\n    from .base import Layer", WEIGHTS)
    for_types = _read("if TYPE_CHECKING:\n    from .base import Layer", WEIGHTS)
    assert set(source_rules.import_cycle({BASE: there, WEIGHTS: deferred})) == {BASE, WEIGHTS}
    assert set(source_rules.import_cycle({BASE: there, WEIGHTS: for_types})) == {BASE, WEIGHTS}


def test_notices_foreign_imports():
    source = "import numpy, os, scipy, h5py\ndef f():\n    import h5py, keras"
    complaints = source_rules.foreign_imports("m", _read(source), {"h5py"})
    assert [complaint.partition(", ")[0] for complaint in complaints] == [
        "m:1 imports scipy",
        "m:1 imports the optional h5py outside a function",
        "m:3 imports keras",
    ]


def test_notices_long_functions_and_files():
    body = "    x = 1\n" * 39
    docstring = '    """One.\n\n    Three.\n    """\n'
    function = f"def f():\n{docstring}{body}"
    assert source_rules.oversized("m", function) == []
    assert source_rules.oversized("m", f"{function}    x = 2\n") == ["m:1 f has 41 lines, 40 at most"]
    assert source_rules.oversized("m", "x = 1\n" * 401) == ["m has 401 lines, 400 at most"]


@pytest.mark.parametrize("source", ["import torch\n", "", "# Why?\n'''Text.'''\n", '"""\nText.\n"""\n'])
def test_notices_a_file_that_does_not_state_its_question(source):
    assert len(source_rules.unstated("m", source)) == 1


def test_notices_notes_to_do_something_later():
    note = "x = 1  # TO" + "DO: two"
    assert source_rules.unfinished("m", f"{note}\ny = 'todo'\n") == [f"m:1 is unfinished: {note}"]
