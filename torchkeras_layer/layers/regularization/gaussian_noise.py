"""How does a layer add noise while it trains?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import finite_number
from torchkeras_layer.layers.regularization.gaussian_layer import GaussianLayer


@catalog.register()
class GaussianNoise(GaussianLayer):
    """In training, add Gaussian noise of mean 0; else do nothing. Shapes: any -> the same.

    Args:
        stddev: standard deviation, finite and of at least 0, as in Keras 2; Keras 3 refuses what is above 1.
        seed: as in `Dropout`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `stddev` or `seed` is not of that kind.
        RuntimeError: if a checkpoint runs a layer with a seed for the second time.

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
        return torch.add(inputs, self._noise(inputs), alpha=self.stddev)
