"""Which catalog has the names of the activation functions?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from torchkeras_layer._dtypes import as_torch
from torchkeras_layer.registry import Catalog

# A layer can be an activation function: Dense(8, activation=LeakyReLU(0.1)).
catalog = Catalog("activation function", module="keras.activations", also_accepts=("layer",))


def of_array(function: Callable[..., Tensor], x: Any, *arguments: Any) -> Tensor:
    """Return a function of an array, number or list of numbers, which torch has just refused.

    An `except` costs tensors nothing, which are all that layers pass. The error stays what it is for a tensor.
    """
    if isinstance(x, Tensor) or hasattr(type(x), "__torch_function__"):
        raise  # noqa: PLE0704
    return function(as_torch(x), *arguments)
