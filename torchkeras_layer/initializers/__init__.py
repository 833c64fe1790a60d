"""Which initializers are there, and how are they found by name and written into configs?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from torchkeras_layer._placeholders import finder_in
from torchkeras_layer.initializers._catalog import catalog
from torchkeras_layer.initializers.base import Initializer
from torchkeras_layer.initializers.constants import Constant, Identity, Ones, Zeros
from torchkeras_layer.initializers.random import Orthogonal, RandomNormal, RandomUniform, TruncatedNormal
from torchkeras_layer.initializers.seeds import SeedGenerator
from torchkeras_layer.initializers.stft import STFT
from torchkeras_layer.initializers.variance_scaling import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
)

IdentityInitializer = identity = Identity
OrthogonalInitializer = orthogonal = Orthogonal
STFTInitializer = stft = STFT
constant = Constant
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
normal = random_normal = RandomNormal
ones = Ones
truncated_normal = TruncatedNormal
uniform = random_uniform = RandomUniform
variance_scaling = VarianceScaling
zeros = Zeros


def get(identifier: Any) -> Any:
    """Return the initializer for a name, a config, a class, a callable, an array or `None` (`None`).

    A callable is called as `identifier(shape, dtype=dtype)`; an array or tensor gives the values themselves.

    Raises:
        ValueError: if the identifier is unknown.

    >>> get("he_normal"), get(Ones), get(None)
    (HeNormal(seed=None, input_axes=None, output_axes=None), Ones(), None)
    """
    if isinstance(identifier, (torch.Tensor, np.ndarray, np.generic)):
        return Constant(identifier)
    return catalog.get(identifier)


def serialize(initializer: Any, use_legacy_format: bool = False) -> Any:
    """Return the config of an initializer, from which `deserialize` makes it again.

    Args:
        initializer: the object.
        use_legacy_format: whether the config has the two keys of Keras 2 only, `class_name` and `config`.

    >>> serialize(Ones())
    {'module': 'keras.initializers', 'class_name': 'Ones', 'config': {}, 'registered_name': None}
    """
    return catalog.serialize(initializer, use_legacy_format)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None, use_legacy_format: bool = False) -> Any:
    """Return the initializer for a name or for a config from `serialize`.

    Args:
        config: the name or config.
        custom_objects: classes and functions by the names that the config has for them.
        use_legacy_format: ignored: the config says which format it has.

    Raises:
        ValueError: if it is unknown.

    >>> deserialize({"class_name": "Constant", "config": {"value": 2.0}})
    Constant(value=2.0)
    """
    return catalog.deserialize(config, custom_objects)


__all__ = [
    "STFT",
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "IdentityInitializer",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "OrthogonalInitializer",
    "RandomNormal",
    "RandomUniform",
    "STFTInitializer",
    "SeedGenerator",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "constant",
    "deserialize",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "normal",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "stft",
    "truncated_normal",
    "uniform",
    "variance_scaling",
    "zeros",
]

if not TYPE_CHECKING:
    __getattr__ = finder_in(__name__, "initializers")
