"""How does a layer turn words into indices, and back?"""

from __future__ import annotations

import codecs
import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch

from torchkeras_layer._dtypes import STRING
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.preprocessing.data_layer import (
    StringLayer,
    as_bytes,
    as_string_array,
    read_numeric_inputs,
)
from torchkeras_layer.layers.preprocessing.hash_bins import bins_of
from torchkeras_layer.layers.preprocessing.vocabulary import TokenType, Vocabulary
from torchkeras_layer.layers.preprocessing.vocabulary_lookup import (
    LookupTokens,
    VocabularyLookup,
    expect_vocabulary,
    unknown_tokens,
)
from torchkeras_layer.symbolic import TensorSpec


def _read_token(layer: StringLookup, token: Any) -> bytes:
    if not isinstance(token, (str, bytes)):
        raise TypeError(f"{type(layer).__name__}: tokens must be strings. Received: {token!r}.")
    try:
        return token if isinstance(token, bytes) else token.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{type(layer).__name__}: a token cannot be written in UTF-8: {error}.") from None


def _show_token(layer: StringLookup, token: bytes) -> str:
    try:
        return token.decode(layer.encoding)
    except UnicodeDecodeError as error:
        raise ValueError(f"{layer.name}: token {token!r} is not in encoding={layer.encoding!r}: {error}.") from None


def _token_to_json(layer: StringLookup, token: bytes) -> str:
    return token.decode("utf-8", "surrogateescape")


def _token_from_json(layer: StringLookup, value: Any) -> bytes:
    if not isinstance(value, str):
        raise TypeError(f"tokens must be strings, not {value!r}")
    return value.encode("utf-8", "surrogateescape")


def _documents(layer: StringLookup, data: Any, steps: int | None) -> Iterable[list[bytes]]:
    is_one = isinstance(data, (str, bytes, list, tuple, np.ndarray, torch.Tensor))
    for batch in [data] if is_one else itertools.islice(data, steps):
        array = as_string_array(layer, batch)
        tokens = as_bytes(layer, array)
        # Each string of a plain list is a document of its own; a batch with one axis is one document.
        width = array.shape[-1] if array.ndim > 1 else 1 if is_one else len(tokens)
        yield from (tokens[start : start + width] for start in range(0, len(tokens), max(width, 1)))


def _index(layer: StringLookup, vocabulary: Vocabulary) -> None:
    kept: LookupTokens = layer._torchkeras.derived
    vocabulary.index = dict(zip(vocabulary.tokens, itertools.count(len(kept.special))))
    if kept.mask is not None:
        vocabulary.index[kept.mask] = layer.mask_index()


def _tokens_at(layer: StringLookup, indices: Any) -> np.ndarray:
    numbers = torch.as_tensor(indices).cpu().numpy().astype("int64")
    known = np.array([*layer.get_vocabulary(), layer.oov_token], dtype=object)
    size = len(known) - 1
    return known[np.where((numbers >= 0) & (numbers < size), numbers, size)]


def _read_encoding(layer: StringLookup, encoding: Any) -> str:
    try:
        codecs.lookup(encoding)
    except (LookupError, TypeError):
        raise ValueError(
            f"{type(layer).__name__}: encoding must be one that Python knows. Received: encoding={encoding!r}."
        ) from None
    return encoding


@catalog.register()
class StringLookup(StringLayer, VocabularyLookup):
    """The index of each string in a vocabulary, which is given, or learnt by `adapt(data)`.

    The inputs are a string, a (nested) list of strings, or an array of them; the outputs an int64 tensor of the same
    shape, or vectors in floats. Strings that are not in the vocabulary get the indices before it, masked ones 0.

    Args:
        max_tokens: how many tokens `adapt` learns at most, special ones included.
        num_oov_indices: over how many indices unknown strings are spread by their hash; with 0 they are an error.
        mask_token: string that stands for padding: index 0, and not counted in the other output modes.
        oov_token: what stands for unknown strings in `get_vocabulary()`, and comes back with `invert`.
        vocabulary: list or array of strings; or the path of a text file with one a line, which a config must not name.
        idf_weights: with 'tf_idf' and a vocabulary, a number for each token.
        invert: whether to turn indices into an array of strings instead.
        output_mode: 'int', 'one_hot' (a vector for each string), or, for each row, 'multi_hot' (which are in it),
            'count' (how often) or 'tf_idf' (how often, times the idf weights).
        pad_to_max_tokens: whether vectors have the length `max_tokens`, however many tokens there are.
        encoding: that in which `get_vocabulary()` decodes tokens that were bytes.
        salt: an int, or two: unknown strings are then spread by SipHash, with this as its key.
        **kwargs: those of `Layer`. A `state_dict` holds the vocabulary.

    Raises:
        FileNotFoundError: if there is no vocabulary file of the name.
        TypeError: for tokens or inputs that are not strings.
        ValueError: if arguments are out of range or contradict each other, or a token occurs twice or is a special one;
            in a call, if there is no vocabulary yet, a string is unknown with `num_oov_indices=0`, or the inputs have
            too many axes.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.StringLookup()
    >>> layer.adapt([["oak", "elm"], ["ash", "oak"]])
    >>> layer.get_vocabulary(), layer([["oak", "bamboo"]])
    (['[UNK]', 'oak', 'elm', 'ash'], tensor([[1, 0]]))
    >>> keras.layers.StringLookup(vocabulary=["oak", "elm"], invert=True)([[2, 0]])
    array([['elm', '[UNK]']], dtype=object)
    """

    _torchkeras_token_type = TokenType(
        read=_read_token,
        show=_show_token,
        to_json=_token_to_json,
        from_json=_token_from_json,
        documents=_documents,
        index=_index,
    )
    _torchkeras_without_effect = (*VocabularyLookup._torchkeras_without_effect, "oov_method", "vocabulary_dtype")

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: str | None = None,
        oov_token: str | None = "[UNK]",
        vocabulary: Any = None,
        idf_weights: Any = None,
        *,
        invert: bool = False,
        output_mode: str = "int",
        pad_to_max_tokens: bool = False,
        encoding: str = "utf-8",
        salt: Any = None,
        **kwargs: Any,
    ) -> None:
        self.encoding = _read_encoding(self, encoding)
        super().__init__(
            max_tokens, num_oov_indices, mask_token, oov_token, vocabulary, idf_weights, invert, output_mode,
            pad_to_max_tokens, salt, **kwargs,
        )  # fmt: skip

    def call(self, inputs: Any) -> Any:
        """Return the indices, the vectors, or with `invert` the strings."""
        expect_vocabulary(self)
        if self.invert:
            return _tokens_at(self, inputs)
        array = as_string_array(self, inputs)
        indices = torch.from_numpy(self.find(as_bytes(self, array))).reshape(array.shape)
        return self.encode(indices.to(self._torchkeras.pinned_device or "cpu"))

    def compute_output_signature(self, input_signature: Any) -> Any:
        """Return the `TensorSpec` that the layer gives for inputs of a given one; with `invert`, one of strings."""
        signature = super().compute_output_signature(input_signature)
        return TensorSpec(signature.shape, STRING) if self.invert else signature

    def find(self, tokens: list[bytes]) -> np.ndarray:
        """Return the index of each of many strings in UTF-8.

        Raises:
            ValueError: if there is no vocabulary yet, or a string is unknown and may not be.

        >>> import torchkeras_layer as keras
        >>> keras.layers.StringLookup(vocabulary=["a"]).find([b"b", b"a"])
        array([0, 1])
        """
        found = map(expect_vocabulary(self).index.get, tokens, itertools.repeat(-1))
        indices = np.fromiter(found, dtype="int64", count=len(tokens))
        unknown = np.flatnonzero(indices == -1)
        if unknown.size:
            strings = [tokens[place] for place in unknown]
            if self.num_oov_indices == 0:
                raise unknown_tokens(self, strings)
            first = int(self._torchkeras.derived.has_mask_index)
            spread = self.num_oov_indices > 1
            indices[unknown] = first + (bins_of(strings, self.num_oov_indices, self.salt) if spread else 0)
        return indices

    def _torchkeras_read_inputs(self, inputs: Any) -> Any:
        return read_numeric_inputs(self, inputs) if self.invert else as_string_array(self, inputs)
