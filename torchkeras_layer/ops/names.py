"""Which operation has which of Keras's names, and how do modules give them?"""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
from collections.abc import Callable
from typing import Any

from torchkeras_layer._placeholders import find_missing
from torchkeras_layer.ops.calls import recorded
from torchkeras_layer.ops.direct_calls import direct
from torchkeras_layer.ops.table import FILE_OF, NAMESPACES, names_in

PREFIX = "keras.ops."
_RANDOM, _TENSORFLOW, _SIZES, _BACKEND = "keras.random.", "keras.tf.", "keras.sizes.", "keras.backend."
# Operations whose results are no tensors, or that add the nodes of a graph themselves.
_NOT_RECORDED = ("cond", "convert_to_numpy", "custom_gradient", "dtype", "is_tensor", "shape", "switch", "vectorize")
_PARTS_OF_TENSORFLOW = ("arrays", "boxes", "colors", "images", "layers", "linalg", "losses", "math", "random",
                        "segments", "sets", "signal", "special", "windows")  # fmt: skip
# The activation functions that take more arguments than the operation, or that are none.
_ACTIVATIONS = ("keras.activations.relu", "keras.activations.mish")


def operation_named(name: str) -> Callable[..., Any] | None:
    """Return the operation with a full name such as `keras.ops.mean`, or `None` if there is none.

    Those that begin with `keras.tf.` do what functions of TensorFlow do, those with `keras.backend.` what functions of
    K, the backend of Keras 1 and 2; those with `keras.sizes.` compute with sizes.

    >>> operation_named("keras.ops.mean").__name__, operation_named("os.system")
    ('mean', None)
    """
    last = name.rpartition(".")[2]
    if name == PREFIX + last:
        return getattr(_file(FILE_OF[last]), last) if last in FILE_OF else None
    return _others().get(name) if name.startswith("keras.") else None


@functools.cache
def callable_named(name: str) -> Callable[..., Any]:
    """Return what a program calls for the operation of a full name; on symbolic tensors, it is a node in their graph.

    Raises:
        LookupError: if there is none.

    >>> import torchkeras_layer as keras
    >>> callable_named("keras.ops.mean")(keras.Input((3,)), axis=1)
    <KerasTensor mean shape=(None,) dtype=float32>
    """
    function = operation_named(name)
    if function is None:
        raise LookupError(f"callable_named: there is no operation of this name. Received: {name!r}.")
    last = name.rpartition(".")[2]
    is_plain = name == PREFIX + last and last in _NOT_RECORDED
    return function if is_plain else direct(function, recorded(function, last, _module_of(name, last)))


def _module_of(name: str, last: str) -> str:
    for prefix in (_RANDOM, _BACKEND):
        if name.startswith(prefix):
            return prefix.removesuffix(".").replace("keras", "torchkeras_layer", 1)
    return f"{__package__}.image" if last in names_in("image") else __package__ or ""


def name_of_operation(function: Any) -> str | None:
    """Return the full name of an operation, or `None` for any other function.

    >>> name_of_operation(operation_named("keras.ops.mean")), name_of_operation(print)
    ('keras.ops.mean', None)
    """
    module, own = getattr(function, "__module__", None), getattr(function, "__name__", "")
    if not isinstance(module, str) or not module.startswith(("torchkeras_layer.ops.", "torchkeras_layer.activations.")):
        return None
    if operation_named(PREFIX + own) is function:
        return PREFIX + own
    return next((name for name, other in _others().items() if other is function), None)


def getter_in(module: str) -> Callable[[str], Any]:
    """Return the `__getattr__` of `keras.ops`, of one of its parts or of `keras.random`, which finds their functions.

    >>> from torchkeras_layer.ops import nn
    >>> getter_in("torchkeras_layer.ops.nn")("relu")([-1.0, 1.0])
    tensor([0., 1.])
    """
    namespace = module.rpartition(".")[2]
    known = frozenset(names_in(namespace))

    def __getattr__(name: str) -> Any:
        if name in known:
            found = callable_named((_RANDOM if namespace == "random" else PREFIX) + name)
            setattr(sys.modules[module], name, found)
            return found
        if namespace == "ops" and name in NAMESPACES:
            return importlib.import_module(f"{module}.{name}")
        return find_missing(module, name, module.partition(".")[2], known)

    return __getattr__


@functools.cache
def functions_of_backend() -> dict[str, Callable[..., Any]]:
    """Return the functions that do what those of K do that are none of `keras.ops`, by their names there.

    >>> functions_of_backend()["dot"]([[1, 2]], [[3], [4]])
    tensor([[11]], dtype=torch.int32)
    """
    return functions_in(
        "backend_arrays backend_decoding backend_effects backend_loops backend_losses backend_math backend_random "
        "backend_windows"
    )


@functools.cache
def _others() -> dict[str, Callable[..., Any]]:
    activations = importlib.import_module("torchkeras_layer.activations")
    tensorflow = " ".join(f"tensorflow_{part}" for part in _PARTS_OF_TENSORFLOW)
    return {
        **{_RANDOM + name: function for name, function in functions_in("random_numbers").items()},
        **{name: getattr(activations, name.rpartition(".")[2]) for name in _ACTIVATIONS},
        **{_TENSORFLOW + name: function for name, function in functions_in(tensorflow).items()},
        **{_BACKEND + name: function for name, function in functions_of_backend().items()},
        **{_SIZES + name: function for name, function in functions_in("sizes").items()},
    }


def functions_in(files: str) -> dict[str, Callable[..., Any]]:
    """Return the public functions that files define, by their names; one has several if it is assigned to them.

    >>> list(functions_in("rearranging"))
    ['rearrange']
    """
    found: dict[str, Callable[..., Any]] = {}
    for file in files.split():
        module = _file(file)
        for name, value in vars(module).items():
            is_own = inspect.isfunction(value) and value.__module__ == module.__name__
            if is_own and not name.startswith("_"):
                found[name] = value
    return found


def _file(name: str) -> Any:
    return importlib.import_module(f"{__package__}.{name}")
