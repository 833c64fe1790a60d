"""Where are the channels of images, and what is given for each of their axes?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from torchkeras_layer._settings import image_data_format


def per_axis(value: Any, rank: int) -> list[int]:
    """Return an int for each spatial axis, from one int or several.

    >>> per_axis(2, 3), per_axis((1, 2), 2)
    ([2, 2, 2], [1, 2])
    """
    return [int(one) for one in value] if isinstance(value, Sequence) else [int(value)] * rank


def channels_first(x: Tensor, data_format: str | None) -> Tensor:
    """Return a batch with its channels before the spatial axes, where torch has them."""
    return x.movedim(-1, 1) if (data_format or image_data_format()) == "channels_last" else x


def undone(x: Tensor, data_format: str | None) -> Tensor:
    """Undo `channels_first`."""
    return x.movedim(1, -1) if (data_format or image_data_format()) == "channels_last" else x
