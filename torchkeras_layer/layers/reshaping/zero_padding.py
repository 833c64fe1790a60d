"""How does a layer put zeros around the spatial axes?"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.reshaping.margins import Margins


class ZeroPadding(Margins):
    """Base of the layers that pad with zeros.

    >>> import torchkeras_layer as keras
    >>> keras.layers.ZeroPadding1D((2, 1))(torch.tensor([[[5]]])).flatten()
    tensor([0, 0, 5, 0])
    """

    def __init__(self, padding: Any, data_format: str | None, **kwargs: Any) -> None:
        super().__init__("padding", padding, data_format, **kwargs)
        channels = (0, 0) if self.data_format == "channels_last" else ()
        # Torch wants the last axis first.
        self._amounts = channels + tuple(amount for pair in reversed(self._pairs) for amount in pair)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the inputs with zeros around them."""
        return F.pad(inputs, self._amounts)

    def _new_length(self, index: int, length: int, input_shape: Shape) -> int:
        return length + sum(self._pairs[index])


@catalog.register()
class ZeroPadding1D(ZeroPadding):
    """Put steps of zeros around. Shapes: (batch, steps, features) -> (batch, before + steps + behind, features).

    Args:
        padding: how many: an int for both ends, or (before, behind).
        data_format: 'channels_last', or 'channels_first' for (batch, features, steps). Default
            `backend.image_data_format()`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is something else; in a call, if the inputs have not three axes.

    >>> import torchkeras_layer as keras
    >>> keras.layers.ZeroPadding1D((1, 0))(torch.tensor([[[1, 2]]]))
    tensor([[[0, 0],
             [1, 2]]])
    """

    rank = 1

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(padding, data_format, **kwargs)


@catalog.register()
class ZeroPadding2D(ZeroPadding):
    """Put zeros around images. Shapes: (batch, rows, columns, channels) -> the same with more rows and columns.

    Args:
        padding: an int for all ends; or for rows and columns each an int, or a pair (before, behind).
        data_format: 'channels_last', or 'channels_first' for (batch, channels, rows, columns). Default
            `backend.image_data_format()`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is something else; in a call, if the inputs have not four axes.

    >>> import torchkeras_layer as keras
    >>> keras.layers.ZeroPadding2D(((1, 0), 2))(torch.ones(2, 8, 8, 3)).shape
    torch.Size([2, 9, 12, 3])
    """

    rank = 2

    def __init__(self, padding: Any = (1, 1), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(padding, data_format, **kwargs)


@catalog.register()
class ZeroPadding3D(ZeroPadding):
    """Put zeros around volumes. Shapes: (batch, a, b, c, channels) -> the same with larger a, b and c.

    Args:
        padding: an int for all ends; or for each of the three axes an int, or a pair (before, behind).
        data_format: 'channels_last', or 'channels_first' for (batch, channels, a, b, c). Default
            `backend.image_data_format()`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is something else; in a call, if the inputs have not five axes.

    >>> import torchkeras_layer as keras
    >>> keras.layers.ZeroPadding3D((1, (0, 2), 0))(torch.ones(2, 8, 8, 8, 3)).shape
    torch.Size([2, 10, 10, 8, 3])
    """

    rank = 3

    def __init__(self, padding: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(padding, data_format, **kwargs)
