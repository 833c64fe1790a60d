"""What do all built-in layers have in common: configs, weights from arguments, casting?"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from typing_extensions import Self

from torchkeras_layer import activations
from torchkeras_layer._call_mistakes import image_advice, sequence_advice
from torchkeras_layer._shapes import Shape
from torchkeras_layer.layer import Layer
from torchkeras_layer.layer.configuration import base_config, given_arguments, is_plain, not_plain_error
from torchkeras_layer.layer.context import cast_for_call
from torchkeras_layer.layer.dry_run import Effects, RecordedUpdate
from torchkeras_layer.layer.record import Record
from torchkeras_layer.registry import deserialize_keras_object, serialize_keras_object
from torchkeras_layer.registry.table import entry_of
from torchkeras_layer.symbolic import Node

_ACTIVATIONS = ("activation", "recurrent_activation")


class BuiltInLayer(Layer, adds_losses=False, adds_updates=False):
    """Base class of the built-in layers.

    A layer stores each constructor argument as an attribute of the same name, and `get_config` reads them. If `Layer`
    has a property of that name, the argument is stored in the layer's record or in `_torchkeras.derived`.

    Args:
        **kwargs: the arguments of `Layer`.

    Raises:
        ValueError: for an argument of the Keras layer that is not supported, unless it has its default value.

    >>> class Shift(BuiltInLayer):
    ...     def __init__(self, distance=1.0, **kwargs):
    ...         super().__init__(**kwargs)
    ...         self.distance = distance
    >>> Shift.from_config(Shift(2.0).get_config()).distance
    2.0
    """

    # Arguments of the Keras layer that are not supported, with the default values, which are accepted.
    _torchkeras_unsupported: ClassVar[Mapping[str, Any]] = {}
    # Arguments of the Keras layer that do not change the results: they are accepted and ignored.
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

    def __setattr__(self, name: str, value: Any) -> None:
        """Store an attribute; an activation of `None` is `linear`, also after construction."""
        super().__setattr__(name, activations.linear if value is None and name in _ACTIVATIONS else value)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate this layer, without its weights.

        The keys and values are those of Keras: in Keras 3, `keras.layers.Dense.from_config` accepts the config of our
        `Dense`.

        Raises:
            NotImplementedError: if a subclass that does not override `get_config` has an argument that is not a plain
                value.
            TypeError: for a function that is neither built in nor registered.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Activation("swish").get_config()
        {'name': 'activation', 'trainable': True, 'dtype': 'float32', 'activation': 'silu'}
        """
        built_in = _built_in_class(type(self))
        config, is_derived = base_config(self), type(self) is not built_in
        for name in _argument_names(built_in):
            try:
                config[name] = self._torchkeras_write_argument(name)
            except AttributeError:
                # A class derived from this one may have deleted the attribute, and write a config of its own.
                if not is_derived:
                    raise
        if type(self).get_config is built_in.get_config and is_derived:
            config.update(_arguments_of_subclass(self, config))
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Create a layer from a config.

        Args:
            config: what `get_config()` returned, here, in Keras 3 or in TF-Keras; it is not changed.

        Raises:
            TypeError: if the constructor does not accept the config.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Dropout.from_config({"rate": 0.5, "noise_shape": [None, 1]}).noise_shape
        (None, 1)
        """
        if isinstance(config, dict):
            config = {name: _read_plain_value(value) for name, value in config.items()}
        return super().from_config(config)

    def _torchkeras_known_updates(self, node: Node) -> list[RecordedUpdate] | None:
        """Return the updates of a symbolic call in training, or `None` if only a run of the layer tells them."""
        return None

    def _torchkeras_effects_at(self, node: Node, kind: str) -> Effects:
        training = self._torchkeras.signature.argument("training", node.call_args[1:], node.call_kwargs)
        is_plain = self._torchkeras_facts.is_built_in and (training is None or isinstance(training, bool))
        updates = self._torchkeras_known_updates(node) if is_plain and kind == "updates" else None
        if updates is None:
            return super()._torchkeras_effects_at(node, kind)
        return Effects(None, () if training is False else tuple(updates))

    def _torchkeras_advise(self, shape: tuple[Any, ...]) -> str:
        """Return what to write for an input whose shape does not fit the layer, or ''."""
        layer: Any = self
        if hasattr(layer, "rank") and hasattr(layer, "data_format"):
            return image_advice(layer.rank, shape, layer.data_format == "channels_last")
        return sequence_advice(shape) if hasattr(layer, "return_sequences") else ""

    def _torchkeras_write_argument(self, name: str) -> Any:
        """Return the value that the config has for an argument of the constructor."""
        if isinstance(getattr(Layer, name, None), property):
            # The property may differ from the argument: `stateful`, for instance, is also true for layers inside.
            holder = self._torchkeras if name in Record.__slots__ else self._torchkeras.derived
            value = getattr(holder, name) if hasattr(holder, name) else getattr(self, f"_{name}")
        else:
            value = getattr(self, name)
        # Keras writes activation functions as names, and other functions as objects.
        return activations.serialize(value) if name.endswith("activation") else serialize_keras_object(value)


def _arguments_of_subclass(layer: BuiltInLayer, config: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments that a user's subclass, without its own `get_config`, has beyond those of the built-in."""
    given = {name: value for name, value in given_arguments(layer).items() if name not in config}
    for name, value in given.items():
        if not is_plain(value):
            raise not_plain_error(layer, name, value)
    return given


def add_parameter(layer: Layer, name: str, shape: Shape, autocast: bool = True) -> torch.Tensor:
    """Create a weight with the layer's `<name>_initializer`, `<name>_regularizer` and `<name>_constraint`."""
    return layer.add_weight(
        name,
        shape,
        initializer=getattr(layer, f"{name}_initializer"),
        regularizer=getattr(layer, f"{name}_regularizer"),
        constraint=getattr(layer, f"{name}_constraint"),
        autocast=autocast,
    )


def weight_of(layer: Layer, name: str) -> Any:
    """Return a weight for use in `call`; the same as reading the attribute, but faster.

    Reading two weights by `nn.Module.__getattr__` takes half as long as the arithmetic of a small Dense.
    """
    weight = layer._parameters.get(name)
    if weight is None:
        weight = layer._buffers.get(name)
    record = layer._torchkeras
    if weight is None or record.casts_weights:
        # A parametrized weight is computed by torch, and so not yet cast.
        weight = cast_for_call(getattr(layer, name), record.weight_specs.get(name))
    return weight


def is_torchs_to_cast(inputs: torch.Tensor) -> bool:
    """Whether `torch.autocast` will cast these floating-point inputs to the dtype of the weights.

    >>> is_torchs_to_cast(torch.ones(1))
    False
    """
    return inputs.is_floating_point() and _is_in_autocast(inputs)


def cast_output(layer: Layer, output: torch.Tensor) -> torch.Tensor:
    """Cast an output to the compute dtype, except inside `torch.autocast`, and floats to ints.

    >>> cast_output(BuiltInLayer(), torch.ones(1, dtype=torch.float64)).dtype
    torch.float32
    >>> cast_output(BuiltInLayer(dtype="int32"), torch.ones(1)).dtype
    torch.float32
    """
    compute = layer._torchkeras.compute_dtype
    would_round = output.is_floating_point() and not compute.is_floating_point
    return output if output.dtype is compute or would_round or _is_in_autocast(output) else output.to(compute)


def _is_in_autocast(tensor: torch.Tensor) -> bool:
    # Torch raises an error for devices without autocast.
    return not tensor.is_meta and torch.is_autocast_enabled(tensor.device.type)


def _built_in_class(cls: type) -> type[BuiltInLayer]:
    """Return the nearest built-in layer among a class and its bases; the class itself if there is none."""
    return next((base for base in cls.__mro__ if issubclass(base, BuiltInLayer) and entry_of(base) is not None), cls)


@functools.cache
def _argument_names(cls: type) -> tuple[str, ...]:
    parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    named = [p.name for p in parameters if p.kind is not inspect.Parameter.VAR_KEYWORD]
    return tuple(name for name in named if name != "weights")


def _read_plain_value(value: Any) -> Any:
    """Read a tuple, array or similar value, which Keras writes as an object with a class name such as `__tuple__`."""
    is_object = isinstance(value, dict) and isinstance(value.get("class_name"), str)
    if is_object and (value["class_name"].startswith("__") or value["class_name"] == "TensorShape"):
        return deserialize_keras_object(value)
    return value
