"""What does every call of a layer read first?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torchkeras_layer.symbolic.input_spec import InputSpec


class Route:
    """Whether a call may go straight to `call`, and what it must then look at.

    One object with slots: Python finds these an order of magnitude quicker than attributes of a module, which may
    come from `__getattr__`. `Building._choose_route` derives all of them but the last.
    """

    __slots__ = ("casts", "dtype", "has_recorded", "input_spec", "is_direct", "passes_training")

    def __init__(self) -> None:
        self.is_direct = False
        self.passes_training = False
        self.casts = True
        self.dtype = torch.float32
        self.input_spec: InputSpec | None = None
        self.has_recorded = False
