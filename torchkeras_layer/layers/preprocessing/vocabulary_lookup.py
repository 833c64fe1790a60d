"""What do the layers have in common that map tokens to indices in a vocabulary, and back?"""

from __future__ import annotations

import json
import operator
import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import torch
from typing_extensions import Self

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layer.dtypes import weights_device
from torchkeras_layer.layers.arguments import positive_int
from torchkeras_layer.layers.preprocessing.data_layer import DataLayer
from torchkeras_layer.layers.preprocessing.encoding import encode, encoded_shape, read_output_mode
from torchkeras_layer.layers.preprocessing.hash_bins import read_salt
from torchkeras_layer.layers.preprocessing.vocabulary import (
    LookupTokens,
    Token,
    TokenCounts,
    TokenType,
    Vocabulary,
    check_tokens,
    idf_weights_for,
    read_idf_weights,
    read_vocabulary,
    refuse_path,
    without_special_tokens,
)
from torchkeras_layer.layers.preprocessing.vocabulary_files import read_tokens, write_tokens
from torchkeras_layer.symbolic import TensorSpec

# Each of them is a token in `get_vocabulary()`: a number in a config must not exhaust the memory.
_MOST_OOV_INDICES = 10_000_000


class VocabularyLookup(DataLayer):
    """Base of `IntegerLookup` and `StringLookup`. In a `state_dict`, the vocabulary is torch's extra state, as bytes.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.StringLookup(output_mode="count"); layer.adapt(["b", "a", "b"])
    >>> other = keras.layers.StringLookup(output_mode="count"); _ = other.load_state_dict(layer.state_dict())
    >>> other.get_vocabulary(), other([["a", "a", "c"]])
    (['[UNK]', 'b', 'a'], tensor([[1., 0., 2.]]))
    """

    _torchkeras_unsupported = {"sparse": False}
    # Keras writes these into configs, but they follow from other entries.
    _torchkeras_without_effect = ("vocabulary_size", "has_input_vocabulary")
    # Which tokens the layer takes, ints or strings, and how they are read and shown.
    _torchkeras_token_type: ClassVar[TokenType]
    # How much each token counts in 'tf_idf', special ones included.
    _torchkeras_idf_weights: Any

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
        _check_arguments(self)
        self.register_buffer("_torchkeras_idf_weights", None, persistent=False)
        # Ints beyond 256 are not exact in bfloat16.
        self._torchkeras.autocast = False
        self.built = True
        self._torchkeras.derived = _read_tokens(self, vocabulary, idf_weights)
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)

    @property
    def idf_weights(self) -> torch.Tensor | None:
        """The idf weight of each token, special tokens included; `None` without 'tf_idf' or a vocabulary."""
        return self._torchkeras_idf_weights

    def get_vocabulary(self, include_special_tokens: bool = True) -> list[Token]:
        """Return the tokens in the order of their indices, by default with the special tokens at the beginning.

        >>> import torchkeras_layer as keras
        >>> keras.layers.StringLookup(vocabulary=["a", "b"], mask_token="").get_vocabulary()
        ['', '[UNK]', 'a', 'b']
        """
        tokens: LookupTokens = self._torchkeras.derived
        special = tokens.special if include_special_tokens else ()
        known = () if tokens.vocabulary is None else tokens.vocabulary.tokens
        return [self._torchkeras_token_type.show(self, token) for token in (*special, *known)]

    def vocabulary_size(self) -> int:
        """Return the number of tokens, special tokens included."""
        tokens: LookupTokens = self._torchkeras.derived
        return len(tokens.special) + (0 if tokens.vocabulary is None else len(tokens.vocabulary.tokens))

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Replace the vocabulary.

        Args:
            vocabulary: list or array of tokens, with all special tokens at the beginning, or without any; or the path
                of a text file with one token per line, without special tokens.
            idf_weights: for 'tf_idf', a number for each token.

        Raises:
            FileNotFoundError: if the file does not exist.
            TypeError: if `vocabulary` is anything else, or a token has the wrong type.
            ValueError: if it is empty or too large, a token occurs twice or is special, or the weights do not fit.
        """
        tokens: LookupTokens = self._torchkeras.derived
        kind = self._torchkeras_token_type
        given = [kind.read(self, token) for token in read_vocabulary(self, vocabulary)]
        # TensorFlow, which reads files for Keras, treats every line as a token that is not special.
        is_file = isinstance(vocabulary, (str, os.PathLike))
        new = given if is_file else without_special_tokens(given, tokens.special)
        reserved = {"mask_token": tokens.mask, "oov_token": tokens.oov if self.invert and not is_file else None}
        reserved = {name: token for name, token in reserved.items() if token is not None}
        check_tokens(self, new, reserved, lambda token: kind.show(self, token))
        _learn(self, Vocabulary(new, idf_weights_for(self, idf_weights, len(given))))

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Learn the vocabulary from data; the most frequent tokens come first.

        Args:
            data: array or list of tokens, in which each row is a document; or another iterable of such batches.
            batch_size: accepted as in Keras, and ignored.
            steps: maximum number of batches to use; by default all.

        Raises:
            TypeError: if the data contains anything but tokens.
            ValueError: if the vocabulary was given, or there are no tokens.
        """
        self.learn_from(self._torchkeras_token_type.documents(self, data, steps))

    def learn_from(self, documents: Iterable[list[Token]]) -> None:
        """Learn the vocabulary from documents: lists of tokens in the layer's form.

        Raises:
            ValueError: if the vocabulary was given, or there are no tokens.
        """
        tokens: LookupTokens = self._torchkeras.derived
        if tokens.is_given:
            raise ValueError(
                f"{self.name}: adapt() cannot change a vocabulary that was given. Leave it out of the constructor."
            )
        counts = TokenCounts()
        counts.add(documents)
        limit = None if self.max_tokens is None else max(self.max_tokens - len(tokens.special), 0)
        learned = counts.most_common({tokens.mask, tokens.oov}, limit)
        if not learned:
            raise ValueError(f"{self.name}: adapt() found no tokens. Check the data, and that max_tokens allows any.")
        is_weighted = self.output_mode == "tf_idf"
        _learn(self, Vocabulary(learned, counts.inverse_document_frequencies(learned) if is_weighted else ()))

    def encode(self, indices: torch.Tensor) -> torch.Tensor:
        """Return indices in the output mode of the layer; masked tokens must have the index `mask_index()`."""
        mode, dtype = self.output_mode, _output_dtype(self)
        if mode == "int":
            return indices.to(dtype)
        outputs = encode(indices, "count" if mode == "tf_idf" else mode, _depth(self) + 1, dtype)[..., :-1]
        return outputs * self._torchkeras_idf_weights.to(dtype) if mode == "tf_idf" else outputs

    def mask_index(self) -> int:
        """Return the index of masked tokens for `encode`."""
        return 0 if self.output_mode == "int" else _depth(self)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs, or of the vectors made of them."""
        if self.output_mode == "int":
            return tuple(input_shape)
        is_known = self.pad_to_max_tokens or self._torchkeras.derived.vocabulary is not None
        return encoded_shape(self.output_mode, _depth(self) if is_known else None, input_shape)

    def compute_output_signature(self, input_signature: Any) -> Any:
        """Return the `TensorSpec` of the output for inputs with a given `TensorSpec`."""
        return TensorSpec(self.compute_output_shape(input_signature.shape), _output_dtype(self))

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate this layer; a learned vocabulary is not included."""
        # Keras's lookups do not accept these two.
        return {name: value for name, value in super().get_config().items() if name not in ("autocast", "dynamic")}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Create a layer from a config of this library, Keras 3 or TF-Keras.

        Raises:
            DeserializationError: if the config names a vocabulary file.
            TypeError: if the constructor does not accept the config.

        >>> import torchkeras_layer as keras
        >>> keras.layers.IntegerLookup.from_config({"vocabulary": [5, 7]}).get_vocabulary()
        [-1, 5, 7]
        """
        refuse_path(cls, config)
        return super().from_config(config)

    def get_extra_state(self) -> torch.Tensor:
        """Return the vocabulary for the `state_dict`."""
        kept: Vocabulary | None = self._torchkeras.derived.vocabulary
        to_json = self._torchkeras_token_type.to_json
        tokens = None if kept is None else [to_json(self, token) for token in kept.tokens]
        text = json.dumps({"tokens": tokens, "idf_weights": [] if kept is None else kept.weights})
        return torch.frombuffer(bytearray(text, "ascii"), dtype=torch.uint8)

    def set_extra_state(self, state: Any) -> None:
        """Set the vocabulary to that of a `state_dict`.

        Raises:
            ValueError: if it does not contain one for this layer; nothing changes then.
        """
        from_json = self._torchkeras_token_type.from_json
        try:
            content = json.loads(state.detach().cpu().to(torch.uint8).numpy().tobytes())
            weights = [float(weight) for weight in content["idf_weights"]]
            tokens = content["tokens"]
            if tokens is None:
                self._torchkeras.derived = replace(self._torchkeras.derived, vocabulary=None)
            else:
                _learn(self, Vocabulary([from_json(self, token) for token in tokens], weights))
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
            raise ValueError(
                f"{self.name}: '_extra_state' in the state_dict must contain a vocabulary for this layer: {error}."
            ) from error

    def save_own_variables(self, store: dict[str, Any]) -> None:
        """Put the idf weights of all tokens, special ones included, into `store`, as Keras does; of 'tf_idf' only."""
        if self._torchkeras_idf_weights is not None:
            store["idf_weights"] = self._torchkeras_idf_weights.cpu().numpy()

    def load_own_variables(self, store: Any) -> None:
        """Take the idf weights of all tokens out of `store`; if there is no vocabulary yet, for the one to come."""
        known: Vocabulary | None = self._torchkeras.derived.vocabulary
        if self.output_mode == "tf_idf":
            weights = np.asarray(store["idf_weights"], dtype="float32")
            self._torchkeras_idf_weights = torch.tensor(weights, device=weights_device(self))
            if known is not None:
                _learn(self, Vocabulary(known.tokens, _weights_of(self, self.vocabulary_size())))

    def save_assets(self, dir_path: str | os.PathLike[str]) -> None:
        """Write the vocabulary, if it is not in the config, into the file 'vocabulary.txt' of a folder, as Keras does.

        Raises:
            ValueError: if a token contains the end of a line.
        """
        if not self._torchkeras.derived.is_given and self._torchkeras.derived.vocabulary is not None:
            write_tokens(self, dir_path, self.get_vocabulary())

    def load_assets(self, dir_path: str | os.PathLike[str]) -> None:
        """Take the vocabulary, if it is not in the config, out of the file 'vocabulary.txt' of a folder.

        Raises:
            FileNotFoundError: if there is none.
            TypeError, ValueError: if it does not fit the layer.
        """
        if not self._torchkeras.derived.is_given:
            tokens = read_tokens(self, dir_path)
            self.set_vocabulary(tokens, _weights_of(self, len(tokens)) if self.output_mode == "tf_idf" else None)

    def _torchkeras_write_argument(self, name: str) -> Any:
        if name in ("vocabulary", "idf_weights"):
            given: Vocabulary = self._torchkeras.derived.given
            return list(given.tokens if name == "vocabulary" else given.weights) or None
        return getattr(self, name)


def expect_vocabulary(layer: VocabularyLookup) -> Vocabulary:
    """Return the vocabulary of a layer.

    Raises:
        ValueError: if there is none yet.

    >>> import torchkeras_layer as keras
    >>> expect_vocabulary(keras.layers.IntegerLookup(vocabulary=[5, 7])).tokens
    (5, 7)
    """
    vocabulary = layer._torchkeras.derived.vocabulary
    if vocabulary is None:
        raise ValueError(
            f"{layer.name}: has no vocabulary yet. Call adapt(data) or set_vocabulary(...), pass vocabulary=..., or "
            "load a state_dict."
        )
    return vocabulary


def unknown_tokens(layer: VocabularyLookup, tokens: Sequence[Any]) -> ValueError:
    """Return the error for unknown tokens with `num_oov_indices=0`.

    >>> import torchkeras_layer as keras
    >>> unknown_tokens(keras.layers.IntegerLookup(name="ints"), [5]).args[0]
    'ints: with num_oov_indices=0, all tokens must be in the vocabulary. Received: [5]. Pass num_oov_indices=1.'
    """
    show = layer._torchkeras_token_type.show
    some = list(dict.fromkeys(show(layer, token) for token in tokens))[:9]
    return ValueError(
        f"{layer.name}: with num_oov_indices=0, all tokens must be in the vocabulary. Received: {some}. "
        "Pass num_oov_indices=1."
    )


def _read_tokens(layer: VocabularyLookup, vocabulary: Any, idf_weights: Any) -> LookupTokens:
    """Read the special tokens and the vocabulary for the config; the layer's own vocabulary is not set yet."""
    kind = layer._torchkeras_token_type
    mask = None if layer.mask_token is None else kind.read(layer, layer.mask_token)
    oov = None if layer.oov_token is None else kind.read(layer, layer.oov_token)
    # In the user's form, even if they were given as bytes or numpy's ints.
    layer.mask_token = None if mask is None else kind.show(layer, mask)
    layer.oov_token = None if oov is None else kind.show(layer, oov)
    has_mask_index = mask is not None and layer.output_mode == "int"
    is_plain = isinstance(vocabulary, (list, tuple, np.ndarray, torch.Tensor))
    weights = () if idf_weights is None else read_idf_weights(layer, idf_weights)
    return LookupTokens(
        mask=mask,
        oov=oov,
        has_mask_index=has_mask_index,
        special=(mask,) * has_mask_index + (oov,) * layer.num_oov_indices,
        given=Vocabulary(read_vocabulary(layer, vocabulary) if is_plain else (), weights),
        is_given=vocabulary is not None,
    )


def _learn(layer: VocabularyLookup, vocabulary: Vocabulary) -> None:
    """Set the vocabulary of a layer, or raise a ValueError before anything changes."""
    tokens: LookupTokens = layer._torchkeras.derived
    count, special = len(vocabulary.tokens), len(tokens.special)
    if layer.max_tokens is not None and special + count > layer.max_tokens:
        raise ValueError(
            f"{layer.name}: the vocabulary must have at most max_tokens={layer.max_tokens} tokens. Received: "
            f"{special + count} tokens, {special} of them special."
        )
    if len(vocabulary.weights) not in ((count, special + count) if layer.output_mode == "tf_idf" else (0,)):
        raise ValueError(
            f"{layer.name}: idf_weights must fit the vocabulary and output_mode={layer.output_mode!r}. Received: "
            f"{len(vocabulary.weights)} weights for {count} tokens."
        )
    layer._torchkeras.derived = replace(tokens, vocabulary=vocabulary)
    if vocabulary.weights:
        layer._torchkeras_idf_weights = _idf_weights_of_all(layer, vocabulary)
    layer._torchkeras_token_type.index(layer, vocabulary)


def _idf_weights_of_all(layer: VocabularyLookup, vocabulary: Vocabulary) -> torch.Tensor:
    weights = list(vocabulary.weights)
    if len(weights) == len(vocabulary.tokens):
        # Special tokens have no weights of their own; they have the mean.
        weights = [float(np.mean(weights))] * len(layer._torchkeras.derived.special) + weights
    padding = layer.max_tokens - len(weights) if layer.pad_to_max_tokens and layer.max_tokens is not None else 0
    return torch.tensor(weights + [0.0] * padding, device=weights_device(layer))


def _weights_of(layer: VocabularyLookup, count: int) -> list[float]:
    """Return the idf weights of the first tokens; the others are padding."""
    return [] if layer._torchkeras_idf_weights is None else layer._torchkeras_idf_weights[:count].tolist()


def _depth(layer: VocabularyLookup) -> int:
    return layer.max_tokens if layer.pad_to_max_tokens else layer.vocabulary_size()  # type: ignore[return-value]


def _output_dtype(layer: VocabularyLookup) -> torch.dtype:
    compute = layer._torchkeras.compute_dtype
    return torch.int64 if layer.output_mode == "int" and compute.is_floating_point else compute


def _check_arguments(layer: VocabularyLookup) -> None:
    received = f"max_tokens={layer.max_tokens}, num_oov_indices={layer.num_oov_indices}, invert={layer.invert}"
    try:
        layer.num_oov_indices = operator.index(layer.num_oov_indices)
    except TypeError:
        layer.num_oov_indices = -1
    problem = None
    if not 0 <= layer.num_oov_indices <= _MOST_OOV_INDICES:
        problem = f"num_oov_indices must be an int from 0 to {_MOST_OOV_INDICES}"
    elif layer.max_tokens is not None and layer.max_tokens <= 1:
        problem = "max_tokens must be an int above 1"
    elif layer.pad_to_max_tokens and layer.max_tokens is None:
        problem = "pad_to_max_tokens needs max_tokens"
    elif layer.invert and layer.output_mode != "int":
        problem = f"invert is for output_mode='int', not {layer.output_mode!r}"
    elif layer.invert and layer.oov_token is None:
        problem = "invert needs an oov_token, for indices without a token"
    if problem is not None:
        raise ValueError(f"{type(layer).__name__}: {problem}. Received: {received}.")
