"""How does a layer draw random numbers, with or without its own seed?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from torchkeras_layer._autograd import in_backward
from torchkeras_layer.layers.arguments import plain_int
from torchkeras_layer.layers.built_in_layer import BuiltInLayer
from torchkeras_layer.layers.regularization.seed_arguments import read_seed
from torchkeras_layer.ops.seeded_numbers import draw_seeded

_FILL = {"normal": torch.Tensor.normal_, "uniform": torch.Tensor.uniform_}


class SeededLayer(BuiltInLayer):
    """Base class of the layers that draw random numbers; their `__init__` calls `take_seed`.

    Without a seed, the numbers come from torch's generator. A layer with a seed counts its draws; the count is copied
    and pickled with it, and is `draws` in its `state_dict`, so that training continues with the next numbers.
    """

    # What TF-Keras writes about its own generators.
    _torchkeras_without_effect = ("rng_type",)
    seed: int | None
    # How often the layer drew, an int tensor of shape ().
    _torchkeras_draws: torch.Tensor

    @property
    def draws(self) -> torch.Tensor:
        """The number of draws, an int tensor of shape (). It is in the `state_dict` if the layer has a seed.

        Set it to 0 to draw the same numbers again.

        Raises:
            ValueError: if it is set to something that is not a tensor or an int >= 0.

        >>> import torchkeras_layer as keras
        >>> layer = keras.layers.Dropout(0.5, seed=4)
        >>> layer(torch.ones(4)); layer.draws
        tensor([0., 0., 2., 2.])
        tensor(1)
        """
        return self._torchkeras_draws

    @draws.setter
    def draws(self, value: torch.Tensor | int) -> None:
        # torch.func.functional_call sets all names of a state_dict.
        if not isinstance(value, torch.Tensor):
            count = plain_int(value)
            if count is None or count < 0:
                raise ValueError(f"{self.name}: draws must be an int of at least 0. Received: draws={value!r}.")
            value = _counter(count)
        self._torchkeras_draws = value

    def _torchkeras_more_to_save(self) -> dict[str, torch.Tensor]:
        return {} if self.seed is None else {"draws": self._torchkeras_draws}


def take_seed(layer: SeededLayer, seed: Any) -> None:
    """Set the seed of a layer, and start to count its draws.

    Raises:
        ValueError: if `seed` is not an int or `None`.

    >>> layer = SeededLayer()
    >>> take_seed(layer, 4); layer.seed, layer.draws
    (4, tensor(0))
    """
    layer.seed = read_seed(layer, seed)
    # Not a buffer, which would move to the GPU, where each draw would wait for the count.
    layer._torchkeras_draws = _counter(0)


def draw(
    layer: SeededLayer,
    inputs: torch.Tensor,
    shape: Sequence[int],
    distribution: str,
    dtype: torch.dtype = torch.float32,
    *parameter: float,
) -> torch.Tensor:
    """Return numbers from a distribution: 'normal' (mean 0, deviation 1), 'uniform' (from 0 to 1) or 'gamma'.

    Args:
        *parameter: the shape parameter of 'gamma'.

    Raises:
        RuntimeError: if activation checkpointing repeats a layer with a seed.

    >>> import torchkeras_layer as keras
    >>> draw(keras.layers.Dropout(0.5, seed=4), torch.ones(3), (2,), "uniform").shape
    torch.Size([2])
    """
    if layer.seed is None:
        # Created from the inputs, so that vmap draws separate numbers for each.
        if distribution == "gamma":
            return torch.ops.aten._standard_gamma(inputs.new_full(shape, *parameter, dtype=dtype))
        return _FILL[distribution](inputs.new_empty(shape, dtype=dtype))
    return _draw_from_seed(layer, inputs, shape, distribution, dtype, *parameter)


def draw_kept(layer: SeededLayer, inputs: torch.Tensor, shape: Sequence[int], rate: float) -> torch.Tensor:
    """Return which values a dropout with a rate keeps, drawn from the layer's own seed.

    Raises:
        RuntimeError: if activation checkpointing repeats the call.

    >>> import torchkeras_layer as keras
    >>> draw_kept(keras.layers.Dropout(0.5, seed=4), torch.ones(4), (4,), 0.5)
    tensor([False, False,  True,  True])
    """
    return _draw_from_seed(layer, inputs, shape, "bernoulli", torch.bool, 1 - rate)


def _draw_from_seed(
    layer: SeededLayer,
    inputs: torch.Tensor,
    shape: Sequence[int],
    distribution: str,
    dtype: torch.dtype,
    *parameter: float,
) -> torch.Tensor:
    seed: Any = layer.seed
    if in_backward():
        raise RuntimeError(
            f"{layer.name}: a checkpoint runs it again in the backward pass, where its seed gives other numbers "
            f"than in the forward pass. Received: seed={seed}. Leave the seed out, and call "
            "torch.manual_seed instead."
        )
    return draw_seeded(layer._torchkeras_draws, inputs, seed, shape, distribution, dtype, *parameter)


def _counter(count: int) -> torch.Tensor:
    # A tensor of inference mode cannot be changed outside of it.
    with torch.inference_mode(False):
        return torch.tensor(count, dtype=torch.int64, device="cpu")
