"""In which surroundings are weights made, whatever surrounds the call that needs them?"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch


@contextlib.contextmanager
def creating_weights(device: torch.device | None) -> Iterator[None]:
    """Make real, trainable tensors on `device` (default: torch's default device).

    Gradients are on and inference mode is off, so that the weights can train later; fake tensor modes and functorch
    transforms are left, so that the weights are real and a random initializer works inside `vmap`.

    >>> with torch.inference_mode(), creating_weights(None):
    ...     torch.ones(2).is_inference()
    False
    """
    with contextlib.ExitStack() as surroundings:
        # Only what is needed: entering all of them takes longer than making a small weight.
        if torch.is_inference_mode_enabled():
            surroundings.enter_context(torch.inference_mode(False))
        if not torch.is_grad_enabled():
            surroundings.enter_context(torch.enable_grad())
        if torch._C._functorch.peek_interpreter_stack() is not None:  # pyright: ignore[reportAttributeAccessIssue]
            from torch._functorch.pyfunctorch import temporarily_clear_interpreter_stack

            surroundings.enter_context(temporarily_clear_interpreter_stack())
        if torch._C._get_dispatch_mode(torch._C._TorchDispatchModeKey.FAKE) is not None:
            from torch._subclasses.fake_tensor import unset_fake_temporarily

            surroundings.enter_context(unset_fake_temporarily())
        if device is not None:
            surroundings.enter_context(device)
        yield
