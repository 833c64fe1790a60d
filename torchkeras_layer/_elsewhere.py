"""Where is what Keras has, or had, in a module that is not here, such as `engine.topology`?"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

_PACKAGE = __name__.partition(".")[0]
# Folders of Keras's sources, which say nothing about what is in them.
_FOLDERS = frozenset(("src", "api", "_tf_keras", "keras", "python", "engine", "legacy", "_legacy", "__internal__"))
# The public modules, by the name that they, or what they were before, have in Keras.
_PLACES = {
    **{
        name: name
        for name in (
            *("activations", "applications", "backend", "config", "constraints", "dtype_policies", "initializers"),
            *("layers", "losses", "metrics", "mixed_precision", "models", "ops", "random", "regularizers", "saving"),
            *("tree", "utils"),
        )
    },
    "initializations": "initializers",
    "objectives": "losses",
    "preprocessing": "utils",
}
# Where a name is looked for if the path of its module does not say it.
_ORDER = (
    "",
    "layers",
    "models",
    "utils",
    "saving",
    "backend",
    "initializers",
    "regularizers",
    "constraints",
    "losses",
    "metrics",
)
# What has another name here, or is in a module that is not public.
_ALIASES = {
    "Container": "models.Functional",
    "K": "backend",
    "Network": "models.Functional",
    "Node": "symbolic.Node",
    "ReductionV2": "losses.Reduction",
    "generate_legacy_interface": "utils.legacy_arguments.generate_legacy_interface",
    "interfaces": "utils.legacy_arguments",
    "squeeze_or_expand_to_same_rank": "losses.arguments.same_rank",
}
# What a public module has in Keras, and another one here.
_ALIASES_IN = {
    "": {"K": "backend", "Metric": "metrics.Metric", "Regularizer": "regularizers.Regularizer"},
    "layers": {"K": "backend"},
    "backend": {name: f"utils.{name}" for name in ("get_keras_mask", "set_keras_mask", "standardize_data_format")},
    "utils": {
        "clear_session": "backend.clear_session",
        "is_keras_tensor": "backend.is_keras_tensor",
        "standardize_dtype": "backend.standardize_dtype",
    },
}
# They mean something else in each module.
_AMBIGUOUS = frozenset(("get", "serialize", "deserialize", "experimental"))
MISSING = object()


def name_in_old_module(module: str, name: str) -> Any:
    """Return what Keras has under a name in a module that is not here, or `MISSING`.

    Args:
        module: path of the module, such as 'torchkeras_layer.engine.topology'.
        name: the name in it.

    >>> import torchkeras_layer as keras
    >>> name_in_old_module("torchkeras_layer.layers.convolutional", "Conv2D") is keras.layers.Conv2D
    True
    >>> name_in_old_module("torchkeras_layer.optimizers", "Adam") is MISSING
    True
    """
    path = [part for part in module.split(".")[1:] if part not in _FOLDERS]
    if module.endswith(".interfaces"):
        return getattr(_module("utils.legacy_arguments"), name, MISSING)
    if not path and name in _PLACES:
        return _module(_PLACES[name])
    if path and path[0] not in _PLACES and not _is_of_folder(module):
        return MISSING
    if name in _ALIASES:
        return _at(_ALIASES[name])
    place = _PLACES[path[0]] if path and path[0] in _PLACES else None
    # The backend of Keras 3 has its operations.
    own = {None: (), "backend": ("backend", "ops")}.get(place, (place or "",))
    places = (*(own[::-1] if _is_of_keras_3(path) else own), *_ORDER)
    found = next((found for found in (_exported(one, name) for one in places) if found is not MISSING), MISSING)
    # Files of Keras import others of its files.
    return sys.modules.get(f"{_PACKAGE}.utils.{name}", MISSING) if found is MISSING else found


def name_in_public_module(module: str, name: str) -> Any:
    """Return what Keras has in a public module, and another module here: a name, or a file of old; or `MISSING`.

    >>> name_in_public_module("torchkeras_layer.utils", "is_keras_tensor").__name__
    'is_keras_tensor'
    """
    place = module.partition(".")[2]
    if name == "ALL_OBJECTS_DICT":
        # Keras's table of a family, to which scripts add functions of theirs.
        return _at("saving.get_custom_objects")()
    if name in _ALIASES_IN.get(place, ()):
        return _at(_ALIASES_IN[place][name])
    if place not in _PLACES and place.partition(".")[0] == "layers":
        # A file of layers that is here too, such as `layers.core`, in which Keras had others.
        return name_in_old_module(module, name)
    return MISSING


def names_of_old_module(module: str) -> list[str]:
    """Return the names that a module that is not here may stand for: those of the public module in its path.

    >>> "Conv2D" in names_of_old_module("torchkeras_layer.layers.convolutional")
    True
    """
    path = [part for part in module.split(".")[1:] if part not in _FOLDERS]
    places = [_PLACES[part] for part in path if part in _PLACES][:1]
    places += ["ops"] if _is_of_keras_3(path) else []
    return [name for place in places for name in vars(_module(place)).get("__all__", ()) or _names_of_ops()]


def _names_of_ops() -> list[str]:
    return [name for name in dir(_module("ops")) if not name.startswith("_")]


def _is_of_keras_3(path: list[str]) -> bool:
    """Whether a module is one of the backends of Keras 3, such as `src.backend.tensorflow.numpy`."""
    return path[:1] == ["backend"] and path[1:2] in (["tensorflow"], ["torch"], ["jax"], ["numpy"])


def public_module_of(module: str) -> ModuleType | None:
    """Return the public module that a module of Keras's sources is, such as `src.layers`; `None` for any other.

    >>> public_module_of("torchkeras_layer.src.layers").__name__, public_module_of("torchkeras_layer.src.trainers")
    ('torchkeras_layer.layers', None)
    """
    path = [part for part in module.split(".")[1:] if part not in _FOLDERS]
    return _module(path[0]) if len(path) == 1 and _PLACES.get(path[0]) == path[0] else None


def _is_of_folder(module: str) -> bool:
    return module.split(".")[1] in _FOLDERS


def _at(path: str) -> Any:
    found: Any = _module("")
    for part in path.split("."):
        found = getattr(found, part) if hasattr(found, part) else importlib.import_module(f"{found.__name__}.{part}")
    return found


def _exported(place: str, name: str) -> Any:
    """Return what a public module exports under a name."""
    if name in _AMBIGUOUS and place in ("", "utils", "backend", "models"):
        return MISSING
    module = _module(place)
    # The names in `keras.ops` are made when they are first named.
    names = vars(module).get("__all__") or (dir(module) if "__dir__" in vars(module) else ())
    is_exported = name in names if names else _is_own(vars(module).get(name), name)
    return getattr(module, name, MISSING) if is_exported else MISSING


def _is_own(value: Any, name: str) -> bool:
    return not name.startswith("_") and str(getattr(value, "__module__", "")).startswith(_PACKAGE)


def _module(place: str) -> ModuleType:
    path = f"{_PACKAGE}.{place}".rstrip(".")
    return sys.modules.get(path) or importlib.import_module(path)
