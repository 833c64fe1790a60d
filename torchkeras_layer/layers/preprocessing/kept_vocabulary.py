"""How does a layer keep the tokens that it knows, and how do they get into a `state_dict` and back?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import torch

from torchkeras_layer.layers.preprocessing.data_layer import DataLayer
from torchkeras_layer.layers.preprocessing.vocabulary import Token


class Vocabulary:
    """The tokens without the special ones, in the order of their indices, and how much each counts in 'tf_idf'.

    An object that does not change once a layer has it, so that copies of the layer share it. It also hides long lists
    from the search for layers in attributes, which took most of the time of making a lookup.

    >>> Vocabulary(["a", "b"], []).tokens
    ('a', 'b')
    """

    __slots__ = ("index", "tokens", "weights")

    def __init__(self, tokens: Sequence[Token], weights: Sequence[float]) -> None:
        self.tokens = tuple(tokens)
        self.weights = tuple(weights)
        # For layers that look tokens up by Python.
        self.index: dict[Token, int] = {}

    def __deepcopy__(self, memo: dict[int, Any]) -> Vocabulary:
        return self


class KeptVocabulary(DataLayer):
    """Base of layers that know tokens. In the `state_dict` they are a tensor of bytes, as torch's extra state.

    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.StringLookup(); layer.adapt(["b", "a", "b"])
    >>> twin = keras.layers.StringLookup(); _ = twin.load_state_dict(layer.state_dict()); twin.get_vocabulary()
    ['[UNK]', 'b', 'a']
    """

    _vocabulary: Vocabulary | None = None

    def get_extra_state(self) -> torch.Tensor:
        """Return the vocabulary for the `state_dict`."""
        kept = self._vocabulary
        tokens = None if kept is None else [self._as_plain(token) for token in kept.tokens]
        text = json.dumps({"tokens": tokens, "idf_weights": [] if kept is None else kept.weights})
        return torch.frombuffer(bytearray(text, "ascii"), dtype=torch.uint8)

    def set_extra_state(self, state: Any) -> None:
        """Take the vocabulary out of a `state_dict`.

        Raises:
            ValueError: if it is none of this layer; nothing changes then.
        """
        try:
            content = json.loads(state.detach().cpu().to(torch.uint8).numpy().tobytes())
            weights = [float(weight) for weight in content["idf_weights"]]
            tokens = content["tokens"]
            if tokens is None:
                self._vocabulary = None
            else:
                self._learn(Vocabulary([self._from_plain(token) for token in tokens], weights))
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
            raise ValueError(
                f"{self.name}: the state_dict holds no vocabulary for it under '_extra_state': {error}."
            ) from error

    def _learn(self, vocabulary: Vocabulary) -> None:
        """Take a vocabulary, or raise a ValueError before anything changes."""
        self._vocabulary = vocabulary

    def _as_plain(self, token: Token) -> Any:
        """Return a token as it can stand in JSON."""
        return token

    def _from_plain(self, value: Any) -> Token:
        """Return a token that has stood in JSON, or raise a TypeError."""
        return value
