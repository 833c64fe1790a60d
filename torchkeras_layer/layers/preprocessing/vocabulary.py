"""Which tokens may make a vocabulary, and in which forms may it be given?"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from torchkeras_layer.layer import Layer
from torchkeras_layer.registry import DeserializationError

Token = Any


def read_vocabulary(layer: Layer, vocabulary: Any) -> list[Any]:
    """Return the tokens of a list or array; of a text file, its lines.

    Raises:
        FileNotFoundError: if there is no such file.
        TypeError: if it is something else.
        ValueError: if there are no tokens, or the file is not in UTF-8.

    >>> read_vocabulary(Layer(), np.array(["a", "b"]))
    ['a', 'b']
    """
    if isinstance(vocabulary, (str, os.PathLike)):
        return _read_lines(layer, Path(vocabulary))
    if isinstance(vocabulary, (np.ndarray, torch.Tensor)):
        vocabulary = vocabulary.tolist()
    if not isinstance(vocabulary, (list, tuple)):
        raise TypeError(
            f"{layer.name}: a vocabulary is a list or array of tokens, or the path of a text file with one token a "
            f"line. Received: {vocabulary!r}."
        )
    if not vocabulary:
        raise ValueError(f"{layer.name}: a vocabulary needs at least one token. Received: {vocabulary!r}.")
    return list(vocabulary)


def _read_lines(layer: Layer, path: Path) -> list[str]:
    if not path.is_file():
        raise FileNotFoundError(
            f"{layer.name}: there is no vocabulary file of that name. Received: vocabulary={str(path)!r}."
        )
    try:
        # As TensorFlow does: a "\\r" ends no line, and is no part of one that a "\\n" ends.
        lines = [line.removesuffix("\r") for line in path.read_bytes().decode("utf-8").split("\n")]
    except UnicodeDecodeError as error:
        raise ValueError(f"{layer.name}: the vocabulary file {str(path)!r} is not in UTF-8: {error}.") from None
    while lines and not lines[-1]:
        lines.pop()
    if not lines:
        raise ValueError(f"{layer.name}: the vocabulary file {str(path)!r} is empty.")
    return lines


def refuse_path(layer_class: type, config: Any) -> None:
    """Refuse a config that names a file to read: it could be any file, and its contents would be in the model.

    Raises:
        DeserializationError: if it does.

    >>> refuse_path(Layer, {"vocabulary": ["a"]})
    """
    vocabulary = config.get("vocabulary") if isinstance(config, dict) else None
    if isinstance(vocabulary, (str, bytes, os.PathLike)):
        raise DeserializationError(
            f"{layer_class.__name__}.from_config: a config must hold the vocabulary itself. No file is read because a "
            f"config names it. Received: vocabulary={vocabulary!r}. Read it with set_vocabulary({vocabulary!r})."
        )


def without_special_tokens(tokens: list[Token], special: Sequence[Token]) -> list[Token]:
    """Return the tokens behind the special ones, if these are at the beginning; else all.

    >>> without_special_tokens(["", "[UNK]", "a"], ["", "[UNK]"]), without_special_tokens(["a"], ["", "[UNK]"])
    (['a'], ['a'])
    """
    return tokens[len(special) :] if tokens[: len(special)] == list(special) else tokens


def check_tokens(
    layer: Layer, tokens: list[Token], reserved: dict[str, Token], written: Callable[[Token], Any]
) -> None:
    """Check that no token recurs, and none stands where it has another meaning; `written` is how to show one.

    Raises:
        ValueError: if one does.

    >>> check_tokens(Layer(), ["a", "b"], {"mask_token": ""}, str)
    """
    distinct = set(tokens)
    if len(distinct) < len(tokens):
        repeated = [written(token) for token, count in Counter(tokens).items() if count > 1]
        raise ValueError(f"{layer.name}: each token must be in the vocabulary once. Received twice: {repeated[:9]}.")
    for name, token in reserved.items():
        if token in distinct:
            raise ValueError(
                f"{layer.name}: {name}={written(token)!r} is not for use as a token, but was found at index "
                f"{tokens.index(token)} of the vocabulary. Leave out the special tokens, or begin a list (but no file) "
                "with all of them, as get_vocabulary() does."
            )
