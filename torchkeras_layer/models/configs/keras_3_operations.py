"""How are the operations in the JSON of Keras 3 read, and the default arguments that it contains?

The model itself is made in `reading.py`.

Its masks are such operations: a graph with `Masking` or `Embedding(mask_zero=True)` has a `NotEqual` in its config.
"""

from __future__ import annotations

import inspect
from typing import Any

from torchkeras_layer._dtypes import torch_dtype
from torchkeras_layer.layers.core.torch_function import TorchFunction
from torchkeras_layer.registry import DeserializationError

_MODULES = ("keras.src.ops.core", "keras.src.ops.numpy", "keras.src.ops.nn")
_FUNCTIONS = {
    "Absolute": "torch.abs",
    "Add": "torch.add",
    "Any": "torch.any",
    "Cast": "torch.Tensor.to",
    "Concatenate": "torch.cat",
    "ConvertToTensor": "torch.Tensor.contiguous",
    "Divide": "torch.div",
    "Equal": "torch.eq",
    "Exp": "torch.exp",
    "ExpandDims": "torch.unsqueeze",
    "Greater": "torch.gt",
    "Less": "torch.lt",
    "Log": "torch.log",
    "LogicalAnd": "torch.logical_and",
    "LogicalNot": "torch.logical_not",
    "LogicalOr": "torch.logical_or",
    "Matmul": "torch.matmul",
    "Multiply": "torch.mul",
    "Negative": "torch.neg",
    "NotEqual": "torch.ne",
    "OnesLike": "torch.ones_like",
    "Relu": "torch.relu",
    "Sigmoid": "torch.sigmoid",
    "Sqrt": "torch.sqrt",
    "Square": "torch.square",
    "Subtract": "torch.sub",
    "Tanh": "torch.tanh",
    "TrueDivide": "torch.true_divide",
    "ZerosLike": "torch.zeros_like",
}
_WORDS = {"axis": "dim", "keepdims": "keepdim", "dtype": "dtype"}


def is_operation(entry: dict[str, Any]) -> bool:
    """Whether an entry of a config of Keras 3 is a known operation.

    >>> is_operation({"module": "keras.src.ops.numpy", "class_name": "NotEqual", "config": {"name": "ne"}})
    True
    """
    return entry.get("module") in _MODULES and entry.get("class_name") in _FUNCTIONS


def read_operation(entry: dict[str, Any]) -> tuple[TorchFunction, dict[str, Any]]:
    """Return an operation as a `TorchFunction`, and the keyword arguments of each of its calls.

    Raises:
        DeserializationError: if its config is not a dict with a name, or has an unknown key.

    >>> config = {"name": "any_of", "axis": -1, "keepdims": False}
    >>> layer, keywords = read_operation({"module": "keras.src.ops.numpy", "class_name": "Any", "config": config})
    >>> layer.name, layer.function.__name__, keywords
    ('any_of', 'any', {'dim': -1, 'keepdim': False})
    """
    config = entry.get("config")
    given = dict(config) if isinstance(config, dict) else {}
    name = given.pop("name", None)
    given = {word: value for word, value in given.items() if value is not None}
    unknown = [word for word in given if word not in _WORDS]
    if not isinstance(name, str) or unknown:
        raise DeserializationError(
            f"{entry['class_name']}: the config of an operation must have a 'name', and may have {list(_WORDS)}. "
            f"Received: {config!r}."
        )
    keywords = {_WORDS[word]: value for word, value in given.items()}
    if "dtype" in keywords:
        keywords["dtype"] = torch_dtype(keywords["dtype"])
    return TorchFunction(_FUNCTIONS[entry["class_name"]], name=name), keywords


# Layers of Keras 3 whose `call` has `training=False`. It writes this into configs, and ignores it when a model trains.
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
    """Whether a config was written by Keras, whose inputs have the key 'sparse'.

    >>> is_written_by_keras([{"class_name": "InputLayer", "config": {"name": "x", "sparse": False}}])
    True
    """
    inputs = [entry for entry in entries if isinstance(entry, dict) and entry.get("class_name") == "InputLayer"]
    return any(isinstance(entry.get("config"), dict) and "sparse" in entry["config"] for entry in inputs)


def without_defaults(layer: Any, keywords: dict[str, Any]) -> dict[str, Any]:
    """Return the keywords without a mask of `None`, and without `training=False` if that is the default of `call`.

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
