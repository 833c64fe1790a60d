"""How does a layer map texts to the indices of their tokens?"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from typing_extensions import Self

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.preprocessing.data_layer import StringLayer, as_bytes, as_string_array
from torchkeras_layer.layers.preprocessing.encoding import read_output_mode
from torchkeras_layer.layers.preprocessing.string_lookup import StringLookup
from torchkeras_layer.layers.preprocessing.text_splitting import (
    padded,
    read_choice,
    read_length,
    read_ngrams,
    split_texts,
    standardized,
    with_ngrams,
)
from torchkeras_layer.layers.preprocessing.vocabulary import refuse_path
from torchkeras_layer.registry import deserialize_keras_object
from torchkeras_layer.symbolic import TensorSpec

_STANDARDIZATIONS = ("lower_and_strip_punctuation", "lower", "strip_punctuation")
_FUNCTIONS = ("standardize", "split")


@catalog.register()
class TextVectorization(StringLayer):
    """Return the indices of the tokens of texts, or a vector for each text.

    The inputs are a text, or a list or array of texts; a last axis of size 1 is dropped. The output is an int64 tensor
    (texts, tokens), padded with 0; or vectors in floating point. Unknown tokens have index 1 (0 in vectors).

    Args:
        max_tokens: maximum number of tokens that `adapt` learns, special tokens included.
        standardize: 'lower_and_strip_punctuation', 'lower' or 'strip_punctuation' (for ASCII only, as in TensorFlow),
            `None`, or a function from an array of strings to an array of strings.
        split: 'whitespace', 'character', `None` for texts that are one token each, or a function from an array of
            strings to a list of tokens for each.
        ngrams: an int adds all n-grams of up to this many tokens; a tuple uses n-grams of the given sizes only.
        output_mode: 'int', or a vector for each text: 'multi_hot' (which tokens are in it), 'count' (how often) or
            'tf_idf' (how often, times the idf weights).
        output_sequence_length: with 'int', the number of tokens to which all texts are truncated or padded; by default
            that of the longest text.
        pad_to_max_tokens: whether vectors have length `max_tokens`, and not the number of tokens.
        vocabulary: list or array of strings; or the path of a text file with one string per line (not in a config).
        idf_weights: with 'tf_idf' and a vocabulary, a number for each token.
        encoding: the encoding in which `get_vocabulary()` decodes tokens.
        **kwargs: those of `Layer`. A `state_dict` contains the vocabulary.

    Raises:
        FileNotFoundError: if the vocabulary file does not exist.
        TypeError: for inputs that are not strings.
        ValueError: if arguments are invalid or contradict each other, or `sparse` or `ragged` is given; in a call, if
            there is no vocabulary yet, or the inputs are neither of shape (batch,) nor (batch, 1).

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.TextVectorization()
    >>> layer.adapt(["The tide rises.", "The tide falls, the night comes!"])
    >>> layer.get_vocabulary()
    ['', '[UNK]', 'the', 'tide', 'rises', 'night', 'falls', 'comes']
    >>> layer(["The day rises", "Night"])
    tensor([[2, 1, 4],
            [5, 0, 0]])
    """

    _torchkeras_unsupported = {"sparse": False, "ragged": False}
    _torchkeras_without_effect = ("vocabulary_size", "has_input_vocabulary")

    def __init__(
        self,
        max_tokens: int | None = None,
        standardize: str | Callable[..., Any] | None = "lower_and_strip_punctuation",
        split: str | Callable[..., Any] | None = "whitespace",
        ngrams: int | tuple[int, ...] | None = None,
        output_mode: str = "int",
        output_sequence_length: int | None = None,
        pad_to_max_tokens: bool = False,
        vocabulary: Any = None,
        idf_weights: Any = None,
        *,
        encoding: str = "utf-8",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.standardize = read_choice(self, "standardize", standardize, *_STANDARDIZATIONS)
        self.split = read_choice(self, "split", split, "whitespace", "character")
        self.ngrams = tuple(ngrams) if isinstance(ngrams, list) else ngrams
        # This only checks the argument; the sizes are cheap to compute again.
        read_ngrams(self, ngrams)
        self.output_mode = read_output_mode(self, output_mode, "int", "multi_hot", "count", "tf_idf")
        self.output_sequence_length = read_length(self, output_sequence_length, self.output_mode)
        self._lookup_layer = StringLookup(
            max_tokens=max_tokens,
            vocabulary=vocabulary,
            idf_weights=idf_weights,
            pad_to_max_tokens=pad_to_max_tokens,
            mask_token="",
            output_mode=self.output_mode,
            encoding=encoding,
            dtype=self._torchkeras.policy,
            name=f"{self.name}_lookup",
        )
        self.built = True

    def call(self, inputs: Any) -> torch.Tensor:
        """Return the indices of the tokens, or the vectors."""
        array = as_string_array(self, inputs)
        rows, lookup = _rows(self, array), self._lookup_layer
        if self.output_sequence_length is not None:
            rows = [row[: self.output_sequence_length] for row in rows]
        indices = lookup.find(list(itertools.chain.from_iterable(rows)))
        # Padding is masked.
        matrix = padded(indices, list(map(len, rows)), self.output_sequence_length, lookup.mask_index())
        outputs = lookup.encode(torch.from_numpy(matrix).to(self._torchkeras.pinned_device or "cpu"))
        return outputs.reshape(*_outer_shape(self, array.shape), outputs.shape[-1])

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Learn the vocabulary from texts; the most frequent tokens come first.

        Args:
            data: a list or array of texts; or another iterable of such batches.
            batch_size: accepted as in Keras, and ignored.
            steps: maximum number of batches to use; by default all.

        Raises:
            TypeError: if the data contains anything but texts.
            ValueError: if the vocabulary was given, or there are no tokens.

        >>> layer = TextVectorization(); layer.adapt(["a b", "a"]); layer.get_vocabulary()
        ['', '[UNK]', 'a', 'b']
        """
        is_one = isinstance(data, (str, bytes, list, tuple, np.ndarray, torch.Tensor))
        batches = [data] if is_one else itertools.islice(data, steps)
        arrays = (as_string_array(self, batch) for batch in batches)
        # Each text of a plain list is a document.
        documents = (_rows(self, array.reshape(-1, 1) if is_one and array.ndim == 1 else array) for array in arrays)
        self._lookup_layer.learn_from(itertools.chain.from_iterable(documents))

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[str]:
        """Return the tokens in the order of their indices, by default with the special tokens at the beginning.

        >>> TextVectorization(vocabulary=["a", "b"]).get_vocabulary(include_special_tokens=False)
        ['a', 'b']
        """
        return self._lookup_layer.get_vocabulary(include_special_tokens)

    def vocabulary_size(self) -> int:
        """Return the number of tokens, special tokens included.

        >>> TextVectorization(vocabulary=["a", "b"]).vocabulary_size()
        4
        """
        return self._lookup_layer.vocabulary_size()

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Replace the vocabulary; see `StringLookup.set_vocabulary`.

        >>> layer = TextVectorization(); layer.set_vocabulary(["a"]); layer("a b")
        tensor([2, 1])
        """
        self._lookup_layer.set_vocabulary(vocabulary, idf_weights)

    def save_own_variables(self, store: dict[str, Any]) -> None:
        """Put the idf weights of all tokens into `store`; of 'tf_idf' only."""
        self._lookup_layer.save_own_variables(store)

    def load_own_variables(self, store: Any) -> None:
        """Take the idf weights of all tokens out of `store`."""
        self._lookup_layer.load_own_variables(store)

    def save_assets(self, dir_path: str | os.PathLike[str]) -> None:
        """Write the vocabulary, if it is not in the config, into the file 'vocabulary.txt' of a folder."""
        self._lookup_layer.save_assets(dir_path)

    def load_assets(self, dir_path: str | os.PathLike[str]) -> None:
        """Take the vocabulary, if it is not in the config, out of the file 'vocabulary.txt' of a folder."""
        self._lookup_layer.load_assets(dir_path)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs without a last axis of size 1, followed by the number of tokens.

        Raises:
            ValueError: if the inputs are neither of shape (batch,) nor (batch, 1).
        """
        outer = _outer_shape(self, tuple(input_shape))
        if self.output_mode == "int":
            is_kept = self.split is None and self.ngrams is None and input_shape
            length = self.output_sequence_length or (input_shape[-1] if is_kept else None)
            return (*outer, length)
        return (*outer, self._lookup_layer.compute_output_shape((None, None))[-1])

    def compute_output_signature(self, input_signature: Any) -> Any:
        """Return the `TensorSpec` of the output for inputs with a given `TensorSpec`."""
        dtype = self._lookup_layer.compute_output_signature(TensorSpec((None, None))).dtype
        return TensorSpec(self.compute_output_shape(input_signature.shape), dtype)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Create a layer from a config of this library, Keras 3 or TF-Keras.

        Raises:
            DeserializationError: if the config names a vocabulary file, or an unknown function.
            TypeError: if the constructor does not accept the config.

        >>> import torchkeras_layer as keras
        >>> config = {"vocabulary": ["a", "b"], "dtype": "string"}
        >>> keras.layers.TextVectorization.from_config(config).get_vocabulary()
        ['', '[UNK]', 'a', 'b']
        """
        refuse_path(cls, config)
        if isinstance(config, dict):
            functions = {name: deserialize_keras_object(config.get(name)) for name in _FUNCTIONS if name in config}
            # The dtype 'string' of TF-Keras is not a torch dtype, and does not affect the output.
            without = [name for name in ("dtype",) if config.get(name) == "string"]
            config = {name: value for name, value in config.items() if name not in without} | functions
        return super().from_config(config)

    def _torchkeras_write_argument(self, name: str) -> Any:
        own = (*_FUNCTIONS, "ngrams", "output_mode", "output_sequence_length")
        write = super()._torchkeras_write_argument if name in own else self._lookup_layer._torchkeras_write_argument
        return write(name)


def _rows(layer: TextVectorization, array: np.ndarray) -> list[list[bytes]]:
    """Return the tokens of each text; with `split=None`, of each row of texts."""
    outer = _outer_shape(layer, array.shape)
    if callable(layer.standardize):
        array = as_string_array(layer, layer.standardize(_as_text(layer, array)))
    texts = as_bytes(layer, array)
    if isinstance(layer.standardize, str):
        texts = standardized(texts, layer.standardize)
    if callable(layer.split):
        split = layer.split(_as_text(layer, np.array(texts, dtype=object).reshape(outer)))
        rows = [as_bytes(layer, np.array(list(tokens), dtype=object)) for tokens in split]
    elif layer.split is not None:
        rows = split_texts(texts, layer.split)
    else:
        width = array.shape[-1] if array.ndim else 1
        rows = [texts[start : start + width] for start in range(0, len(texts), max(width, 1))]
    sizes = read_ngrams(layer, layer.ngrams)
    return rows if sizes is None else [with_ngrams(row, sizes) for row in rows]


def _outer_shape(layer: TextVectorization, shape: Any) -> tuple[Any, ...]:
    """Return the shape of the texts, which is that of the output without its last axis."""
    if layer.split is None:
        return tuple(shape[:-1])
    if len(shape) > 1 and shape[-1] not in (1, None):
        raise ValueError(
            f"{layer.name}: texts that are split must have shape (batch,) or (batch, 1). "
            f"Received: inputs of shape {tuple(shape)}."
        )
    return tuple(shape[:-1] if len(shape) > 1 else shape)


def _as_text(layer: TextVectorization, array: np.ndarray) -> np.ndarray:
    """Return an array of `str`, which a user's function takes."""
    encoding = layer._lookup_layer.encoding
    texts = [text.decode(encoding) if isinstance(text, bytes) else text for text in array.ravel().tolist()]
    return np.array(texts, dtype=str).reshape(array.shape)
