"""How does code that must not be traced stay out of the compiler?"""

from __future__ import annotations

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
