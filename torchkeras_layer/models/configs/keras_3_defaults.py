"""What does Keras 3 write into the config of a call that nobody gave?"""

from __future__ import annotations

import inspect
from typing import Any

# The layers of Keras 3 whose `call` says `training=False`, which it then writes, and passes over where a model trains.
_INFER_BY_DEFAULT = {
    "AdditiveAttention",
    "AlphaDropout",
    "Attention",
    "ConvLSTM1D",
    "ConvLSTM2D",
    "ConvLSTM3D",
    "Dropout",
    "GRU",
    "GaussianDropout",
    "GaussianNoise",
    "LSTM",
    "RNN",
    "SimpleRNN",
    "SpectralNormalization",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
}


def is_written_by_keras(entries: list[Any]) -> bool:
    """Whether the layers of a config were written by Keras, whose inputs say whether they are sparse.

    >>> is_written_by_keras([{"class_name": "InputLayer", "config": {"name": "x", "sparse": False}}])
    True
    """
    inputs = [entry for entry in entries if isinstance(entry, dict) and entry.get("class_name") == "InputLayer"]
    return any(isinstance(entry.get("config"), dict) and "sparse" in entry["config"] for entry in inputs)


def without_defaults(layer: Any, keywords: dict[str, Any]) -> dict[str, Any]:
    """Leave out a mask that was not given, and `training=False` where that is the default.

    >>> import torchkeras_layer as keras
    >>> without_defaults(keras.layers.Dropout(0.5), {"training": False, "mask": None})
    {}
    >>> without_defaults(keras.layers.BatchNormalization(), {"training": False})
    {'training': False}
    """
    return {
        name: value
        for name, value in keywords.items()
        if not (name == "mask" and value is None)
        and not (name == "training" and value is False and _infers_by_default(layer))
    }


def _infers_by_default(layer: Any) -> bool:
    parameter = inspect.signature(layer.call).parameters.get("training")
    return type(layer).__name__ in _INFER_BY_DEFAULT or (parameter is not None and parameter.default is False)
