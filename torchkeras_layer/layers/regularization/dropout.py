"""How does a layer drop values at random while it trains?"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from torchkeras_layer._shapes import Shape, broadcasts_to
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import as_plain, number_between, sizes_in
from torchkeras_layer.layers.regularization.seeded_layer import SeededLayer


@catalog.register()
class Dropout(SeededLayer):
    """In training, set values to 0 with probability `rate` and divide the others by `1 - rate`; else do nothing.

    Shapes: any -> the same.

    Args:
        rate: from 0 to 1.
        noise_shape: shape of what is drawn, broadcast over the inputs; `None` in it stands for the size of the inputs.
            `(None, 1, None)` drops the same features in every step.
        seed: `None` takes the numbers from torch's global generator, as `nn.Dropout` does: `torch.manual_seed` fixes
            them. With an int, the layer has numbers of its own, the same in each run (on one type of device), and the
            same as Keras 3 on torch; a copy, or a layer that loads its `state_dict`, goes on from where it stands.
            `torch.utils.checkpoint`, which puts back torch's generator only, cannot repeat such a layer.
        **kwargs: those of `Layer`.

    Raises:
        ValueError: if `rate`, `noise_shape` or `seed` is not of that kind; in a call, if `noise_shape` does not fit.
        RuntimeError: if a checkpoint runs a layer with a seed for the second time.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.Dropout(0.5, seed=4)
    >>> layer(torch.ones(4)), layer.eval()(torch.ones(4))
    (tensor([0., 0., 2., 2.]), tensor([1., 1., 1., 1.]))
    """

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = number_between(self, "rate", rate, 0, 1)
        expected = "a tuple of positive ints and None"
        if noise_shape is not None:
            noise_shape = sizes_in(self, "noise_shape", as_plain(noise_shape), expected, takes_int=False)
        self.noise_shape = noise_shape
        self._take_seed(seed)
        self.supports_masking = True

    def call(self, inputs: torch.Tensor, training: Any = None) -> torch.Tensor:
        """Return the inputs, with values dropped if `training`."""
        if not training or self.rate == 0:
            return inputs
        if self.rate == 1 or (self.seed is None and self.noise_shape is None):
            return F.dropout(inputs, self.rate)
        if self.seed is None:
            return inputs * self._draw_factors(inputs)
        kept = self._draw_kept(inputs, self._shape_for(inputs), self.rate)
        return torch.where(kept, inputs / (1 - self.rate), 0)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs."""
        return tuple(input_shape)

    def _draw_factors(self, inputs: torch.Tensor) -> torch.Tensor:
        kept = 1 - self.rate
        # Made like the inputs, so that vmap draws for each of them.
        return inputs.new_empty(self._shape_for(inputs)).bernoulli_(kept).div_(kept)

    def _shape_for(self, inputs: torch.Tensor) -> tuple[int, ...]:
        """Return the shape of what is drawn: `noise_shape` for these inputs."""
        sizes, noise = tuple(inputs.shape), self.noise_shape
        if noise is None:
            return sizes
        # Broadcasting lines up the last axes; `None` is counted from the first one, as in Keras.
        shape = tuple(sizes[axis] if size is None and axis < len(sizes) else size for axis, size in enumerate(noise))
        if not broadcasts_to(shape, sizes):
            raise ValueError(
                f"{self.name}: noise_shape must broadcast to the shape of the inputs, {sizes}. "
                f"Received: noise_shape={self.noise_shape}."
            )
        return shape  # type: ignore[return-value]
