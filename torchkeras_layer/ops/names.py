"""Which operation has which of Keras's names?"""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable
from typing import Any

from torchkeras_layer.ops.calls import recorded

PREFIX = "keras.ops."
_TENSORFLOW, _SIZES = "keras.tf.", "keras.sizes."
_FILES = (
    "arithmetic creation elementwise images indexing joining linalg losses normalizing products reductions segments "
    "shapes signals sorting statistics warping windows"
)
# Functions of `keras.ops` that are activation functions with the same arguments and defaults.
_ACTIVATIONS = (
    "celu elu glu hard_shrink hard_sigmoid hard_silu hard_tanh leaky_relu log_sigmoid log_softmax mish relu relu6 selu "
    "sigmoid silu soft_shrink softmax softplus softsign sparse_plus sparse_sigmoid sparsemax squareplus tanh_shrink "
    "threshold"
)
# Further names of the same functions.
_ALIASES = {
    "abs": "absolute",
    "bitwise_invert": "bitwise_not",
    "conj": "conjugate",
    "fabs": "absolute",
    "left_shift": "bitwise_left_shift",
    "right_shift": "bitwise_right_shift",
    "slice": "slice_",
    "true_divide": "divide",
}
# Helpers of other modules, which are none of Keras's.
_NOT_OPERATIONS = ("channels_first", "per_axis", "undone")


@functools.cache
def operations() -> dict[str, Callable[..., Any]]:
    """Return all operations by their names in `keras.ops`; those of images and linear algebra likewise.

    >>> operations()["mean"]([1.0, 3.0])
    tensor(2.)
    """
    found = _functions_in(_FILES)
    activations = importlib.import_module("torchkeras_layer.activations")
    found |= {name: getattr(activations, name) for name in _ACTIVATIONS.split()}
    found["gelu"] = gelu
    return found | {alias: found[name] for alias, name in _ALIASES.items()}


def gelu(x: Any, approximate: bool = True) -> Any:
    """Return the Gaussian error linear unit of each value; unlike the activation function, by the tanh formula."""
    from torchkeras_layer.activations import gelu as exact_by_default

    return exact_by_default(x, approximate)


def operation_named(name: str) -> Callable[..., Any] | None:
    """Return the operation with a full name such as `keras.ops.mean`, or `None` if there is none.

    Those that begin with `keras.tf.` do what functions of TensorFlow do; those with `keras.sizes.` compute with sizes.

    >>> operation_named("keras.ops.mean").__name__, operation_named("os.system")
    ('mean', None)
    """
    return _by_name().get(name) if name.startswith("keras.") else None


@functools.cache
def callable_named(name: str) -> Callable[..., Any]:
    """Return what a program calls for the operation of a full name; on symbolic tensors, it is a node in their graph.

    >>> import torchkeras_layer as keras
    >>> callable_named("keras.ops.mean")(keras.Input((3,)), axis=1)
    <KerasTensor mean shape=(None,) dtype=float32>
    """
    return recorded(_by_name()[name], name.rpartition(".")[2])


def name_of_operation(function: Any) -> str | None:
    """Return the full name of an operation, or `None` for any other function.

    >>> name_of_operation(operation_named("keras.ops.mean")), name_of_operation(print)
    ('keras.ops.mean', None)
    """
    module = getattr(function, "__module__", None)
    is_ours = isinstance(module, str) and module.startswith(("torchkeras_layer.ops.", "torchkeras_layer.activations."))
    return _names().get(function) if is_ours else None


@functools.cache
def _by_name() -> dict[str, Callable[..., Any]]:
    tensorflow = _functions_in("tensorflow_arrays tensorflow_images tensorflow_layers tensorflow_math")
    return {
        **{f"{PREFIX}{name}": function for name, function in operations().items()},
        **{f"{_TENSORFLOW}{name}": function for name, function in tensorflow.items()},
        **{f"{_SIZES}{name}": function for name, function in _functions_in("sizes").items()},
    }


@functools.cache
def _names() -> dict[Callable[..., Any], str]:
    # Of several names, the first one.
    return {function: name for name, function in reversed(_by_name().items())}


def _functions_in(files: str) -> dict[str, Callable[..., Any]]:
    """Return the functions that files define, by their names."""
    found: dict[str, Callable[..., Any]] = {}
    for file in files.split():
        module = importlib.import_module(f"{__package__}.{file}")
        for name, value in vars(module).items():
            is_own = inspect.isfunction(value) and value.__module__ == module.__name__
            if is_own and not name.startswith("_") and name not in _NOT_OPERATIONS:
                found[name] = value
    return found
