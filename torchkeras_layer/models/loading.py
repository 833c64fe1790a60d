"""How is a model loaded from its config, its JSON or its YAML?

The graph in a config is read in `configs/reading.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torchkeras_layer.layer.context import per_thread
from torchkeras_layer.layer.weight_creation import MOST_WITHOUT_VALUES, WeightAllowance, allowing
from torchkeras_layer.models._catalog import catalog
from torchkeras_layer.models.model import Model
from torchkeras_layer.registry import CustomObjectScope, DeserializationError
from torchkeras_layer.weight_files.source import read_json


def model_from_json(json_string: str, custom_objects: Mapping[str, Any] | None = None) -> Model:
    """Return a new model from the text of `model.to_json()`, of this library, Keras or TF-Keras; without weights.

    Args:
        json_string: the text.
        custom_objects: classes and functions by the names that the text has for them.

    Raises:
        DeserializationError: (a TypeError and a ValueError) if the text is not JSON, or not that of a model, or if the
            model has layers that are not here.

    >>> import torchkeras_layer as keras
    >>> model = keras.Sequential([keras.layers.Dense(2, input_shape=(3,))])
    >>> model_from_json(model.to_json()).output_shape
    (None, 2)
    """
    try:
        config = read_json(json_string, "model_from_json")
    except (TypeError, AttributeError, ValueError) as error:
        raise DeserializationError(
            f"model_from_json: expected the JSON of a model: {error}. Received: {json_string!r:.300}"
        ) from error
    return model_from_config(config, custom_objects)


def model_from_yaml(yaml_string: str, custom_objects: Mapping[str, Any] | None = None) -> Model:
    """Return a new model from the text of `model.to_yaml()` of Keras 1 or 2; without weights.

    Args:
        yaml_string: the text. Of Python's tags, only those of tuples and strings are read.
        custom_objects: classes and functions by the names that the text has for them.

    Raises:
        DeserializationError: (a TypeError and a ValueError) if the text is not YAML, or not that of a model, or if the
            model has layers that are not here.
        ImportError: if PyYAML is not installed.

    >>> text = "{class_name: Sequential, config: [{class_name: Dense, config: {units: 2, batch_input_shape: [1, 3]}}]}"
    >>> model_from_yaml(text).output_shape  # doctest: +SKIP
    (1, 2)
    """
    from torchkeras_layer.models.configs.yaml_texts import read_yaml  # only here, for a light import of the library

    return model_from_config(read_yaml(yaml_string), custom_objects)


def model_from_config(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Model:
    """Return a new model from a config with 'class_name' and 'config', such as `json.loads(model.to_json())`.

    Args:
        config: the config.
        custom_objects: classes and functions by the names that the config has for them.

    Raises:
        DeserializationError: (a TypeError and a ValueError) if it is not the config of a model, or if the model has
            layers that are not here, or weights of more than 2**28 numbers outside of `torch.device("meta")`.

    >>> import json, torchkeras_layer as keras
    >>> model = keras.Sequential([keras.layers.Dense(2, input_shape=(3,))])
    >>> model_from_config(json.loads(model.to_json())).output_shape
    (None, 2)
    """
    # Only here, for a light import of the library.
    from torchkeras_layer.models.configs.generations import of_today
    from torchkeras_layer.models.configs.unknown_layers import check_layers_are_known

    is_of_object = isinstance(config, dict) and "class_name" in config
    model = None
    if is_of_object:
        # A file sets how many weights it may ask for; other configs may come from strangers too.
        allowance = per_thread.context.allowance or WeightAllowance(MOST_WITHOUT_VALUES, has_values=False)
        with CustomObjectScope(custom_objects), allowing(allowance), of_today(config) as entry:
            check_layers_are_known(entry, "model_from_config")
            model = catalog.deserialize(entry)
    if not isinstance(model, Model):
        raise DeserializationError(f"model_from_config: expected the config of a model. Received: {config!r:.300}")
    return model
