"""How is a `Sequential` written into a config, and made from one?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from typing_extensions import Self

from torchkeras_layer._shapes import map_shapes
from torchkeras_layer.layer import Layer
from torchkeras_layer.layer.configuration import captured_config
from torchkeras_layer.layer.weight_lists import freeze_restored, trains
from torchkeras_layer.models.chain import chain_of
from torchkeras_layer.models.configs.generations import of_today
from torchkeras_layer.models.configs.old_sequentials import read_entry
from torchkeras_layer.models.model import Model
from torchkeras_layer.precision import written
from torchkeras_layer.registry import (
    CustomObjectScope,
    DeserializationError,
    deserialize_keras_object,
    serialize_keras_object,
)
from torchkeras_layer.symbolic.node import history_of


class SequentialConfiguration(Model):
    """The members `get_config` and `from_config` of a `Sequential`."""

    def get_config(self) -> dict[str, Any]:
        """Return the layers with their configs, in the form of Keras 3; without weights.

        Raises:
            NotImplementedError: if symbolic losses or metrics were added.

        >>> import torchkeras_layer as keras
        >>> model = keras.Sequential([keras.layers.Dense(2, input_shape=(3,))], name="small")
        >>> keras.Sequential.from_config(model.get_config()).output_shape
        (None, 2)
        """
        if not _takes_layers(type(self)):
            inherits = type(self).get_config is SequentialConfiguration.get_config
            return captured_config(self) if inherits else super().get_config()
        state = chain_of(self)
        if state.sinks:
            raise NotImplementedError(
                f"{self.name}: a Sequential with symbolic losses or metrics has no config. Make it a functional model, "
                "Model(model.inputs, model.outputs), and add them there. "
                "See docs/differences.md#symbolic-losses-of-a-sequential"
            )
        start = [history_of(state.start).layer] if state.start is not None and state.seen is None else []
        config: dict[str, Any] = {"name": self._torchkeras.name, "trainable": trains(self)}
        if self._torchkeras.given_policy.name != "float32":
            config["dtype"] = written(self._torchkeras.given_policy)
        config["layers"] = [serialize_keras_object(layer) for layer in [*start, *self.layers]]
        build_config = self.get_build_config()
        if build_config is not None:
            config["build_input_shape"] = build_config["input_shape"]
        return config

    @classmethod
    def from_config(cls, config: Any, custom_objects: Mapping[str, Any] | None = None) -> Self:
        """Make a model from the result of `get_config()`, of this library, Keras 3 or TF-Keras.

        Args:
            config: the config.
            custom_objects: classes and functions by the names that the config has for them.

        Raises:
            DeserializationError: (a TypeError and a ValueError) if the config is malformed or contains unknown names.

        >>> import torchkeras_layer as keras
        >>> model = keras.Sequential([keras.layers.Dense(2, name="head")])
        >>> keras.Sequential.from_config(model.get_config()).layers[0].name
        'head'
        """
        if isinstance(config, dict) and not _takes_layers(cls):
            return super().from_config(config)
        with CustomObjectScope(custom_objects), of_today({"class_name": "Sequential", "config": config}) as entry:
            config = _checked(cls.__name__, entry)
            layers = [_read_layer(cls.__name__, entry) for entry in config["layers"]]
        given = {word: config[word] for word in ("name", "dtype") if config.get(word) is not None}
        make: Any = cls
        model = make(layers, **given)
        shape = deserialize_keras_object(config.get("build_input_shape"))
        if shape is not None and not model._torchkeras.built:
            model.build(map_shapes(tuple, shape))
        if config.get("trainable") is False:
            freeze_restored(model)
        return model


def _checked(class_name: str, entry: dict[str, Any]) -> dict[str, Any]:
    config = entry["config"]
    if not isinstance(config, dict) or not isinstance(config.get("layers"), list):
        raise DeserializationError(
            f"{class_name}.from_config: a config must be a dict with a list of layers. Received: {config!r}."
        )
    if entry["class_name"] != "Sequential":
        raise DeserializationError(
            f"{class_name}.from_config: the model begins with branches, and so is a graph today. Write "
            "model_from_config({'class_name': 'Sequential', 'config': config})."
        )
    return config


def _read_layer(class_name: str, entry: Any) -> Layer:
    layer = read_entry(entry)
    if not isinstance(layer, Layer):
        raise DeserializationError(f"{class_name}.from_config: expected the config of a layer. Received: {entry!r}.")
    return layer


def _takes_layers(cls: Any) -> bool:
    """Whether the constructor of a class takes a list of layers, as that of `Sequential` does."""
    code = getattr(cls.__init__, "__wrapped__", cls.__init__).__code__
    return code.co_varnames[1:2] == ("layers",)
