"""Where do the random numbers of one augmentation come from: a layer's own seed, a given one, or torch's generator?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from torchkeras_layer.layers.regularization.seed_arguments import read_seed
from torchkeras_layer.layers.regularization.seeded_layer import SeededLayer, draw
from torchkeras_layer.ops.seeded_numbers import draw_seeded


class RandomSource:
    """Draws the numbers of one transformation of images.

    Args:
        layer: the layer that they are for.
        images: the images, whose device the numbers are on.
        data_format: the layout of the images.
        seed: `None` for the layer's own, or an int, from which each draw starts anew.

    Raises:
        ValueError: if `seed` is not an int or `None`.

    >>> import torchkeras_layer as keras
    >>> source = RandomSource(keras.layers.RandomFlip(seed=3), torch.ones(2, 4, 5, 3), "channels_last")
    >>> source.batch, source.height, source.width, source.uniform((2,), 1.0, 2.0).shape
    (2, 4, 5, torch.Size([2]))
    """

    def __init__(self, layer: SeededLayer, images: torch.Tensor, data_format: str, seed: Any = None) -> None:
        self._layer, self.images = layer, images
        self._seed = read_seed(layer, seed)
        self.is_batch = images.dim() == 4
        self.batch = images.shape[0] if self.is_batch else 1
        first = data_format == "channels_first"
        self.height, self.width = (images.shape[axis] for axis in ((-2, -1) if first else (-3, -2)))

    @property
    def one_each(self) -> tuple[int, ...]:
        """The shape of one number for each image, which broadcasts over the images."""
        return (self.batch, 1, 1, 1) if self.is_batch else (1, 1, 1)

    def uniform(
        self, shape: Sequence[int], low: float = 0.0, high: float = 1.0, dtype: torch.dtype = torch.float32
    ) -> torch.Tensor:
        """Return numbers from `low` to `high`; with a seed, those of Keras."""
        return (high - low) * self._draw(shape, "uniform", dtype) + low

    def normal(self, shape: Sequence[int], dtype: torch.dtype = torch.float32) -> torch.Tensor:
        """Return numbers of mean 0 and standard deviation 1; with a seed, those of Keras."""
        return self._draw(shape, "normal", dtype)

    def happens(self, factor: tuple[float, float]) -> torch.Tensor:
        """Return for each image whether it is changed, with a probability drawn from `factor`."""
        probability = self.uniform((self.batch,), *factor)
        return self.uniform((self.batch,)) < probability

    def signs(self, shape: Sequence[int], dtype: torch.dtype = torch.float32) -> torch.Tensor:
        """Return -1 or 1."""
        return torch.where(self.uniform(shape, dtype=dtype) > 0.5, -1.0, 1.0).to(dtype)

    def integers(self, shape: Sequence[int], low: int, high: int) -> torch.Tensor:
        """Return ints from `low` to below `high`."""
        numbers = low + torch.floor(self.uniform(shape, 0.0, high - low)).to(torch.int64)
        return numbers.clamp(max=high - 1)

    def order(self, count: int) -> torch.Tensor:
        """Return the numbers below `count` in a random order."""
        return self.uniform((count,)).argsort()

    def beta(self, shape: Sequence[int], alpha: float | torch.Tensor) -> torch.Tensor:
        """Return numbers from 0 to 1 of the beta distribution with both parameters `alpha`, above 0.

        By Ulrich's method for `alpha + 1`, a number x, of which the odds are those for `alpha` but for powers of
        uniform numbers; torch draws for parameters that are known beforehand only.
        """
        radius = torch.sqrt(1 - self.uniform(shape) ** (2 / (2 * alpha + 1)))
        x = 0.5 + 0.5 * radius * torch.cos(2 * math.pi * self.uniform(shape))
        return torch.sigmoid(torch.logit(x, 1e-7) + (self._log(shape) - self._log(shape)) / alpha)

    def shares(self, count: int, alpha: float) -> torch.Tensor:
        """Return positive numbers whose sum is 1, of the Dirichlet distribution with equal parameters `alpha`."""
        # In logarithms, because most numbers of the gamma distribution are too small for small `alpha`.
        gammas = self._draw((count,), "gamma", torch.float32, alpha + 1).log()
        return torch.softmax(gammas + self._log((count,)) / alpha, dim=0)

    def _log(self, shape: Sequence[int]) -> torch.Tensor:
        return self.uniform(shape).clamp(min=1e-30).log()

    def _draw(self, shape: Sequence[int], distribution: str, dtype: torch.dtype, *parameter: float) -> torch.Tensor:
        if self._seed is None:
            return draw(self._layer, self.images, shape, distribution, dtype, *parameter)
        return draw_seeded(torch.tensor(0), self.images, self._seed, shape, distribution, dtype, *parameter)
