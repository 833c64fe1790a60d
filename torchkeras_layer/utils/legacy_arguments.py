"""How did Keras 2 take the arguments of Keras 1? By decorators of constructors, which ported layers use."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any


def generate_legacy_interface(
    allowed_positional_args: Iterable[str] | None = None,
    conversions: Iterable[tuple[str, str]] | None = None,
    preprocessor: Callable[..., Any] | None = None,
    value_conversions: Mapping[str, Mapping[Any, Any]] | None = None,
    object_type: str = "class",
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator of a method that takes arguments by their older names too.

    Args:
        allowed_positional_args: names of the arguments that may be given by position; by default any number.
        conversions: pairs of an older name and the present one.
        preprocessor: a function of the positional and the named arguments that returns both, and a list, first.
        value_conversions: by the name of an argument, the present value for each older one.
        object_type: ignored.

    >>> class Layer:
    ...     @generate_legacy_interface(conversions=[("output_dim", "units")])
    ...     def __init__(self, units): self.units = units
    >>> Layer(output_dim=3).units
    3
    """
    renamed = dict(conversions or ())
    most = None if allowed_positional_args is None else len(list(allowed_positional_args))

    def decorate(method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        def convert(self: Any, *args: Any, **kwargs: Any) -> Any:
            if preprocessor is not None:
                args, kwargs, *_ = preprocessor(args, kwargs)
            if most is not None and len(args) > most:
                raise TypeError(
                    f"{type(self).__name__}: takes {most} arguments by position. Received: {len(args)}. Name the "
                    "others."
                )
            for old, new in renamed.items():
                if old in kwargs and new in kwargs:
                    raise TypeError(f"{type(self).__name__}: {old} is the older name of {new}. Received: both.")
                if old in kwargs:
                    kwargs[new] = kwargs.pop(old)
            for name, values in (value_conversions or {}).items():
                if name in kwargs:
                    kwargs[name] = values.get(kwargs[name], kwargs[name])
            return method(self, *args, **kwargs)

        return convert

    return decorate


def _unchanged(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method as it is."""
    return method


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Return the decorator of a built-in layer's constructor: here, it changes nothing."""
        if name.startswith("legacy_") and name.endswith("_support"):
            return _unchanged
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
