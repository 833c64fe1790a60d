"""How does a layer map strings to indices in a vocabulary, and back?"""

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
from torchkeras_layer.layers.preprocessing.vocabulary import LookupTokens, TokenType, Vocabulary
from torchkeras_layer.layers.preprocessing.vocabulary_lookup import (
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
        raise ValueError(
            f"{type(layer).__name__}: tokens must be encodable in UTF-8. Received: {token!r}: {error}."
        ) from None


def _show_token(layer: StringLookup, token: bytes) -> str:
    try:
        return token.decode(layer.encoding)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{layer.name}: tokens must be encoded in encoding={layer.encoding!r}. Received: {token!r}: {error}."
        ) from None


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
        # Each string of a list or array of rank 1 is a document; a batch of rank 1 from an iterable is one document.
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
            f"{type(layer).__name__}: encoding must be the name of an encoding in Python, such as 'utf-8'. "
            f"Received: encoding={encoding!r}."
        ) from None
    return encoding


@catalog.register()
class StringLookup(StringLayer, VocabularyLookup):
    """Return the index of each string in a vocabulary, which is given, or learned by `adapt(data)`.

    The inputs are a string, a (nested) list of strings, or an array of strings; the output is an int64 tensor of the
    same shape, or vectors in floating point. Unknown strings have the indices before the vocabulary, masked ones 0.

    Args:
        max_tokens: maximum number of tokens that `adapt` learns, special tokens included.
        num_oov_indices: number of indices for unknown strings, chosen by a hash; with 0, unknown strings are an error.
        mask_token: string that means padding: it has index 0, and is not counted in the other output modes.
        oov_token: string that represents unknown ones in `get_vocabulary()`, and is returned with `invert`.
        vocabulary: list or array of strings; or the path of a text file with one string per line (not in a config).
        idf_weights: with 'tf_idf' and a vocabulary, a number for each token.
        invert: whether to map indices to an array of strings instead.
        output_mode: 'int', 'one_hot' (a vector for each string), or a vector for each row: 'multi_hot' (which tokens
            are in it), 'count' (how often) or 'tf_idf' (how often, times the idf weights).
        pad_to_max_tokens: whether vectors have length `max_tokens`, and not the number of tokens.
        encoding: the encoding in which `get_vocabulary()` decodes tokens.
        salt: an int, or two ints: the hash of unknown strings is then SipHash with this key.
        **kwargs: those of `Layer`. A `state_dict` contains the vocabulary.

    Raises:
        FileNotFoundError: if the vocabulary file does not exist.
        TypeError: for tokens or inputs that are not strings.
        ValueError: if arguments are invalid or contradict each other, or a token occurs twice or is a special token; in
            a call, if there is no vocabulary yet, or a string is unknown with `num_oov_indices=0`.

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
        """Return the indices or vectors of strings; with `invert`, the strings of indices."""
        expect_vocabulary(self)
        if self.invert:
            return _tokens_at(self, inputs)
        array = as_string_array(self, inputs)
        indices = torch.from_numpy(self.find(as_bytes(self, array))).reshape(array.shape)
        return self.encode(indices.to(self._torchkeras.pinned_device or "cpu"))

    def compute_output_signature(self, input_signature: Any) -> Any:
        """Return the `TensorSpec` of the output for inputs with a given one; with `invert`, its dtype is 'string'."""
        signature = super().compute_output_signature(input_signature)
        return TensorSpec(signature.shape, STRING) if self.invert else signature

    def find(self, tokens: list[bytes]) -> np.ndarray:
        """Return the indices of strings in UTF-8, as an int64 array.

        Raises:
            ValueError: if there is no vocabulary yet, or a string is unknown with `num_oov_indices=0`.

        >>> import torchkeras_layer as keras
        >>> keras.layers.StringLookup(vocabulary=["a"]).find([b"b", b"a"])
        array([0, 1])
        """
        found = map(expect_vocabulary(self).index.get, tokens, itertools.repeat(-1))
        indices = np.fromiter(found, dtype="int64", count=len(tokens))
        unknown = np.flatnonzero(indices == -1)
        if unknown.size:
            strings = [tokens[position] for position in unknown]
            if self.num_oov_indices == 0:
                raise unknown_tokens(self, strings)
            first = int(self._torchkeras.derived.has_mask_index)
            are_hashed = self.num_oov_indices > 1
            indices[unknown] = first + (bins_of(strings, self.num_oov_indices, self.salt) if are_hashed else 0)
        return indices

    def _torchkeras_read_inputs(self, inputs: Any) -> Any:
        return read_numeric_inputs(self, inputs) if self.invert else as_string_array(self, inputs)
