"""What do all built-in layers have in common: their configs, their weights, and their casts?"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from typing_extensions import Self

from torchkeras_layer import activations
from torchkeras_layer._shapes import Shape
from torchkeras_layer.layer import Layer
from torchkeras_layer.layer.configuration import base_config, given_arguments, is_plain, not_plain
from torchkeras_layer.layer.context import cast_for_call
from torchkeras_layer.layer.record import Record
from torchkeras_layer.registry import deserialize_keras_object, serialize_keras_object
from torchkeras_layer.registry.table import entry_of


class BuiltInLayer(Layer, has_effects=False):
    """Base class of the built-in layers.

    A layer stores each argument of its constructor on an attribute of the same name, or in its derived facts if `Layer`
    has a property of that name; the config is read from there.

    Raises:
        ValueError: for an argument of Keras's layer that is not supported.

    >>> class Shift(BuiltInLayer):
    ...     def __init__(self, distance=1.0, **kwargs):
    ...         super().__init__(**kwargs)
    ...         self.distance = distance
    >>> Shift.from_config(Shift(2.0).get_config()).distance
    2.0
    """

    # Arguments of Keras's layer that are not supported, with the value that has no effect.
    _torchkeras_unsupported: ClassVar[Mapping[str, Any]] = {}
    # Arguments of Keras's layer that choose between ways to compute the same numbers: accepted and ignored.
    _torchkeras_without_effect: ClassVar[tuple[str, ...]] = ()

    def __init__(self, **kwargs: Any) -> None:
        for name in self._torchkeras_without_effect:
            kwargs.pop(name, None)
        for name, neutral in self._torchkeras_unsupported.items():
            value = kwargs.pop(name, neutral)
            if value != neutral:
                raise ValueError(
                    f"{type(self).__name__}: {name} is not supported. Received: {name}={value!r}. Leave it out. "
                    "See docs/differences.md#arguments-that-are-not-supported"
                )
        super().__init__(**kwargs)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments; without weights.

        Keys and values are Keras's: `keras.layers.Dense.from_config` of Keras 3 accepts the config of this `Dense`.

        Raises:
            NotImplementedError: if a subclass without its own `get_config` got an argument that is not a plain value.
            TypeError: for a function that is not a built-in and not registered.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Activation("swish").get_config()
        {'name': 'activation', 'trainable': True, 'dtype': 'float32', 'activation': 'silu'}
        """
        built_in = _built_in_class(type(self))
        config = base_config(self)
        config.update({name: self._torchkeras_write_argument(name) for name in _argument_names(built_in)})
        if type(self).get_config is built_in.get_config and type(self) is not built_in:
            config.update(_arguments_of_subclass(self, config))
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make a layer from the result of `get_config()`, of this library, Keras 3 or TF-Keras.

        Raises:
            TypeError: if the constructor does not take the config.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Dropout.from_config({"rate": 0.5, "noise_shape": [None, 1]}).noise_shape
        (None, 1)
        """
        if isinstance(config, dict):
            config = {name: _read_plain_value(value) for name, value in config.items()}
        return super().from_config(config)

    def _torchkeras_write_argument(self, name: str) -> Any:
        if isinstance(getattr(Layer, name, None), property):
            # The property may have more than the argument of this layer.
            place = self._torchkeras if name in Record.__slots__ else self._torchkeras.derived
            value = getattr(place, name) if hasattr(place, name) else getattr(self, f"_{name}")
        else:
            value = getattr(self, name)
        # Keras writes activation functions as names, and other functions as objects.
        return activations.serialize(value) if name.endswith("activation") else serialize_keras_object(value)


def _arguments_of_subclass(layer: BuiltInLayer, config: dict[str, Any]) -> dict[str, Any]:
    """Return the further constructor arguments of a user's subclass without a `get_config`."""
    given = {name: value for name, value in given_arguments(layer).items() if name not in config}
    for name, value in given.items():
        if not is_plain(value):
            raise not_plain(layer, name, value)
    return given


def add_parameter(layer: Any, name: str, shape: Shape, autocast: bool = True) -> torch.Tensor:
    """Create a weight with the layer's initializer, regularizer and constraint for it."""
    return layer.add_weight(
        name,
        shape,
        initializer=getattr(layer, f"{name}_initializer"),
        regularizer=getattr(layer, f"{name}_regularizer"),
        constraint=getattr(layer, f"{name}_constraint"),
        autocast=autocast,
    )


def weight_of(layer: Any, name: str) -> Any:
    """Return a weight for use in `call`, as the attribute does: this is the short way for what torch holds plainly.

    Through `nn.Module.__getattr__`, two weights cost a small Dense half as much as its arithmetic.
    """
    weight = layer._parameters.get(name)
    if weight is None:
        weight = layer._buffers.get(name)
    record = layer._torchkeras
    if weight is None or record.casts_weights:
        # What stands behind a parametrization was not read by us.
        weight = cast_for_call(getattr(layer, name), record.weight_specs.get(name))
    return weight


def is_torchs_to_cast(inputs: torch.Tensor) -> bool:
    """Whether inputs in another dtype than the weights' are so because of `torch.autocast`.

    >>> is_torchs_to_cast(torch.ones(1))
    False
    """
    return inputs.is_floating_point() and _is_in_autocast(inputs)


def cast_output(layer: Any, output: torch.Tensor) -> torch.Tensor:
    """Cast to the compute dtype what was computed in another one, except within `torch.autocast`.

    >>> cast_output(BuiltInLayer(), torch.ones(1, dtype=torch.float64)).dtype
    torch.float32
    """
    compute = layer._torchkeras.compute_dtype
    return output if output.dtype is compute or _is_in_autocast(output) else output.to(compute)


def _is_in_autocast(tensor: torch.Tensor) -> bool:
    # Torch raises for devices that know no autocast.
    return not tensor.is_meta and torch.is_autocast_enabled(tensor.device.type)


def _built_in_class(cls: type) -> type[BuiltInLayer]:
    """Return the one of our layers that a class is or is derived from; the class itself if there is none."""
    return next((base for base in cls.__mro__ if issubclass(base, BuiltInLayer) and entry_of(base) is not None), cls)


@functools.cache
def _argument_names(cls: type) -> tuple[str, ...]:
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    named = [p.name for p in parameters if p.kind is not inspect.Parameter.VAR_KEYWORD]
    return tuple(name for name in named if name != "weights")


def _read_plain_value(value: Any) -> Any:
    """Read tuples, arrays and the like, which Keras writes as objects with a `__word__` for a class."""
    is_object = isinstance(value, dict) and isinstance(value.get("class_name"), str)
    if is_object and (value["class_name"].startswith("__") or value["class_name"] == "TensorShape"):
        return deserialize_keras_object(value)
    return value
