"""What surrounds a call or a build: other calls, names, and the compiler?"""

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
    from torchkeras_layer.layer.call_states import Recording
    from torchkeras_layer.layer.weight_spec import WeightSpec


class CallContext:
    """The calls and builds under way in one thread.

    `layer`: the innermost layer that is in its `call` or its `build`. `outer`: the layer around one that builds in its
    own call. `training`: what the nearest outer call was explicitly given. `recording`: the losses of the outermost
    call under way, once there are any. `dry_run`: where a call only finds out shapes, and must leave no loss,
    metric or update. `is_tracing`: where free dimensions are symbols. `building`: in a `build`; `alone`: in one that no
    call needed; `frozen`: in one below a frozen layer. `uncast`: where weights are read as they are kept. `scope`: the
    name scope that was entered by hand, with the layer in whose call that was.
    """

    __slots__ = (
        "alone",
        "building",
        "dry_run",
        "frozen",
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
        self.frozen = False
        self.uncast = False
        self.scope: tuple[Any, str] | None = None


class _PerThread(threading.local):
    # threading.local and not ContextVar: torch.compile(fullgraph=True) cannot trace the latter. The context is one
    # plain object a thread, because torch.compile loses what is written to attributes of the local itself.
    def __init__(self) -> None:
        self.context = CallContext()


per_thread = _PerThread()


def is_compiler_about() -> bool:
    """Whether code that runs now may be traced: it is, or the compiler has been imported and could trace its frame.

    >>> is_compiler_about() in (True, False)
    True
    """
    return torch.compiler.is_dynamo_compiling() or "torch._dynamo" in sys.modules


@_disable_dynamo
def outside_of_compiler(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Run what must not be traced. Only where the compiler is about: the first call imports it."""
    return function(*args, **kwargs)


def make(layer: Any, init: Callable[..., None], *args: Any, **kwargs: Any) -> None:
    """Run a constructor. The compiler follows that of a layer without weights, made in a call, and no other.

    >>> import torchkeras_layer as keras
    >>> layer = keras.Layer.__new__(keras.Layer)
    >>> make(layer, keras.Layer.__init__, name="made"); layer.name
    'made'
    """
    facts = layer._torchkeras_facts
    can_be_traced = not facts.creates_weights and facts.begins_as_torch_does
    if is_compiler_about() and not (torch.compiler.is_dynamo_compiling() and can_be_traced):
        outside_of_compiler(init, layer, *args, **kwargs)
    else:
        init(layer, *args, **kwargs)


def followed(init: Callable[..., None]) -> Callable[..., None]:
    """Wrap a constructor, so that the compiler meets it by way of `make`."""

    @functools.wraps(init)
    def made(self: Any, *args: Any, **kwargs: Any) -> None:
        make(self, init, *args, **kwargs)

    return made


class NameScope(contextlib.AbstractContextManager["NameScope"]):
    """While entered, the paths of what is built begin with `name`.

    `name` ends with `/`, as in `'encoder/'`.
    """

    def __init__(self, layer: Any) -> None:
        around = per_thread.context.layer
        prefix = path_prefix(around)
        # In its own call or build, a layer is its own surroundings.
        self._path = prefix if around is layer else join_path(prefix, layer._torchkeras.name)
        self.name = f"{self._path}/"

    def __enter__(self) -> NameScope:
        context = per_thread.context
        self._outer = context.scope
        context.scope = (context.layer, self._path)
        return self

    def __exit__(self, *_: Any) -> None:
        per_thread.context.scope = self._outer


class NotUsedYetError(ValueError, AttributeError):
    """A layer has no scope yet. An AttributeError too, so that `hasattr(layer, "scope_name")` can answer."""


def choose_path(layer: Any) -> None:
    """Give a layer that is built its path, unless it has one."""
    record = layer._torchkeras
    if record.path is None and record.built:
        record.path = path_below(per_thread.context.layer, record.name)


def path_below(parent: Any, name: str) -> str:
    """Return the path of a layer of this name in the call or build of `parent`."""
    return join_path(path_prefix(parent), name)


def path_prefix(parent: Any) -> str:
    """Return the path of what is around: a scope entered by hand, else `parent`, in whose call or build this is."""
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
def naming_errors(where: str) -> Iterator[None]:
    """Have the message of a TypeError or ValueError begin with where it came about.

    >>> with naming_errors("dense"):
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
    """Return a layer's name: the one given, or a counted one made from the class's name.

    Raises:
        TypeError: if the given name is no string.

    >>> choose_name("head", "Dense")
    'head'
    """
    if name is None and torch.compiler.is_dynamo_compiling():
        # Were it counted there, no call could be served by the graph of the call before.
        return to_snake_case(class_name)
    if name is None:
        return unique_name(to_snake_case(class_name))
    if not isinstance(name, str):
        raise TypeError(f"{class_name}: name must be a string. Received: name={name!r}.")
    return name


def run_uncast(function: Callable[[], Any]) -> Any:
    """Run a function that reads or writes weights as they are kept, in the midst of a `call` that reads casts.

    >>> run_uncast(lambda: 1)
    1
    """
    context = per_thread.context
    outer, context.uncast = context.uncast, True
    try:
        return function()
    finally:
        context.uncast = outer


def cast_for_call(weight: torch.Tensor, spec: WeightSpec | None) -> torch.Tensor:
    """Return a weight in the compute dtype of the innermost layer that is in its `call` and has a mixed policy.

    Everywhere else, and for a weight with `autocast=False`, return it as it is kept.

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
    return weight.to(layer._torchkeras.policy.compute) if weight.is_floating_point() else weight
