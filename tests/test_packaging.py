"""Does the wheel hold everything, and does the import stay silent and light?"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "torchkeras_layer"
OPTIONAL = (
    "graphviz",
    "h5py",
    "yaml",
    "keras",
    "safetensors",
    "sklearn",
    "torchmetrics",
    "rich",
    "onnx",
    "tqdm",
    "scipy",
    "pytest",
)
HEAVY = ("torch._dynamo", "torch._inductor", "torch.export", "torch.onnx", "torch.utils.tensorboard")


def _run(*arguments: str, cwd: Path | None = None, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=os.environ | environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Build from a copy: setuptools leaves a `build` folder, whose old files get into the next wheel."""
    pytest.importorskip("setuptools", minversion="77")
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("setup.cfg", "setup.py", "pyproject.toml", "README.md", "LICENSE", "MANIFEST.in"):
        shutil.copy(ROOT / name, source)
    for folder in (PACKAGE, "tests", "benchmarks"):
        shutil.copytree(ROOT / folder, source / folder, ignore=shutil.ignore_patterns("__pycache__"))
    _run("-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(out), str(source))
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def site(wheel, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    _run("-m", "pip", "install", "--no-deps", "--no-index", "--target", str(folder), str(wheel))
    return folder


def test_wheel_holds_every_module_and_nothing_else(wheel):
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    expected = {str(path.relative_to(ROOT)) for path in (ROOT / PACKAGE).rglob("*.py")}
    assert held == expected | {f"{PACKAGE}/py.typed"}


def test_wheel_states_licence_python_and_needs(wheel):
    archive = zipfile.ZipFile(wheel)
    (name,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
    metadata = Parser().parsestr(archive.read(name).decode())
    assert metadata["Name"].replace("-", "_") == PACKAGE
    assert "Apache-2.0" in (metadata["License-Expression"] or metadata["License"])
    assert metadata["Requires-Python"] == ">=3.10"
    needs = [need.split(">")[0] for need in metadata.get_all("Requires-Dist") if "extra ==" not in need]
    assert sorted(needs) == ["numpy", "torch", "typing-extensions"]
    assert any(name.endswith("/LICENSE") for name in archive.namelist())


def test_every_installed_module_imports(site):
    program = f"""
import importlib, pkgutil, {PACKAGE} as package
names = [module.name for module in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
for name in names: importlib.import_module(name)
print(package.__file__, len(names))
"""
    file, count = _run("-W", "error", "-c", program, cwd=site, PYTHONPATH=str(site)).split()
    assert Path(file).is_relative_to(site)
    assert int(count) == len(list((ROOT / PACKAGE).rglob("*.py"))) - 1


def test_import_is_silent():
    assert _run("-W", "error", "-c", f"import {PACKAGE}", cwd=ROOT) == ""


def test_import_loads_nothing_optional_and_nothing_heavy():
    program = f"""
import sys, torch
before = set(sys.modules)
import {PACKAGE}
print(*sorted(set(sys.modules) - before))
"""
    loaded = _run("-c", program, cwd=ROOT).split()
    roots = {name.partition(".")[0] for name in loaded}
    assert roots.isdisjoint(OPTIONAL)
    assert roots <= {PACKAGE, "numpy", "torch", "typing_extensions"} | sys.stdlib_module_names
    assert [name for name in loaded if name.startswith(HEAVY)] == []
