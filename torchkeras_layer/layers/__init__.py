"""Which layers are there, and how are they found by name and written into configs?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from torchkeras_layer._placeholders import find_missing
from torchkeras_layer.layer import Layer
from torchkeras_layer.layers import _families
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.core import *
from torchkeras_layer.symbolic import InputSpec

if TYPE_CHECKING:
    from torchkeras_layer.layers import (
        activations,
        applications,
        attention,
        augmentation,
        convolution,
        core,
        keras_1,
        merging,
        normalization,
        pooling,
        preprocessing,
        recurrent,
        regularization,
        reshaping,
        wrappers,
    )
    from torchkeras_layer.layers.activations import *
    from torchkeras_layer.layers.applications import *
    from torchkeras_layer.layers.attention import *
    from torchkeras_layer.layers.augmentation import *
    from torchkeras_layer.layers.convolution import *
    from torchkeras_layer.layers.keras_1 import *
    from torchkeras_layer.layers.merging import *
    from torchkeras_layer.layers.normalization import *
    from torchkeras_layer.layers.pooling import *
    from torchkeras_layer.layers.preprocessing import *
    from torchkeras_layer.layers.recurrent import *
    from torchkeras_layer.layers.regularization import *
    from torchkeras_layer.layers.reshaping import *
    from torchkeras_layer.layers.wrappers import *


def get(identifier: Any) -> Any:
    """Return the layer for a name, a config, a class, a callable (unchanged) or `None` (`None`).

    Raises:
        ValueError: if the identifier is unknown, or if the layer cannot be made without arguments.

    >>> get("flatten").name
    'flatten'
    """
    return catalog.get(identifier)


def serialize(layer: Any, use_legacy_format: bool = False) -> Any:
    """Return the class and config of a layer, and the shapes that it is built for.

    Args:
        layer: the object.
        use_legacy_format: whether the config has the two keys of Keras 2 only, `class_name` and `config`.

    >>> serialize(Activation("relu", name="act"))["config"]
    {'name': 'act', 'trainable': True, 'dtype': 'float32', 'activation': 'relu'}
    """
    return catalog.serialize(layer, use_legacy_format)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None, use_legacy_format: bool = False) -> Any:
    """Return the layer for a name or for a config from `serialize`; built, with new weights, if the config has shapes.

    Args:
        config: the name or config.
        custom_objects: classes and functions by the names that the config has for them.
        use_legacy_format: ignored: the config says which format it has.

    Raises:
        ValueError: if it is unknown.

    >>> deserialize({"class_name": "Dense", "config": {"units": 3}}).units
    3
    """
    return catalog.deserialize(config, custom_objects)


__all__ = ["InputSpec", "Layer", "deserialize", "get", "serialize"]
if TYPE_CHECKING:
    __all__ += activations.__all__
    __all__ += applications.__all__
    __all__ += attention.__all__
    __all__ += augmentation.__all__
    __all__ += convolution.__all__
    __all__ += core.__all__
    __all__ += keras_1.__all__
    __all__ += merging.__all__
    __all__ += normalization.__all__
    __all__ += pooling.__all__
    __all__ += preprocessing.__all__
    __all__ += recurrent.__all__
    __all__ += regularization.__all__
    __all__ += reshaping.__all__
    __all__ += wrappers.__all__
else:
    __all__ += list(_families.FAMILY_OF)

    def __getattr__(name: str) -> Any:
        if name not in _families.FAMILY_OF:
            return find_missing(__name__, name, "layers", _families.FAMILY_OF)
        globals()[name] = found = _families.find(name)
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


catalog.complete_with(_families.import_all)
