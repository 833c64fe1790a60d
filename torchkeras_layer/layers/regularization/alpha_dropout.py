"""How does a layer drop values at random and keep their mean and variance, for networks of SELU units?"""

from __future__ import annotations

import math
from typing import Any

import torch

from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.regularization.dropout import Dropout

# What SELU gives for values far below 0 (Klambauer et al., 2017): minus its scale times its alpha.
_SATURATION = -1.0507009873554804934193349852946 * 1.6732632423543772848170429916717


@catalog.register()
class AlphaDropout(Dropout):
    """In training, set values to SELU's lower bound with probability `rate`, then restore mean and variance.

    Else do nothing. Inputs of mean 0 and variance 1 keep them. Shapes: any -> the same.

    Args:
        rate: from 0 to 1, but not 1, where no variance would be left.
        noise_shape: as in `Dropout`.
        seed: as in `Dropout`.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `rate`, `noise_shape` or `seed` is not of that kind; in a call, if `noise_shape` does not fit.
        RuntimeError: if a checkpoint runs a layer with a seed for the second time.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.AlphaDropout(0.5, seed=4)
    >>> layer(torch.zeros(3)), layer.eval()(torch.zeros(3))
    (tensor([ 0.7792,  0.7792, -0.7792]), tensor([0., 0., 0.]))
    """

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(rate, noise_shape=noise_shape, seed=seed, **kwargs)
        if self.rate == 1:
            raise ValueError(f"{type(self).__name__}: rate must be below 1. Received: rate={rate!r}.")

    def call(self, inputs: torch.Tensor, training: Any = None) -> torch.Tensor:
        """Return the inputs, with values dropped if `training`."""
        if not training or self.rate == 0:
            return inputs
        # Not `** -0.5`: torch.compile knows no powers of numbers that may change.
        scale = 1 / math.sqrt((1 - self.rate) * (1 + self.rate * _SATURATION * _SATURATION))
        shift = -scale * _SATURATION * self.rate
        kept = self._draw(inputs, self._shape_for(inputs), "uniform") >= self.rate
        return torch.where(kept, scale * inputs + shift, scale * _SATURATION + shift)
