"""Which layers crop the spatial dimensions, or pad them with zeros?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import as_plain
from torchkeras_layer.layers.reshaping.spatial import Spatial, as_ints, first_spatial_axis, with_lengths

_WORDING = {
    1: "an int of at least 0, or a pair of them, before and after the axis",
    2: "an int of at least 0, or for each of the 2 spatial dimensions such an int or a pair (before, after) of them",
    3: "an int of at least 0, or for each of the 3 spatial dimensions such an int or a pair (before, after) of them",
}


@dataclass(slots=True)
class Margins:
    """The numbers of values that are cropped or added before and after each spatial dimension.

    `argument`: the same for torch, as slices or as the widths of `F.pad`.

    >>> Margins(((1, 2),), (0, 0, 1, 2)).margins
    ((1, 2),)
    """

    margins: tuple[tuple[int, ...], ...]
    argument: tuple[Any, ...]


class Cropping(Spatial):
    """Base class of the cropping layers. The output is a view of the inputs.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Cropping1D((0, 1))(torch.tensor([[[1], [2], [3]]])).flatten()
    tensor([1, 2])
    """

    def __init__(self, cropping: Any, data_format: str | None, /, **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)
        margins = _read_margins(self, "cropping", cropping)
        self.cropping = margins[0] if self.rank == 1 else margins
        spatial = (slice(before, -after or None) for before, after in margins)
        self._torchkeras.derived = Margins(margins, (slice(None),) * first_spatial_axis(self) + tuple(spatial))

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the cropped inputs.

        Raises:
            ValueError: if the output would be empty.
        """
        first = first_spatial_axis(self)
        for index in range(self.rank):
            _cropped_length(self, index, inputs.shape[first + index], inputs.shape)
        return inputs[self._torchkeras.derived.argument]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs with smaller spatial dimensions; free sizes stay free.

        Raises:
            ValueError: if the shape has another rank, or the output would be empty.
        """
        return with_lengths(self, input_shape, lambda index, length: _cropped_length(self, index, length, input_shape))


@catalog.register()
class Cropping1D(Cropping):
    """Crop sequences. Shapes: (batch, steps, features) -> (batch, steps - before - after, features).

    Args:
        cropping: number of steps: an int for both ends, or (before, after).
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `cropping` is something else; in a call, if the inputs do not have rank 3, or the output would be
            empty.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Cropping1D((1, 0))(torch.tensor([[[1, 2], [3, 4]]]))
    tensor([[[3, 4]]])
    """

    rank = 1

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any) -> None:
        super().__init__(cropping, "channels_last", **kwargs)


@catalog.register()
class Cropping2D(Cropping):
    """Crop images. Shapes: (batch, rows, columns, channels) -> the same with fewer rows and columns.

    Args:
        cropping: an int for all ends; or one for rows and one for columns, each an int or a pair (before, after).
        data_format: 'channels_last', or 'channels_first' for (batch, channels, rows, columns). Default
            `backend.image_data_format()`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is something else; in a call, if the inputs do not have rank 4, or the output would
            be empty.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Cropping2D(((1, 0), 2))(torch.ones(2, 8, 8, 3)).shape
    torch.Size([2, 7, 4, 3])
    """

    rank = 2

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(cropping, data_format, **kwargs)


@catalog.register()
class Cropping3D(Cropping):
    """Crop volumes. Shapes: (batch, a, b, c, channels) -> the same with smaller a, b and c.

    Args:
        cropping: an int for all ends; or one for each of the three spatial dimensions, each an int or a pair (before,
            after).
        data_format: 'channels_last', or 'channels_first' for (batch, channels, a, b, c). Default
            `backend.image_data_format()`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is something else; in a call, if the inputs do not have rank 5, or the output would
            be empty.

    >>> import torchkeras_layer as keras
    >>> keras.layers.Cropping3D((1, (0, 2), 0))(torch.ones(2, 8, 8, 8, 3)).shape
    torch.Size([2, 6, 6, 8, 3])
    """

    rank = 3

    def __init__(self, cropping: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(cropping, data_format, **kwargs)


class ZeroPadding(Spatial):
    """Base class of the zero padding layers.

    >>> import torchkeras_layer as keras
    >>> keras.layers.ZeroPadding1D((2, 1))(torch.tensor([[[5]]])).flatten()
    tensor([0, 0, 5, 0])
    """

    def __init__(self, padding: Any, data_format: str | None, /, **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)
        margins = _read_margins(self, "padding", padding)
        self.padding = margins[0] if self.rank == 1 else margins
        channels = (0, 0) if self.data_format == "channels_last" else ()
        # F.pad takes the last axis first.
        widths = channels + tuple(width for pair in reversed(margins) for width in pair)
        self._torchkeras.derived = Margins(margins, widths)

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the padded inputs."""
        return F.pad(inputs, self._torchkeras.derived.argument)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs with larger spatial dimensions; free sizes stay free.

        Raises:
            ValueError: if the shape has another rank.
        """
        margins = self._torchkeras.derived.margins
        return with_lengths(self, input_shape, lambda index, length: length + sum(margins[index]))


@catalog.register()
class ZeroPadding1D(ZeroPadding):
    """Pad sequences with zeros. Shapes: (batch, steps, features) -> (batch, before + steps + after, features).

    Args:
        padding: number of steps: an int for both ends, or (before, after).
        data_format: 'channels_last', or 'channels_first' for (batch, features, steps). Default
            `backend.image_data_format()`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is something else; in a call, if the inputs do not have rank 3.

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
    """Pad images with zeros. Shapes: (batch, rows, columns, channels) -> the same with more rows and columns.

    Args:
        padding: an int for all ends; or one for rows and one for columns, each an int or a pair (before, after).
        data_format: 'channels_last', or 'channels_first' for (batch, channels, rows, columns). Default
            `backend.image_data_format()`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is something else; in a call, if the inputs do not have rank 4.

    >>> import torchkeras_layer as keras
    >>> keras.layers.ZeroPadding2D(((1, 0), 2))(torch.ones(2, 8, 8, 3)).shape
    torch.Size([2, 9, 12, 3])
    """

    rank = 2

    def __init__(self, padding: Any = (1, 1), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(padding, data_format, **kwargs)


@catalog.register()
class ZeroPadding3D(ZeroPadding):
    """Pad volumes with zeros. Shapes: (batch, a, b, c, channels) -> the same with larger a, b and c.

    Args:
        padding: an int for all ends; or one for each of the three spatial dimensions, each an int or a pair (before,
            after).
        data_format: 'channels_last', or 'channels_first' for (batch, channels, a, b, c). Default
            `backend.image_data_format()`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is something else; in a call, if the inputs do not have rank 5.

    >>> import torchkeras_layer as keras
    >>> keras.layers.ZeroPadding3D((1, (0, 2), 0))(torch.ones(2, 8, 8, 8, 3)).shape
    torch.Size([2, 10, 10, 8, 3])
    """

    rank = 3

    def __init__(self, padding: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(padding, data_format, **kwargs)


def _read_margins(layer: Spatial, name: str, value: Any) -> tuple[tuple[int, ...], ...]:
    """Return an argument `cropping` or `padding` as a pair (before, after) for each spatial dimension."""
    value = as_plain(value)
    per_axis = [value] if layer.rank == 1 else value if _is_sequence(value) else [value] * layer.rank
    margins = tuple(pair for one in per_axis if (pair := as_ints(one, 2, least=0)) is not None)
    if not len(margins) == len(per_axis) == layer.rank:
        raise ValueError(f"{type(layer).__name__}: {name} must be {_WORDING[layer.rank]}. Received: {name}={value!r}.")
    return margins


def _is_sequence(value: Any) -> bool:
    return hasattr(value, "__len__") and not isinstance(value, (str, dict))


def _cropped_length(layer: Cropping, index: int, length: int, input_shape: Shape | Sequence[int]) -> int:
    before, after = layer._torchkeras.derived.margins[index]
    if before + after >= length:
        raise ValueError(
            f"{layer.name}: nothing is left of axis {first_spatial_axis(layer) + index}, of size {length}, without "
            f"{before} at its beginning and {after} at its end. Received: inputs of shape {tuple(input_shape)}. "
            "Crop less, or check data_format."
        )
    return length - before - after
