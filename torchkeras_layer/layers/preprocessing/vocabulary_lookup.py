"""What do the layers that turn tokens into indices, or back, have in common?"""

from __future__ import annotations

import operator
import os
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from typing_extensions import Self

from torchkeras_layer.layers.arguments import positive_int
from torchkeras_layer.layers.preprocessing.encoding import read_output_mode
from torchkeras_layer.layers.preprocessing.kept_vocabulary import Vocabulary
from torchkeras_layer.layers.preprocessing.lookup_outputs import LookupOutputs
from torchkeras_layer.layers.preprocessing.number_arguments import read_numbers
from torchkeras_layer.layers.preprocessing.string_bins import read_salt
from torchkeras_layer.layers.preprocessing.token_counts import TokenCounts
from torchkeras_layer.layers.preprocessing.vocabulary import (
    Token,
    check_tokens,
    read_vocabulary,
    refuse_path,
    without_special_tokens,
)

# Each of them is a token in `get_vocabulary()`; a config must not fill the memory by one number.
_MOST_OOV_INDICES = 10_000_000


class VocabularyLookup(LookupOutputs):
    """Base of `IntegerLookup` and `StringLookup`.

    >>> import torchkeras_layer as keras
    >>> keras.layers.StringLookup(vocabulary=["a", "b"], output_mode="count")([["a", "a", "c"]])
    tensor([[1., 2., 0.]])
    """

    _torchkeras_unsupported = {"sparse": False}
    # Which Keras writes into configs, and which follow from the others.
    _torchkeras_without_effect = ("vocabulary_size", "has_input_vocabulary")

    def __init__(
        self,
        max_tokens: int | None,
        num_oov_indices: int,
        mask_token: Token,
        oov_token: Token,
        vocabulary: Any,
        idf_weights: Any,
        invert: bool,
        output_mode: str,
        pad_to_max_tokens: bool,
        salt: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.max_tokens = None if max_tokens is None else positive_int(self, "max_tokens", max_tokens)
        self.num_oov_indices = num_oov_indices
        self.mask_token = mask_token
        self.oov_token = oov_token
        self.invert = bool(invert)
        self.output_mode = read_output_mode(self, output_mode, "int", "one_hot", "multi_hot", "count", "tf_idf")
        self.pad_to_max_tokens = bool(pad_to_max_tokens)
        self.salt = read_salt(self, salt)
        self._check_arguments()
        self._mask: Any = None if mask_token is None else self._read_token(mask_token)
        self._oov: Any = None if oov_token is None else self._read_token(oov_token)
        # As the user knows them, also where they came as bytes or numpy's ints.
        self.mask_token = None if mask_token is None else self._written(self._mask)
        self.oov_token = None if oov_token is None else self._written(self._oov)
        self._has_mask_index = mask_token is not None and self.output_mode == "int"
        self._special = (self._mask,) * self._has_mask_index + (self._oov,) * self.num_oov_indices
        self.register_buffer("_idf_weights", None, persistent=False)
        # Ints beyond 256 are not exact in bfloat16.
        self._torchkeras.autocast = False
        self.built = True
        self._is_given = vocabulary is not None
        self._take_arguments(vocabulary, idf_weights)

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Token]:
        """Return the tokens in the order of their indices, by default with the special ones at the beginning.

        >>> import torchkeras_layer as keras
        >>> keras.layers.StringLookup(vocabulary=["a", "b"], mask_token="").get_vocabulary()
        ['', '[UNK]', 'a', 'b']
        """
        special = self._special if include_special_tokens else ()
        return [self._written(token) for token in (*special, *self._known_tokens())]

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Replace the vocabulary.

        Args:
            vocabulary: a list or array of tokens, with all special ones at the beginning or without any; or the path of
                a text file with one token a line, none of which is special.
            idf_weights: for 'tf_idf', a number for each token.

        Raises:
            FileNotFoundError: if there is no such file.
            TypeError: if it is something else, or a token is.
            ValueError: if it is empty or too large, a token recurs or is a special one, or the weights do not fit.
        """
        given = [self._read_token(token) for token in read_vocabulary(self, vocabulary)]
        # TensorFlow, which reads files in Keras's stead, takes every line for a token of its own.
        is_file = isinstance(vocabulary, (str, os.PathLike))
        tokens = given if is_file else without_special_tokens(given, self._special)
        reserved = {"mask_token": self._mask, "oov_token": self._oov if self.invert and not is_file else None}
        reserved = {name: token for name, token in reserved.items() if token is not None}
        check_tokens(self, tokens, reserved, self._written)
        self._learn(Vocabulary(tokens, self._read_idf_weights(idf_weights, len(given))))

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Learn the vocabulary from data: the tokens that occur most often come first.

        Args:
            data: an array or list of tokens, in which each row is a document; or any other iterable, of such batches.
            batch_size: taken, and without effect.
            steps: how many batches to take; default all.

        Raises:
            TypeError: if there is anything else in it.
            ValueError: if the vocabulary was given, or there are no tokens.
        """
        self.learn_from(self._documents(data, steps))

    def learn_from(self, documents: Iterable[list[Token]]) -> None:
        """Learn the vocabulary from lists of tokens as the layer keeps them.

        Raises:
            ValueError: if the vocabulary was given, or there are no tokens.
        """
        if self._is_given:
            raise ValueError(f"{self.name}: adapt() cannot change a vocabulary that was given. Leave it out.")
        counts = TokenCounts()
        counts.add(documents)
        limit = None if self.max_tokens is None else max(self.max_tokens - len(self._special), 0)
        tokens = counts.most_common({self._mask, self._oov}, limit)
        if not tokens:
            raise ValueError(f"{self.name}: adapt() found no tokens. Check the data, and that max_tokens allows any.")
        is_weighted = self.output_mode == "tf_idf"
        self._learn(Vocabulary(tokens, counts.inverse_document_frequencies(tokens) if is_weighted else ()))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments of the constructor; a vocabulary that was learnt, or read from a file, is not in it."""
        # Keras's lookups do not take these.
        return {name: value for name, value in super().get_config().items() if name not in ("autocast", "dynamic")}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make a layer from `get_config()`.

        Raises:
            DeserializationError: if the config names a file with a vocabulary.
            TypeError: if the constructor does not take the config.

        >>> import torchkeras_layer as keras
        >>> keras.layers.IntegerLookup.from_config({"vocabulary": [5, 7]}).get_vocabulary()
        [-1, 5, 7]
        """
        refuse_path(cls, config)
        return super().from_config(config)

    def _take_arguments(self, vocabulary: Any, idf_weights: Any) -> None:
        """Keep what belongs into the config, and learn the vocabulary."""
        is_plain = isinstance(vocabulary, (list, tuple, np.ndarray, torch.Tensor))
        weights = () if idf_weights is None else self._read_weights(idf_weights)
        self._given = Vocabulary(read_vocabulary(self, vocabulary) if is_plain else (), weights)
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)

    def _check_arguments(self) -> None:
        received = f"max_tokens={self.max_tokens}, num_oov_indices={self.num_oov_indices}, invert={self.invert}"
        try:
            self.num_oov_indices = operator.index(self.num_oov_indices)
        except TypeError:
            self.num_oov_indices = -1
        problem = None
        if not 0 <= self.num_oov_indices <= _MOST_OOV_INDICES:
            problem = f"num_oov_indices must be an int from 0 to {_MOST_OOV_INDICES}"
        elif self.max_tokens is not None and self.max_tokens <= 1:
            problem = "max_tokens must be an int above 1"
        elif self.pad_to_max_tokens and self.max_tokens is None:
            problem = "pad_to_max_tokens needs max_tokens"
        elif self.invert and self.output_mode != "int":
            problem = f"invert is for output_mode='int', not {self.output_mode!r}"
        elif self.invert and self.oov_token is None:
            problem = "invert needs an oov_token, for indices without a token"
        if problem is not None:
            raise ValueError(f"{type(self).__name__}: {problem}. Received: {received}.")

    def _read_idf_weights(self, idf_weights: Any, count: int) -> list[float]:
        is_weighted = self.output_mode == "tf_idf"
        if is_weighted != (idf_weights is not None):
            raise ValueError(
                f"{self.name}: idf_weights must be given with a vocabulary for output_mode='tf_idf', and for no other. "
                f"Received: output_mode={self.output_mode!r}, idf_weights={idf_weights!r}."
            )
        weights = [] if idf_weights is None else self._read_weights(idf_weights)
        if is_weighted and len(weights) != count:
            raise ValueError(
                f"{self.name}: idf_weights must be one number for each of the {count} tokens in the vocabulary. "
                f"Received: {len(weights)} numbers."
            )
        return weights

    def _read_weights(self, idf_weights: Any) -> list[float]:
        weights = read_numbers(self, "idf_weights", idf_weights)
        if weights.ndim != 1:
            raise ValueError(
                f"{type(self).__name__}: idf_weights must be a list of numbers, one for each token. "
                f"Received: idf_weights={idf_weights!r}."
            )
        return weights.tolist()

    def _expect_vocabulary(self) -> Vocabulary:
        if self._vocabulary is None:
            raise ValueError(
                f"{self.name}: it has no vocabulary yet. Call adapt(data) or set_vocabulary(...), give vocabulary=..., "
                "or load a state_dict."
            )
        return self._vocabulary

    def _unknown(self, tokens: Sequence[Any]) -> ValueError:
        some = list(dict.fromkeys(self._written(token) for token in tokens))[:9]
        return ValueError(
            f"{self.name}: with num_oov_indices=0 all tokens must be in the vocabulary. Received: {some}. "
            "Give num_oov_indices=1."
        )

    def _torchkeras_write_argument(self, name: str) -> Any:
        if name in ("vocabulary", "idf_weights"):
            return list(self._given.tokens if name == "vocabulary" else self._given.weights) or None
        return getattr(self, name)

    def _read_token(self, token: Any) -> Token:
        """Return a token as the layer keeps it, or raise a TypeError."""
        return token

    def _written(self, token: Token) -> Any:
        """Return a token as the user knows it."""
        return token

    def _documents(self, data: Any, steps: int | None) -> Iterable[list[Token]]:
        """Give the rows of all batches."""
        raise NotImplementedError
