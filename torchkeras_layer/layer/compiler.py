"""How does code that must not be traced stay out of the compiler?"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

import torch
from torch._compile import _disable_dynamo


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
