"""What do TensorFlow's functions do here that say where and when to compute? Most of them, nothing."""

from __future__ import annotations

import contextlib
import logging
import re
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from torchkeras_layer._dtypes import dtype_name
from torchkeras_layer._structures import leaves, map_leaves
from torchkeras_layer.ops.calls import SymbolicTensor
from torchkeras_layer.ops.values import as_tensor
from torchkeras_layer.symbolic.tensor_methods import record

_DEVICE = re.compile(r"(CPU|GPU):(\d+)$", re.IGNORECASE)
_KINDS = {"CPU": "cpu", "GPU": "cuda"}


def function(func: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Return the function itself: calls run at once, and torch.compile compiles them. Options have no effect.

    >>> @function(jit_compile=True)
    ... def double(x):
    ...     return x * 2
    >>> double(3)
    6
    """
    return func if func is not None else lambda found: found


def do_not_convert(func: Callable[..., Any] | None = None) -> Any:
    """Return the function itself: nothing is converted."""
    return function(func)


class name_scope(contextlib.ContextDecorator):  # noqa: N801
    """A name for what is computed within it, without effect. The context is the name with a slash.

    >>> with name_scope("encoder") as scope:
    ...     scope
    'encoder/'
    """

    def __init__(self, name: str | None = None, default_name: str | None = None, values: Any = None) -> None:
        self.name = name or default_name or ""

    def __enter__(self) -> str:
        return f"{self.name}/" if self.name else ""

    def __exit__(self, *error: Any) -> None:
        return None


@contextlib.contextmanager
def control_dependencies(control_inputs: Any = None) -> Iterator[None]:
    """Do nothing: what is written first is computed first."""
    yield


@contextlib.contextmanager
def init_scope() -> Iterator[None]:
    """Do nothing: there are no graphs that one could leave."""
    yield


@contextlib.contextmanager
def device(device_name: Any = None) -> Iterator[None]:
    """Make new tensors on a device, such as '/GPU:0'.

    Raises:
        ValueError: if the name is not that of a CPU or GPU.

    >>> with device("/CPU:0"):
    ...     torch.ones(1).device
    device(type='cpu')
    """
    found = _DEVICE.search(str(device_name))
    if device_name is None or callable(device_name):
        yield
        return
    if found is None:
        raise ValueError(f"tf.device: expected a name such as '/CPU:0' or '/GPU:1'. Received: {device_name!r}.")
    with torch.device(_KINDS[found[1].upper()], int(found[2])):
        yield


def executing_eagerly() -> bool:
    """Return True: what is called is computed at once."""
    return True


def is_variable_initialized(variable: Any) -> bool:
    """Return True: a variable has a value from the beginning.

    >>> is_variable_initialized(torch.ones(2))
    True
    """
    return True


def inside_function() -> bool:
    """Whether torch.compile or torch.export traces the code."""
    return torch.compiler.is_compiling()


def identity_n(input: Any, name: str | None = None) -> list[Any]:
    """Return tensors as a list."""
    return [as_tensor(x) for x in input]


def group(*inputs: Any, name: str | None = None) -> None:
    """Return nothing: what is written is computed."""


def no_op(name: str | None = None) -> None:
    """Return nothing."""


def tuple_of(tensors: Any, control_inputs: Any = None, name: str | None = None) -> list[Any]:
    """Return tensors as a list."""
    return list(tensors)


def print_values(*inputs: Any, output_stream: Any = None, summarize: int = 3, sep: str = " ", end: str = "\n") -> None:
    """Print values to the standard error, or to `output_stream`, a file or one of `sys`.

    >>> print_values("loss:", torch.tensor(1.5), output_stream=sys.stdout)
    loss: 1.5
    """
    values = [value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else value for value in inputs]
    with np.printoptions(threshold=sys.maxsize if summarize == -1 else 1000, edgeitems=max(summarize, 1)):
        print(*values, sep=sep, end=end, file=sys.stderr if output_stream is None else output_stream)


def timestamp(name: str | None = None) -> float:
    """Return the seconds since the epoch."""
    return time.time()


def get_logger() -> logging.Logger:
    """Return the logger of this library.

    >>> get_logger().name
    'torchkeras_layer'
    """
    return logging.getLogger("torchkeras_layer")


def py_function(func: Any = None, inp: Any = None, Tout: Any = None, name: str | None = None) -> Any:
    """Return what a Python function gives for tensors, in the dtypes `Tout`.

    >>> py_function(lambda x: x + 1, [torch.ones(1)], "float32")
    tensor([2.])
    """
    return _call_with(func, inp, Tout)


def numpy_function(func: Any = None, inp: Any = None, Tout: Any = None, stateful: bool = True, name: Any = None) -> Any:
    """Return what a Python function gives for arrays, in the dtypes `Tout`, without gradients.

    Where tensors have no data, as when the shapes of a graph are inferred, it gets zeros.

    >>> numpy_function(np.sin, [torch.zeros(1)], "float32")
    tensor([0.])
    """

    def run(*tensors: Any) -> Any:
        return func(*(_as_array(x) if isinstance(x, torch.Tensor) else x for x in tensors))

    return _call_with(run, inp, Tout)


def _as_array(x: torch.Tensor) -> Any:
    if isinstance(x, torch._subclasses.FakeTensor):
        return np.zeros([int(size) for size in x.shape], dtype_name(x.dtype))
    return x.detach().cpu().numpy()


def _call_with(func: Any, inputs: Any, dtypes: Any) -> Any:
    if any(isinstance(x, SymbolicTensor) for x in leaves(inputs)):
        return record(_call_with, func, inputs, dtypes)
    found = func(*map(as_tensor, inputs))
    if dtypes is None or (isinstance(dtypes, (list, tuple)) and not dtypes):
        return None
    if isinstance(dtypes, (list, tuple)):
        return [as_tensor(value, dtype) for value, dtype in zip(found, dtypes, strict=True)]
    return map_leaves(lambda value: as_tensor(value, dtypes), found)
