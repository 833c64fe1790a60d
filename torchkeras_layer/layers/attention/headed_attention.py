"""How do several heads, each with its own projections, attend to a sequence?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch

from torchkeras_layer import regularizers
from torchkeras_layer._shapes import Shape, as_shape
from torchkeras_layer.layer.masking import mask_of
from torchkeras_layer.layers.arguments import number_between, positive_int, resolved
from torchkeras_layer.layers.attention.axes import AttentionAxes, check_shapes
from torchkeras_layer.layers.attention.overrides import own_mask, with_argument_for_scores
from torchkeras_layer.layers.attention.scores import (
    attend,
    causal_mask,
    check_broadcast,
    masked_softmax,
    merged,
    read_mask,
    score_dropout,
    scores_of,
    weighted,
    window_mask,
    zero_where_all_masked,
)
from torchkeras_layer.layers.built_in_layer import BuiltInLayer
from torchkeras_layer.layers.core.einsum_dense import EinsumDense
from torchkeras_layer.layers.regularization.seed_arguments import read_seed

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class HeadSizes(NamedTuple):
    """The numbers of heads of queries, and of keys and values, and the sizes of one head."""

    query_heads: int
    key_heads: int
    key_size: int
    value_size: int


@dataclass(slots=True)
class AttentionPlan:
    """What a layer stores beyond its public attributes.

    Attributes:
        projection_regularizer: activity regularizer of the projections.
        axes: the axes of queries, keys and scores; known after the build.
        heads: number of heads of queries; known after the build.
        scale: factor of the scores; known after the build.
        output_sizes: the argument `output_shape`: the sizes that replace the features of the query in the output.
    """

    projection_regularizer: Any
    axes: AttentionAxes
    heads: int = 0
    scale: float = 1.0
    output_sizes: Shape | None = None


class HeadedAttention(BuiltInLayer):
    """Base of the layers that project queries, keys and values into heads, and project the outputs of the heads back.

    A subclass defines the number of heads and their sizes.
    """

    # Torch chooses its fastest kernel itself. `softmax_robust_masking` of Keras 2 does not change the results.
    _torchkeras_without_effect = ("flash_attention", "softmax_robust_masking")

    def __init_subclass__(cls, **options: Any) -> None:
        """Let a class override `_compute_attention` with the arguments of TF-Keras."""
        if "_compute_attention" in vars(cls):
            cls._compute_attention = with_argument_for_scores(cls._compute_attention)
        super().__init_subclass__(**options)

    def __init__(
        self,
        dropout: float,
        use_bias: bool,
        sliding_window: int | None,
        use_gate: bool,
        seed: int | None,
        projection_regularizer: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.dropout = number_between(self, "dropout", dropout, 0, 1)
        self.use_bias = bool(use_bias)
        self.sliding_window = None if sliding_window is None else positive_int(self, "sliding_window", sliding_window)
        self.use_gate = bool(use_gate)
        self.seed = read_seed(self, seed)
        self.supports_masking = True
        regularizer = resolved(self, "activity_regularizer", projection_regularizer, regularizers.get)
        self._torchkeras.derived = AttentionPlan(regularizer, AttentionAxes(3, (1,)))

    def _torchkeras_head_sizes(self) -> HeadSizes:
        """Return the numbers of heads and their sizes."""
        raise NotImplementedError

    def _torchkeras_attention_axes(self, rank: int) -> tuple[int, ...]:
        """Return the axes over which queries attend to keys, for inputs of the given rank."""
        raise NotImplementedError

    def build(self, query_shape: Shape, value_shape: Shape | None = None, key_shape: Shape | None = None) -> None:
        """Create and build the projections, under the same names as in Keras.

        Raises:
            TypeError: if the shape of the values is missing.
            ValueError: if the shapes do not fit together.
        """
        if value_shape is None:
            raise TypeError(_value_missing(self))
        query, value = as_shape(query_shape), as_shape(value_shape)
        key = value if key_shape is None else as_shape(key_shape)
        plan: AttentionPlan = self._torchkeras.derived
        axes = plan.axes = AttentionAxes(len(query), self._torchkeras_attention_axes(len(query)))
        check_shapes(self, axes.rank, axes.batch, query, value, key)
        if self.sliding_window is not None:
            _check_one_axis(self, "sliding_window")
        sizes = self._torchkeras_head_sizes()
        plan.heads, plan.scale = sizes.query_heads, 1 / math.sqrt(sizes.key_size)
        self._query_dense = _into_heads(self, "query", query, sizes.query_heads, sizes.key_size)
        self._key_dense = _into_heads(self, "key", key, sizes.key_heads, sizes.key_size)
        if self.use_gate:
            self._gate_dense = _into_heads(
                self, "gate", query, sizes.query_heads, sizes.value_size, activation="sigmoid"
            )
        self._value_dense = _into_heads(self, "value", value, sizes.key_heads, sizes.value_size)
        self._dropout_layer = score_dropout(self)
        found = (*query[:-1], sizes.query_heads, sizes.value_size)
        self._output_dense = _project(self, "attention_output", found, 2, _output_sizes(self, query))

    def call(
        self,
        query: torch.Tensor,
        value: torch.Tensor | None = None,
        key: torch.Tensor | None = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: Any = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """Return the output, (batch, steps, features), and with `return_attention_scores` the attention weights too.

        Args:
            query: (batch, …, features).
            value: (batch, …, features).
            key: by default `value`.
            query_mask, value_mask, key_mask: boolean, (batch, …) without features; by default the masks of the tensors.
            attention_mask: boolean, broadcast to the scores, or to the scores without the axis of heads.
            return_attention_scores: whether to return a pair of outputs and attention weights.
            training: whether dropout is applied.
            use_causal_mask: whether each query attends only to the steps up to its own.

        Raises:
            TypeError: if there is no value.
        """
        if value is None:
            raise TypeError(_value_missing(self))
        pairs = ((query_mask, query), (value_mask, value), (key_mask, key))
        masks = [mask_of(tensor) if given is None else given for given, tensor in pairs] + [attention_mask]
        key = value if key is None else key
        plan: AttentionPlan = self._torchkeras.derived
        check_shapes(self, plan.axes.rank, plan.axes.batch, query.shape, value.shape, key.shape)
        if type(self)._compute_attention_mask is HeadedAttention._compute_attention_mask:
            mask, is_causal = _mask_of_call(self, query, key, masks, use_causal_mask)
        else:
            mask, is_causal = own_mask(self, query, value, key, masks, use_causal_mask), False
        gate = self._gate_dense(query) if self.use_gate else None
        attended, scores = self._compute_attention(
            self._query_dense(query),
            self._key_dense(key),
            self._value_dense(value),
            mask,
            training,
            return_attention_scores,
            **({"use_causal_mask": True} if is_causal else {}),
        )
        outputs = self._output_dense(attended if gate is None else attended * gate)
        if query_mask is not None:
            outputs._keras_mask = torch.as_tensor(query_mask, device=outputs.device)
        return (outputs, scores) if return_attention_scores else outputs

    def compute_output_shape(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, query_shape: Shape, value_shape: Shape | None = None, key_shape: Shape | None = None
    ) -> Shape:
        """Return the shape of the output, which depends only on that of the query.

        Raises:
            ValueError: if the shapes do not fit together.
        """
        query = as_shape(query_shape)
        value = query if value_shape is None else as_shape(value_shape)
        axes = AttentionAxes(len(query), self._torchkeras_attention_axes(len(query)))
        key = value if key_shape is None else as_shape(key_shape)
        check_shapes(self, axes.rank, axes.batch, query, value, key)
        return (*query[:-1], *_output_sizes(self, query))

    def _compute_attention_mask(
        self,
        query: torch.Tensor,
        value: torch.Tensor,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        use_causal_mask: bool = False,
    ) -> torch.Tensor | None:
        """Return the mask of the scores, (batch, query axes, key axes), or `None`.

        A subclass may override it, as in Keras; this one does not run where none does.
        """
        masks = [query_mask, value_mask, key_mask, attention_mask]
        mask = _merge_masks(self, query, value, *masks)
        if use_causal_mask:
            _check_one_axis(self, "use_causal_mask")
            mask = merged([mask, self._compute_causal_mask(query, value)])
        axes = self._torchkeras.derived.axes
        heads = len(axes.batch)
        is_for_all = mask is not None and mask.dim() == heads + 1 + 2 * axes.count and mask.shape[heads] == 1
        return mask.squeeze(heads) if mask is not None and is_for_all else mask

    def _compute_attention(
        self,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        training: Any = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Return the outputs of the heads, (batch, …, heads, size), and the attention weights or `None`.

        A subclass may override it to define another attention, as in Keras.

        Args:
            query, key, value: the projections, (batch, …, heads, size).
            attention_mask: boolean, broadcast to the scores; it may lack batch axes and the axis of heads.
            training: whether dropout is applied.
            return_attention_scores: whether the attention weights are needed.
            use_causal_mask: whether each query attends only to the steps up to its own.
        """
        plan: AttentionPlan = self._torchkeras.derived
        axes = plan.axes
        queries, keys, values = axes.heads_first(query), axes.heads_first(key), axes.heads_first(value)
        drops = bool(training) and self.dropout > 0
        wants_weights = return_attention_scores or (drops and (self.seed is not None or self.dropout == 1))
        has_own_softmax = "_masked_softmax" in self._torchkeras_facts.overrides
        if use_causal_mask and (wants_weights or has_own_softmax):
            attention_mask = merged([attention_mask, self._compute_causal_mask(query, key)])
            use_causal_mask = False
        if has_own_softmax:
            scores = axes.split_steps(scores_of(queries, keys, plan.scale), query, key)
            weights = self._masked_softmax(scores, attention_mask)
            dropped = axes.joined_steps(self._dropout_layer(weights, training=training), query, key)
            return axes.heads_last(weighted(dropped, values), query), weights
        mask = attention_mask
        if mask is not None:
            mask = axes.joined_steps(axes.mask_of_pairs(mask), query, key)
        if wants_weights:
            weights = masked_softmax(scores_of(queries, keys, plan.scale), mask)
            attended = weighted(self._dropout_layer(weights, training=training), values)
            return axes.heads_last(attended, query), axes.split_steps(weights, query, key)
        attended = attend(queries, keys, values, mask, plan.scale, use_causal_mask, self.dropout if drops else 0.0)
        if mask is not None and (self.dropout > 0 or not axes.is_plain):
            # In these cases Keras uses its own softmax, whose result is 0 for a query whose keys are all masked.
            attended = zero_where_all_masked(attended, mask)
        return axes.heads_last(attended, query), None

    def _masked_softmax(
        self, attention_scores: torch.Tensor, attention_mask: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return the softmax of scores (batch, heads, query axes, key axes). A subclass may override it, as in Keras.

        The mask is (batch, query axes, key axes); this method runs only where a subclass calls it.
        """
        axes, mask = self._torchkeras.derived.axes, attention_mask
        if mask is not None:
            mask = axes.mask_of_pairs(mask.bool()).expand_as(attention_scores).flatten(-axes.count)
        return masked_softmax(attention_scores.flatten(-axes.count), mask).view(attention_scores.shape)

    def _compute_causal_mask(self, query: torch.Tensor, value: torch.Tensor | None = None) -> torch.Tensor:
        """Return the mask (1, query steps, key steps) of `use_causal_mask`. A subclass may override it, as in Keras."""
        axes, value = self._torchkeras.derived.axes, query if value is None else value
        return causal_mask(query.shape[axes.attention[0]], value.shape[axes.attention[0]], query.device).unsqueeze(0)


def _mask_of_call(
    layer: HeadedAttention, query: torch.Tensor, key: torch.Tensor, masks: list[Any], use_causal_mask: bool
) -> tuple[torch.Tensor | None, bool]:
    """Return the mask of the scores, and whether `_compute_attention` must apply the causal mask itself."""
    is_masked = layer.sliding_window is not None or any(mask is not None for mask in masks)
    mask = _merge_masks(layer, query, key, *masks) if is_masked else None
    if not use_causal_mask:
        return mask, False
    _check_one_axis(layer, "use_causal_mask")
    # A subclass may have another causal mask, and its attention need not have the argument `use_causal_mask`.
    if mask is None and not layer._torchkeras_facts.overrides & {"_compute_attention", "_compute_causal_mask"}:
        return None, True
    return merged([mask, layer._compute_causal_mask(query, key)]), False


def _merge_masks(layer: HeadedAttention, query: torch.Tensor, key: torch.Tensor, *masks: Any) -> torch.Tensor | None:
    """Return the mask of the scores, without the causal mask."""
    axes = layer._torchkeras.derived.axes
    shape = axes.scores_shape(query, key, layer._torchkeras.derived.heads)
    input_rank, score_ranks = [axes.rank - 1], range(2 * axes.count, len(shape) + 1)
    kinds = (
        ("query_mask", input_rank, axes.mask_of_queries),
        ("value_mask", input_rank, axes.mask_of_keys),
        ("key_mask", input_rank, axes.mask_of_keys),
        ("attention_mask", score_ranks, axes.mask_of_pairs),
    )
    found = []
    for mask, (name, ranks, arrange) in zip(masks, kinds, strict=True):
        if mask is not None:
            arranged = arrange(read_mask(layer, name, mask, query, ranks))
            check_broadcast(layer, name, arranged, "scores", shape)
            found.append(arranged)
    if layer.sliding_window is not None:
        (axis,) = axes.attention
        found.append(window_mask(query.shape[axis], key.shape[axis], layer.sliding_window, query.device))
    return merged(found)


def _value_missing(layer: HeadedAttention) -> str:
    return (
        f"{layer.name}: needs a query and a value. Received: no value. Write `{layer.name}(query, value)`, or "
        f"`{layer.name}.build(query_shape, value_shape)`."
    )


def _check_one_axis(layer: HeadedAttention, what: str) -> None:
    if layer._torchkeras.derived.axes.count > 1:
        raise ValueError(
            f"{layer.name}: {what} is for attention over one axis, whose steps are in order. "
            f"Received: attention over the axes {layer._torchkeras.derived.axes.attention}."
        )


def _output_sizes(layer: HeadedAttention, query_shape: Shape) -> Shape:
    """Return the sizes that replace the features of the query in the output."""
    given = layer._torchkeras.derived.output_sizes
    return query_shape[-1:] if given is None else given


def _into_heads(
    layer: HeadedAttention, name: str, shape: Shape, heads: int, size: int, activation: Any = None
) -> EinsumDense:
    return _project(layer, name, shape, 1, (heads, size), activation)


def _project(
    layer: HeadedAttention, name: str, shape: Shape, summed: int, made: Shape, activation: Any = None
) -> EinsumDense:
    """Create and build a projection of the last `summed` axes of a shape to new axes of the sizes `made`."""
    kept = len(shape) - summed
    inputs, new = _LETTERS[: len(shape)], _LETTERS[len(shape) : len(shape) + len(made)]
    dense = EinsumDense(
        f"{inputs},{inputs[kept:]}{new}->{inputs[:kept]}{new}",
        (*(None,) * (kept - 1), *made),
        activation=activation,
        bias_axes=new if layer.use_bias else None,
        kernel_initializer=layer.kernel_initializer,
        bias_initializer=layer.bias_initializer,
        kernel_regularizer=layer.kernel_regularizer,
        bias_regularizer=layer.bias_regularizer,
        activity_regularizer=layer._torchkeras.derived.projection_regularizer,
        kernel_constraint=layer.kernel_constraint,
        bias_constraint=layer.bias_constraint,
        dtype=layer.dtype_policy,
        name=name,
    )
    # So that it passes on the masks of the inputs without a warning.
    dense.supports_masking = True
    dense.build(shape)
    return dense
