"""Which arguments do a layer class's `call` and `build` take? Read once a class, never at a call."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@dataclass(frozen=True)
class CallSignature:
    """What the pipeline must know of `call`.

    `first`: name of the first argument. `positional`: names of those after it that can be given by position.
    `takes_training`, `takes_mask`: whether the argument is declared, `**kwargs` counting as both.
    """

    first: str
    positional: tuple[str, ...]
    takes_training: bool
    takes_mask: bool
    mask_is_optional: bool = False
    first_is_optional: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether `call` wants nothing but its inputs from the pipeline."""
        return not self.takes_mask or self.mask_is_optional

    def argument(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return the value given for `name` beside the first argument, or `None`."""
        if name in kwargs:
            return kwargs[name]
        if name in self.positional:
            index = self.positional.index(name)
            return args[index] if index < len(args) else None
        return None

    def is_given(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Whether a value was given for `name` beside the first argument."""
        return name in kwargs or (name in self.positional and self.positional.index(name) < len(args))


def read_call_signature(call: Callable[..., Any]) -> CallSignature:
    """Read the signature of an unbound `call`.

    >>> read_call_signature(lambda self, x, state, training=None: x)
    CallSignature(first='x', positional=('state', 'training'), takes_training=True,
        takes_mask=False, mask_is_optional=False, first_is_optional=False)
    """
    parameters = list(inspect.signature(call).parameters.values())[1:]
    positional = tuple(p.name for p in parameters if p.kind in _POSITIONAL)
    names = {p.name for p in parameters}
    takes_any = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)
    return CallSignature(
        first=positional[0] if positional else "inputs",
        positional=positional[1:],
        takes_training=takes_any or "training" in names,
        takes_mask=takes_any or "mask" in names,
        first_is_optional=bool(parameters) and parameters[0].default is None,
        mask_is_optional=any(p.name == "mask" and p.default is None for p in parameters),
    )


def read_build_arguments(build: Callable[..., Any]) -> tuple[str, ...] | None:
    """Return the names of the shapes that an unbound `build` takes, or `None` if it takes no more than one.

    Keras 2's `build(self, input_shape)` gets the shape of the first argument whatever it is called; Keras 3's
    `build(self, query_shape, value_shape)` gets the shape of the `call` argument that each name begins with.

    >>> read_build_arguments(lambda self, query_shape, value_shape: None)
    ('query_shape', 'value_shape')
    >>> read_build_arguments(lambda self, input_shape: None)
    """
    parameters = list(inspect.signature(build).parameters.values())[1:]
    names = tuple(p.name for p in parameters if p.kind in _POSITIONAL)
    return names if len(names) > 1 else None
