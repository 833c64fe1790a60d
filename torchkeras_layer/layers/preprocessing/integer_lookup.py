"""How does a layer turn ints of any size into indices, and back?"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch

from torchkeras_layer.layer.dtypes import weights_device
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import one_of
from torchkeras_layer.layers.preprocessing.hash_bins import bins_of_ints
from torchkeras_layer.layers.preprocessing.numeric_data import batches_of
from torchkeras_layer.layers.preprocessing.vocabulary import TokenType, Vocabulary
from torchkeras_layer.layers.preprocessing.vocabulary_lookup import (
    LookupTokens,
    VocabularyLookup,
    expect_vocabulary,
    unknown_tokens,
)


def _read_token(layer: IntegerLookup, token: Any) -> int:
    try:
        # A line of a file is a string of digits.
        number = int(token) if isinstance(token, str) else operator.index(token)
    except (TypeError, ValueError):
        number = None
    if number is None or isinstance(token, bool) or not -(2**63) <= number < 2**63:
        raise TypeError(f"{type(layer).__name__}: tokens must be ints of 64 bits. Received: {token!r}.")
    return number


def _token_as_it_is(layer: IntegerLookup, token: int) -> int:
    return token


def _documents(layer: IntegerLookup, data: Any, steps: int | None) -> Iterable[list[int]]:
    is_one = isinstance(data, (list, tuple, np.ndarray, torch.Tensor))
    for batch in batches_of(layer, np.asarray(data) if isinstance(data, (list, tuple)) else data, steps):
        values = batch.to(torch.int64)
        # Each int of a plain list is a document of its own; a batch with one axis is one document.
        rows = values.reshape(-1, values.shape[-1] if values.dim() > 1 else 1 if is_one else max(len(values), 1))
        yield from rows.tolist()


def _index(layer: IntegerLookup, vocabulary: Vocabulary) -> None:
    """Make the tables that a call searches: the tokens in ascending order, and their indices."""
    kept: LookupTokens = layer._torchkeras.derived
    device = weights_device(layer)
    tokens = torch.tensor(vocabulary.tokens, dtype=torch.int64, device=device)
    first = len(kept.special)
    indices = torch.arange(first, first + len(tokens), device=device)
    if kept.mask is not None:
        tokens = torch.cat([tokens, tokens.new_tensor([kept.mask])])
        indices = torch.cat([indices, indices.new_tensor([layer.mask_index()])])
    keys, order = tokens.sort()
    layer.register_buffer("_torchkeras_keys", keys, persistent=False)
    layer.register_buffer("_torchkeras_indices", indices[order], persistent=False)
    if layer.invert:
        layer.register_buffer("_torchkeras_tokens", tokens.new_tensor(layer.get_vocabulary()), persistent=False)


@catalog.register()
class IntegerLookup(VocabularyLookup):
    """The index of each int in a vocabulary, which is given, or learnt by `adapt(data)`.

    Shapes: any -> the same, in int64; other output modes as for `StringLookup`. Everything is done on the device of the
    inputs.

    Args:
        max_tokens: how many tokens `adapt` learns at most, special ones included.
        num_oov_indices: over how many indices unknown ints are spread; with 0 they are an error.
        mask_token: int that stands for padding: index 0, and not counted in the other output modes.
        oov_token: what stands for unknown ints in `get_vocabulary()`, and comes back with `invert`.
        vocabulary: list or array of ints; or the path of a text file with one a line, which a config must not name.
        vocabulary_dtype: 'int64'.
        idf_weights: with 'tf_idf' and a vocabulary, a number for each token.
        invert: whether to turn indices into tokens instead.
        output_mode: 'int', 'one_hot' (a vector for each int), or, for each row, 'multi_hot' (which are in it), 'count'
            (how often) or 'tf_idf' (how often, times the idf weights).
        pad_to_max_tokens: whether vectors have the length `max_tokens`, however many tokens there are.
        oov_method: how unknown ints are spread: by 'floormod', which is the remainder, or by 'farmhash', the hash of
            their digits.
        salt: for 'farmhash', an int, or two: SipHash is then used, with this as its key.
        **kwargs: those of `Layer`. A `state_dict` holds the vocabulary.

    Raises:
        FileNotFoundError: if there is no vocabulary file of the name.
        TypeError: for tokens that are not ints.
        ValueError: if arguments are out of range or contradict each other, or a token occurs twice or is a special one;
            in a call, if there is no vocabulary yet, an int is unknown with `num_oov_indices=0`, or the inputs have too
            many axes.

    >>> import torchkeras_layer as keras
    >>> keras.layers.IntegerLookup(vocabulary=[12, 36, 1138])([[1138, 12], [7, 36]])
    tensor([[3, 1],
            [0, 2]])
    >>> keras.layers.IntegerLookup(vocabulary=[12, 36, 1138], invert=True)([3, 0])
    tensor([1138,   -1])
    """

    # The tokens of the vocabulary and of the mask in ascending order, which a call searches.
    _torchkeras_keys: torch.Tensor
    # The index of each token in `_torchkeras_keys`.
    _torchkeras_indices: torch.Tensor
    # With `invert`, the token of each index.
    _torchkeras_tokens: torch.Tensor
    _torchkeras_token_type = TokenType(
        read=_read_token,
        show=_token_as_it_is,
        to_json=_token_as_it_is,
        from_json=_read_token,
        documents=_documents,
        index=_index,
    )

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: int | None = None,
        oov_token: int | None = -1,
        vocabulary: Any = None,
        vocabulary_dtype: str = "int64",
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        *,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        salt: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            max_tokens, num_oov_indices, mask_token, oov_token, vocabulary, idf_weights, invert, output_mode,
            pad_to_max_tokens, salt, **kwargs,
        )  # fmt: skip
        self.vocabulary_dtype = one_of(self, "vocabulary_dtype", vocabulary_dtype, "int64")
        self.oov_method = one_of(self, "oov_method", oov_method, "floormod", "farmhash")
        if salt is not None and self.oov_method != "farmhash":
            raise ValueError(f"{type(self).__name__}: salt is for oov_method='farmhash'. Received: salt={salt!r}.")

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the indices, the vectors, or with `invert` the tokens."""
        expect_vocabulary(self)
        values = inputs.to(torch.int64)
        return _tokens_at(self, values) if self.invert else self.encode(_indices_of(self, values))


def _indices_of(layer: IntegerLookup, values: torch.Tensor) -> torch.Tensor:
    keys = layer._torchkeras_keys.to(values.device)
    if not keys.shape[0]:
        # Only special tokens were given.
        return torch.zeros_like(values) + _oov_indices(layer, values, torch.zeros_like(values, dtype=torch.bool))
    # Torch warns of values in another order of memory.
    places = torch.searchsorted(keys, values.contiguous()).clamp(max=keys.shape[0] - 1)
    is_known = keys[places] == values
    indices = layer._torchkeras_indices.to(values.device)[places]
    return torch.where(is_known, indices, _oov_indices(layer, values, is_known))


def _oov_indices(layer: IntegerLookup, values: torch.Tensor, is_known: torch.Tensor) -> Any:
    first = int(layer._torchkeras.derived.has_mask_index)
    if layer.num_oov_indices == 0:
        _check_known(layer, values, is_known)
    if layer.num_oov_indices <= 1:
        return first
    if layer.oov_method == "floormod":
        return first + values.remainder(layer.num_oov_indices)
    return first + bins_of_ints(values, layer.num_oov_indices, layer.salt)


def _check_known(layer: IntegerLookup, values: torch.Tensor, is_known: torch.Tensor) -> None:
    if torch.compiler.is_compiling():
        torch._assert_async(is_known.all(), "IntegerLookup: an int is not in the vocabulary")  # type: ignore[attr-defined]
    elif not is_known.all():
        raise unknown_tokens(layer, values[~is_known].tolist())


def _tokens_at(layer: IntegerLookup, indices: torch.Tensor) -> torch.Tensor:
    known = layer._torchkeras_tokens.to(indices.device)
    is_inside = (indices >= 0) & (indices < known.shape[0])
    return torch.where(is_inside, known[indices.clamp(0, known.shape[0] - 1)], layer._torchkeras.derived.oov)
