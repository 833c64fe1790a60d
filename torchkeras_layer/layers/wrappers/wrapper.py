"""How does a layer hold another one?"""

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
class Wrapper(BuiltInLayer):
    """Base of layers that apply another layer, `layer`, in a way of their own. Subclass it and define `call`.

    The weights, losses and metrics of the layer count among those of the wrapper, its keys in the `state_dict` begin
    with `layer.`, and its config is in that of the wrapper.

    Args:
        layer: a layer; or a plain `nn.Module`, which becomes a `TorchModuleWrapper`.
        **kwargs: those of `Layer`. The default `dtype` for a module of torch's is that of its weights.

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
        """Build the layer for inputs of the wrapper's shape."""
        if not self.layer.built:
            self.layer.build(input_shape)

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Say that the class must define it."""
        raise NotImplementedError(
            f"{self.name}: {type(self).__name__} does not say how it applies its layer. Define call(self, inputs) in "
            "the class."
        )

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        """Make the wrapper, and the layer in it, from `get_config()`.

        Args:
            config: ours, that of Keras 3 or that of TF-Keras.
            custom_objects: classes that are not built in, by the names that the config gives them.

        Raises:
            DeserializationError: (a ValueError) if the config of the layer means none.
            TypeError: if the constructor does not take the config.

        >>> import torchkeras_layer as keras
        >>> wrapper = keras.layers.TimeDistributed(keras.layers.Dense(3))
        >>> keras.layers.TimeDistributed.from_config(wrapper.get_config()).layer.units
        3
        """
        return super().from_config(with_layers(config, ("layer",), custom_objects))


def with_layers(config: Any, names: tuple[str, ...], custom_objects: Mapping[str, Any] | None) -> Any:
    """Return a config in which the layers of the given names are made.

    >>> with_layers({"layer": {"class_name": "ReLU", "config": {}}, "rate": 1}, ("layer",), None)
    {'layer': ReLU(name='re_lu', not built), 'rate': 1}
    """
    if not isinstance(config, dict):
        return config
    given = {name: config[name] for name in names if isinstance(config.get(name), dict)}
    return {**config, **{name: catalog.deserialize(value, custom_objects) for name, value in given.items()}}


def as_layer(class_name: str, argument: str, value: Any) -> Layer:
    """Return an argument that must be a layer, or a module of torch's, as a layer.

    Raises:
        ValueError: if it is neither.

    >>> as_layer("Wrapper", "layer", nn.ReLU()).module
    ReLU()
    """
    if isinstance(value, Layer):
        return value
    if isinstance(value, nn.Module):
        return TorchModuleWrapper(value)
    received, way_out = repr(value), ""
    if inspect.isclass(value):
        received, way_out = f"the class {value.__name__}", f" Make one: {value.__name__}(...)."
    raise ValueError(f"{class_name}: {argument} must be a layer or an nn.Module. Received: {received}.{way_out}")


def without_steps(layer: Layer, input_shape: Shape) -> Shape:
    """Return the shape of one step of a sequence.

    Raises:
        ValueError: if the shape has no axis of steps, or no axis beside it.

    >>> without_steps(Layer(), (None, 7, 3))
    (None, 3)
    """
    if len(input_shape) < 3:
        raise ValueError(
            f"{layer.name}: needs inputs of shape (batch, steps, ...) with at least 3 axes. "
            f"Received: input_shape={tuple(input_shape)}."
        )
    return (input_shape[0], *input_shape[2:])
