"""How many layers and calls may the config of a model in a file have?"""

from __future__ import annotations

from typing import Any

from torchkeras_layer.models.configs.unknown_layers import entries_in
from torchkeras_layer.registry import DeserializationError

MOST_LAYERS = 5_000
"""How many layers and calls of layers a model may have; the largest of `keras.applications` has 1,100 layers."""
LONGEST_SEQUENTIAL = 1_000
"""How many layers a `Sequential` may have: to add one takes time that grows with the number of those before it."""


def check_size(config: dict[str, Any], where: str) -> None:
    """Check that a model is not so large that making it would take minutes.

    Args:
        config: the config of the model.
        where: the file, for the error.

    Raises:
        DeserializationError: if it has too many layers.

    >>> layers = [{"class_name": "Flatten", "config": {}}] * 6000
    >>> check_size({"class_name": "Functional", "config": {"layers": layers}}, "model.h5")
    Traceback (most recent call last):
    ...
    torchkeras_layer.registry.envelope.DeserializationError: model.h5: a model in a file may have at most 5000 ...
    """
    count = 0
    for entry in entries_in(config):
        nodes, arguments = entry.get("inbound_nodes"), entry.get("config")
        count += max(len(nodes) if isinstance(nodes, list) else 1, 1)
        layers = arguments.get("layers") if isinstance(arguments, dict) else arguments
        length = len(layers) if isinstance(layers, list) and entry.get("class_name") == "Sequential" else 0
        if count > MOST_LAYERS or length > LONGEST_SEQUENTIAL:
            raise DeserializationError(
                f"{where}: a model in a file may have at most {MOST_LAYERS} layers and calls of layers, and a "
                f"Sequential {LONGEST_SEQUENTIAL}. Received: one of more. Read it with model_from_config, and write "
                "model.load_weights(path)."
            )
