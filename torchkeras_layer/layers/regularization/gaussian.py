"""Which layers add or multiply by Gaussian noise in training?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import finite_number, number_between
from torchkeras_layer.layers.regularization.seeded_layer import SeededLayer, draw, take_seed


@dataclass(slots=True)
class Noise:
    """The dtype in which a layer draws noise.

    >>> Noise(torch.float32)
    Noise(dtype=torch.float32)
    """

    dtype: torch.dtype


class GaussianLayer(SeededLayer):
    """Base class of the layers that draw Gaussian noise.

    Raises:
        ValueError: if `seed` is not an int or `None`.

    >>> GaussianLayer(seed=4).seed
    4
    """

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        take_seed(self, seed)
        # That of the constructor, so that a layer that is moved to another dtype draws the same numbers.
        self._torchkeras.derived = Noise(self._torchkeras.compute_dtype or torch.float32)
        self.supports_masking = True

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs."""
        return tuple(input_shape)


@catalog.register()
class GaussianNoise(GaussianLayer):
    """In training, add Gaussian noise of mean 0. Shapes: any -> the same.

    Args:
        stddev: standard deviation, a finite number >= 0, as in Keras 2; Keras 3 refuses numbers above 1.
        seed: as in `Dropout`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these.
        RuntimeError: if activation checkpointing repeats a layer with a seed.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.GaussianNoise(0.5, seed=4)
    >>> layer(torch.zeros(2)).shape, layer.eval()(torch.zeros(2))
    (torch.Size([2]), tensor([0., 0.]))
    """

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        self.stddev = finite_number(self, "stddev", stddev, 0)

    def call(self, inputs: torch.Tensor, training: Any = None) -> torch.Tensor:
        """Return the inputs, with noise if `training`."""
        if not training or self.stddev == 0:
            return inputs
        return torch.add(inputs, _noise_for(self, inputs), alpha=self.stddev)


@catalog.register()
class GaussianDropout(GaussianLayer):
    """In training, multiply by Gaussian noise of mean 1 and standard deviation `sqrt(rate / (1 - rate))`.

    Shapes: any -> the same.

    Args:
        rate: from 0 to less than 1.
        seed: as in `Dropout`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if an argument is not one of these.
        RuntimeError: if activation checkpointing repeats a layer with a seed.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.GaussianDropout(0.5, seed=4)
    >>> layer(torch.ones(2)).shape, layer.eval()(torch.ones(2))
    (torch.Size([2]), tensor([1., 1.]))
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed=seed, **kwargs)
        self.rate = number_between(self, "rate", rate, 0, 1)
        if self.rate == 1:
            raise ValueError(f"{type(self).__name__}: rate must be below 1. Received: rate={rate!r}.")

    def call(self, inputs: torch.Tensor, training: Any = None) -> torch.Tensor:
        """Return the inputs, times noise if `training`."""
        if not training or self.rate == 0:
            return inputs
        return inputs * _noise_for(self, inputs).mul_(math.sqrt(self.rate / (1 - self.rate))).add_(1)


def _noise_for(layer: GaussianLayer, inputs: torch.Tensor) -> torch.Tensor:
    """Return random numbers of mean 0 and standard deviation 1 in the shape of the inputs."""
    noise = draw(layer, inputs, inputs.shape, "normal", layer._torchkeras.derived.dtype)
    return noise.to(inputs.dtype) if inputs.is_floating_point() else noise
