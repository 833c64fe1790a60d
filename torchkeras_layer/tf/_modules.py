"""What are the modules of TensorFlow here, `tf.math` and others? Modules that find each name when it is first read."""

from __future__ import annotations

import functools
import importlib
import importlib.abc
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from torchkeras_layer._elsewhere import MISSING, name_in_old_module
from torchkeras_layer._placeholders import Placeholder
from torchkeras_layer.ops.size_calls import callable_on_sizes
from torchkeras_layer.ops.spellings import spelled
from torchkeras_layer.ops.tensorflow_names import spelling_of
from torchkeras_layer.tf._absent import is_source, missing
from torchkeras_layer.tf._places import FUNCTIONS, OBJECTS, functions_in

_PACKAGE = __name__.rpartition(".")[0]
_LIBRARY = _PACKAGE.rpartition(".")[0]
# Modules that are those of this library, by what they are here.
_OF_KERAS = {
    "keras": "",
    "_keras": "",
    "python.keras": "",
    "compat.v1.keras": "",
    "compat.v2.keras": "",
    "initializers": "initializers",
    "keras_initializers": "initializers",
    "losses": "losses",
    "metrics": "metrics",
    "optimizers": "optimizers",
}
# The folders of TensorFlow's source whose files are modules when they are read as attributes; any can be imported.
_FOLDERS = frozenset(
    {
        *("python", "python.ops", "python.framework", "python.util", "python.eager", "python.platform"),
        *("python.training", "python.layers", "core", "compiler"),
    }
)
# Decorators of TensorFlow's own source, which other projects use, and which change nothing that is computed.
_DECORATORS = frozenset(
    {
        *("deprecated", "deprecated_alias", "deprecated_args", "deprecated_arg_values", "deprecated_endpoints"),
        *("tf_export", "keras_export", "estimator_export"),
    }
)
# Where the names that files in these folders define are public.
_SEARCHED = ("", "math", "nn", "linalg", "image", "random", "nest", "debugging", "bitwise", "compat.v1", "signal")


def _modules() -> frozenset[str]:
    found = {path for path in FUNCTIONS if path} | {full.rpartition(".")[0] for full in _objects()}
    parents = {path.rpartition(".")[0] for path in found}
    older = {f"compat.v1.{path}" for path in found if path and not path.startswith("compat")}
    return frozenset((found | parents | older | {"compat", "compat.v1", "version"}) - {""})


@functools.cache
def _objects() -> dict[str, tuple[str, str]]:
    """Return the file, and the name in it, of each object, by its full name."""
    found = {}
    for file, names in OBJECTS.items():
        for name in names.split():
            full, _, own = name.partition(":")
            found[full] = (file, own or full.rpartition(".")[2])
    return found


def names_in(path: str) -> list[str]:
    """Return all names that a module of TensorFlow has here.

    >>> "reduce_sum" in names_in("math"), "GradientTape" in names_in("")
    (True, True)
    """
    objects = [full.rpartition(".")[2] for full in _objects() if full.rpartition(".")[0] in _places_of(path)]
    start = f"{path}." if path else ""
    modules = [full[len(start) :] for full in {*_modules(), *_OF_KERAS} if full.startswith(start)]
    return sorted({*functions_in(path), *objects, *(name for name in modules if "." not in name)})


def _places_of(path: str) -> tuple[str, ...]:
    return (path, path.removeprefix("compat.v1").removeprefix(".")) if path.startswith("compat.v1") else (path,)


def find(path: str, name: str) -> Any:
    """Return what has a name in a module of TensorFlow.

    Raises:
        AttributeError: if there is nothing; it says what to write instead.

    >>> find("math", "reduce_sum")([1, 2])
    tensor(3, dtype=torch.int32)
    """
    if is_source(path):
        return _found_in_source(path, name)
    for place in _places_of(path):
        full = f"{place}.{name}".removeprefix(".")
        if full in _objects():
            file, own = _objects()[full]
            return getattr(importlib.import_module(f"{_PACKAGE}.{file}"), own)
        if full in _OF_KERAS or full in _modules() or full in _FOLDERS:
            return importlib.import_module(f"{_PACKAGE}.{full}")
    if name in functions_in(path):
        return _function(f"{path}.{name}".removeprefix("."))
    return missing(f"{_PACKAGE}.{path}".removesuffix("."), path, name, names_in(path))


def _found_in_source(path: str, name: str) -> Any:
    """Return what has a name in a file of TensorFlow's source: it is public in one of several modules."""
    full = f"{path}.{name}"
    if full in _OF_KERAS or full in _FOLDERS or path in _FOLDERS:
        return importlib.import_module(f"{_PACKAGE}.{full}")
    for place in _SEARCHED:
        if name in names_in(place):
            return find(place, name)
    if name in _DECORATORS:
        return importlib.import_module(f"{_LIBRARY}.utils").keras_export
    initializers = importlib.import_module(f"{_LIBRARY}.initializers")
    initializer = name.removesuffix("_initializer")
    if "init_ops" in path and hasattr(initializers, initializer):
        return getattr(initializers, initializer)
    if path.startswith("python.layers.") or name == "smart_cond":
        # The layers that TensorFlow had beside Keras's, and their `utils`.
        found = name_in_old_module(f"{_LIBRARY}.utils.conv_utils", name)
        if found is not MISSING:
            return found
    return missing(f"{_PACKAGE}.{path}", path, name, ())


@functools.cache
def _function(full: str) -> Any:
    spelling = spelling_of(full)
    assert spelling is not None, full
    return spelled(callable_on_sizes(spelling.target), spelling, f"tf.{full}")


class TensorFlowModule(ModuleType):
    """A module of TensorFlow, whose names are found when they are first read."""

    def __getattr__(self, name: str) -> Any:
        path = self.__name__.removeprefix(f"{_PACKAGE}.")
        if name == "__all__":
            # What `from torchkeras_layer.tf.math import *` imports.
            return names_in(path)
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        found = find(path, name)
        return found if isinstance(found, Placeholder) else self.__dict__.setdefault(name, found)

    def __dir__(self) -> list[str]:
        return sorted({*self.__dict__, *names_in(self.__name__.removeprefix(f"{_PACKAGE}."))})


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the modules of TensorFlow by the names that they have below this package."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        full = fullname.removeprefix(f"{_PACKAGE}.")
        if full == fullname or full.startswith("_") and full not in _OF_KERAS:
            return None
        if not (is_source(full) or full in _modules() or _place_in_library(full) is not None):
            return None
        return ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return TensorFlowModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        own = _place_in_library(module.__name__.removeprefix(f"{_PACKAGE}."))
        if own is not None:
            # What importlib returns is what stands here afterwards.
            sys.modules[module.__name__] = importlib.import_module(own)


def _place_in_library(full: str) -> str | None:
    """Return the module of this library that a module of TensorFlow is, such as `keras.layers`."""
    for path, own in _OF_KERAS.items():
        if full == path or full.startswith(f"{path}."):
            return ".".join(filter(None, (_LIBRARY, own, full[len(path) + 1 :])))
    return None


def let_modules_be_imported() -> None:
    """Let `import` find the modules of TensorFlow, such as `torchkeras_layer.tf.python.ops.math_ops`."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
