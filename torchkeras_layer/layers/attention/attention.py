"""How does a sequence attend to another one without projections: by dot products, or additively?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from torchkeras_layer._shapes import Shape, as_shape, is_shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import known_sizes, number_between, one_of
from torchkeras_layer.layers.attention.axes import check_shapes
from torchkeras_layer.layers.attention.scores import (
    attend,
    causal_mask,
    check_broadcast,
    large_negative,
    merged,
    read_mask,
    score_dropout,
)
from torchkeras_layer.layers.built_in_layer import BuiltInLayer, weight_of
from torchkeras_layer.layers.regularization.seed_arguments import read_seed


@dataclass(slots=True)
class AttentionOptions:
    """The options of a layer that are not arguments of Keras 3.

    Attributes:
        is_causal: whether each call uses the causal mask; the argument `causal` of Keras 2.
    """

    is_causal: bool


@catalog.register()
class Attention(BuiltInLayer, only_merges_masks=True, takes_a_list=True):
    """Dot-product attention (Luong): the mean of the values, weighted by the softmax of the scores of each query.

    It is called on a list `[query, value]` or `[query, value, key]`; by default, `value` is the key too. Options of a
    call are `mask` (a list with a mask over the steps, or `None`, for query and value; by default those of the
    tensors), `use_causal_mask` and `return_attention_scores`. Masked values have weight 0, the output of masked queries
    is 0, and the output has the mask of the query.

    For second derivatives, call it `with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH)`, because
    torch's faster kernels only have first derivatives.

    Shapes: query (batch, …, steps, features), value (batch, …, other steps, size), key (batch, …, other steps,
    features) -> (batch, …, steps, size), and scores (batch, …, steps, other steps).

    Args:
        use_scale: whether a weight `scale` multiplies the scores.
        score_mode: 'dot': the dot product of query and key; 'concat': the sum of `tanh(query + key)` over the features,
            times a weight `concat_score_weight`; `scale` is then inside the tanh.
        dropout: probability with which a weight of a value is dropped in training.
        seed: int for the dropout masks, as in `Dropout`.
        **kwargs: those of `Layer`, and `causal` of Keras 2: `use_causal_mask` in each call.

    Raises:
        ValueError: for an invalid argument, or if inputs or masks do not fit together.

    >>> import torchkeras_layer as keras
    >>> query, value = torch.ones(1, 1, 2), torch.tensor([[[1.0, 3.0], [3.0, 1.0]]])
    >>> keras.layers.Attention()([query, value])
    tensor([[[2., 2.]]])
    """

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        is_causal = bool(kwargs.pop("causal", False))
        super().__init__(**kwargs)
        self._torchkeras.derived = AttentionOptions(is_causal)
        self.use_scale = bool(use_scale)
        self.score_mode = one_of(self, "score_mode", score_mode, "dot", "concat")
        self.dropout = number_between(self, "dropout", dropout, 0, 1)
        self.seed = read_seed(self, seed)
        self.supports_masking = True

    def get_config(self) -> dict[str, Any]:
        """Return the constructor arguments that recreate this layer; `causal`, not in Keras 3, only if it is true.

        >>> import torchkeras_layer as keras
        >>> keras.layers.Attention(causal=True).get_config()["causal"]
        True
        """
        return super().get_config() | ({"causal": True} if self._torchkeras.derived.is_causal else {})

    def build(self, input_shape: Any) -> None:
        """Create the weights `scale` and `concat_score_weight`, if they are used.

        Raises:
            ValueError: if the shapes do not fit together.
        """
        _read_shapes(self, input_shape)
        self.scale = self.add_weight("scale", (), initializer="ones") if self.use_scale else None
        is_concat = self.score_mode == "concat"
        self.concat_score_weight = self.add_weight("concat_score_weight", (), initializer="ones") if is_concat else None
        self._dropout_layer = score_dropout(self)

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        training: Any = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        """Return the weighted means of the values, and with `return_attention_scores` the weights too.

        Args:
            inputs: `[query, value]` or `[query, value, key]`.
            mask: a list with the masks of query and value, (batch, …, steps), true for steps that count; or `None`.
            training: whether dropout is applied.
            return_attention_scores: whether to return a pair of outputs and weights.
            use_causal_mask: whether each query attends only to the steps up to its own.
        """
        query, value, key = _read_inputs(self, inputs)
        query_mask, value_mask = _read_masks(self, mask, query, value)
        is_causal = use_causal_mask or self._torchkeras.derived.is_causal
        weights = None
        # A subclass may compute other scores, or apply them otherwise.
        is_product = self.score_mode == "dot" and not self._torchkeras_facts.overrides
        if is_product and not (return_attention_scores or (training and self.dropout > 0)):
            outputs = _attend_by_product(self, query, value, key, value_mask, is_causal)
        else:
            scores = self._calculate_scores(query, key)
            kept = self._calculate_score_mask(scores, value_mask, is_causal)
            outputs, weights = self._apply_scores(scores, value, scores_mask=kept, training=training)
        if query_mask is not None:
            outputs = torch.where(query_mask.unsqueeze(-1), outputs, 0)
        return (outputs, weights) if return_attention_scores else outputs

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask of the query."""
        return mask[0] if isinstance(mask, (list, tuple)) and mask else None

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """Return the shape of the query with the features of the values.

        Raises:
            ValueError: if the shapes do not fit together.
        """
        query, value, _ = _read_shapes(self, input_shape)
        return (*query[:-1], value[-1])

    def _calculate_scores(self, query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
        """Return the score of each key for each query. A subclass may override it, as in Keras."""
        if self.score_mode == "dot":
            return _scaled(self, query) @ key.transpose(-1, -2)
        summed = query.unsqueeze(-2) + key.unsqueeze(-3)
        return weight_of(self, "concat_score_weight") * torch.tanh(_scaled(self, summed)).sum(-1)

    def _calculate_score_mask(
        self, scores: torch.Tensor, v_mask: torch.Tensor | None, use_causal_mask: bool
    ) -> torch.Tensor | None:
        """Return the mask of the scores: a mask over the values, and the causal one. A subclass may override it."""
        mask = _score_mask(v_mask, scores.shape[-2:], scores.device, use_causal_mask)
        return mask.unsqueeze(0) if mask is not None and mask.dim() == 2 else mask

    def _apply_scores(
        self, scores: torch.Tensor, value: torch.Tensor, scores_mask: torch.Tensor | None = None, training: Any = False
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the weighted means of the values, and the weights. A subclass may override it, as in Keras."""
        if scores_mask is not None:
            scores_mask = (scores_mask.unsqueeze(-2) if scores_mask.dim() == 2 else scores_mask).bool()
            # Added, as in Keras, so that all keys have equal weights if all of them are masked.
            scores = torch.where(scores_mask, scores, scores + large_negative(scores.dtype))
        weights = self._dropout_layer(torch.softmax(scores, -1), training=training)
        return weights @ value, weights


def _scaled(layer: Attention, values: torch.Tensor) -> torch.Tensor:
    return values * weight_of(layer, "scale") if layer.use_scale else values


def _attend_by_product(
    layer: Attention,
    query: torch.Tensor,
    value: torch.Tensor,
    key: torch.Tensor,
    mask: torch.Tensor | None,
    is_causal: bool,
) -> torch.Tensor:
    kept = None if mask is None else _score_mask(mask, (query.shape[-2], value.shape[-2]), query.device, is_causal)
    # Torch's fused kernel needs an axis of heads; for rank 3, another kernel takes twice the time (32 x 64 x 64).
    query, key, value = _scaled(layer, query).unsqueeze(-3), key.unsqueeze(-3), value.unsqueeze(-3)
    kept = None if kept is None else kept.unsqueeze(-3)
    return attend(query, key, value, kept, 1.0, is_causal and kept is None).squeeze(-3)


def _score_mask(
    mask: torch.Tensor | None, steps: Sequence[int], device: torch.device, is_causal: bool
) -> torch.Tensor | None:
    over_values = None if mask is None else mask.unsqueeze(-2)
    return merged([over_values, causal_mask(steps[0], steps[1], device) if is_causal else None])


def _read_inputs(layer: Attention, inputs: Any) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return query, value and key, in the same dtype."""
    # Checked at each call, because a tensor of 2 or 3 rows would behave like the list.
    if not isinstance(inputs, (list, tuple)) or not 2 <= len(inputs) <= 3:
        raise ValueError(_list_expected(layer, inputs))
    query, value = inputs[:2]
    key = inputs[2] if len(inputs) == 3 else value
    _check_shapes(layer, query.shape, value.shape, key.shape)
    return query, value, key


def _read_masks(layer: Attention, mask: Any, *tensors: torch.Tensor) -> list[torch.Tensor | None]:
    """Return the masks of query and value."""
    if mask is None:
        return [None, None]
    if not isinstance(mask, (list, tuple)) or not 2 <= len(mask) <= 3:
        raise ValueError(
            f"{layer.name}: mask must be a list with a mask, or None, for the query and for the value. "
            f"Received: mask of type {type(mask).__name__}."
        )
    read: list[torch.Tensor | None] = []
    for what, one, tensor in zip(("query", "value"), mask, tensors, strict=False):
        found = None if one is None else read_mask(layer, f"mask of the {what}", one, tensor, [tensor.dim() - 1])
        if found is not None:
            check_broadcast(layer, "its mask", found, f"steps of the {what}", tensor.shape[:-1])
        read.append(found)
    return read


def _read_shapes(layer: Attention, input_shape: Any) -> tuple[Shape, Shape, Shape]:
    is_list = isinstance(input_shape, (list, tuple)) and 2 <= len(input_shape) <= 3
    if not is_list or not all(map(is_shape, input_shape)):
        raise ValueError(_list_expected(layer, input_shape))
    shapes = [as_shape(shape) for shape in input_shape]
    query, value, key = (*shapes, *shapes[1:])[:3]
    _check_shapes(layer, query, value, key)
    return query, value, key


def _check_shapes(layer: Attention, query: Any, value: Any, key: Any) -> None:
    if len(query) < 3:
        raise ValueError(
            f"{layer.name}: query and value must have rank 3 or more: batch, steps, features. "
            f"Received: query {tuple(query)}."
        )
    check_shapes(layer, len(query), range(len(query) - 2), query, value, key)
    if None not in (query[-1], key[-1]) and query[-1] != key[-1]:
        raise ValueError(
            f"{layer.name}: query and key must have the same number of features. "
            f"Received: query {tuple(query)}, key {tuple(key)}."
        )


def _list_expected(layer: Attention, received: Any) -> str:
    what = type(received).__name__
    if is_shape(received) and not any(isinstance(size, torch.Tensor) for size in received):
        what = f"one of shape {tuple(received)}"
    elif isinstance(received, (list, tuple)):
        what = f"{len(received)} of them"
    return (
        f"{layer.name}: expects a list of 2 or 3 tensors. Received: {what}. "
        f"Write `{layer.name}([query, value])` or `{layer.name}([query, value, key])`."
    )


@catalog.register()
class AdditiveAttention(Attention):
    """Additive attention (Bahdanau): the scores are the sum of `scale * tanh(query + key)` over the features.

    It is called like `Attention`. Shapes: query (batch, …, steps, features), value (batch, …, other steps, size), key
    (batch, …, other steps, features) -> (batch, …, steps, size), and scores (batch, …, steps, other steps).

    Args:
        use_scale: whether there is a weight `scale`, of shape (features,).
        dropout: probability with which a weight of a value is dropped in training.
        seed: int for the dropout masks, as in `Dropout`.
        **kwargs: those of `Layer`, and `causal` of Keras 2: `use_causal_mask` in each call.

    Raises:
        ValueError: as `Attention`, and if the number of features is not known.

    >>> import torchkeras_layer as keras
    >>> query, value = torch.ones(1, 1, 2), torch.tensor([[[1.0, 3.0], [3.0, 1.0]]])
    >>> keras.layers.AdditiveAttention(use_scale=False)([query, value])
    tensor([[[2., 2.]]])
    """

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(use_scale, "concat", dropout, seed, **kwargs)

    def build(self, input_shape: Any) -> None:
        """Create the weight `scale`, if it is used.

        Raises:
            ValueError: if the shapes do not fit together.
        """
        query, _, _ = _read_shapes(self, input_shape)
        scale = None
        if self.use_scale:
            scale = self.add_weight("scale", known_sizes(self, query, [-1]), initializer="glorot_uniform")
        self.scale = scale
        self._dropout_layer = score_dropout(self)

    def _calculate_scores(self, query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
        summed = torch.tanh(query.unsqueeze(-2) + key.unsqueeze(-3))
        # A matrix product with the weight, which needs no second tensor of this size.
        return summed @ weight_of(self, "scale") if self.use_scale else summed.sum(-1)
