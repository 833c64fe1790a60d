"""How many parameters does a part of a model have, how much memory do they take, and which of them train?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from torchkeras_layer.layer.weight_lists import layers_in, weights_of

_UNITS = ("B", "KB", "MB", "GB", "TB")


class Amount(NamedTuple):
    """A number of scalars, and the bytes that they take."""

    scalars: int
    size: int


class Weights(NamedTuple):
    """Weights that train, and others: frozen parameters and buffers."""

    trainable: list[torch.Tensor]
    others: list[torch.Tensor]

    @property
    def training(self) -> str:
        """Which of the parameters train: 'all', 'some', 'none', or '' if there are none. Buffers never train."""
        frozen = any(isinstance(weight, nn.Parameter) for weight in self.others)
        if self.trainable:
            return "some" if frozen else "all"
        return "none" if frozen else ""


def weights_in(module: nn.Module) -> Weights:
    """Return the weights in a module, each once, without those that wait for their shapes.

    >>> weights_in(nn.Linear(2, 3)).training, weights_in(nn.LazyLinear(3)).training
    ('all', '')
    """
    trainable, others = weights_of(module)
    return Weights([w for w in trainable if not is_lazy(w)], [w for w in others if not is_lazy(w)])


def is_complete(module: nn.Module) -> bool:
    """Whether a module has all its weights, with all layers and modules inside.

    >>> is_complete(nn.Linear(2, 3)), is_complete(nn.LazyLinear(3))
    (True, False)
    """
    if any(not layer._torchkeras.built and layer._torchkeras_facts.creates_weights for layer in layers_in(module)):
        return False
    return not any(is_lazy(tensor) for tensor in (*module.parameters(), *module.buffers()))


def amount_of(weights: Iterable[torch.Tensor]) -> Amount:
    """Return how many scalars tensors hold, and their bytes.

    >>> amount_of([torch.ones(3), torch.ones(2, 2, dtype=torch.float64)])
    Amount(scalars=7, size=44)
    """
    held = list(weights)
    return Amount(sum(w.numel() for w in held), sum(w.numel() * w.element_size() for w in held))


def readable_size(size: float) -> str:
    """Return a number of bytes in the unit that fits, 1 KB being 1,024 bytes.

    >>> readable_size(252), readable_size(3 * 1024**2)
    ('252.00 B', '3.00 MB')
    """
    for unit in _UNITS[:-1]:
        if size < 1024:
            return f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} {_UNITS[-1]}"
