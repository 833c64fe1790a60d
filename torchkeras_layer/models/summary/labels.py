"""What are layers, functions and shapes called where a person reads them?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from torch import nn

from torchkeras_layer.layers.core.torch_function import TorchFunction
from torchkeras_layer.layers.core.torch_module_wrapper import TorchModuleWrapper
from torchkeras_layer.symbolic import TensorSpec
from torchkeras_layer.symbolic.functions import name_of

_SHORT = (("torch.nn.functional.", "F."), ("torch.Tensor.", "Tensor."), ("torchkeras_layer.", ""))


def printable(text: Any) -> str:
    r"""Return text in one line: what would move the cursor or colour the terminal is written out.

    >>> printable("two\nlines"), printable("\x1b[31mred")
    ('two\\nlines', '\\x1b[31mred')
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text))


def name_label(layer: Any) -> str:
    """Return the name of a layer, in one line."""
    return printable(layer.name)


def class_label(module: nn.Module) -> str:
    """Return what does the work: a layer's class, the torch function of a `TorchFunction`, the module in a wrapper.

    >>> import torchkeras_layer as keras
    >>> class_label(keras.layers.Dense(2)), class_label(keras.layers.TorchModuleWrapper(nn.ReLU()))
    ('Dense', 'nn.ReLU')
    >>> class_label(TorchFunction("torch.nn.functional.relu"))
    'F.relu'
    """
    if isinstance(module, TorchFunction):
        return _function_label(module.function)
    if isinstance(module, TorchModuleWrapper):
        return class_label(module.module)
    prefix = "nn." if type(module).__module__.startswith("torch.nn.") else ""
    return f"{prefix}{printable(type(module).__name__)}"


def _function_label(function: Callable[..., Any]) -> str:
    name = name_of(function)
    if name is None:
        return printable(getattr(function, "__name__", type(function).__name__))
    for long, short in _SHORT:
        if name.startswith(long):
            return short + name.removeprefix(long)
    return name


def shape_label(structure: Any) -> str:
    """Return the shapes in a nested structure of `TensorSpec`s or shapes, nested as they are.

    >>> shape_label({"total": TensorSpec((None,)), "parts": [(None, 3), None]})
    '{total: (None,), parts: [(None, 3), None]}'
    """
    if isinstance(structure, TensorSpec):
        return str(structure.shape)
    if isinstance(structure, dict):
        return "{" + ", ".join(f"{printable(key)}: {shape_label(part)}" for key, part in structure.items()) + "}"
    if isinstance(structure, (list, tuple)) and any(
        isinstance(part, (TensorSpec, list, tuple, dict)) for part in structure
    ):
        inner = ", ".join(shape_label(part) for part in structure)
        ending = "," if len(structure) == 1 else ""
        return f"[{inner}]" if isinstance(structure, list) else f"({inner}{ending})"
    return str(tuple(structure)) if isinstance(structure, (list, tuple)) else printable(structure)


def paths_in(structure: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the leaves of a nested structure, each with the way to it; the way to a single leaf is empty.

    >>> list(paths_in({"total": 1, "parts": [2, (3,)]}))
    [('total', 1), ('parts[0]', 2), ('parts[1][0]', 3)]
    """
    if isinstance(structure, dict):
        for key, part in structure.items():
            yield from paths_in(part, f"{prefix}.{printable(key)}" if prefix else printable(key))
    elif isinstance(structure, (list, tuple)):
        for index, part in enumerate(structure):
            yield from paths_in(part, f"{prefix}[{index}]")
    else:
        yield prefix, structure
