"""What does a lookup make of the indices that it has found?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from torchkeras_layer._shapes import Shape
from torchkeras_layer.layer.dtypes import weights_device
from torchkeras_layer.layers.preprocessing.encoding import check_rows, encode, encoded_shape
from torchkeras_layer.layers.preprocessing.kept_vocabulary import KeptVocabulary, Vocabulary
from torchkeras_layer.layers.preprocessing.vocabulary import Token
from torchkeras_layer.symbolic import TensorSpec


class LookupOutputs(KeptVocabulary):
    """Base of the lookups: indices, or vectors as long as the vocabulary.

    >>> import torchkeras_layer as keras
    >>> keras.layers.StringLookup(vocabulary=["a"], output_mode="one_hot").compute_output_shape((None,))
    (None, 2)
    """

    max_tokens: int | None
    output_mode: str
    pad_to_max_tokens: bool
    _special: tuple[Token, ...]
    _idf_weights: Any

    @property
    def idf_weights(self) -> torch.Tensor | None:
        """How much each token counts in 'tf_idf', special ones included."""
        return self._idf_weights

    def vocabulary_size(self) -> int:
        """Return how many tokens there are, special ones included."""
        return len(self._special) + len(self._known_tokens())

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Return the shape of the inputs, or of the vectors made of them.

        Raises:
            ValueError: if the inputs have too many axes.
        """
        if self.output_mode == "int":
            return tuple(input_shape)
        depth = None if self._vocabulary is None and not self.pad_to_max_tokens else self._depth()
        return encoded_shape(self, self.output_mode, depth, input_shape)

    def compute_output_signature(self, input_signature: Any) -> Any:
        """Return the `TensorSpec` that the layer gives for inputs of a given one."""
        return TensorSpec(self.compute_output_shape(input_signature.shape), self._output_dtype())

    def encode(self, indices: torch.Tensor) -> torch.Tensor:
        """Return indices as the output mode says; masked ones have the index behind the last."""
        mode, dtype = self.output_mode, self._output_dtype()
        if mode == "int":
            return indices.to(dtype)
        check_rows(self, mode, indices.shape)
        outputs = encode(indices, "count" if mode == "tf_idf" else mode, self._depth() + 1, dtype)[..., :-1]
        return outputs * self._idf_weights.to(dtype) if mode == "tf_idf" else outputs

    def mask_index(self) -> int:
        """Return the index of masked tokens for `encode`."""
        return 0 if self.output_mode == "int" else self._depth()

    def _learn(self, vocabulary: Vocabulary) -> None:
        count, special = len(vocabulary.tokens), len(self._special)
        if self.max_tokens is not None and special + count > self.max_tokens:
            raise ValueError(
                f"{self.name}: max_tokens={self.max_tokens} is too small for the vocabulary, which has "
                f"{special + count} tokens with the {special} special ones."
            )
        if len(vocabulary.weights) not in ((count, special + count) if self.output_mode == "tf_idf" else (0,)):
            raise ValueError(f"{self.name}: idf_weights do not fit the vocabulary or output_mode={self.output_mode!r}.")
        super()._learn(vocabulary)
        weights = list(vocabulary.weights)
        if not weights:
            return
        if len(weights) == len(vocabulary.tokens):
            # Nobody knows about the special tokens: they get the mean.
            weights = [float(np.mean(weights))] * len(self._special) + weights
        padding = self.max_tokens - len(weights) if self.pad_to_max_tokens and self.max_tokens is not None else 0
        self._idf_weights = torch.tensor(weights + [0.0] * padding, device=weights_device(self))

    def _known_tokens(self) -> Sequence[Token]:
        return () if self._vocabulary is None else self._vocabulary.tokens

    def _depth(self) -> int:
        return self.max_tokens if self.pad_to_max_tokens else self.vocabulary_size()  # type: ignore[return-value]

    def _output_dtype(self) -> torch.dtype:
        compute = self._torchkeras.compute_dtype
        return torch.int64 if self.output_mode == "int" and compute.is_floating_point else compute
