"""What surrounds a call: the outermost layer, the mode that was asked for, the compiler?

Which `training` a call gets is decided in `call_pipeline.training_mode`.
"""

from __future__ import annotations

import contextlib
import functools
import sys
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch._compile import _disable_dynamo

from torchkeras_layer._names import to_snake_case, unique_name

if TYPE_CHECKING:
    from torchkeras_layer.layer.call_records import Recording


# The attribute of a weight's copy in another dtype that holds the weight.
UNCAST = "_keras_weight"


class CallContext:
    """The calls and builds that are running in one thread.

    Attributes:
        layer: the innermost layer whose `call` or `build` is running.
        outer: the enclosing layer of one that is built by its own call.
        training: the value that the nearest outer call was explicitly given.
        recording: the recording of the outermost running call, once a loss has been added.
        dry_run: the `DryRun` in which a call only finds shapes and must leave no loss, metric or update; else `None`.
        is_tracing: whether free dimensions are symbols.
        building: whether a `build` is running.
        alone: whether the outermost running `build` was called outside of any call.
        uncast: whether weights are read in the dtype in which they are stored.
        changed: ids and versions of the inputs that a layer inside the running call was found to change in place.
        scope: the name scope that was entered by hand, with the layer in whose call that happened.
        allowance: how many weights a file that is being read may ask for; else `None`.
    """

    __slots__ = (
        "allowance",
        "alone",
        "building",
        "changed",
        "dry_run",
        "is_tracing",
        "layer",
        "outer",
        "recording",
        "scope",
        "training",
        "uncast",
    )

    def __init__(self) -> None:
        self.layer: Any = None
        self.outer: Any = None
        self.training: Any = None
        self.recording: Recording | None = None
        self.dry_run: Any = None
        self.is_tracing = False
        self.building = False
        self.alone = False
        self.uncast = False
        self.changed: set[tuple[int, int]] = set()
        self.scope: tuple[Any, str] | None = None
        self.allowance: Any = None


@contextlib.contextmanager
def tracing() -> Iterator[None]:
    """Let free dimensions be symbols in the block, in which layers run without data."""
    context = per_thread.context
    before, context.is_tracing = context.is_tracing, True
    try:
        yield
    finally:
        context.is_tracing = before


class _PerThread(threading.local):
    # threading.local and not ContextVar: torch.compile(fullgraph=True) cannot trace the latter. Each thread has one
    # plain object, because torch.compile loses what is written to attributes of the threading.local itself.
    def __init__(self) -> None:
        self.context = CallContext()


per_thread = _PerThread()


def may_be_traced() -> bool:
    """Whether torch.compile traces the running code, or has been imported and so could trace the current frame.

    >>> may_be_traced() in (True, False)
    True
    """
    return torch.compiler.is_dynamo_compiling() or "torch._dynamo" in sys.modules


@_disable_dynamo
def run_untraced(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Run a function that must not be traced. Check `may_be_traced()` first: the first call imports the compiler."""
    return function(*args, **kwargs)


def run_constructor(layer: Any, init: Callable[..., None], *args: Any, **kwargs: Any) -> None:
    """Run a constructor; torch.compile traces it only for a layer without weights that is made inside a traced call.

    >>> import torchkeras_layer as keras
    >>> layer = keras.Layer.__new__(keras.Layer)
    >>> run_constructor(layer, keras.Layer.__init__, name="head"); layer.name
    'head'
    """
    facts = layer._torchkeras_facts
    can_be_traced = not facts.creates_weights and facts.has_torch_base_only
    if may_be_traced() and not (torch.compiler.is_dynamo_compiling() and can_be_traced):
        run_untraced(init, layer, *args, **kwargs)
    else:
        init(layer, *args, **kwargs)


def traceable_init(init: Callable[..., None]) -> Callable[..., None]:
    """Wrap a constructor so that it runs by `run_constructor`."""

    @functools.wraps(init)
    def wrapped(self: Any, *args: Any, **kwargs: Any) -> None:
        run_constructor(self, init, *args, **kwargs)

    return wrapped


class NameScope(contextlib.AbstractContextManager["NameScope"]):
    """A context manager: the paths of layers that are built inside it begin with `name`, as in `'encoder/'`."""

    def __init__(self, layer: Any) -> None:
        enclosing = per_thread.context.layer
        prefix = path_prefix(enclosing)
        # In its own call or build, a layer is the enclosing layer.
        self._path = prefix if enclosing is layer else join_path(prefix, layer._torchkeras.name)
        self.name = f"{self._path}/"

    def __enter__(self) -> NameScope:
        context = per_thread.context
        self._outer = context.scope
        context.scope = (context.layer, self._path)
        return self

    def __exit__(self, *_: Any) -> None:
        per_thread.context.scope = self._outer


class NotUsedYetError(ValueError, AttributeError):
    """The layer has no scope name yet. Also an AttributeError, so that `hasattr(layer, "scope_name")` is `False`."""


def path_below(parent: Any, name: str) -> str:
    """Return the path of the layer `name` inside the call or build of `parent`."""
    return join_path(path_prefix(parent), name)


def path_prefix(parent: Any) -> str:
    """Return the path of the enclosing scope: one entered by hand, else `parent`, whose call or build is running."""
    scope = per_thread.context.scope
    if scope is not None and scope[0] is parent:
        return scope[1]
    return "" if parent is None else parent._torchkeras.path or parent._torchkeras.name


def join_path(prefix: str, name: str) -> str:
    """Join two parts of a path.

    >>> join_path("", "dense"), join_path("encoder", "dense")
    ('dense', 'encoder/dense')
    """
    return f"{prefix}/{name}" if prefix else name


@contextlib.contextmanager
def prefix_errors(where: str) -> Iterator[None]:
    """Put `where` in front of the message of any TypeError or ValueError raised inside the block.

    >>> with prefix_errors("dense"):
    ...     raise ValueError("units must be positive.")
    Traceback (most recent call last):
    ValueError: dense: units must be positive.
    """
    try:
        yield
    except (TypeError, ValueError) as error:
        kind = type(error) if type(error) in (TypeError, ValueError) else ValueError
        raise kind(f"{where}: {error}") from error


def choose_name(name: Any, class_name: str) -> str:
    """Return a layer's name: the one given, or one made from the class name and numbered.

    Raises:
        TypeError: if the given name is not a string.

    >>> choose_name("head", "Dense")
    'head'
    """
    if name is None and torch.compiler.is_dynamo_compiling():
        # A numbered name would be a new constant in each call, and each call would be compiled again.
        return to_snake_case(class_name)
    if name is None:
        return unique_name(to_snake_case(class_name))
    if not isinstance(name, str):
        raise TypeError(f"{class_name}: name must be a string. Received: name={name!r}.")
    return name


def run_uncast(function: Callable[[], Any]) -> Any:
    """Run a function that reads or writes weights in their stored dtype, even inside a `call` that reads cast ones.

    >>> run_uncast(lambda: 1)
    1
    """
    context = per_thread.context
    outer, context.uncast = context.uncast, True
    try:
        return function()
    finally:
        context.uncast = outer


def cast_for_call(weight: torch.Tensor, spec: Any) -> torch.Tensor:
    """Return a weight, cast to the compute dtype if the innermost running `call` is of a layer with a mixed policy.

    `spec`: its `WeightSpec`, or `None`.

    Everywhere else, and for a weight with `autocast=False`, return it as it is stored.

    >>> cast_for_call(torch.ones(1), None)
    tensor([1.])
    """
    context = per_thread.context
    layer = context.layer
    if (
        spec is None
        or layer is None
        or context.building
        or context.uncast
        or not spec.autocast
        or not layer._torchkeras.casts_weights
    ):
        return weight
    if not weight.is_floating_point():
        return weight
    cast = weight.to(layer._torchkeras.policy.compute)
    if layer._torchkeras_facts.reads_members and cast is not weight:
        # An assignment changes the weight itself.
        setattr(cast, UNCAST, weight)
    return cast
