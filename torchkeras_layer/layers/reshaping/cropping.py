"""How does a layer cut off the ends of the spatial axes?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.reshaping.margins import Margins


class Cropping(Margins):
    """Base of the layers that crop. The output is a view of the inputs.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Cropping1D((0, 1))(torch.tensor([[[1], [2], [3]]])).flatten()
    tensor([1, 2])
    """

    def __init__(self, cropping: Any, data_format: str | None, /, **kwargs: Any) -> None:
        super().__init__("cropping", cropping, data_format, **kwargs)
        spatial = (slice(before, -behind or None) for before, behind in self._pairs)
        self._slices = (slice(None),) * self._first_axis + tuple(spatial)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the inputs without their margins.

        Raises:
            ValueError: if nothing would be left.
        """
        for index in range(self.rank):
            self._new_length(index, inputs.shape[self._first_axis + index], inputs.shape)
        return inputs[self._slices]

    def _new_length(self, index: int, length: int, input_shape: Shape | Sequence[int]) -> int:
        before, behind = self._pairs[index]
        if before + behind >= length:
            raise ValueError(
                f"{self.name}: nothing is left of axis {self._first_axis + index}, of size {length}, without {before} "
                f"at its beginning and {behind} at its end. Received: inputs of shape {tuple(input_shape)}. "
                "Crop less, or check data_format."
            )
        return length - before - behind


@catalog.register()
class Cropping1D(Cropping):
    """Cut off the first and last steps. Shapes: (batch, steps, features) -> (batch, steps - before - behind, features).

    Args:
        cropping: how many: an int for both ends, or (before, behind).
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `cropping` is something else; in a call, if the inputs have not three axes or nothing is left.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Cropping1D((1, 0))(torch.tensor([[[1, 2], [3, 4]]]))
    tensor([[[3, 4]]])
    """

    rank = 1

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any) -> None:
        super().__init__(cropping, "channels_last", **kwargs)


@catalog.register()
class Cropping2D(Cropping):
    """Cut off the margins of images. Shapes: (batch, rows, columns, channels) -> the same with fewer rows and columns.

    Args:
        cropping: an int for all ends; or for rows and columns each an int, or a pair (before, behind).
        data_format: 'channels_last', or 'channels_first' for (batch, channels, rows, columns). Default
            `backend.image_data_format()`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is something else; in a call, if the inputs have not four axes or nothing is left.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Cropping2D(((1, 0), 2))(torch.ones(2, 8, 8, 3)).shape
    torch.Size([2, 7, 4, 3])
    """

    rank = 2

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(cropping, data_format, **kwargs)


@catalog.register()
class Cropping3D(Cropping):
    """Cut off the margins of volumes. Shapes: (batch, a, b, c, channels) -> the same with smaller a, b and c.

    Args:
        cropping: an int for all ends; or for each of the three axes an int, or a pair (before, behind).
        data_format: 'channels_last', or 'channels_first' for (batch, channels, a, b, c). Default
            `backend.image_data_format()`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is something else; in a call, if the inputs have not five axes or nothing is left.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Cropping3D((1, (0, 2), 0))(torch.ones(2, 8, 8, 8, 3)).shape
    torch.Size([2, 6, 6, 8, 3])
    """

    rank = 3

    def __init__(self, cropping: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(cropping, data_format, **kwargs)
