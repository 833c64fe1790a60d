"""Which classes of ImageNet do the outputs of a model mean?"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from torchkeras_layer.layers.arguments import plain_int
from torchkeras_layer.weight_files.source import read_json

_CLASSES = 1000
_SOURCE = "https://storage.googleapis.com/download.tensorflow.org/data/imagenet_class_index.json"


def decode(predictions: Any, top: int, class_index: Any) -> list[list[tuple[str, str, float]]]:
    """Return for each sample the `top` most probable classes, as tuples (identifier, name, score), the best first.

    Args:
        predictions: the outputs of a model, a tensor or an array of shape (batch, 1000).
        top: how many.
        class_index: a dict or the path of a JSON file; see `decode_predictions` in `applications/__init__.py`.

    Raises:
        ValueError: if an argument is not one of these, or the class index is not that of ImageNet.
        FileNotFoundError: if there is no class index.

    >>> index = {str(number): [f"n{number}", f"class {number}"] for number in range(1000)}
    >>> decode(np.eye(1, 1000, 7), 1, index)
    [[('n7', 'class 7', 1.0)]]
    """
    scores = predictions.detach().cpu().float().numpy() if isinstance(predictions, torch.Tensor) else predictions
    shape = getattr(scores, "shape", None)
    if not isinstance(scores, np.ndarray) or len(scores.shape) != 2 or scores.shape[1] != _CLASSES:
        received = type(predictions).__name__ if shape is None else f"shape {tuple(shape)}"
        raise ValueError(f"decode_predictions: expects predictions of shape (batch, {_CLASSES}). Received: {received}.")
    count = plain_int(top)
    if count is None or count < 1:
        raise ValueError(f"decode_predictions: top must be a positive int. Received: top={top!r}.")
    index = _read_index(class_index)
    best = np.argsort(-scores, axis=1, kind="stable")[:, :count]
    return [[(*index[place], float(row[place])) for place in places] for row, places in zip(scores, best, strict=True)]


def _read_index(class_index: Any) -> list[tuple[str, str]]:
    where = "class_index"
    if not isinstance(class_index, Mapping):
        path = _default_path() if class_index is None else Path(class_index)
        if not path.exists():
            raise FileNotFoundError(
                f"decode_predictions: there is no {path}, and nothing is downloaded. Get {_SOURCE}, and put it there "
                "or pass its path: decode_predictions(predictions, class_index='imagenet_class_index.json')."
            )
        where = str(path)
        class_index = read_json(path.read_bytes(), where)
    try:
        entries = [class_index[str(number)] for number in range(_CLASSES)]
        return [(str(identifier), str(name)) for identifier, name in entries]
    except (KeyError, TypeError, ValueError):
        raise ValueError(
            f"decode_predictions: {where} must have a pair (identifier, name) for each of '0' to '{_CLASSES - 1}'. "
            f"Received: {class_index!r:.200}."
        ) from None


def _default_path() -> Path:
    home = os.environ.get("KERAS_HOME") or Path.home() / ".keras"
    return Path(home) / "models" / "imagenet_class_index.json"
