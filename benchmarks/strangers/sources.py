"""Where are the files of a project of strangers, and how are they brought?"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

CACHE = Path(os.environ.get("STRANGERS_CACHE", Path(tempfile.gettempdir()) / "strangers"))
# A folder of clones, each called owner+name, which are used in place of the network.
CLONES = os.environ.get("STRANGERS_CLONES")


def folder_of(source: str) -> Path | None:
    """Return the folder with the files of `pypi:name==version` or `git:owner/name@commit`; `None` if there is none.

    >>> folder_of("git:nobody/nothing@0") is None
    True
    """
    kind, _, rest = source.partition(":")
    place = CACHE / rest.replace("/", "+")
    if not place.is_dir():
        bring = _bring_wheel if kind == "pypi" else _bring_commit
        bring(rest, place)
    return place if place.is_dir() else None


def _bring_wheel(requirement: str, place: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "-d", folder]
        subprocess.run([*pip, requirement], check=False, capture_output=True)
        for wheel in Path(folder).glob("*.whl"):
            zipfile.ZipFile(wheel).extractall(place)


def _bring_commit(source: str, place: Path) -> None:
    name, _, commit = source.partition("@")
    clone = Path(CLONES or "") / name.replace("/", "+") / "repo"
    with tempfile.TemporaryDirectory() as folder:
        if not clone.is_dir():
            clone = Path(folder)
            address = f"https://github.com/{name}"
            subprocess.run(["git", "clone", "--quiet", address, str(clone)], check=False, capture_output=True)
        git = ["git", "-c", "safe.directory=*", f"--git-dir={clone / '.git' if (clone / '.git').is_dir() else clone}"]
        packed = subprocess.run([*git, "archive", commit, "--", "*.py"], capture_output=True, check=False)
        if packed.returncode == 0:
            place.mkdir(parents=True)
            subprocess.run(["tar", "x", "-C", str(place)], input=packed.stdout, check=False)
