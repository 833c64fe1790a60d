"""Which activation functions are there, and how are they found by name and written into configs?

They take and return tensors, or objects with `__torch_function__` such as symbolic tensors. They run PyTorch's own
kernels, and compute the same numbers as Keras 3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from torchkeras_layer._placeholders import finder_in
from torchkeras_layer.activations._catalog import catalog
from torchkeras_layer.activations.distributions import log_softmax, softmax, sparsemax
from torchkeras_layer.activations.gates import (
    exponential,
    gelu,
    glu,
    hard_shrink,
    hard_silu,
    linear,
    mish,
    silu,
    soft_shrink,
    softplus,
    sparse_plus,
    squareplus,
    tanh_shrink,
)
from torchkeras_layer.activations.rectifiers import celu, elu, leaky_relu, relu, relu6, selu, threshold
from torchkeras_layer.activations.sigmoids import (
    hard_sigmoid,
    hard_sigmoid_keras2,
    hard_tanh,
    log_sigmoid,
    sigmoid,
    softsign,
    sparse_sigmoid,
    tanh,
)

swish = silu
hard_swish = hard_silu

__all__ = [
    "celu",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_sigmoid_keras2",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]


def get(identifier: Any) -> Callable[..., Any]:
    """Return the activation function for a name, a config, a callable (unchanged) or `None` (`linear`).

    Raises:
        ValueError: if the identifier is unknown.

    >>> import torch
    >>> get("swish").__name__, get(None).__name__, get(torch.relu) is torch.relu
    ('silu', 'linear', True)
    """
    return linear if identifier is None else catalog.get(identifier)


def serialize(activation: Callable[..., Any], use_legacy_format: bool = False) -> Any:
    """Return the name of a built-in activation function, or the config of another one.

    Args:
        activation: the object.
        use_legacy_format: whether the config has the two keys of Keras 2 only, `class_name` and `config`.

    >>> serialize(silu)
    'silu'
    """
    return catalog.serialize(activation, use_legacy_format)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None, use_legacy_format: bool = False) -> Any:
    """Return the activation function for a name or for a config from `serialize`.

    Args:
        config: the name or config.
        custom_objects: classes and functions by the names that the config has for them.
        use_legacy_format: ignored: the config says which format it has.

    Raises:
        ValueError: if it is unknown.

    >>> deserialize("silu").__name__
    'silu'
    """
    return catalog.deserialize(config, custom_objects)


if not TYPE_CHECKING:
    __getattr__ = finder_in(__name__, "activations")
