"""How is a model with a graph written into a config, and made from one; and which members read and write files?"""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from typing_extensions import Self

from torchkeras_layer._structures import map_leaves
from torchkeras_layer.layer.configuration import captured_config
from torchkeras_layer.layer.weight_lists import trains
from torchkeras_layer.models.configs.writing import GraphWriter
from torchkeras_layer.models.graph_calls import GraphCalls
from torchkeras_layer.models.graphs import layer_under, operand_under, wiring_of
from torchkeras_layer.models.network.network import TensorRef
from torchkeras_layer.precision import written
from torchkeras_layer.registry import DeserializationError, serialize_keras_object

if TYPE_CHECKING:
    from torchkeras_layer.weight_files import LoadReport

_GRAPH_KEYS = {"layers", "input_layers", "output_layers"}


class ModelConfiguration(GraphCalls):
    """The members of a model for configs and files."""

    def get_config(self) -> dict[str, Any]:
        """Return the layers of the graph with their configs and calls, in the form of Keras 3; without weights.

        For a subclass that has no graph, or whose constructor has other arguments, return these arguments.

        Raises:
            TypeError: if an argument of a call cannot be written as data.

        >>> import torchkeras_layer as keras
        >>> x = keras.Input((3,), name="x"); model = keras.Model(x, keras.layers.Dense(2, name="head")(x), name="small")
        >>> config = model.get_config(); config["name"], config["output_layers"]
        ('small', ['head', 0, 0])
        >>> keras.Model.from_config(config).get_layer("head").units
        2
        """
        from torchkeras_layer.models.configs.keras_2_nodes import first_calls_in

        wiring = wiring_of(self)
        if wiring is None or not _takes_graph(type(self)):
            inherits = type(self).get_config is ModelConfiguration.get_config
            return captured_config(self) if inherits else super().get_config()
        network = wiring.network
        config: dict[str, Any] = {"name": self._torchkeras.name, "trainable": trains(self)}
        if self._torchkeras.given_policy.name != "float32":
            config["dtype"] = written(self._torchkeras.given_policy)
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
        """Make a model from the result of `get_config()`, of this library, Keras 3 or TF-Keras.

        Args:
            config: the config.
            custom_objects: classes and functions by the names that the config has for them.

        Raises:
            DeserializationError: (a TypeError and a ValueError) if the config is malformed or contains unknown names.

        >>> import torchkeras_layer as keras
        >>> x = keras.Input((3,)); y = keras.layers.Dense(2)(x)
        >>> keras.Model.from_config(keras.Model(x, x + y[:, :1]).get_config()).output_shape
        (None, 3)
        """
        from torchkeras_layer.models.configs.reading import read_model  # only here, for a light import of the library

        if not isinstance(config, dict):
            raise DeserializationError(f"{cls.__name__}.from_config: a config must be a dict. Received: {config!r}.")
        is_of_arguments = not cls.__module__.startswith("torchkeras_layer.") and not _GRAPH_KEYS & config.keys()
        if is_of_arguments or not _takes_graph(cls):
            return super().from_config(config)
        return read_model(cls, config, custom_objects)

    def to_json(self, **kwargs: Any) -> str:
        """Return the class and config of the model as JSON, without weights; `models.model_from_json` reads it.

        Args:
            **kwargs: those of `json.dumps`.

        >>> import torchkeras_layer as keras
        >>> x = keras.Input((3,)); text = keras.Model(x, x * 2).to_json(indent=2)
        >>> keras.models.model_from_json(text).output_shape
        (None, 3)
        """
        return json.dumps(serialize_keras_object(self), **kwargs)

    def save(
        self, filepath: str | os.PathLike[str], overwrite: bool = True, zipped: bool | None = None, **kwargs: Any
    ) -> None:
        """Write the model with its weights into a file that Keras 3 opens; see `saving.save_model`.

        Args:
            filepath: ends in '.keras', or in '.h5' for the older form.
            overwrite: whether to replace a file that is there.
            zipped: `True` or `None`: folders are not written.
            **kwargs: `include_optimizer` and `save_format`, see `saving.save_model`.

        Raises:
            ValueError: if the path ends in something else, or the model contains what Keras does not have.
            FileExistsError: if there is a file, and `overwrite` is false.

        >>> import tempfile
        >>> import torchkeras_layer as keras
        >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save(f"{folder}/model.keras")
        ...     keras.saving.load_model(f"{folder}/model.keras").output_shape
        (None, 2)
        """
        from torchkeras_layer.models.model_saving import save_model  # only here, for a light import of the library

        save_model(self, filepath, overwrite, zipped, **kwargs)

    def save_weights(self, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
        """Write the weights into a file that Keras 3 loads into the same architecture; see `saving.save_weights`.

        Args:
            filepath: ends in '.weights.h5', or in '.h5' for the form of Keras 2, with a group for each layer.
            overwrite: whether to replace a file that is there.

        Raises:
            ValueError: if the path ends in something else, or Keras could not find all weights; each reason is named.
            FileExistsError: if there is a file, and `overwrite` is false.

        >>> import tempfile
        >>> import torchkeras_layer as keras
        >>> model, twin = (keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]) for _ in range(2))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save_weights(f"{folder}/model.weights.h5")
        ...     print(twin.load_weights(f"{folder}/model.weights.h5"))
        2 weights loaded
        """
        from torchkeras_layer.weight_files import save_weights  # only here, for a light import of the library

        save_weights(self, filepath, overwrite)

    def load_weights(
        self, path: str | os.PathLike[str], by_name: bool = False, skip_mismatch: bool = False
    ) -> LoadReport:
        """Set the weights to those in a file that Keras 1, 2, 3 or TF-Keras saved, after checking all of them.

        Args:
            path: a `.weights.h5` or `.h5` file, or a `.keras` archive; its content decides, and not its suffix.
            by_name: whether to load only the layers whose names are in the file; for files that list layers by name.
            skip_mismatch: whether to leave out layers whose weights have other shapes in the file.

        Returns:
            what was loaded from where, and what was not.

        Raises:
            ModelFileError: (a ValueError) if the file is damaged, has no weights, or not those of this model; no weight
                is changed then.
            ValueError: if the model is not built.

        >>> import tempfile
        >>> import h5py, torchkeras_layer as keras
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> with tempfile.NamedTemporaryFile(suffix=".weights.h5") as file:
        ...     with h5py.File(file, "w") as saved:
        ...         saved["layers/dense/vars/0"], saved["layers/dense/vars/1"] = [[2.0]], [3.0]
        ...     print(model.load_weights(file.name))
        2 weights loaded
        """
        from torchkeras_layer.weight_files import load_weights  # only here, for a light import of the library

        return load_weights(self, path, by_name, skip_mismatch)


def _takes_graph(cls: type) -> bool:
    """Whether the constructor of a class takes inputs and outputs, as that of `Model` does."""
    names = list(inspect.signature(cls.__init__).parameters)
    return names[1:3] == ["inputs", "outputs"]
