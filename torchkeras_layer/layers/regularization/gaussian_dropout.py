"""How does a layer multiply by noise while it trains?"""

from __future__ import annotations

import math
from typing import Any

import torch

from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import number_between
from torchkeras_layer.layers.regularization.gaussian_layer import GaussianLayer


@catalog.register()
class GaussianDropout(GaussianLayer):
    """In training, multiply by Gaussian noise of mean 1 and deviation `sqrt(rate / (1 - rate))`; else do nothing.

    Shapes: any -> the same.

    Args:
        rate: from 0 to 1, but not 1, where the noise would have no bound.
        seed: as in `Dropout`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `rate` or `seed` is not of that kind.
        RuntimeError: if a checkpoint runs a layer with a seed for the second time.

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
        return inputs * self._noise(inputs).mul_(math.sqrt(self.rate / (1 - self.rate))).add_(1)
