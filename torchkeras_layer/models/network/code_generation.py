"""How is the Python code of a functional model's `forward` generated?"""

from __future__ import annotations

import itertools
import keyword
import linecache
import operator
import re
import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import fx

from torchkeras_layer._structures import in_order, map_leaves
from torchkeras_layer.models.network.network import Call, Network, Operand, TensorRef, has_marker
from torchkeras_layer.symbolic.functions import mask_of, name_of, reshape

_METHOD = "torch.Tensor."
_numbers = itertools.count()
# Torch shows these functions under public names.
_INTERNAL_FUNCTIONS: Any = torch._C._nn  # pyright: ignore[reportAttributeAccessIssue]
_WRITTEN_IN = re.compile(r"\btorch\.functional\.")
_INTERNAL = re.compile(r"\btorch\._C\._nn\.(\w+)")
_UNFIT_FOR_FILES = re.compile(r"[^\w -]")
# What may be written between quotes in code: names come from users and from files.
_HARMLESS = re.compile(r"[\w \-/:+]+")


def graph_of(network: Network) -> fx.Graph:
    """Return the `torch.fx.Graph` of a network: inputs as placeholders, layers as modules, and torch functions.

    Raises:
        ValueError: if a keyword of a call is not a Python name, which could inject code.
    """
    writer = _Writer(network)
    for number, call in enumerate(network.calls):
        writer.write(number, call)
    _check_structure("output", network.outputs)
    writer.graph.output(map_leaves(writer.value, network.outputs))
    return writer.graph


def code_of(graph: fx.Graph) -> str:
    """Return a graph as the source code of a function `forward(self, ...)`."""
    return _in_public_names(graph.python_code("self").src).strip() + "\n"


def function_of(graph: fx.Graph, name: str) -> Callable[..., Any]:
    """Return the function that a graph's code defines; tracebacks show `name` and the lines of the code."""
    code = graph.python_code("self")
    file = f"<generated code {next(_numbers)} of {_UNFIT_FOR_FILES.sub('_', name)}>"
    space: dict[str, Any] = dict(code.globals)
    source = _in_public_names(code.src)
    exec(compile(source, file, "exec"), space)  # noqa: S102
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    weakref.finalize(space["forward"], linecache.cache.pop, file, None)
    return space["forward"]


def _in_public_names(source: str) -> str:
    """Write functions by their public names in `torch.nn.functional`, and not by where they are defined."""
    source = _WRITTEN_IN.sub("torch.", source)
    return _INTERNAL.sub(lambda found: _public_name(found[1]), source)


def _public_name(name: str) -> str:
    is_public = getattr(torch.nn.functional, name, None) is getattr(_INTERNAL_FUNCTIONS, name, None)
    return f"torch.nn.functional.{name}" if is_public else f"torch._C._nn.{name}"


class _Writer:
    """Writes the calls of a network into a graph, one after the other."""

    def __init__(self, network: Network) -> None:
        self.graph = fx.Graph()
        self._network = network
        self._results: list[Any] = []
        self._items: dict[tuple[fx.Node, Any], fx.Node] = {}
        self._held: dict[str, fx.Node] = {}
        self._placeholders: dict[int, fx.Node] = {}
        self._write_inputs()

    def _write_inputs(self) -> None:
        # First, and in the order in which a call passes them.
        for ref in in_order(self._network.inputs):
            node = self.graph.placeholder(_checked(self._network.calls[ref.call].key))
            # Torch would write `x = X` for an argument X, and so overwrite another one of the name x.
            node.target = node.name
            self._placeholders[ref.call] = node

    def write(self, number: int, call: Call) -> None:
        if call.is_input:
            self._results.append(self._placeholders[number])
            return
        args, kwargs = map_leaves(self.value, (call.args, call.kwargs))
        _check_structure(call.key, call.outputs)
        for word in kwargs:
            if type(word) is not str or not word.isidentifier() or keyword.iskeyword(word):
                raise ValueError(f"{call.key}: a keyword argument must be a Python name. Received: {word!r}.")
        for argument in (*args, *kwargs.values()):
            _check_structure(call.key, argument)
        layer = self._network.without_state.get(call.key)
        if layer is None:
            self._results.append(self.graph.call_module(_checked(call.key), args, kwargs))
        else:
            self._results.append(self._write_function(layer.function, args, kwargs))

    def _write_function(self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> fx.Node:
        if function is reshape:
            return self._write_reshape(*args)
        if function is mask_of:
            return self.graph.call_function(getattr, (args[0], "_keras_mask"))
        name = name_of(function) or ""
        if name.startswith(_METHOD) and args and isinstance(args[0], fx.Node):
            method = name.removeprefix(_METHOD)
            if callable(getattr(torch.Tensor, method)):
                return self.graph.call_method(method, args, kwargs)
            return self.graph.call_function(getattr, (args[0], method))
        return self.graph.call_function(function, args, kwargs)

    def _write_reshape(self, tensor: fx.Node, sizes: tuple[int | None, ...]) -> fx.Node:
        shape = self.graph.call_function(getattr, (tensor, "shape"))
        known = [
            self.graph.call_function(operator.getitem, (shape, axis)) if size is None else size
            for axis, size in enumerate(sizes)
        ]
        return self.graph.call_method("reshape", (tensor, *known))

    def value(self, leaf: Any) -> Any:
        """Return what represents an argument in the graph."""
        if isinstance(leaf, TensorRef):
            return self._tensor(leaf)
        if isinstance(leaf, Operand):
            if leaf.key not in self._held:
                self._held[leaf.key] = self.graph.get_attr(_checked(leaf.key))
            return self._held[leaf.key]
        return leaf

    def _tensor(self, ref: TensorRef) -> fx.Node:
        node = self._results[ref.call]
        for step in _path_to(self._network.calls[ref.call].outputs, ref.position):
            key = (node, step)
            if key not in self._items:
                self._items[key] = self.graph.call_function(operator.getitem, (node, step))
            node = self._items[key]
        return node


def _checked(path: str) -> str:
    """Return the path of a module or tensor below the model, if it may be written in code.

    Raises:
        ValueError: if not: torch writes a part that is not an identifier between quotes, without escaping it.
    """
    if all(_HARMLESS.fullmatch(part) and not keyword.iskeyword(part) for part in path.split(".")):
        return path
    raise ValueError(
        f"Model: a layer or weight in a graph cannot have this name. Received: {path!r}. Use letters and digits."
    )


def _check_structure(key: str, argument: Any, is_inner: bool = False) -> None:
    """Check that the nested structure of an argument can be written as code."""
    if isinstance(argument, dict):
        for name, part in argument.items():
            if type(name) not in (str, int, float, bool, type(None)) or has_marker(name):
                raise ValueError(
                    f"{key}: in a graph, keys of a dict in the arguments of a layer must be strings, numbers, bools "
                    f"or None. Received: {name!r}."
                )
            _check_structure(key, part, is_inner=True)
    elif isinstance(argument, (list, tuple)):
        is_named = type(argument) not in (list, tuple)
        if is_inner and is_named:
            raise ValueError(
                f"{key}: in a graph, a named tuple cannot be part of another structure in the arguments of a layer. "
                f"Received: {type(argument).__name__}. Use a list, tuple or dict. "
                "See docs/differences.md#named-tuples-in-a-graph"
            )
        for part in argument:
            _check_structure(key, part, is_inner or is_named)


def _path_to(structure: Any, position: int) -> list[Any]:
    """Return the keys and indices that lead to the leaf at a position in the flat list of leaves."""
    numbers = iter(range(position + 1))
    return _search(structure, position, numbers) or []


def _search(structure: Any, position: int, numbers: Any) -> list[Any] | None:
    if isinstance(structure, dict):
        items: Any = structure.items()
    elif isinstance(structure, (list, tuple)):
        items = enumerate(structure)
    else:
        return [] if next(numbers, None) == position else None
    for key, part in items:
        path = _search(part, position, numbers)
        if path is not None:
            return [key, *path]
    return None
