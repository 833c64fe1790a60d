"""What does an import get for a name of Keras that is not here? A placeholder, each use of which raises the advice.

Ported files import at their top what they use in one place, or not at all. Such an import succeeds; but `hasattr` tells
the truth, and reading the name as an attribute of the module raises at once.
"""

from __future__ import annotations

import importlib.abc
import opcode
import sys
from collections.abc import Iterable
from difflib import get_close_matches
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, NoReturn, Union

from torchkeras_layer._absent import MODULES, describe_missing, instead_of

_PACKAGE = __name__.partition(".")[0]
_IMPORT_FROM = opcode.opmap["IMPORT_FROM"]


def find_missing(module: str, name: str, place: str, known: Iterable[str] = ()) -> Any:
    """Return a placeholder for a name of Keras that `from module import name` asks for; otherwise raise.

    It is to be called by the `__getattr__` of a module.

    Args:
        module: full name of the module.
        name: the name that it does not have.
        place: see `instead_of`.
        known: names that it has, one of which may be meant.

    Raises:
        AttributeError: if the name is read in another way, or is none of Keras's.
        ImportError: if it is imported, is none of Keras's, and looks like a known one.

    >>> from torchkeras_layer.models import save_model
    >>> save_model
    <placeholder of torchkeras_layer.models.save_model, which is not here>
    """
    message = describe_missing(module, name, place)
    close = [] if instead_of(name, place) else get_close_matches(name, known, n=1)
    hint = f". Did you mean {close[0]!r}?" if close else ""
    importer = sys._getframe(2)
    if importer.f_code.co_code[importer.f_lasti] == _IMPORT_FROM:
        if instead_of(name, place):
            return Placeholder(f"{module}.{name}", message)
        if close:
            raise ImportError(f"cannot import name {name!r} from {module!r}{hint}", name=name)
    raise AttributeError(f"{message}{hint}")


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

    # The uses: an attribute, a call, a base class, isinstance, an index, a `with`, a copy or a pickle.
    __getattr__ = __setattr__ = __call__ = __mro_entries__ = __instancecheck__ = __subclasscheck__ = _refuse
    __getitem__ = __iter__ = __enter__ = __exit__ = __reduce_ex__ = _refuse

    def __or__(self, other: Any) -> Any:
        # An annotation, which Python may evaluate when it imports a file: `x: Variable | None`.
        return Union[self, other]  # noqa: UP007, because `|` would call this method

    __ror__ = __or__

    def __repr__(self) -> str:
        return f"<placeholder of {self.__name__}, which is not here>"


class AbsentModule(ModuleType):
    """A module of Keras that is not here. All names can be imported from it, and are placeholders.

    Args:
        name: full name.
        advice: what to write instead.

    >>> import torchkeras_layer
    >>> from torchkeras_layer.optimizers import schedules
    >>> schedules.ExponentialDecay(1e-3, 1000, 0.9)
    Traceback (most recent call last):
    AttributeError: torchkeras_layer.optimizers.schedules is not here. Use an optimizer of torch.optim, ...
    """

    def __init__(self, name: str, advice: str) -> None:
        super().__init__(name, f"{name} is not here. {advice}")
        self.__dict__.update(__path__=[], _advice=advice)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        full = f"{self.__name__}.{name}"
        return Placeholder(full, f"{full} is not here. {self._advice}")


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the modules inside those that are not here, such as `preprocessing.image`."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        is_inside = isinstance(sys.modules.get(fullname.rpartition(".")[0]), AbsentModule)
        return ModuleSpec(fullname, self, is_package=True) if is_inside else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        parent = sys.modules[spec.name.rpartition(".")[0]]
        return AbsentModule(spec.name, vars(parent)["_advice"])

    def exec_module(self, module: ModuleType) -> None:
        return None


def let_modules_be_imported() -> None:
    """Let `import` find the modules of Keras that are not here.

    They are put where `import` looks first; if it found them in another way, it would also make them attributes of the
    package.
    """
    for place, names in MODULES.items():
        package = _PACKAGE if place == "keras" else f"{_PACKAGE}.{place}"
        for name in names.split():
            if advice := instead_of(name, place):
                sys.modules.setdefault(f"{package}.{name}", AbsentModule(f"{package}.{name}", advice))
    sys.meta_path.append(_Finder())
