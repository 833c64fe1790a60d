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
from torchkeras_layer.layers.preprocessing.batches import batches_of
from torchkeras_layer.layers.preprocessing.hashed_ints import bins_of_ints
from torchkeras_layer.layers.preprocessing.kept_vocabulary import Vocabulary
from torchkeras_layer.layers.preprocessing.vocabulary_lookup import VocabularyLookup


@catalog.register()
class IntegerLookup(VocabularyLookup):
    """The index of each int in a vocabulary, which is given, or learnt by `adapt(data)`.

    Shapes: any -> the same, in int64; other output modes as for `StringLookup`. Everything is done on the device of the
    inputs.

    Args:
        max_tokens: how many tokens `adapt` learns at most, special ones included.
        num_oov_indices: among how many indices unknown ints are spread; with 0 they are an error.
        mask_token: int that stands for padding: index 0, and not counted in the other output modes.
        oov_token: what stands for unknown ints in `get_vocabulary()`, and comes back with `invert`.
        vocabulary: list or array of ints; or the path of a text file with one a line, which a config cannot name.
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
        TypeError: for tokens that are no ints.
        ValueError: if arguments are out of range or do not go together, or a token recurs or is a special one; in a
            call, if there is no vocabulary yet, an int is unknown and may not be, or there are too many axes.

    >>> import torchkeras_layer as keras
    >>> keras.layers.IntegerLookup(vocabulary=[12, 36, 1138])([[1138, 12], [7, 36]])
    tensor([[3, 1],
            [0, 2]])
    >>> keras.layers.IntegerLookup(vocabulary=[12, 36, 1138], invert=True)([3, 0])
    tensor([1138,   -1])
    """

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
            max_tokens,
            num_oov_indices,
            mask_token,
            oov_token,
            vocabulary,
            idf_weights,
            invert,
            output_mode,
            pad_to_max_tokens,
            salt,
            **kwargs,
        )
        self.vocabulary_dtype = one_of(self, "vocabulary_dtype", vocabulary_dtype, "int64")
        self.oov_method = one_of(self, "oov_method", oov_method, "floormod", "farmhash")
        if salt is not None and self.oov_method != "farmhash":
            raise ValueError(f"{type(self).__name__}: salt is for oov_method='farmhash'. Received: salt={salt!r}.")

    def call(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the indices, the vectors, or with `invert` the tokens."""
        self._expect_vocabulary()
        values = inputs.to(torch.int64)
        return self._tokens_at(values) if self.invert else self.encode(self._indices_of(values))

    def _indices_of(self, values: torch.Tensor) -> torch.Tensor:
        keys = self._keys.to(values.device)
        if not keys.shape[0]:
            # Only special tokens were given.
            return torch.zeros_like(values) + self._unknown_indices(values, torch.zeros_like(values, dtype=torch.bool))
        # Torch warns of values in another order of memory.
        places = torch.searchsorted(keys, values.contiguous()).clamp(max=keys.shape[0] - 1)
        is_known = keys[places] == values
        return torch.where(is_known, self._indices.to(values.device)[places], self._unknown_indices(values, is_known))

    def _unknown_indices(self, values: torch.Tensor, is_known: torch.Tensor) -> Any:
        first = int(self._has_mask_index)
        if self.num_oov_indices == 0:
            self._check_known(values, is_known)
        if self.num_oov_indices <= 1:
            return first
        if self.oov_method == "floormod":
            return first + values.remainder(self.num_oov_indices)
        return first + bins_of_ints(values, self.num_oov_indices, self.salt)

    def _check_known(self, values: torch.Tensor, is_known: torch.Tensor) -> None:
        if torch.compiler.is_compiling():
            torch._assert_async(is_known.all(), "IntegerLookup: an int is not in the vocabulary")  # type: ignore[attr-defined]
        elif not is_known.all():
            raise self._unknown(values[~is_known].tolist())

    def _tokens_at(self, indices: torch.Tensor) -> torch.Tensor:
        known = self._by_index.to(indices.device)
        is_inside = (indices >= 0) & (indices < known.shape[0])
        return torch.where(is_inside, known[indices.clamp(0, known.shape[0] - 1)], self._oov)

    def _documents(self, data: Any, steps: int | None) -> Iterable[list[int]]:
        is_one = isinstance(data, (list, tuple, np.ndarray, torch.Tensor))
        for batch in batches_of(self, np.asarray(data) if isinstance(data, (list, tuple)) else data, steps):
            values = batch.to(torch.int64)
            # Of a plain list each int is a document of its own, of a batch of one axis all are one.
            rows = values.reshape(-1, values.shape[-1] if values.dim() > 1 else 1 if is_one else max(len(values), 1))
            yield from rows.tolist()

    def _learn(self, vocabulary: Vocabulary) -> None:
        super()._learn(vocabulary)
        device = weights_device(self)
        tokens = torch.tensor(vocabulary.tokens, dtype=torch.int64, device=device)
        first = len(self._special)
        indices = torch.arange(first, first + len(tokens), device=device)
        if self._mask is not None:
            tokens = torch.cat([tokens, tokens.new_tensor([self._mask])])
            indices = torch.cat([indices, indices.new_tensor([self.mask_index()])])
        keys, order = tokens.sort()
        self.register_buffer("_keys", keys, persistent=False)
        self.register_buffer("_indices", indices[order], persistent=False)
        if self.invert:
            self.register_buffer("_by_index", tokens.new_tensor(self.get_vocabulary()), persistent=False)

    def _read_token(self, token: Any) -> int:
        try:
            # A line of a file is a string of digits.
            number = int(token) if isinstance(token, str) else operator.index(token)
        except (TypeError, ValueError):
            number = None
        if number is None or isinstance(token, bool) or not -(2**63) <= number < 2**63:
            raise TypeError(f"{type(self).__name__}: tokens must be ints of 64 bits. Received: {token!r}.")
        return number

    def _from_plain(self, value: Any) -> int:
        return self._read_token(value)
