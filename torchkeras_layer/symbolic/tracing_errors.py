"""What does an error in a run without data mean to someone who has not asked for one?"""

from __future__ import annotations

import re

from torchkeras_layer.symbolic.tracing import DIFFERENT, LARGE

_SIGNS_OF_TRACING = ("FakeTensor", "tensor subclasses", "customized tensor", "symbolic", "SymInt", "meta tensor")

_VALUE_NEEDED = ("GuardOnDataDependentSymNode", "DataDependentOutputException")
_FREE_SIZE = re.compile(rf"\b(s\d+|{'|'.join(str(size) for row in (*DIFFERENT, *LARGE) for size in row)})\b")


def needs_data(error: Exception) -> bool:
    """Whether an error is there only because the tensors have no data.

    >>> needs_data(ValueError("units must be positive."))
    False
    """
    of_tracing = type(error).__module__.startswith(("torch._subclasses", "torch.fx.experimental"))
    return of_tracing or any(word in str(error) for word in _SIGNS_OF_TRACING)


def in_our_words(error: Exception) -> str:
    """Return the message of an error from a trace, with `None` for what stands for free sizes.

    >>> in_our_words(RuntimeError("a is [s26, 3], b is [18, 3]."))
    'a is [None, 3], b is [None, 3]'
    """
    if type(error).__name__ in _VALUE_NEEDED:
        return "it takes the value of a tensor, as `if`, int() and item() do, and there is none yet"
    first = str(error).strip().partition("\n\n")[0]
    return _FREE_SIZE.sub("None", first).rstrip(".")
