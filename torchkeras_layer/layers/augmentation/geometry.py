"""Which layers turn, zoom, shift and shear images at random in training?"""

from __future__ import annotations

import math
from typing import Any

import torch

from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import finite_number, number_between, one_of
from torchkeras_layer.layers.augmentation import warping
from torchkeras_layer.layers.augmentation.augmentation_layer import AugmentationLayer, for_each_image
from torchkeras_layer.layers.augmentation.random_source import RandomSource
from torchkeras_layer.layers.augmentation.ranges import read_range


class AffineLayer(AugmentationLayer, adds_losses=False, adds_updates=False):
    """Base of the layers whose pixels come from other places of the same image.

    Args:
        fill_mode: what is outside of an image. 'reflect': the image mirrored at its edge, d c b a | a b c d | d c b a.
            'wrap': the image again. 'constant': `fill_value`. 'nearest': the pixel at the edge.
        interpolation: 'bilinear' or 'nearest', for places between pixels.
        fill_value: a number, for `fill_mode='constant'`.
        seed, data_format: as in `AugmentationLayer`.

    >>> import torchkeras_layer as keras
    >>> keras.layers.RandomTranslation(0, (0.25, 0.25), "wrap")(torch.arange(4.0).reshape(1, 1, 4, 1)).flatten().round()
    tensor([3., 0., 1., 2.])
    """

    def __init__(
        self,
        *,
        fill_mode: str,
        interpolation: str,
        fill_value: float,
        seed: int | None,
        data_format: str | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.fill_mode = one_of(self, "fill_mode", fill_mode, *warping.FILL_MODES)
        self.interpolation = one_of(self, "interpolation", interpolation, *warping.INTERPOLATIONS)
        self.fill_value = finite_number(self, "fill_value", fill_value)

    def _torchkeras_move(self, images: torch.Tensor, transformation: Any, interpolation: str) -> torch.Tensor:
        matrices = self._torchkeras_matrices(transformation, images.shape[2], images.shape[3])
        return warping.affine(images, matrices, interpolation, self.fill_mode, self.fill_value)

    def _torchkeras_matrices(self, transformation: Any, height: int, width: int) -> torch.Tensor:
        """Return where the pixels come from: (batch, 8), as `warping.affine` takes it."""
        raise NotImplementedError(f"{type(self).__name__}: define _torchkeras_matrices in the class.")


def _rows(*numbers: Any) -> torch.Tensor:
    """Return matrices (batch, 8) from six numbers, each a tensor of shape (batch,) or a number."""
    batch = next(number for number in numbers if isinstance(number, torch.Tensor))
    tensors = [number if isinstance(number, torch.Tensor) else torch.full_like(batch, number) for number in numbers]
    return torch.stack([*tensors, torch.zeros_like(batch), torch.zeros_like(batch)], dim=1)


@catalog.register()
class RandomRotation(AffineLayer):
    """In training, turn images around their center. Shapes: as `AugmentationLayer`.

    Args:
        factor: the angle, in whole turns: a number f for -f to f, or a pair. Positive angles turn counter-clockwise.
        fill_mode, interpolation, fill_value: as in `AffineLayer`.
        seed, data_format: as in `AugmentationLayer`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.RandomRotation((0.5, 0.5))
    >>> layer(torch.arange(4.0).reshape(1, 1, 4, 1)).flatten().round()
    tensor([3., 2., 1., 0.])
    """

    def __init__(
        self,
        factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        filling = {"fill_mode": fill_mode, "interpolation": interpolation, "fill_value": fill_value}
        super().__init__(**filling, seed=seed, data_format=data_format, **kwargs)
        self.factor = read_range(self, "factor", factor)

    def _torchkeras_sample(self, source: RandomSource) -> Any:
        angle = source.uniform((source.batch,), self.factor[0] * 360.0, self.factor[1] * 360.0)
        radians = angle * (math.pi / 180)
        cos, sin = torch.cos(radians), torch.sin(radians)
        x, y = 0.5 * (source.width - 1), 0.5 * (source.height - 1)
        matrix = _rows(cos, -sin, x - x * cos + y * sin, sin, cos, y - x * sin - y * cos)
        return {
            "angle": angle,
            "rotation_matrix": matrix if source.is_batch else matrix[0],
            "image_height": source.height,
            "image_width": source.width,
            "batch_size": source.batch,
        }

    def _torchkeras_matrices(self, transformation: Any, height: int, width: int) -> torch.Tensor:
        return transformation["rotation_matrix"]


@catalog.register()
class RandomZoom(AffineLayer):
    """In training, zoom into images, or out of them. Shapes: as `AugmentationLayer`.

    Args:
        height_factor: how much more of the rows is shown, relative to their number: a number f for -f to f, or a pair;
            from -1 to 1. Negative numbers zoom in.
        width_factor: likewise for the columns; `None` for that of the rows, which keeps the aspect ratio.
        fill_mode, interpolation, fill_value: as in `AffineLayer`.
        seed, data_format: as in `AugmentationLayer`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.RandomZoom(0, (-0.5, -0.5))
    >>> layer(torch.arange(4.0).reshape(1, 1, 4, 1)).flatten()
    tensor([0.7500, 1.2500, 1.7500, 2.2500])
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        filling = {"fill_mode": fill_mode, "interpolation": interpolation, "fill_value": fill_value}
        super().__init__(**filling, seed=seed, data_format=data_format, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        rows = read_range(self, "height_factor", height_factor, both_inside=True)
        columns = None if width_factor is None else read_range(self, "width_factor", width_factor, both_inside=True)
        self._torchkeras.derived = (rows, columns)

    def _torchkeras_sample(self, source: RandomSource) -> Any:
        rows, columns = (
            None if factor is None else source.uniform((source.batch, 1), 1.0 + factor[0], 1.0 + factor[1])
            for factor in self._torchkeras.derived
        )
        zooms = {"height_zoom": rows, "width_zoom": rows if columns is None else columns}
        return {**zooms, "input_shape": tuple(source.images.shape)}

    def _torchkeras_matrices(self, transformation: Any, height: int, width: int) -> torch.Tensor:
        x, y = (torch.as_tensor(transformation[key]).reshape(-1) for key in ("width_zoom", "height_zoom"))
        return _rows(x, 0.0, (width - 1) / 2 * (1 - x), 0.0, y, (height - 1) / 2 * (1 - y))


@catalog.register()
class RandomTranslation(AffineLayer):
    """In training, shift images. Shapes: as `AugmentationLayer`.

    Args:
        height_factor: the shift, relative to the number of rows: a number f for -f to f, or a pair; from -1 to 1.
            Positive numbers shift down.
        width_factor: likewise for the columns; positive numbers shift to the right.
        fill_mode, interpolation, fill_value: as in `AffineLayer`.
        seed, data_format: as in `AugmentationLayer`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.RandomTranslation(0, (0.25, 0.25), "constant")
    >>> layer(torch.arange(4.0).reshape(1, 1, 4, 1) + 1).flatten().round()
    tensor([0., 1., 2., 3.])
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        filling = {"fill_mode": fill_mode, "interpolation": interpolation, "fill_value": fill_value}
        super().__init__(**filling, seed=seed, data_format=data_format, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self._torchkeras.derived = (
            read_range(self, "height_factor", height_factor, both_inside=True),
            read_range(self, "width_factor", width_factor, both_inside=True),
        )

    def _torchkeras_sample(self, source: RandomSource) -> Any:
        rows, columns = self._torchkeras.derived
        down = source.uniform((source.batch, 1), *rows) * source.height
        right = source.uniform((source.batch, 1), *columns) * source.width
        return {"translations": torch.cat([right, down], dim=1), "input_shape": tuple(source.images.shape)}

    def _torchkeras_matrices(self, transformation: Any, height: int, width: int) -> torch.Tensor:
        right, down = transformation["translations"].unbind(1)
        return _rows(1.0, 0.0, -right, 0.0, 1.0, -down)


@catalog.register()
class RandomShear(AffineLayer):
    """In training, shear images. Shapes: as `AugmentationLayer`.

    Args:
        x_factor: by how many columns each row is moved further than the one above: a number f for -f to f, or a pair;
            from 0 to 1. In half of the images it is the other way round.
        y_factor: likewise for the rows of each column.
        fill_mode, interpolation, fill_value: as in `AffineLayer`.
        seed, data_format: as in `AugmentationLayer`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these.

    >>> import torchkeras_layer as keras
    >>> keras.layers.RandomShear(0.5, 0.2)(torch.ones(2, 4, 5, 3)).shape
    torch.Size([2, 4, 5, 3])
    """

    def __init__(
        self,
        x_factor: Any = 0.0,
        y_factor: Any = 0.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        filling = {"fill_mode": fill_mode, "interpolation": interpolation, "fill_value": fill_value}
        super().__init__(**filling, seed=seed, data_format=data_format, **kwargs)
        self.x_factor, self.y_factor = x_factor, y_factor
        self._torchkeras.derived = (
            _read_shear(self, "x_factor", x_factor),
            _read_shear(self, "y_factor", y_factor),
        )

    def _torchkeras_sample(self, source: RandomSource) -> Any:
        dtype = self._torchkeras.compute_dtype or torch.float32
        signs = source.signs((source.batch, 1), dtype)
        columns, rows = self._torchkeras.derived
        down = source.uniform((source.batch, 1), *rows, dtype=dtype)
        right = source.uniform((source.batch, 1), *columns, dtype=dtype)
        return {"shear_factor": torch.cat([right, down], dim=1) * signs, "input_shape": tuple(source.images.shape)}

    def _torchkeras_matrices(self, transformation: Any, height: int, width: int) -> torch.Tensor:
        right, down = transformation["shear_factor"].unbind(1)
        return _rows(1.0, right, 0.0, down, 1.0, 0.0)


def _read_shear(layer: RandomShear, name: str, value: Any) -> tuple[float, float]:
    # A range of both signs is what Keras writes for one number into a config, though it does not read it.
    if isinstance(value, (list, tuple)) and len(value) == 2 and value[0] == -value[1]:
        value = value[1]
    lower, upper = read_range(layer, name, value, 0.0, 1.0, both_inside=True)
    return (lower, upper) if isinstance(value, (list, tuple)) else (-upper, upper)


@catalog.register()
class RandomPerspective(AugmentationLayer):
    """In training, look at images from another side: move their corners. Shapes: as `AugmentationLayer`.

    Args:
        factor: with which probability an image is changed: a number f for 0 to f, or a pair, from which it is drawn.
        scale: how far corners move, as a part of their distance from the first pixel; from 0 to 1.
        interpolation: 'bilinear' or 'nearest'.
        fill_value: a number, for what is outside of the image.
        seed, data_format: as in `AugmentationLayer`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these.

    >>> import torchkeras_layer as keras
    >>> keras.layers.RandomPerspective(scale=0.5)(torch.ones(2, 4, 5, 3)).shape
    torch.Size([2, 4, 5, 3])
    """

    def __init__(
        self,
        factor: Any = 1.0,
        scale: float = 1.0,
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.factor = read_range(self, "factor", factor, 0.0)
        self.scale = number_between(self, "scale", scale, 0, 1)
        self.interpolation = one_of(self, "interpolation", interpolation, *warping.INTERPOLATIONS)
        self.fill_value = finite_number(self, "fill_value", fill_value)

    def _torchkeras_sample(self, source: RandomSource) -> Any:
        dtype = self._torchkeras.compute_dtype or torch.float32
        applied = source.happens(self.factor)
        moves = source.uniform((source.batch, 4, 2), -0.5 * self.scale, 0.5 * self.scale, dtype)
        # Four different corners, also of an image of one row or column.
        x, y = max(source.width - 1.0, 1.0), max(source.height - 1.0, 1.0)
        corners = torch.tensor([[0.0, 0.0], [x, 0.0], [0.0, y], [x, y]], dtype=dtype, device=moves.device)
        starts = corners.expand(source.batch, 4, 2)
        shape = tuple(source.images.shape)
        return {
            "apply_perspective": applied,
            "start_points": starts,
            "end_points": starts + starts * moves,
            "input_shape": shape,
        }

    def _torchkeras_move(self, images: torch.Tensor, transformation: Any, interpolation: str) -> torch.Tensor:
        points = (transformation["start_points"], transformation["end_points"])
        moved = warping.perspective(images, *points, interpolation, self.fill_value)
        return torch.where(for_each_image(transformation["apply_perspective"], images), moved.to(images.dtype), images)
