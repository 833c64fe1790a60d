"""What does autograd do around what runs now?"""

from __future__ import annotations

import torch
from torch.autograd import forward_ad


def in_backward() -> bool:
    """Say whether autograd runs a backward pass in this thread, as it does when checkpointing recomputes.

    What runs then is a repetition, whose effects must not count twice. `False` while `torch.compile` traces: what a
    compiled graph recomputes repeats no side effects.

    >>> in_backward()
    False
    """
    # Order matters: dynamo cannot trace the second call, and folds the first into a constant.
    return not torch.compiler.is_dynamo_compiling() and torch._C._current_graph_task_id() != -1


def is_transformed() -> bool:
    """Say whether a function of `torch.func` is under way, such as `vmap` or `jvp`, or forward differentiation.

    >>> is_transformed(), torch.vmap(lambda row: row * is_transformed())(torch.ones(1))
    (False, tensor([1.]))
    """
    in_functorch = torch._C._functorch.peek_interpreter_stack() is not None  # pyright: ignore[reportAttributeAccessIssue]
    return in_functorch or forward_ad._current_level >= 0


# As torch.compiler.assume_constant_result does, which imports the compiler: traced, the stack would never be `None`.
# Torch itself compiles anew where the transforms are others.
is_transformed._dynamo_marked_constant = True  # type: ignore[attr-defined]
