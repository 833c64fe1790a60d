"""What is a vocabulary, in which forms can it be given, and how is it learned?"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from torchkeras_layer.layer import Layer
from torchkeras_layer.layers.preprocessing.numeric_data import read_numbers
from torchkeras_layer.registry import DeserializationError

Token = Any


class Vocabulary:
    """The tokens of a vocabulary, without special tokens, in the order of their indices, and their idf weights.

    It does not change after a layer has it, so that copies of the layer can share it. It also hides long lists from the
    search for layers in attributes, which would take most of the time of creating a lookup.

    Args:
        tokens: the tokens.
        weights: the idf weight of each token; empty if there are none.

    >>> Vocabulary(["a", "b"], []).tokens
    ('a', 'b')
    """

    __slots__ = ("index", "tokens", "weights")

    def __init__(self, tokens: Sequence[Token], weights: Sequence[float]) -> None:
        self.tokens = tuple(tokens)
        self.weights = tuple(weights)
        # The index of each token, for layers that look them up in Python.
        self.index: dict[Token, int] = {}

    def __deepcopy__(self, memo: dict[int, Any]) -> Vocabulary:
        return self


@dataclass(slots=True)
class LookupTokens:
    """The tokens of a layer, in the layer's form. It is replaced and never changed, because copies share it.

    Attributes:
        mask, oov: the mask token and the token for unknown ones, or `None`.
        has_mask_index: whether the mask token has index 0.
        special: the tokens before those of the vocabulary.
        given: the vocabulary for the config; empty if it was read from a file.
        is_given: whether a vocabulary was given to the constructor.
        vocabulary: the vocabulary, or `None` if there is none yet.
    """

    mask: Token
    oov: Token
    has_mask_index: bool
    special: tuple[Token, ...]
    given: Vocabulary
    is_given: bool
    vocabulary: Vocabulary | None = None


@dataclass(frozen=True)
class TokenType:
    """The type of the tokens of a lookup, strings or ints. Each function takes the layer as its first argument.

    Attributes:
        read: converts a user's token to the layer's form, or raises a TypeError.
        show: converts a token to the user's form.
        to_json: converts a token to a JSON value.
        from_json: converts it back, or raises a TypeError.
        documents: yields the rows of tokens in all batches of data; its third argument is the number of batches.
        index: prepares the layer to look up the tokens of a vocabulary.
    """

    read: Callable[[Any, Any], Token]
    show: Callable[[Any, Token], Any]
    to_json: Callable[[Any, Token], Any]
    from_json: Callable[[Any, Any], Token]
    documents: Callable[[Any, Any, int | None], Iterable[list[Token]]]
    index: Callable[[Any, Vocabulary], None]


def read_vocabulary(layer: Layer, vocabulary: Any) -> list[Any]:
    """Return the tokens in a list or array, or the lines of a text file.

    Raises:
        FileNotFoundError: if the file does not exist.
        TypeError: if it is anything else.
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
            f"{layer.name}: a vocabulary must be a list or array of tokens, or the path of a text file with one token "
            f"per line. Received: {vocabulary!r}."
        )
    if not vocabulary:
        raise ValueError(f"{layer.name}: a vocabulary needs at least one token. Received: {vocabulary!r}.")
    return list(vocabulary)


def _read_lines(layer: Layer, path: Path) -> list[str]:
    if not path.is_file():
        raise FileNotFoundError(
            f"{layer.name}: the vocabulary file does not exist. Received: vocabulary={str(path)!r}."
        )
    try:
        # As in TensorFlow: lines end with "\\n", or with "\\r\\n".
        lines = [line.removesuffix("\r") for line in path.read_bytes().decode("utf-8").split("\n")]
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{layer.name}: a vocabulary file must be in UTF-8. Received: vocabulary={str(path)!r}: {error}."
        ) from None
    while lines and not lines[-1]:
        lines.pop()
    if not lines:
        raise ValueError(
            f"{layer.name}: a vocabulary file must contain at least one token. Received: vocabulary={str(path)!r}, "
            "which is empty."
        )
    return lines


def refuse_path(layer_class: type, config: Any) -> None:
    """Reject a config that names a vocabulary file: it could be any file, and its contents would be in the model.

    Raises:
        DeserializationError: if the config names a file.

    >>> refuse_path(Layer, {"vocabulary": ["a"]})
    """
    vocabulary = config.get("vocabulary") if isinstance(config, dict) else None
    if isinstance(vocabulary, (str, bytes, os.PathLike)):
        raise DeserializationError(
            f"{layer_class.__name__}.from_config: a config must contain the vocabulary itself, because files that a "
            f"config names are not read. Received: vocabulary={vocabulary!r}. Leave it out, and call "
            f"set_vocabulary({vocabulary!r}). See docs/differences.md#code-in-configs"
        )


def without_special_tokens(tokens: list[Token], special: Sequence[Token]) -> list[Token]:
    """Return the tokens after the special tokens, if a list begins with all of these; else all tokens.

    >>> without_special_tokens(["", "[UNK]", "a"], ["", "[UNK]"]), without_special_tokens(["a"], ["", "[UNK]"])
    (['a'], ['a'])
    """
    return tokens[len(special) :] if tokens[: len(special)] == list(special) else tokens


def check_tokens(
    layer: Layer, tokens: list[Token], reserved: dict[str, Token], written: Callable[[Token], Any]
) -> None:
    """Check that no token occurs twice or is reserved; `written` converts a token for error messages.

    Raises:
        ValueError: if one does, or is.

    >>> check_tokens(Layer(), ["a", "b"], {"mask_token": ""}, str)
    """
    distinct = set(tokens)
    if len(distinct) < len(tokens):
        repeated = [written(token) for token, count in Counter(tokens).items() if count > 1]
        raise ValueError(
            f"{layer.name}: each token must be in the vocabulary only once. Received: repeated tokens {repeated[:9]}."
        )
    for name, token in reserved.items():
        if token in distinct:
            raise ValueError(
                f"{layer.name}: {name}={written(token)!r} must not be in the vocabulary. Received: this token at index "
                f"{tokens.index(token)}. Leave out the special tokens; or begin a list, but not a file, with all of "
                "them, as get_vocabulary() does."
            )


def idf_weights_for(layer: Layer, idf_weights: Any, count: int) -> list[float]:
    """Return the argument `idf_weights` for a vocabulary of `count` tokens as a list.

    Raises:
        TypeError: if they are not numeric.
        ValueError: if they do not fit the vocabulary, or the output mode of the layer does not use them.

    >>> import torchkeras_layer as keras
    >>> idf_weights_for(keras.layers.StringLookup(output_mode="tf_idf"), np.array([1.0, 2.0]), 2)
    [1.0, 2.0]
    """
    is_weighted = layer.output_mode == "tf_idf"
    if is_weighted != (idf_weights is not None):
        raise ValueError(
            f"{layer.name}: idf_weights must be given with a vocabulary for output_mode='tf_idf', and only then. "
            f"Received: output_mode={layer.output_mode!r}, idf_weights={idf_weights!r}."
        )
    weights = [] if idf_weights is None else read_idf_weights(layer, idf_weights)
    if is_weighted and len(weights) != count:
        raise ValueError(
            f"{layer.name}: idf_weights must be one number for each of the {count} tokens in the vocabulary. "
            f"Received: {len(weights)} numbers."
        )
    return weights


def read_idf_weights(layer: Layer, idf_weights: Any) -> list[float]:
    """Return an argument `idf_weights` as a list of floats.

    Raises:
        TypeError: if it is not numeric.
        ValueError: if its rank is not 1.

    >>> read_idf_weights(Layer(), np.array([1.0, 2.0]))
    [1.0, 2.0]
    """
    weights = read_numbers(layer, "idf_weights", idf_weights)
    if weights.ndim != 1:
        raise ValueError(
            f"{type(layer).__name__}: idf_weights must be a list of numbers, one for each token. "
            f"Received: idf_weights={idf_weights!r}."
        )
    return weights.tolist()


class TokenCounts:
    """Counts how often tokens occur in rows, each of which is a document, and in how many rows.

    >>> counts = TokenCounts(); counts.add([["a", "b"], ["b", "b", "c"]])
    >>> counts.most_common(without={"c"}, limit=None)
    ['b', 'a']
    """

    def __init__(self) -> None:
        self._tokens: Counter[Any] = Counter()
        self._documents: Counter[Any] = Counter()
        self._number_of_documents = 0

    def add(self, rows: Iterable[list[Any]]) -> None:
        """Add rows of tokens."""
        for row in rows:
            self._tokens.update(row)
            self._documents.update(set(row))
            self._number_of_documents += 1

    def most_common(self, without: set[Any], limit: int | None) -> list[Any]:
        """Return at most `limit` tokens, the most frequent first, and the largest first among equally frequent ones."""
        counted = [(count, token) for token, count in self._tokens.items() if token not in without]
        counted.sort(reverse=True)
        return [token for _, token in counted[:limit]]

    def inverse_document_frequencies(self, tokens: list[Any]) -> list[float]:
        """Return log(1 + documents / (1 + documents with the token)) for each token.

        >>> counts = TokenCounts(); counts.add([["a"], ["b"]])
        >>> counts.inverse_document_frequencies(["a"])
        [0.6931471805599453]
        """
        found = np.array([self._documents[token] for token in tokens], dtype="float64")
        return np.log(1 + self._number_of_documents / (1 + found)).tolist()
