"""How is a function called that has another name, other arguments or other defaults elsewhere?

A row of a table is the name of a function here and the arguments that it has elsewhere, in their order: `axis` has the
same name here, `perm:axes` another one, `axis=-1` another default, `-name` has no effect, and `*` is any number more.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from torchkeras_layer.ops.direct_calls import direct_as_spelled

# Arguments that say how TensorFlow computes, and not what.
_WITHOUT_EFFECT = frozenset({"bad_indices_policy", "name", "use_cudnn_on_gpu"})
# Words of TensorFlow 1 for others.
_OLD_WORDS = {
    "keep_dims": "keepdims",
    "reduction_indices": "axis",
    "squeeze_dims": "axis",
    "dimension": "axis",
    "dim": "axis",
    "concat_dim": "axis",
    "split_dim": "axis",
}


@dataclass(frozen=True)
class Spelling:
    """How a function is spelled here.

    Attributes:
        target: the full name of the function here.
        words: the name of each argument here, by its name elsewhere, in the order there; `None` for those without
            effect.
        takes_any: whether all further positional arguments are passed on.
        defaults: values of arguments that are not given, by their names here.
    """

    target: str
    words: dict[str, str | None]
    takes_any: bool
    defaults: dict[str, Any] = field(default_factory=dict)

    def arguments(self, args: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Return the arguments of the function here, from those that it has elsewhere.

        Raises:
            ValueError: for an argument that is not in the table.

        >>> read_row("ops.transpose a:x perm:axes").arguments(["x"], {"perm": [1, 0], "name": None})
        ([], {'x': 'x', 'axes': [1, 0]})
        """
        order = list(self.words)
        first, named = (args, {}) if self.takes_any else ([], dict(zip(order, args, strict=False)))
        for word, value in kwargs.items():
            # An old word that is `None`, as code for two versions passes it, does not replace the new one.
            if word in self.words or value is not None:
                named[word if word in self.words else _OLD_WORDS.get(word, word)] = value
        known = {*self.words, *_WITHOUT_EFFECT}
        unknown = [word for word, value in named.items() if word not in known and value is not None]
        if unknown:
            raise ValueError(f"{self.target}: the argument {unknown[0]!r} is not here. Known: {order}.")
        spelled = {own: named[word] for word, own in self.words.items() if own and named.get(word) is not None}
        return first, {**self.defaults, **spelled}


def read_row(row: str) -> Spelling:
    """Return the spelling in a row of a table, whose functions are in `keras`.

    >>> read_row("ops.argmax x axis=-1 -name").words
    {'x': 'x', 'axis': 'axis', 'name': None}
    """
    target, *words = row.split()
    named, defaults = {}, {}
    for word in words:
        names, _, default = word.partition("=")
        name, _, own = names.partition(":")
        if name == "*":
            continue
        named[name.removeprefix("-")] = None if name.startswith("-") else own or name
        if default:
            defaults[own or name] = ast.literal_eval(default)
    return Spelling(f"keras.{target}", named, "*" in words, defaults)


def spelled(function: Callable[..., Any], spelling: Spelling, name: str) -> Callable[..., Any]:
    """Return a function that is called as it is spelled elsewhere.

    Args:
        function: the function here.
        spelling: the names of its arguments elsewhere.
        name: its full name elsewhere, for errors.

    Raises:
        TypeError: from the returned function, if an argument is missing, unknown or given twice.

    >>> add = spelled(lambda x1, x2: x1 + x2, read_row("ops.add x:x1 y:x2"), "K.add"); add(1, y=2)
    3
    >>> add(1)
    Traceback (most recent call last):
    TypeError: K.add: missing a required argument: 'y'. Its arguments are (x, y).
    """
    parameters = inspect.signature(function).parameters
    required = [word for word, here in spelling.words.items() if _is_required(here, parameters, spelling)]

    def call(*args: Any, **kwargs: Any) -> Any:
        first, named = _checked(name, spelling, required, args, kwargs)
        return function(*first, **named)

    call.__name__ = call.__qualname__ = name.rpartition(".")[2]
    call.__doc__ = function.__doc__
    call.__signature__ = _signature(parameters, spelling, required)  # type: ignore[attr-defined]
    if spelling.takes_any:
        return call
    return direct_as_spelled(inspect.unwrap(function), call, spelling.words, spelling.defaults)


def _checked(name: str, spelling: Spelling, required: list[str], args: Any, kwargs: dict[str, Any]) -> Any:
    """Return the arguments of the function here, or raise a TypeError that names those elsewhere."""
    shown = f"Its arguments are ({', '.join(spelling.words)})."
    if len(args) > len(spelling.words) and not spelling.takes_any:
        raise TypeError(f"{name}: too many arguments. {shown} Received: {len(args)} arguments.")
    try:
        first, named = spelling.arguments(args, kwargs)
    except ValueError:
        bad = next(word for word in kwargs if word not in spelling.words)
        raise TypeError(f"{name}: there is no argument {bad!r}. {shown}") from None
    missing = [] if first else [word for word in required if spelling.words[word] not in named]
    if missing:
        raise TypeError(f"{name}: missing a required argument: {missing[0]!r}. {shown}")
    return first, named


def _is_required(here: str | None, parameters: Any, spelling: Spelling) -> bool:
    if here not in parameters or here in spelling.defaults:
        return False
    parameter = parameters[here]
    return parameter.kind is parameter.POSITIONAL_OR_KEYWORD and parameter.default is parameter.empty


def _signature(parameters: Any, spelling: Spelling, required: list[str]) -> inspect.Signature:
    kind = inspect.Parameter
    found = [kind("args", kind.VAR_POSITIONAL)] if spelling.takes_any else []
    of_words = kind.KEYWORD_ONLY if spelling.takes_any else kind.POSITIONAL_OR_KEYWORD
    for word, here in spelling.words.items():
        default = parameters[here].default if here in parameters else None
        default = spelling.defaults.get(here or "", default)
        # Of two words for the same argument, either may be given.
        is_second = default is kind.empty and bool(found) and found[-1].default is not kind.empty
        found.append(kind(word, of_words, default=None if is_second else default))
    return inspect.Signature(found)
