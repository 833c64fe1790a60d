"""Is a backward pass under way, so that what runs now is a repetition whose effects must not count twice?"""

from __future__ import annotations

import torch


def in_backward() -> bool:
    """Say whether autograd runs a backward pass in this thread, as it does when checkpointing recomputes.

    `False` while `torch.compile` traces: what a compiled graph recomputes repeats no side effects.

    >>> in_backward()
    False
    """
    # Order matters: dynamo cannot trace the second call, and folds the first into a constant.
    return not torch.compiler.is_dynamo_compiling() and torch._C._current_graph_task_id() != -1
