"""Which modules were called on real tensors inside a `record_history()` block, and on what?"""

from __future__ import annotations

import contextlib
import itertools
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.utils.weak import WeakIdKeyDictionary

from torchkeras_layer._autograd import in_backward
from torchkeras_layer._dtypes import dtype_name
from torchkeras_layer.layer.context import may_be_traced, per_thread
from torchkeras_layer.layer.record import is_layer
from torchkeras_layer.symbolic.eager_node import EagerNode, SeenTensor, as_seen, tensors_in
from torchkeras_layer.symbolic.keras_tensor import any_symbolic


class History:
    """The calls that a `record_history()` block recorded; `print(history)` shows them as a table.

    Attributes:
        nodes: one `EagerNode` for each call, in the order in which the calls began.

    >>> with record_history() as history:
    ...     _ = nn.ReLU()(torch.ones(2))
    >>> len(history), history.nodes
    (1, [<EagerNode of ReLU: (2,) -> (2,)>])
    """

    def __init__(self) -> None:
        self.nodes: list[EagerNode] = []

    def clear(self) -> None:
        """Remove all calls from the history, and their nodes from the layers.

        >>> with record_history() as history:
        ...     _ = nn.ReLU()(torch.ones(2))
        >>> history.clear(); len(history)
        0
        """
        forgotten = {id(node) for node in self.nodes}
        for layer in {id(layer): layer for layer in map(_layer_of, self.nodes) if layer is not None}.values():
            layer._torchkeras.eager_nodes[:] = [
                node for node in layer._torchkeras.eager_nodes if id(node) not in forgotten
            ]
        self.nodes.clear()

    def __len__(self) -> int:
        return len(self.nodes)

    def __bool__(self) -> bool:
        # True also for a history without calls.
        return True

    def __repr__(self) -> str:
        return table_of(self.nodes)


@contextlib.contextmanager
def record_history() -> Iterator[History]:
    """Record all calls of modules, layers and others, that this thread makes on real tensors inside the block.

    Each call adds an `EagerNode` to `history.nodes`. The node of a layer is added to its `inbound_nodes` too, after
    those of symbolic calls, so that `input_shape`, `get_output_shape_at(i)` and similar members work after the block.
    Nodes refer weakly to modules and tensors: they keep neither alive, and `input` and `output` work as long as the
    tensor exists.

    While a block is open in any thread, compiled models run uncompiled, as with
    `torch.compiler.set_stance("force_eager")`, because compiled code does not call modules. Not recorded are calls that
    a backward pass repeats, calls without data (`keras.build`), and calls on symbolic tensors; and a block inside
    compiled code records nothing. Blocks can be nested: a call is then in both histories, but only once on its layer.

    Returns:
        a context manager that gives a `History`.

    >>> import torchkeras_layer as keras
    >>> model = nn.Sequential(keras.layers.Dense(4, name="hidden"), nn.ReLU(), nn.Linear(4, 1))
    >>> with record_history() as history:
    ...     _ = model(torch.ones(2, 3))
    >>> print(history)
    #  call                    input   output  from
    0  Sequential              (2, 3)  (2, 1)
    1    0: Dense 'hidden'     (2, 3)  (2, 4)
    2    1: ReLU               (2, 4)  (2, 4)  1
    3    2: Linear             (2, 4)  (2, 1)  2
    4 calls, in training mode
    >>> model[0].output_shape
    (2, 4)
    """
    history = History()
    if torch.compiler.is_compiling():
        yield history
        return
    recorder = _thread.recorder
    with _watching():
        recorder.histories.append(history)
        try:
            yield history
        finally:
            recorder.remove(history)


class _Call:
    """A running call; `node` is `None` if it is not recorded."""

    __slots__ = ("_paths", "module", "node")

    def __init__(self, module: nn.Module, node: EagerNode | None) -> None:
        self.module = module
        self.node = node
        self._paths: dict[int, str] | None = None

    def path_of(self, module: nn.Module) -> str | None:
        """Return the path of another module inside the module of this call, or `None` if it is not in it."""
        if self._paths is None:
            self._paths = {id(inner): path for path, inner in self.module.named_modules()}
        return self._paths.get(id(module)) or None


class _Recorder:
    """Records the calls of one thread, for all histories that are open in it."""

    def __init__(self) -> None:
        self.histories: list[History] = []
        self._reset()

    def _reset(self) -> None:
        self._running: list[_Call] = []
        self._numbers = itertools.count()
        # The call that returned a tensor; if nested calls returned it, the outermost.
        self._origins: Any = WeakIdKeyDictionary()

    def remove(self, history: History) -> None:
        """Stop recording into a history."""
        self.histories[:] = [other for other in self.histories if other is not history]
        if not self.histories:
            self._reset()

    def begin(self, module: nn.Module, args: tuple[Any, ...]) -> None:
        """Record the beginning of a call, before it can change its arguments."""
        node = None if _is_not_recorded() or any_symbolic(args, (), {}) else self._begin_node(module, args)
        self._running.append(_Call(module, node))

    def _begin_node(self, module: nn.Module, args: tuple[Any, ...]) -> EagerNode:
        outer = next((call for call in reversed(self._running) if call.node is not None), None)
        path = outer.path_of(module) if outer is not None else None
        node = EagerNode(module, next(self._numbers), outer.node if outer is not None else None, path)
        node.seen_args = as_seen(args)
        node.sources = self._sources_of(args, node)
        for history in self.histories:
            history.nodes.append(node)
        return node

    def _sources_of(self, arguments: Any, node: EagerNode) -> list[EagerNode]:
        found = [self._origins.get(tensor) for tensor in tensors_in(arguments)]
        # A later number is that of a call inside this one, which has changed the argument in place and returned it.
        return [origin for origin in found if origin is not None and origin.number < node.number]

    def end(self, module: nn.Module, args: tuple[Any, ...], rest: tuple[Any, ...]) -> None:
        """Record the end of a call; `rest` is (keyword arguments, output), or (None,) if the call raised an error."""
        positions = [position for position, call in enumerate(self._running) if call.module is module]
        if not positions:
            return
        node = self._running[positions[-1]].node
        del self._running[positions[-1] :]
        if node is None:
            return
        if len(rest) < 2:
            node.error = type(sys.exc_info()[1]).__name__
        elif any_symbolic((), args, rest[0]):
            self._drop(node)
        else:
            self._finish(module, node, args, *rest)

    def _finish(self, module: nn.Module, node: EagerNode, args: tuple[Any, ...], kwargs: Any, outputs: Any) -> None:
        node.seen_kwargs, node.seen_outputs = as_seen(kwargs), as_seen(outputs)
        node.sources += self._sources_of(kwargs, node)
        node.training = _mode_of(module, args, kwargs)
        for tensor in tensors_in(outputs):
            self._origins[tensor] = node
        for source in node.sources:
            layer = _layer_of(source)
            if layer is not None:
                layer._torchkeras.outbound_links.add(node)
        if is_layer(module):
            module._torchkeras.eager_nodes.append(node)

    def _drop(self, node: EagerNode) -> None:
        for history in self.histories:
            history.nodes[:] = [other for other in history.nodes if other is not node]


class _PerThread(threading.local):
    def __init__(self) -> None:
        self.recorder = _Recorder()


_thread = _PerThread()
_lock = threading.Lock()
_open_blocks: list[object] = []
_installed = contextlib.ExitStack()


@contextlib.contextmanager
def _watching() -> Iterator[None]:
    """Install torch's hooks when the first block of the process opens, and remove them when the last one closes."""
    block = object()
    with _lock:
        if not _open_blocks:
            _install()
        _open_blocks.append(block)
    try:
        yield
    finally:
        with _lock:
            _open_blocks.remove(block)
            if not _open_blocks:
                _installed.close()


def _install() -> None:
    if may_be_traced():
        # If the compiler has not been imported, nothing is compiled, and importing it would take seconds.
        _installed.enter_context(torch.compiler.set_stance("force_eager"))
    _installed.callback(register_module_forward_pre_hook(_before_call).remove)
    _installed.enter_context(_without_hook_warning())
    handle = register_module_forward_hook(_after_call, with_kwargs=True, always_call=True)
    # Removing the hook leaves an entry in torch that it took keywords, on which the compiler would guard from then on.
    _installed.callback(torch.nn.modules.module._global_forward_hooks_with_kwargs.pop, handle.id, None)
    _installed.callback(handle.remove)


@contextlib.contextmanager
def _without_hook_warning() -> Iterator[None]:
    """Suppress torch's warning about global hooks, which it gives at each call of a compiled model."""
    warnings.filterwarnings("ignore", r"Using `torch\.compile\(module\)` when there are global hooks", UserWarning)
    added_filter = warnings.filters[0]
    try:
        yield
    finally:
        # Not catch_warnings, which would also undo changes that others have made in the meantime.
        with contextlib.suppress(ValueError):
            warnings.filters.remove(added_filter)  # type: ignore[union-attr]


def _before_call(module: nn.Module, args: tuple[Any, ...]) -> None:
    if not torch.compiler.is_compiling() and _thread.recorder.histories:
        _thread.recorder.begin(module, args)


def _after_call(module: nn.Module, args: tuple[Any, ...], *rest: Any) -> None:
    if not torch.compiler.is_compiling() and _thread.recorder.histories:
        _thread.recorder.end(module, args, rest)


def _is_not_recorded() -> bool:
    """Whether a call that begins now has no data, or is repeated by a backward pass, or traced by torch.jit."""
    context = per_thread.context
    # While torch.jit.trace runs, sizes are tensors.
    is_without_data = context.dry_run is not None or context.is_tracing
    return is_without_data or in_backward() or torch._C._get_tracing_state() is not None


def _mode_of(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    if not is_layer(module):
        return module.training
    given = module._torchkeras.signature.argument("training", args[1:], kwargs)
    given = per_thread.context.training if given is None else given
    return given if isinstance(given, bool) else module.training


def _layer_of(node: EagerNode) -> Any:
    module = node._module()
    return module if is_layer(module) else None


_MAX_WIDTH = 60


def table_of(nodes: list[EagerNode]) -> str:
    """Return a table with a row for each call: its name, indented by depth, its input and output, and its sources."""
    if not nodes:
        return "no calls of modules on real tensors"
    modes = {node.training for node in nodes}
    numbers = {id(node): str(number) for number, node in enumerate(nodes)}
    least = min(node.depth for node in nodes)
    rows = [["#", "call", "input", "output", "from", "mode" if len(modes) > 1 else ""]]
    for node in nodes:
        call = "  " * (node.depth - least) + _name_of(node)
        sources = ", ".join(numbers[id(parent)] for parent in node.parent_nodes if id(parent) in numbers)
        output = node.error or _text_of(node.seen_outputs)
        mode = _mode(node.training) if len(modes) > 1 else ""
        rows.append([numbers[id(node)], call, _inputs_of(node), output, sources, mode])
    count = f"{len(nodes)} call{'s' if len(nodes) > 1 else ''}"
    return "\n".join([*_aligned(rows), f"{count}, in {_mode(modes.pop())} mode" if len(modes) == 1 else count])


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _mode(training: bool) -> str:
    return "training" if training else "inference"


def _name_of(node: EagerNode) -> str:
    """Return the path in the outer call, the class, and a layer's name unless it is the path: `0: Dense 'hidden'`."""
    path = f"{node.path}: " if node.path else ""
    name = f" {node.name!r}" if node.name not in (None, node.path) else ""
    return path + node.class_name + name


def _inputs_of(node: EagerNode) -> str:
    given = [*map(_text_of, node.seen_args), *(f"{key}={_text_of(value)}" for key, value in node.seen_kwargs.items())]
    return _shortened(", ".join(given))


def _text_of(value: Any) -> str:
    return _shortened(_text_in_full(value))


def _text_in_full(value: Any) -> str:
    if isinstance(value, SeenTensor):
        dtype = "" if value.dtype is torch.float32 else f" {dtype_name(value.dtype)}"
        shape = "nested" if value.shape is None else str(value.shape)
        return f"{shape}{dtype}{' masked' if value.has_mask else ''}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key!r}: {_text_in_full(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_text_in_full, value))}]"
    if isinstance(value, tuple):
        return f"({', '.join(map(_text_in_full, value))}{',' if len(value) == 1 else ''})"
    return value.__name__ if isinstance(value, type) else repr(value)


def _shortened(text: str) -> str:
    return text if len(text) <= _MAX_WIDTH else text[: _MAX_WIDTH - 3] + "..."
