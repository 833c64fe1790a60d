"""Which files does a path stand for, how are they read, and written so that nothing is lost?"""

from __future__ import annotations

import os
import tempfile
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import libcst as cst

_ENCODING = "Say the encoding in the first line: # -*- coding: latin-1 -*-"


class Refused(ValueError):
    """A file that cannot be ported, in one line: which file, what is wrong, and what to do."""


@dataclass(frozen=True)
class Source:
    """A file as it was read.

    Attributes:
        path: where it is.
        text: its text, with the ends of lines that it has.
        encoding: as it says itself, or as its byte order mark does.
    """

    path: Path
    text: str
    encoding: str


def files_in(path: Path) -> list[Path]:
    """Return a file, or all Python files and notebooks in a folder; those in hidden folders are left out.

    Raises:
        Refused: if there is no such file or folder, or nothing in it that can be ported.
    """
    if not path.exists():
        raise Refused(f"{path}: there is no such file or folder.")
    if path.is_file():
        if path.suffix not in (".py", ".ipynb"):
            raise Refused(
                f"{path}: expected a .py or .ipynb file, or a folder of them. Received: a {path.suffix} file."
            )
        return [path]
    found = sorted(_python_files(path))
    if not found:
        raise Refused(f"{path}: there are no .py or .ipynb files in this folder.")
    return found


def _python_files(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and name != "__pycache__"]
        yield from (Path(place, name) for name in names if name.endswith((".py", ".ipynb")))


def read(path: Path) -> Source:
    """Read a Python file in the encoding that it names.

    Raises:
        Refused: if it cannot be read, has another encoding, or is not Python 3.
    """
    try:
        content = path.read_bytes()
        is_notebook = path.suffix == ".ipynb"
        encoding = "utf-8" if is_notebook else tokenize.detect_encoding(BytesIO(content).readline)[0]
        text = content.decode(encoding)
    except SyntaxError as error:
        raise Refused(f"{path}: {error}. {_ENCODING}") from None
    except UnicodeDecodeError as error:
        raise Refused(f"{path}: byte {error.start} is not {error.encoding}. {_ENCODING}") from None
    except OSError as error:
        raise Refused(f"{path}: {error.strerror}.") from None
    if not is_notebook:
        check_syntax(text, str(path))
    return Source(path, text, encoding)


def check_syntax(text: str, name: str) -> None:
    """Check that a text is Python 3.

    Raises:
        Refused: if it is not; it says where, and whether it looks like Python 2.
    """
    try:
        cst.parse_module(text)
    except cst.ParserSyntaxError as error:
        line = text.splitlines()[error.raw_line - 1].strip() if text.splitlines()[error.raw_line - 1 :] else ""
        hint = " It looks like Python 2: run 2to3 on it first." if _is_python_2(line) else ""
        raise Refused(f"{name}, line {error.raw_line}: this is not Python 3: {line[:80]!r}.{hint}") from None


def _is_python_2(line: str) -> bool:
    starts = ("print ", "exec ", "raise ", "except ")
    return line.startswith(starts) or " <> " in line or line.endswith("L") or "ur'" in line


def write(source: Source, text: str) -> None:
    """Replace a file by a new text; the old one is there until the new one is complete.

    Raises:
        Refused: if it cannot be written.
    """
    path = source.path.resolve()
    temporary = ""
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode(source.encoding))
        os.chmod(temporary, path.stat().st_mode)
        os.replace(temporary, path)
    except OSError as error:
        raise Refused(f"{source.path}: {error.strerror}; it is unchanged.") from None
    finally:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)
