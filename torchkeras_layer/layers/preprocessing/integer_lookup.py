"""How does a layer map ints to indices in a vocabulary, and back?"""

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
from torchkeras_layer.layers.preprocessing.vocabulary import LookupTokens, TokenType, Vocabulary
from torchkeras_layer.layers.preprocessing.vocabulary_lookup import (
    VocabularyLookup,
    expect_vocabulary,
    unknown_tokens,
)
from torchkeras_layer.symbolic import KerasTensor


def _read_token(layer: IntegerLookup, token: Any) -> int:
    try:
        # Lines of a file are strings of digits.
        number = int(token) if isinstance(token, str) else operator.index(token)
    except (TypeError, ValueError):
        number = None
    if number is None or isinstance(token, bool) or not -(2**63) <= number < 2**63:
        raise TypeError(f"{type(layer).__name__}: tokens must be 64-bit ints. Received: {token!r}.")
    return number


def _unchanged_token(layer: IntegerLookup, token: int) -> int:
    return token


def _documents(layer: IntegerLookup, data: Any, steps: int | None) -> Iterable[list[int]]:
    is_one = isinstance(data, (list, tuple, np.ndarray, torch.Tensor))
    for batch in batches_of(layer, np.asarray(data) if isinstance(data, (list, tuple)) else data, steps):
        values = batch.to(torch.int64)
        # Each int of a list or array of rank 1 is a document; a batch of rank 1 from an iterable is one document.
        rows = values.reshape(-1, values.shape[-1] if values.dim() > 1 else 1 if is_one else max(len(values), 1))
        yield from rows.tolist()


def _index(layer: IntegerLookup, vocabulary: Vocabulary) -> None:
    """Create the tables that a call searches: the tokens in ascending order, and their indices."""
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
    """Return the index of each int in a vocabulary, which is given, or learned by `adapt(data)`.

    Shapes: any -> the same, in int64; other output modes as for `StringLookup`. Calls run on the device of the inputs.

    Args:
        max_tokens: maximum number of tokens that `adapt` learns, special tokens included.
        num_oov_indices: number of indices for unknown ints; with 0, unknown ints are an error.
        mask_token: int that means padding: it has index 0, and is not counted in the other output modes.
        oov_token: int that represents unknown ints in `get_vocabulary()`, and is returned with `invert`.
        vocabulary: list or array of ints; or the path of a text file with one int per line (not in a config).
        vocabulary_dtype: 'int64'.
        idf_weights: with 'tf_idf' and a vocabulary, a number for each token.
        invert: whether to map indices to tokens instead.
        output_mode: 'int', 'one_hot' (a vector for each int), or a vector for each row: 'multi_hot' (which tokens are
            in it), 'count' (how often) or 'tf_idf' (how often, times the idf weights).
        pad_to_max_tokens: whether vectors have length `max_tokens`, and not the number of tokens.
        oov_method: how unknown ints are mapped to an index: by 'floormod', the remainder, or by 'farmhash', the hash of
            their digits.
        salt: for 'farmhash', an int, or two ints: SipHash with this key is then used.
        **kwargs: those of `Layer`. A `state_dict` contains the vocabulary.

    Raises:
        FileNotFoundError: if the vocabulary file does not exist.
        TypeError: for tokens that are not ints.
        ValueError: if arguments are invalid or contradict each other, or a token occurs twice or is a special token; in
            a call, if there is no vocabulary yet, or an int is unknown with `num_oov_indices=0`.

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
        show=_unchanged_token,
        to_json=_unchanged_token,
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
        """Return the indices or vectors of ints; with `invert`, the tokens of indices."""
        expect_vocabulary(self)
        values = inputs.to(torch.int64)
        return _tokens_at(self, values) if self.invert else self.encode(_indices_of(self, values))

    def compute_output_spec(self, inputs: Any) -> Any:
        """Return the symbolic output, also when there is no vocabulary yet."""
        spec = self.compute_output_signature(inputs)
        return KerasTensor(spec.shape, spec.dtype)


def _indices_of(layer: IntegerLookup, values: torch.Tensor) -> torch.Tensor:
    keys = layer._torchkeras_keys.to(values.device)
    if not keys.shape[0]:
        # The vocabulary contains special tokens only.
        return torch.zeros_like(values) + _oov_indices(layer, values, torch.zeros_like(values, dtype=torch.bool))
    # Torch warns about values that are not contiguous.
    positions = torch.searchsorted(keys, values.contiguous()).clamp(max=keys.shape[0] - 1)
    is_known = keys[positions] == values
    indices = layer._torchkeras_indices.to(values.device)[positions]
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
