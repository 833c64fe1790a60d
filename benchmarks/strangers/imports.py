"""How are the files of strangers imported as they are, with other modules in place of those that they name?

The name of a module is all that changes. Packages run their `__init__.py` only when something in it is asked for, so
that a file can be imported without all that its package needs; modules that are not installed are stand-ins.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

Renaming = Callable[[str], "str | None"]


class Absent(ModuleType):
    """A module that is not installed. What is imported from it may be named, but not used."""

    __path__ = []  # type: ignore[assignment]
    __file__ = "absent"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {"__doc__": f"{self.__name__}.{name}, which is not installed"})


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the modules of a project, those that stand for others, and stand-ins for those that are not installed."""

    def __init__(self, root: Path, renamed: Renaming) -> None:
        self._root, self._renamed = root, renamed
        self._is_asking = False
        self.names: list[str] = []

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Return how a module is made; `None` leaves it to others."""
        if self._is_asking:
            return None
        file, is_package = self._file(fullname)
        is_ours = self._renamed(fullname) is not None or file is not None
        if not is_ours and (not self._is_asked_by_strangers() or self._is_installed(fullname)):
            return None
        self.names.append(fullname)
        return ModuleSpec(fullname, self, origin=str(file), is_package=is_package or not is_ours)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Return the module that stands for another, or a stand-in."""
        name = self._renamed(spec.name)
        if name is not None:
            return importlib.import_module(name)
        return None if self._file(spec.name)[0] is not None else Absent(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Run a file of the project."""
        name = module.__spec__.name if module.__spec__ else module.__name__
        file, is_package = self._file(name)
        if self._renamed(name) is not None or file is None:
            return
        module.__file__ = str(file)
        if not is_package:
            exec(compile(file.read_text(errors="replace"), str(file), "exec"), module.__dict__)
            return
        module.__path__ = [str(file.parent)]
        module.__getattr__ = _late(module, file)  # type: ignore[method-assign]

    def _file(self, name: str) -> tuple[Path | None, bool]:
        base = self._root.joinpath(*name.split("."))
        if base.with_suffix(".py").is_file():
            return base.with_suffix(".py"), False
        return (base / "__init__.py", True) if base.is_dir() and any(base.rglob("*.py")) else (None, False)

    def _is_asked_by_strangers(self) -> bool:
        """Whether a file of the project imports: others try what is not installed, and go on without it."""
        frame = sys._getframe(1)
        while frame is not None and (frame.f_code.co_filename.startswith("<frozen") or frame.f_globals is globals()):
            frame = frame.f_back
        return frame is not None and frame.f_code.co_filename.startswith(str(self._root))

    def _is_installed(self, name: str) -> bool:
        self._is_asking = True
        try:
            return importlib.util.find_spec(name.partition(".")[0]) is not None
        except (ImportError, ValueError, AttributeError):
            return False
        finally:
            self._is_asking = False


def _late(module: ModuleType, file: Path) -> Callable[[str], Any]:
    has_run = False

    def __getattr__(name: str) -> Any:
        nonlocal has_run
        if not name.startswith("__") and (file.parent / name).with_suffix(".py").is_file():
            return importlib.import_module(f"{module.__name__}.{name}")
        if not has_run and file.is_file() and not name.startswith("__path"):
            has_run = True
            exec(compile(file.read_text(errors="replace"), str(file), "exec"), module.__dict__)
            if name in module.__dict__:
                return module.__dict__[name]
        raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")

    return __getattr__


@contextmanager
def importing(root: Path, renamed: Renaming) -> Iterator[None]:
    """Let `import` find the modules of a project while the block runs, and forget them after it."""
    finder, before = Finder(root, renamed), dict(sys.modules)
    taken = [name for name in before if renamed(name) is not None]
    for name in taken:
        del sys.modules[name]
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in finder.names:
            sys.modules.pop(name, None)
        sys.modules.update({name: before[name] for name in taken})
