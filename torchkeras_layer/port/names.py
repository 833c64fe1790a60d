"""Which name of Keras or TensorFlow does an expression mean?"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Collection, Mapping
from typing import Any

import libcst as cst
from libcst.metadata import MetadataWrapper, QualifiedName, QualifiedNameProvider, QualifiedNameSource

from torchkeras_layer._absent import MODULES
from torchkeras_layer._placeholders import AbsentModule, Placeholder

LIBRARY = __name__.partition(".")[0]
# Modules of Keras, by the longest first, and what they are called here.
_ROOTS = {
    "tensorflow.compat.v1.keras": "keras",
    "tensorflow.compat.v2.keras": "keras",
    "tensorflow.contrib.keras": "keras",
    "tensorflow.python.keras": "keras",
    "tensorflow._api.v2.keras": "keras",
    "tensorflow.keras": "keras",
    "tensorflow": "tf",
    "keras.api": "keras",
    "keras.src": "keras",
    "keras": "keras",
    "tf_keras": "keras",
}
# Modules some of whose names are in other modules here, and can be imported by their old paths.
_PARTLY_HERE = ("keras.preprocessing", "keras.preprocessing.sequence")


def normal(name: str) -> str | None:
    """Return a full name as `keras.…` or `tf.…`; `None` if it is neither Keras's nor TensorFlow's.

    >>> normal("tensorflow.keras.layers.Dense"), normal("tensorflow.math.exp"), normal("numpy.exp")
    ('keras.layers.Dense', 'tf.math.exp', None)
    """
    for root, own in _ROOTS.items():
        if name == root or name.startswith(f"{root}."):
            return own + name[len(root) :]
    return None


@functools.cache
def in_library(name: str) -> Any:
    """Return what a name of Keras or TensorFlow is in this library.

    Args:
        name: as `normal` returns it.

    Raises:
        AttributeError: if the library has nothing of this name; it says what to use instead.

    >>> in_library("keras.layers.Dense").__name__
    'Dense'
    """
    first, *rest = name.split(".")
    path = LIBRARY if first == "keras" else f"{LIBRARY}.{first}"
    found = importlib.import_module(path)
    for part in rest:
        path = f"{path}.{part}"
        try:
            found = getattr(found, part)
        except AttributeError:
            if not _is_module(found):
                raise
            try:
                found = importlib.import_module(path)
            except ModuleNotFoundError:
                pass
            else:
                continue
            raise
    return found


def _is_module(found: Any) -> bool:
    return hasattr(found, "__path__")


@functools.cache
def missing_reason(name: str) -> str | None:
    """Return why a name is not in this library, and what to use instead; `None` if it is there.

    >>> missing_reason("keras.layers.Dense") is None
    True
    """
    if name in _PARTLY_HERE:
        return None
    try:
        found = in_library(name)
        if isinstance(found, AbsentModule) and name.split(".")[1] in (*MODULES["keras"].split(), "preprocessing"):
            # Of others, such as `engine`, all that layers need is here.
            found = found.anything
        if isinstance(found, Placeholder):
            found()
    except (AttributeError, ImportError) as error:
        return str(error).splitlines()[0]
    return None


class Names:
    """The names of one parsed file.

    Args:
        wrapper: the file, with its metadata.
    """

    def __init__(self, wrapper: MetadataWrapper) -> None:
        self._names: Mapping[cst.CSTNode, Collection[QualifiedName]] = wrapper.resolve(QualifiedNameProvider)
        self._stars = [module for module in map(_star_module, _imports(wrapper.module)) if module]

    def of(self, node: cst.CSTNode) -> str | None:
        """Return the full name that an expression, or the function of a call, means; `None` if it is not Keras's."""
        if isinstance(node, cst.Call):
            node = node.func
        if dotted(node) is None:
            return None
        found = self._names.get(node, ())
        found = found() if callable(found) else found
        if not found:
            return self._from_star(node)
        if any(one.source is not QualifiedNameSource.IMPORT for one in found):
            return None
        names = {normal(one.name) for one in found}
        return names.pop() if len(names) == 1 else None

    def _from_star(self, node: cst.CSTNode) -> str | None:
        first, *rest = (dotted(node) or "").split(".")
        for module in self._stars:
            if first and not first.startswith("_") and missing_reason(f"{module}.{first}") is None:
                return ".".join([module, first, *rest])
        return None


def dotted(node: cst.CSTNode) -> str | None:
    """Return the text of `a.b.c`; `None` for any other expression.

    >>> dotted(cst.parse_expression("a.b")), dotted(cst.parse_expression("a[0].b"))
    ('a.b', None)
    """
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        before = dotted(node.value)
        return None if before is None else f"{before}.{node.attr.value}"
    return None


def _imports(module: cst.Module) -> list[cst.ImportFrom]:
    lines = [line for line in module.body if isinstance(line, cst.SimpleStatementLine)]
    return [one for line in lines for one in line.body if isinstance(one, cst.ImportFrom)]


def _star_module(statement: cst.ImportFrom) -> str | None:
    if not isinstance(statement.names, cst.ImportStar) or statement.module is None or statement.relative:
        return None
    return normal(dotted(statement.module) or "")
