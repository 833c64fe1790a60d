"""How does a layer wrap another layer?"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from torch import nn
from typing_extensions import Self

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layer import Layer
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.built_in_layer import BuiltInLayer
from torchkeras_layer.layers.core.torch_module_wrapper import TorchModuleWrapper


@catalog.register()
class Wrapper(BuiltInLayer, builds_only_inside=True):
    """Base class of layers that wrap another layer, `layer`. Subclass it and define `call`.

    The weights, losses and metrics of the wrapped layer are also those of the wrapper, its keys in the `state_dict`
    begin with `layer.`, and its config is part of that of the wrapper.

    Args:
        layer: a layer; or a plain `nn.Module`, which is put into a `TorchModuleWrapper`.
        **kwargs: those of `Layer`. For a plain module, the default `dtype` is that of its weights.

    Raises:
        ValueError: if `layer` is neither.
        NotImplementedError: in a call, if the class does not define `call`.

    >>> import torchkeras_layer as keras
    >>> class Twice(keras.layers.Wrapper):
    ...     def call(self, inputs):
    ...         return self.layer(self.layer(inputs))
    >>> import torch
    >>> twice = Twice(keras.layers.Dense(3))
    >>> twice(torch.ones(2, 3)).shape, list(twice.state_dict())
    (torch.Size([2, 3]), ['layer.kernel', 'layer.bias'])
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        layer = as_layer(type(self).__name__, "layer", layer)
        if isinstance(layer, TorchModuleWrapper) and kwargs.get("dtype") is None:
            kwargs["dtype"] = layer.dtype_policy
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, input_shape: Any = None) -> None:
        """Build the wrapped layer for inputs of the same shape."""
        if not self.layer.built:
            self.layer.build(input_shape)

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Apply the wrapped layer. Subclasses define it; here, it raises a NotImplementedError."""
        raise NotImplementedError(
            f"{self.name}: {type(self).__name__} must define how it applies its layer. Define call(self, inputs) in "
            "the class."
        )

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        """Create the wrapper and the layer in it from a config.

        Args:
            config: a config of this library, Keras 3 or TF-Keras.
            custom_objects: dict of classes that are not built in, by their names in the config.

        Raises:
            DeserializationError: (a ValueError) if the config of the wrapped layer is invalid.
            TypeError: if the constructor does not accept the config.

        >>> import torchkeras_layer as keras
        >>> wrapper = keras.layers.TimeDistributed(keras.layers.Dense(3))
        >>> keras.layers.TimeDistributed.from_config(wrapper.get_config()).layer.units
        3
        """
        return super().from_config(with_layers(config, ("layer",), custom_objects))


def with_layers(config: Any, names: tuple[str, ...], custom_objects: Mapping[str, Any] | None) -> Any:
    """Return a config in which the configs of layers under the given names are replaced by the layers.

    >>> with_layers({"layer": {"class_name": "ReLU", "config": {}}, "rate": 1}, ("layer",), None)
    {'layer': ReLU(name='re_lu', not built), 'rate': 1}
    """
    if not isinstance(config, dict):
        return config
    given = {name: config[name] for name in names if isinstance(config.get(name), dict)}
    return {**config, **{name: catalog.deserialize(value, custom_objects) for name, value in given.items()}}


def as_layer(class_name: str, argument: str, value: Any) -> Layer:
    """Return an argument that must be a layer, or a plain `nn.Module`, as a layer.

    Raises:
        ValueError: if it is neither.

    >>> as_layer("Wrapper", "layer", nn.ReLU()).module
    ReLU()
    """
    if isinstance(value, Layer):
        return value
    if isinstance(value, nn.Module):
        return TorchModuleWrapper(value)
    received, advice = repr(value), ""
    if inspect.isclass(value):
        received, advice = f"the class {value.__name__}", f" Create an instance: {value.__name__}(...)."
    raise ValueError(f"{class_name}: {argument} must be a layer or an nn.Module. Received: {received}.{advice}")


def without_steps(layer: Layer, input_shape: Shape) -> Shape:
    """Return the shape of one step of a sequence.

    Raises:
        ValueError: if the rank of the shape is below 3.

    >>> without_steps(Layer(), (None, 7, 3))
    (None, 3)
    """
    if len(input_shape) < 3:
        raise ValueError(
            f"{layer.name}: needs inputs of shape (batch, steps, ...) and of rank 3 or more. "
            f"Received: input_shape={tuple(input_shape)}."
        )
    return (input_shape[0], *input_shape[2:])
