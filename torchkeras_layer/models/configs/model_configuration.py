"""How is a model written into a config, and made of one?"""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from typing import Any

from typing_extensions import Self

from torchkeras_layer._structures import map_leaves
from torchkeras_layer.layer.configuration import captured_config
from torchkeras_layer.models.configs.writing import GraphWriter
from torchkeras_layer.models.graph_calls import GraphCalls
from torchkeras_layer.models.graphs import layer_under, operand_under, take_sinks, wiring_of
from torchkeras_layer.models.network.network import TensorRef
from torchkeras_layer.registry import DeserializationError, serialize_keras_object


class ModelConfiguration(GraphCalls):
    """`get_config`, `from_config` and `to_json` of models."""

    def get_config(self) -> dict[str, Any]:
        """Return the layers of the graph with their configs and calls, as Keras 3 writes them; without weights.

        A subclass whose constructor has arguments of its own, or which has no graph, gives those arguments.

        Raises:
            TypeError: if something in the arguments of a call cannot be written as data.

        >>> import torchkeras_layer as keras
        >>> x = keras.Input((3,), name="x"); model = keras.Model(x, keras.layers.Dense(2, name="head")(x), name="small")
        >>> config = model.get_config(); config["name"], config["output_layers"]
        ('small', ['head', 0, 0])
        >>> keras.Model.from_config(config).get_layer("head").units
        2
        """
        from torchkeras_layer.models.configs.keras_2_json import first_calls_in

        wiring = wiring_of(self)
        if wiring is None or not _takes_graph(type(self)):
            inherits = type(self).get_config is ModelConfiguration.get_config
            return captured_config(self) if inherits else super().get_config()
        network = wiring.network
        config: dict[str, Any] = {"name": self._torchkeras.name, "trainable": self._torchkeras.trainable}
        if self._torchkeras.policy.name != "float32":
            config["dtype"] = self._torchkeras.policy.name
        writer = GraphWriter(network, lambda key: layer_under(self, key), lambda key: operand_under(self, key))
        config["layers"] = writer.layers()
        config["input_layers"] = map_leaves(lambda ref: list(writer.history(ref)), network.inputs)
        firsts = first_calls_in(config["layers"])

        def output(ref: TensorRef) -> list[Any]:
            name, number, position = writer.history(ref)
            return [name, number + firsts[name].in_outputs, position]

        config["output_layers"] = map_leaves(output, network.outputs)
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        """Make a model from `get_config()`, ours, that of Keras 3 or that of TF-Keras.

        Raises:
            DeserializationError: (a TypeError and a ValueError) if the config is malformed or names what is unknown.

        >>> import torchkeras_layer as keras
        >>> x = keras.Input((3,)); y = keras.layers.Dense(2)(x)
        >>> keras.Model.from_config(keras.Model(x, x + y[:, :1]).get_config()).output_shape
        (None, 3)
        """
        # Only here, for a light import of the library.
        from torchkeras_layer.models.configs.keras_2_json import is_graph_config
        from torchkeras_layer.models.configs.restoring import RestoredGraph

        if not isinstance(config, dict):
            raise DeserializationError(f"{cls.__name__}.from_config: a config is a dict. Received: {config!r}.")
        if not _takes_graph(cls):
            return super().from_config(config)
        if not is_graph_config(config):
            raise DeserializationError(
                f"{cls.__name__}.from_config: the config of a functional model has 'layers', 'input_layers' and "
                f"'output_layers'. Received keys: {list(config)}."
            )
        graph = RestoredGraph.read(config, custom_objects)
        given = {word: config[word] for word in ("name", "dtype") if config.get(word) is not None}
        model: Any = cls(graph.inputs, graph.outputs, **given)
        take_sinks(model, graph.sinks)
        if config.get("trainable") is False:
            model.trainable = False
        return model

    def to_json(self, **kwargs: Any) -> str:
        """Return the config of the model, with its class, as JSON: `models.model_from_json` reads it. No weights.

        `kwargs` go to `json.dumps`.
        """
        return json.dumps(serialize_keras_object(self), **kwargs)


def _takes_graph(cls: type) -> bool:
    """Whether a class is made of inputs and outputs, as `Model` is."""
    names = list(inspect.signature(cls.__init__).parameters)
    return names[1:3] == ["inputs", "outputs"]
