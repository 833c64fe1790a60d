"""Which steps of sequences count, by the mask that a call was given?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer._structures import leaves


def read_mask(name: str, mask: Any, sequences: torch.Tensor) -> torch.Tensor | None:
    """Return a mask as booleans of the shape of the first two axes of sequences; `None` stays.

    Raises:
        ValueError: if it has another shape, or holds no numbers; `name` is in the message.

    >>> read_mask("rnn", [[1, 0]], torch.ones(1, 2, 3))
    tensor([[ True, False]])
    """
    mask = first_mask(mask)
    if mask is None:
        return None
    try:
        mask = torch.as_tensor(mask, device=sequences.device)
    except (RuntimeError, TypeError, ValueError) as error:
        raise ValueError(_expected(name, sequences, repr(mask))) from error
    mask = mask.squeeze(-1) if mask.dim() == 3 else mask
    if mask.dim() != 2 or mask.shape[1] != sequences.shape[1] or mask.shape[0] != sequences.shape[0]:
        raise ValueError(_expected(name, sequences, f"a mask of shape {tuple(mask.shape)}"))
    return mask.bool()


def first_mask(mask: Any) -> Any:
    """Return a mask, which in a list of masks, one for each input, is the first.

    >>> first_mask([torch.tensor([True]), None])
    tensor([True])
    """
    first = leaves(mask)[0] if isinstance(mask, (list, tuple)) and mask else mask
    return first if first is None or hasattr(first, "shape") else mask


def _expected(name: str, sequences: torch.Tensor, received: str) -> str:
    wanted = f"the shape {tuple(sequences.shape[:2])} of batch and steps"
    return f"{name}: the mask must have {wanted}. Received: {received}."
