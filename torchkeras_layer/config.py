"""Which functions are in `keras.config`? Process-wide settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from torchkeras_layer._placeholders import finder_in
from torchkeras_layer._settings import (
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from torchkeras_layer.precision import global_policy, set_global_policy

dtype_policy = global_policy
set_dtype_policy = set_global_policy

__all__ = [
    "backend",
    "disable_flash_attention",
    "disable_interactive_logging",
    "disable_traceback_filtering",
    "dtype_policy",
    "enable_flash_attention",
    "epsilon",
    "floatx",
    "image_data_format",
    "is_flash_attention_enabled",
    "is_interactive_logging_enabled",
    "is_nnx_enabled",
    "is_traceback_filtering_enabled",
    "set_backend",
    "set_dtype_policy",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
]


def backend() -> str:
    """Return the name of the framework below.

    >>> backend()
    'torch'
    """
    return "torch"


def set_backend(backend: str) -> None:
    """Accept the name of the framework below, which is 'torch'.

    Raises:
        ValueError: for another one.

    >>> set_backend("torch")
    """
    if backend != "torch":
        raise ValueError(f"set_backend: this library runs on PyTorch only. Received: backend={backend!r}.")


def enable_flash_attention() -> None:
    """Let torch choose its flash attention, as it does by default.

    >>> enable_flash_attention()
    """
    torch.backends.cuda.enable_flash_sdp(True)


def disable_flash_attention() -> None:
    """Forbid torch to choose its flash attention.

    >>> disable_flash_attention(); is_flash_attention_enabled()
    False
    >>> enable_flash_attention()
    """
    torch.backends.cuda.enable_flash_sdp(False)


def is_flash_attention_enabled() -> bool:
    """Return whether torch may choose its flash attention.

    >>> is_flash_attention_enabled()
    True
    """
    return torch.backends.cuda.flash_sdp_enabled()


def disable_interactive_logging() -> None:
    """Do nothing: nothing here prints its progress.

    >>> disable_interactive_logging()
    """


def is_interactive_logging_enabled() -> bool:
    """Return false: nothing here prints its progress.

    >>> is_interactive_logging_enabled()
    False
    """
    return False


def disable_traceback_filtering() -> None:
    """Do nothing: tracebacks are Python's.

    >>> disable_traceback_filtering()
    """


def is_traceback_filtering_enabled() -> bool:
    """Return false: tracebacks are Python's.

    >>> is_traceback_filtering_enabled()
    False
    """
    return False


def is_nnx_enabled() -> bool:
    """Return false: NNX belongs to another framework.

    >>> is_nnx_enabled()
    False
    """
    return False


if not TYPE_CHECKING:
    __getattr__ = finder_in(__name__, "config")
