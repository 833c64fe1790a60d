"""What do the layers that add or multiply by Gaussian noise have in common?"""

from __future__ import annotations

from typing import Any

import torch

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers.regularization.seeded_layer import SeededLayer


class GaussianLayer(SeededLayer):
    """Base of the layers that draw Gaussian noise: it keeps the `seed`, and does not change shapes.

    Raises:
        ValueError: if `seed` is neither an int nor `None`.

    >>> GaussianLayer(seed=4).seed
    4
    """

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._take_seed(seed)
        # That of the start, so that a layer moved to another dtype draws the same numbers.
        self._dtype_of_draws = self._torchkeras.compute_dtype or torch.float32
        self.supports_masking = True

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs."""
        return tuple(input_shape)

    def _noise(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return numbers of mean 0 and deviation 1, as many as the inputs have."""
        noise = self._draw(inputs, inputs.shape, "normal", self._dtype_of_draws)
        return noise.to(inputs.dtype) if inputs.is_floating_point() else noise
