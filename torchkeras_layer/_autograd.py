"""Is a backward pass running, or a function transform, or may a backward pass follow?"""

from __future__ import annotations

import torch
from torch.autograd import forward_ad


def in_backward() -> bool:
    """Whether this thread runs a backward pass, in which activation checkpointing repeats calls.

    The side effects of a repeated call must not count twice. The result is `False` while `torch.compile` traces,
    because a compiled graph does not repeat side effects.

    >>> in_backward()
    False
    """
    # Order matters: torch.compile cannot trace the second call, and turns the first into a constant.
    return not torch.compiler.is_dynamo_compiling() and torch._C._current_graph_task_id() != -1


def may_need_gradients() -> bool:
    """Whether a backward pass may follow: gradients are enabled, or `torch.jit.trace` writes a program.

    That traces a second time without gradients, and reports an error if the two programs differ.

    >>> with torch.no_grad():
    ...     may_need_gradients()
    False
    """
    return torch.is_grad_enabled() or torch.jit.is_tracing()  # pyright: ignore[reportPrivateImportUsage]


def is_transformed() -> bool:
    """Whether a transform of `torch.func`, such as `vmap` or `jvp`, or forward-mode differentiation is running.

    >>> is_transformed(), torch.vmap(lambda row: row * is_transformed())(torch.ones(1))
    (False, tensor([1.]))
    """
    in_functorch = torch._C._functorch.peek_interpreter_stack() is not None  # pyright: ignore[reportAttributeAccessIssue]
    return in_functorch or forward_ad._current_level >= 0


# The same as torch.compiler.assume_constant_result, which would import the compiler. If it were traced, the stack would
# never be `None`. Torch itself compiles again for other transforms.
is_transformed._dynamo_marked_constant = True  # type: ignore[attr-defined]
