"""What does an import get for a name of Keras that is not here? A placeholder, each use of which raises the advice.

Ported files import at their top what they use in one place, or not at all. Such an import succeeds; but `hasattr` tells
the truth, and reading the name as an attribute of the module raises at once.
"""

from __future__ import annotations

import importlib
import importlib.abc
import opcode
import sys
from collections.abc import Callable, Iterable, MutableSequence
from difflib import get_close_matches
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, NoReturn, Union

from torchkeras_layer._absent import MODULES, OLD_MODULES, instead_of, instead_of_old
from torchkeras_layer._elsewhere import (
    MISSING,
    name_in_old_module,
    name_in_public_module,
    names_of_old_module,
    public_module_of,
)

_PACKAGE = __name__.partition(".")[0]
_IMPORT_FROM = opcode.opmap["IMPORT_FROM"]
# Where users find what this library has.
_PUBLIC = (
    "", "layers", "models", "initializers", "regularizers", "constraints", "activations", "metrics", "saving", "utils",
    "backend",
)  # fmt: skip
# Absent modules in which Keras has the files of its layers, models and functions.
_FOLDERS_OF_FILES = tuple(OLD_MODULES["keras"])
_IN_FOLDERS = tuple(f"{_PACKAGE}.{name}." for name in _FOLDERS_OF_FILES)


def find_missing(module: str, name: str, place: str, known: Iterable[str] = ()) -> Any:
    """Return a placeholder for a name of Keras that `from module import name` asks for; otherwise raise.

    It is to be called by the `__getattr__` of a module, or by what `finder_in` returns.

    Args:
        module: full name of the module.
        name: the name that it does not have.
        place: see `instead_of`.
        known: names that it has, one of which may be meant.

    Raises:
        AttributeError: if the name is read in another way, or is none of Keras's.
        ImportError: if it is imported, is none of Keras's, and looks like a known one.

    >>> from torchkeras_layer.models import Graph
    >>> Graph
    <placeholder of torchkeras_layer.models.Graph, which is not here>
    """
    found = _found_elsewhere(module, name, place)
    if found is not MISSING:
        return found
    advice = instead_of(name, place) or _where_it_is(name)
    close = [] if advice else get_close_matches(name, known, n=1)
    hint = f". Did you mean {close[0]!r}?" if close else ""
    message = f"module {module!r} has no attribute {name!r}{hint}{f'. {advice}' if advice else ''}"
    importer = sys._getframe(2)
    if importer.f_code.co_code[importer.f_lasti] == _IMPORT_FROM:
        if advice:
            return Placeholder(f"{module}.{name}", message)
        if close:
            raise ImportError(f"cannot import name {name!r} from {module!r}{hint}", name=name)
    raise AttributeError(message)


def _found_elsewhere(module: str, name: str, place: str) -> Any:
    """Return what a module of ours has in Keras, and another one here: also a module of old, such as `engine`."""
    if place == name == "keras":
        return sys.modules[_PACKAGE]
    if name in OLD_MODULES.get(place, ()):
        return sys.modules[f"{_PACKAGE}.{name}" if place == "keras" else f"{_PACKAGE}.{place}.{name}"]
    return name_in_public_module(module, name)


def finder_in(module: str, place: str) -> Callable[[str], Any]:
    """Return the `__getattr__` of a module: it finds placeholders, as `find_missing` does.

    >>> finder_in("torchkeras_layer.layers.core", "layers")("Dropout").__name__
    'Dropout'
    >>> finder_in("torchkeras_layer.layers.core", "layers")("JaxLayer")
    Traceback (most recent call last):
    AttributeError: module 'torchkeras_layer.layers.core' has no attribute 'JaxLayer'. Layers of other ...
    """

    def __getattr__(name: str) -> Any:
        return find_missing(module, name, place)

    return __getattr__


def _where_it_is(name: str) -> str:
    """Say in which module a name is, or what Keras's modules import from one another, else ''.

    It is '' also if the name means different things in several modules.
    """
    modules = [sys.modules.get(f"{_PACKAGE}.{place}".rstrip(".")) for place in _PUBLIC]
    having = [module for module in modules if module is not None and _has(module, name)]
    is_clear = len({id(getattr(module, name)) for module in having}) == 1
    if is_clear:
        module = having[0].__name__.replace(_PACKAGE, "keras", 1)
        return f"Import it from {module}. See docs/differences.md#modules-that-are-not-here"
    return next(filter(None, (instead_of(name, place) for place in ("keras", "layers", "utils"))), "")


def _has(module: ModuleType, name: str) -> bool:
    """Say whether a module exports a name: one in its `__all__`, else any of this package's without an underscore."""
    if "__all__" in vars(module):
        return name in vars(module)["__all__"]
    value = vars(module).get(name)
    return not name.startswith("_") and str(getattr(value, "__module__", "")).startswith(_PACKAGE)


def _refusal(module: str, name: str) -> str:
    """Return the error for a name of an `AbsentModule`: with advice for the name if there is any, else the module's.

    Files of Keras, such as `utils.np_utils`, hold what scripts now import from `utils`; other modules have one advice.
    """
    inside = module.partition(".")[2].split(".")
    outer = ".".join(inside[:-1])
    own = instead_of(name, outer) if outer else ""
    if not own and (outer or inside[0] in _FOLDERS_OF_FILES):
        own = _where_it_is(name)
    return f"{module}.{name} is not here. {own or _advice_of(module)}"


def _advice_of(module: str) -> str:
    """Return the advice for an `AbsentModule`, which is that of the module around it if there is none of its own."""
    *outer, name = module.split(".")[1:]
    place = ".".join(outer) or "keras"
    return instead_of(name, place) or instead_of_old(name, place) or _advice_of(module.rpartition(".")[0])


class Placeholder:
    """A name of Keras that was imported and is not here. Calling it, deriving from it and all else raise the advice.

    Args:
        name: full name.
        message: the text of the error.

    >>> Placeholder("keras.ops.relu", "Write torch.relu(x).")(3)
    Traceback (most recent call last):
    AttributeError: Write torch.relu(x).
    """

    def __init__(self, name: str, message: str) -> None:
        self.__dict__.update(__name__=name, _message=message)

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AttributeError(self._message)

    def __setattr__(self, name: str, value: Any) -> None:
        is_file = self.__name__.startswith(_IN_FOLDERS) and self.__name__.count(".") == 2
        if not is_file:
            self._refuse()
        # A script that corrects a file of Keras's sources, such as `engine.base_layer`: nothing here reads it.
        setattr(importlib.import_module(self.__name__), name, value)

    def __mro_entries__(self, bases: Any) -> tuple[type, ...]:
        # A file may define losses or callbacks beside its layers: such a class can be defined, and not be made.
        return (type(self.__name__.rpartition(".")[2], (_Refusing,), {"_message": self._message}),)

    # The uses: a call, isinstance, an index, a `with`, a copy or a pickle.
    __call__ = __instancecheck__ = __subclasscheck__ = _refuse
    __getitem__ = __iter__ = __enter__ = __exit__ = __reduce_ex__ = _refuse

    def __getattr__(self, name: str) -> Any:
        found = MISSING if name.startswith("__") else name_in_old_module(self.__name__, name)
        if found is not MISSING:
            # A file of Keras that was imported by its name.
            return found
        is_of_file = self.__name__.startswith(f"{_PACKAGE}.tf.python.") and not name.startswith("_")
        is_class_of_module = name[:1].isupper() and self.__name__.rpartition(".")[2].islower()
        if name.isupper() or is_of_file or is_class_of_module:
            # A constant, which may be the default of an argument: `losses.Reduction.AUTO`. Or a file in a folder, or a
            # class of a module in an annotation: `optimizers.legacy.Optimizer`.
            return Placeholder(f"{self.__name__}.{name}", self._message)
        is_module = isinstance(sys.modules.get(self.__name__), AbsentModule) and not name.startswith("__")
        if is_module:
            return Placeholder(f"{self.__name__}.{name}", _refusal(self.__name__, name))
        raise AttributeError(self._message)

    def __or__(self, other: Any) -> Any:
        # An annotation, which Python may evaluate when it imports a file: `x: Variable | None`.
        return Union[self, other]  # noqa: UP007, because `|` would call this method

    __ror__ = __or__

    def __repr__(self) -> str:
        return f"<placeholder of {self.__name__}, which is not here>"


class _Refusing:
    """The base of a class that derives from a placeholder. Making one raises the advice."""

    _message: str

    def __new__(cls, *args: Any, **kwargs: Any) -> NoReturn:
        raise AttributeError(f"{cls.__name__}: {cls._message}")

    def get_config(self) -> dict[str, Any]:
        """Return nothing: there are no objects of the class. Registering a class asks for the method."""
        raise AttributeError(self._message)


class AbsentModule(ModuleType):
    """A module of Keras that is not here. All names can be imported from it: placeholders, or what is elsewhere here.

    >>> from torchkeras_layer.optimizers import Adam
    >>> Adam(1e-3)
    Traceback (most recent call last):
    AttributeError: torchkeras_layer.optimizers.Adam is not here. Use an optimizer of torch.optim, ...
    """

    __path__: MutableSequence[str] = []

    def __getattr__(self, name: str) -> Any:
        if name == "__all__" and (names := names_of_old_module(self.__name__)):
            return names
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        found = name_in_old_module(self.__name__, name)
        return found if found is not MISSING else Placeholder(f"{self.__name__}.{name}", _refusal(self.__name__, name))


class _SecondName(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the modules of the package under its second name, `torchkeras_layer.keras`: these very modules.

    >>> from torchkeras_layer.keras import layers
    >>> import torchkeras_layer.layers as same; layers is same
    True
    """

    prefix = f"{_PACKAGE}.keras."

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        return ModuleSpec(fullname, self, is_package=True) if fullname.startswith(self.prefix) else None

    def exec_module(self, module: ModuleType) -> None:
        # What stands here afterwards is what the import gives.
        own = f"{_PACKAGE}.{module.__name__.removeprefix(self.prefix)}"
        sys.modules[module.__name__] = importlib.import_module(own)


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the modules inside those that are not here, such as `preprocessing.image`."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        is_inside = isinstance(sys.modules.get(fullname.rpartition(".")[0]), AbsentModule)
        is_found = is_inside or fullname.startswith(_IN_FOLDERS)
        return ModuleSpec(fullname, self, is_package=True) if is_found else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return AbsentModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        own = public_module_of(module.__name__)
        if own is not None:
            # `src.layers` is `layers`. What stands here afterwards is what the import gives.
            sys.modules[module.__name__] = own
            return
        outer = module.__name__.rpartition(".")[0]
        if not isinstance(sys.modules.get(outer), AbsentModule):
            sys.modules[outer] = _Unchanged(outer, sys.modules[outer])


class _Unchanged(ModuleType):
    """Stands for a module of ours while `import` makes the module inside an attribute of it, which it must not get.

    `src.ops.numpy` is inside `src.ops`, which is our `ops`, and that has a `numpy` of its own.
    """

    def __init__(self, name: str, module: ModuleType) -> None:
        super().__init__(name)
        self.__dict__["_module"] = module

    def __setattr__(self, name: str, value: Any) -> None:
        sys.modules[self.__name__] = self.__dict__["_module"]


def let_modules_be_imported() -> None:
    """Let `import` find the modules of Keras that are not here.

    They are put where `import` looks first; if it found them in another way, it would also make them attributes of the
    package.
    """
    for place, names in [*MODULES.items(), *OLD_MODULES.items()]:
        package = _PACKAGE if place == "keras" else f"{_PACKAGE}.{place}"
        for name in names.split() if isinstance(names, str) else names:  # type: ignore[union-attr]
            sys.modules.setdefault(f"{package}.{name}", AbsentModule(f"{package}.{name}"))
    sys.modules[f"{_PACKAGE}.keras"] = sys.modules[_PACKAGE]
    # Before those that would find a second copy of our files.
    sys.meta_path[:0] = [_SecondName(), _Finder()]
