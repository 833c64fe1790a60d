"""How does a layer turn texts into the indices of their words?"""

from __future__ import annotations

import itertools
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
    """The index of each word of texts, or a vector for each text.

    The inputs are a text, a list or array of texts, also with a last axis of size 1, which is dropped. The outputs
    are an int64 tensor (texts, words), filled up with 0; or vectors in floats. Index 1 (0 in vectors) means an unknown
    word.

    Args:
        max_tokens: how many tokens `adapt` learns at most, special ones included.
        standardize: 'lower_and_strip_punctuation', 'lower', 'strip_punctuation' (all of ASCII only, as in TensorFlow),
            `None`, or a function that gets and gives an array of strings.
        split: 'whitespace', 'character', `None` for texts that are one token each, or a function that gets an array of
            strings and gives a list of tokens for each.
        ngrams: an int adds all n-grams of up to so many tokens, a tuple makes those of the sizes in it.
        output_mode: 'int', or, for each text, 'multi_hot' (which tokens are in it), 'count' (how often) or 'tf_idf'
            (how often, times the idf weights).
        output_sequence_length: with 'int', cut or fill up all texts to so many tokens; default that of the longest.
        pad_to_max_tokens: whether vectors have the length `max_tokens`, however many tokens there are.
        vocabulary: list or array of strings; or the path of a text file with one a line, which a config must not name.
        idf_weights: with 'tf_idf' and a vocabulary, a number for each token.
        encoding: that in which `get_vocabulary()` decodes tokens that were bytes.
        **kwargs: those of `Layer`. A `state_dict` holds the vocabulary.

    Raises:
        FileNotFoundError: if there is no vocabulary file of the name.
        TypeError: for inputs that are not strings.
        ValueError: if arguments are out of range or contradict each other, or `sparse` or `ragged` is given; in a call,
            if there is no vocabulary yet, or the last of several axes is not of size 1.

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
        # Only to check them: the sizes are cheap to find anew.
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
        """Return the indices or the vectors."""
        array = as_string_array(self, inputs)
        rows, lookup = _rows(self, array), self._lookup_layer
        if self.output_sequence_length is not None:
            rows = [row[: self.output_sequence_length] for row in rows]
        indices = lookup.find(list(itertools.chain.from_iterable(rows)))
        # What fills up counts as masked.
        matrix = padded(indices, list(map(len, rows)), self.output_sequence_length, lookup.mask_index())
        outputs = lookup.encode(torch.from_numpy(matrix).to(self._torchkeras.pinned_device or "cpu"))
        return outputs.reshape(*_outer_shape(self, array.shape), outputs.shape[-1])

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Learn the vocabulary from texts: the tokens that occur most often come first.

        Args:
            data: a list or array of texts; or any other iterable, of such batches.
            batch_size: accepted as in Keras, and ignored.
            steps: how many batches to take; default all.

        Raises:
            TypeError: if there is anything else in it.
            ValueError: if the vocabulary was given, or there are no tokens.
        """
        is_one = isinstance(data, (str, bytes, list, tuple, np.ndarray, torch.Tensor))
        batches = [data] if is_one else itertools.islice(data, steps)
        arrays = (as_string_array(self, batch) for batch in batches)
        # Each text of a plain list is a document.
        documents = (_rows(self, array.reshape(-1, 1) if is_one and array.ndim == 1 else array) for array in arrays)
        self._lookup_layer.learn_from(itertools.chain.from_iterable(documents))

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[str]:
        """Return the tokens in the order of their indices, by default with the special ones at the beginning."""
        return self._lookup_layer.get_vocabulary(include_special_tokens)

    def vocabulary_size(self) -> int:
        """Return how many tokens there are, special ones included."""
        return self._lookup_layer.vocabulary_size()

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Replace the vocabulary, as `StringLookup.set_vocabulary`."""
        self._lookup_layer.set_vocabulary(vocabulary, idf_weights)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs without a last axis of size 1, and, after it, the number of words or tokens.

        Raises:
            ValueError: if the last of several axes is not of size 1.
        """
        outer = _outer_shape(self, tuple(input_shape))
        if self.output_mode == "int":
            is_kept = self.split is None and self.ngrams is None and input_shape
            length = self.output_sequence_length or (input_shape[-1] if is_kept else None)
            return (*outer, length)
        return (*outer, self._lookup_layer.compute_output_shape((None, None))[-1])

    def compute_output_signature(self, input_signature: Any) -> Any:
        """Return the `TensorSpec` that the layer gives for inputs of a given one."""
        dtype = self._lookup_layer.compute_output_signature(TensorSpec((None, None))).dtype
        return TensorSpec(self.compute_output_shape(input_signature.shape), dtype)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make a layer from `get_config()`, ours, that of Keras 3 or that of TF-Keras.

        Raises:
            DeserializationError: if the config names a file with a vocabulary, or an unknown function.
            TypeError: if the constructor does not take the config.

        >>> import torchkeras_layer as keras
        >>> config = {"vocabulary": ["a", "b"], "dtype": "string"}
        >>> keras.layers.TextVectorization.from_config(config).get_vocabulary()
        ['', '[UNK]', 'a', 'b']
        """
        refuse_path(cls, config)
        if isinstance(config, dict):
            functions = {name: deserialize_keras_object(config.get(name)) for name in _FUNCTIONS if name in config}
            # TF-Keras's dtype, which is no torch dtype, says nothing about the output.
            without = [name for name in ("dtype",) if config.get(name) == "string"]
            config = {name: value for name, value in config.items() if name not in without} | functions
        return super().from_config(config)

    def _torchkeras_write_argument(self, name: str) -> Any:
        own = (*_FUNCTIONS, "ngrams", "output_mode", "output_sequence_length")
        write = super()._torchkeras_write_argument if name in own else self._lookup_layer._torchkeras_write_argument
        return write(name)


def _rows(layer: TextVectorization, array: np.ndarray) -> list[list[bytes]]:
    """Return the tokens of each text, or of each row of texts that are tokens themselves."""
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
    """Return the shape of the texts, which is that of the outputs without their last axis."""
    if layer.split is None:
        return tuple(shape[:-1])
    if len(shape) > 1 and shape[-1] not in (1, None):
        raise ValueError(
            f"{layer.name}: to be split, texts must have the shape (batch,) or (batch, 1). "
            f"Received: inputs of shape {tuple(shape)}."
        )
    return tuple(shape[:-1] if len(shape) > 1 else shape)


def _as_text(layer: TextVectorization, array: np.ndarray) -> np.ndarray:
    """Return an array of `str` for a function of the user's."""
    encoding = layer._lookup_layer.encoding
    texts = [text.decode(encoding) if isinstance(text, bytes) else text for text in array.ravel().tolist()]
    return np.array(texts, dtype=str).reshape(array.shape)
