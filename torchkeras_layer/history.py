"""Which calls did modules make on real tensors, while somebody wanted to know?"""

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
    """The calls that a `record_history()` block saw; `print(history)` shows them as a table.

    `nodes`: one `EagerNode` for each call, in the order in which the calls began.
    """

    def __init__(self) -> None:
        self.nodes: list[EagerNode] = []

    def clear(self) -> None:
        """Forget all calls, and take their nodes off the layers too."""
        forgotten = {id(node) for node in self.nodes}
        for layer in {id(layer): layer for layer in map(_layer_of, self.nodes) if layer is not None}.values():
            layer._torchkeras.eager_nodes[:] = [
                node for node in layer._torchkeras.eager_nodes if id(node) not in forgotten
            ]
        self.nodes.clear()

    def __len__(self) -> int:
        return len(self.nodes)

    def __bool__(self) -> bool:
        # A history without calls is still one.
        return True

    def __repr__(self) -> str:
        return table_of(self.nodes)


@contextlib.contextmanager
def record_history() -> Iterator[History]:
    """Record the calls of modules on real tensors that this thread makes inside the block: layers and plain modules.

    Each leaves an `EagerNode` in `history.nodes`. Layers have theirs in `inbound_nodes` too, behind those of symbolic
    calls, so that `input_shape`, `get_output_shape_at(i)` and the like answer after the block. Modules and tensors are
    referred to weakly and stay as short-lived as they are; `input` and `output` give a tensor while it lives.

    Compiled models run uncompiled while a block is open, in any thread, as under
    `torch.compiler.set_stance("force_eager")`: compiled code calls no modules that one could see. What a backward pass
    calls again, runs without data (`keras.build`), and calls on symbolic tensors are not recorded; nor is anything by a
    block in code that is compiled. Blocks may stand in each other; a call is then in both histories, and once on its
    layer. Outside of all blocks nothing is recorded.

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
    recorder = _here.recorder
    with _watching():
        recorder.histories.append(history)
        try:
            yield history
        finally:
            recorder.remove(history)


class _Call:
    """A call under way. `node` is `None` for one that is not recorded."""

    __slots__ = ("_paths", "module", "node")

    def __init__(self, module: nn.Module, node: EagerNode | None) -> None:
        self.module = module
        self.node = node
        self._paths: dict[int, str] | None = None

    def path_of(self, module: nn.Module) -> str | None:
        """Return where in the module of this call another one is."""
        if self._paths is None:
            self._paths = {id(inner): path for path, inner in self.module.named_modules()}
        return self._paths.get(id(module)) or None


class _Recorder:
    """Records the calls of one thread, for all histories that are open in it."""

    def __init__(self) -> None:
        self.histories: list[History] = []
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._under_way: list[_Call] = []
        self._numbers = itertools.count()
        # From which call a tensor came: the outermost that has returned it.
        self._origins: Any = WeakIdKeyDictionary()

    def remove(self, history: History) -> None:
        """Close a history."""
        self.histories[:] = [other for other in self.histories if other is not history]
        if not self.histories:
            self._begin_anew()

    def begin(self, module: nn.Module, args: tuple[Any, ...]) -> None:
        """Note that a call begins, before anything in it can change what it is called on."""
        node = None if _does_not_count() or any_symbolic(args, (), {}) else self._begin_node(module, args)
        self._under_way.append(_Call(module, node))

    def _begin_node(self, module: nn.Module, args: tuple[Any, ...]) -> EagerNode:
        outer = next((call for call in reversed(self._under_way) if call.node is not None), None)
        path = outer.path_of(module) if outer is not None else None
        node = EagerNode(module, next(self._numbers), outer.node if outer is not None else None, path)
        node.seen_args = as_seen(args)
        node.sources = self._sources_of(args, node)
        for history in self.histories:
            history.nodes.append(node)
        return node

    def _sources_of(self, arguments: Any, node: EagerNode) -> list[EagerNode]:
        found = [self._origins.get(tensor) for tensor in tensors_in(arguments)]
        # A call inside this one may have worked in place on what this one got.
        return [origin for origin in found if origin is not None and origin.number < node.number]

    def end(self, module: nn.Module, args: tuple[Any, ...], rest: tuple[Any, ...]) -> None:
        """Note what came out of a call; `rest` is (keywords, result), or for a call that failed (None,)."""
        places = [place for place, call in enumerate(self._under_way) if call.module is module]
        if not places:
            return
        node = self._under_way[places[-1]].node
        del self._under_way[places[-1] :]
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


class _Here(threading.local):
    def __init__(self) -> None:
        self.recorder = _Recorder()


_here = _Here()
_lock = threading.Lock()
_open_blocks: list[object] = []
_installed = contextlib.ExitStack()


@contextlib.contextmanager
def _watching() -> Iterator[None]:
    """Have torch tell of module calls, from the first block of the process that opens to the last that closes."""
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
        # Where it is not, nothing has been compiled, and to import it would take seconds.
        _installed.enter_context(torch.compiler.set_stance("force_eager"))
    _installed.callback(register_module_forward_pre_hook(_before_call).remove)
    _installed.enter_context(_no_warning_of_hooks())
    handle = register_module_forward_hook(_after_call, with_kwargs=True, always_call=True)
    # Removing it leaves a note in torch that the hook took keywords, for which the compiler would guard ever after.
    _installed.callback(torch.nn.modules.module._global_forward_hooks_with_kwargs.pop, handle.id, None)
    _installed.callback(handle.remove)


@contextlib.contextmanager
def _no_warning_of_hooks() -> Iterator[None]:
    """Have torch not warn, at each call of a compiled model, of hooks that its user has not made."""
    warnings.filterwarnings("ignore", r"Using `torch\.compile\(module\)` when there are global hooks", UserWarning)
    silence = warnings.filters[0]
    try:
        yield
    finally:
        # Not catch_warnings, which would undo what others have changed meanwhile.
        with contextlib.suppress(ValueError):
            warnings.filters.remove(silence)  # type: ignore[union-attr]


def _before_call(module: nn.Module, args: tuple[Any, ...]) -> None:
    if not torch.compiler.is_compiling() and _here.recorder.histories:
        _here.recorder.begin(module, args)


def _after_call(module: nn.Module, args: tuple[Any, ...], *rest: Any) -> None:
    if not torch.compiler.is_compiling() and _here.recorder.histories:
        _here.recorder.end(module, args, rest)


def _does_not_count() -> bool:
    """Whether a call that begins now is a run without data, or a repetition."""
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


_LONGEST = 60


def table_of(nodes: list[EagerNode]) -> str:
    """Return a table with a line for each call: indented by its depth, aligned, with what went in and came out."""
    if not nodes:
        return "no calls of modules on real tensors"
    modes = {node.training for node in nodes}
    numbers = {id(node): str(place) for place, node in enumerate(nodes)}
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
    """Return path in the call around it, class, and the name of a layer if it is another: `0: Dense 'hidden'`."""
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
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
