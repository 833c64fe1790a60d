"""How do several heads, each with projections of its own, look at a sequence?"""

from __future__ import annotations

import math
from typing import Any

import torch

from torchkeras_layer import constraints, initializers, regularizers
from torchkeras_layer._shapes import Shape, as_shape
from torchkeras_layer.layer.masking import mask_of
from torchkeras_layer.layers.arguments import number_between, positive_int, resolved
from torchkeras_layer.layers.attention.attention_axes import AttentionAxes, check_shapes
from torchkeras_layer.layers.attention.attention_masks import (
    causal_mask,
    check_broadcast,
    merged,
    read_mask,
    window_mask,
)
from torchkeras_layer.layers.attention.score_dropout import score_dropout
from torchkeras_layer.layers.attention.scores import (
    attend,
    masked_softmax,
    scores_of,
    weighted,
    zero_where_all_masked,
)
from torchkeras_layer.layers.built_in_layer import BuiltInLayer
from torchkeras_layer.layers.core.einsum_dense import EinsumDense
from torchkeras_layer.layers.regularization.seeded_numbers import read_seed

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


class HeadedAttention(BuiltInLayer, has_effects=True):
    """Base of the layers that project queries, keys and values into heads, and project back what these find.

    A subclass says how many heads there are, and of which sizes.
    """

    # The projections may have activity regularizers.
    # Torch takes its fastest kernel by itself. `softmax_robust_masking` is Keras 2's, and gives the same numbers.
    _torchkeras_without_effect = ("flash_attention", "softmax_robust_masking")

    def __init__(
        self,
        dropout: float,
        use_bias: bool,
        sliding_window: int | None,
        use_gate: bool,
        seed: int | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.dropout = number_between(self, "dropout", dropout, 0, 1)
        self.use_bias = bool(use_bias)
        self.sliding_window = None if sliding_window is None else positive_int(self, "sliding_window", sliding_window)
        self.use_gate = bool(use_gate)
        self.seed = read_seed(self, seed)
        self.supports_masking = True
        # Known after the build.
        self._axes = AttentionAxes(3, (1,))
        self._heads, self._scale = 0, 1.0

    def _take_weight_arguments(self, name: str, initializer: Any, regularizer: Any, constraint: Any) -> None:
        """Keep what is given for the weights of this name in each projection."""
        kinds = {"initializer": initializers.get, "regularizer": regularizers.get, "constraint": constraints.get}
        for (kind, get), value in zip(kinds.items(), (initializer, regularizer, constraint), strict=True):
            setattr(self, f"{name}_{kind}", resolved(self, f"{name}_{kind}", value, get))

    def _take_activity_regularizer(self, regularizer: Any) -> None:
        """Keep what is given for the outputs of the projections."""
        self._projection_regularizer = resolved(self, "activity_regularizer", regularizer, regularizers.get)

    def _head_counts(self) -> tuple[int, int]:
        """Return how many heads there are of queries, and of keys and values."""
        raise NotImplementedError

    def _head_sizes(self) -> tuple[int, int]:
        """Return the size of a head of queries and keys, and of values."""
        raise NotImplementedError

    def _axes_in(self, rank: int) -> tuple[int, ...]:
        """Return the axes of inputs of some rank over which queries look at keys."""
        return (1,)

    def _output_sizes(self, query_shape: Shape) -> Shape:
        """Return what stands in the output where the features stand in the query."""
        return query_shape[-1:]

    def build(self, query_shape: Shape, value_shape: Shape | None = None, key_shape: Shape | None = None) -> None:
        """Create the projections, under the names that they have in Keras.

        Raises:
            TypeError: if the shape of the values is missing.
            ValueError: if the shapes do not fit together.
        """
        if value_shape is None:
            raise TypeError(self._value_missing())
        query, value = as_shape(query_shape), as_shape(value_shape)
        key = value if key_shape is None else as_shape(key_shape)
        rank = len(query)
        self._axes = AttentionAxes(rank, self._axes_in(rank))
        check_shapes(self, rank, self._axes.batch, query, value, key)
        if self.sliding_window is not None:
            self._check_one_axis("sliding_window")
        heads, shared_heads = self._head_counts()
        key_size, value_size = self._head_sizes()
        self._heads, self._scale = heads, 1 / math.sqrt(key_size)
        self._query_dense = self._into_heads("query", query, (heads, key_size))
        self._key_dense = self._into_heads("key", key, (shared_heads, key_size))
        if self.use_gate:
            self._gate_dense = self._into_heads("gate", query, (heads, value_size), activation="sigmoid")
        self._value_dense = self._into_heads("value", value, (shared_heads, value_size))
        self._dropout_layer = score_dropout(self)
        self._output_dense = self._project(
            "attention_output", (*query[:-1], heads, value_size), 2, self._output_sizes(query)
        )

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
        """Return what the queries find in the values whose keys fit them; and how well those fit, if asked for.

        Raises:
            TypeError: if there is no value.
        """
        if value is None:
            raise TypeError(self._value_missing())
        pairs = ((query_mask, query), (value_mask, value), (key_mask, key))
        masks = [mask_of(tensor) if given is None else given for given, tensor in pairs] + [attention_mask]
        key = value if key is None else key
        check_shapes(self, self._axes.rank, self._axes.batch, query.shape, value.shape, key.shape)
        is_masked = self.sliding_window is not None or any(mask is not None for mask in masks)
        mask = self._merge_masks(query, key, *masks) if is_masked else None
        is_causal = use_causal_mask and mask is None and self._attention_is_ours()
        if use_causal_mask:
            self._check_one_axis("use_causal_mask")
            mask = None if is_causal else merged([mask, self._causal_mask(query, key)])
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
        """Return the shape of the output for that of the query; the others only have to fit.

        Raises:
            ValueError: if they do not.
        """
        query = as_shape(query_shape)
        value = query if value_shape is None else as_shape(value_shape)
        axes = AttentionAxes(len(query), self._axes_in(len(query)))
        key = value if key_shape is None else as_shape(key_shape)
        check_shapes(self, axes.rank, axes.batch, query, value, key)
        return (*query[:-1], *self._output_sizes(query))

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
        """Return what is found for what is projected, (batch, …, heads, size), and the scores if asked for.

        A subclass may define another attention here, as in Keras.

        Args:
            attention_mask: boolean, broadcast to the scores, or without axes for further batches and heads.
        """
        axes = self._axes
        queries, keys, values = axes.heads_first(query), axes.heads_first(key), axes.heads_first(value)
        drops = bool(training) and self.dropout > 0
        wants_weights = return_attention_scores or (drops and (self.seed is not None or self.dropout == 1))
        if use_causal_mask and wants_weights:
            attention_mask = merged([attention_mask, self._causal_mask(query, key)])
            use_causal_mask = False
        mask = attention_mask
        if mask is not None:
            mask = axes.joined_steps(axes.mask_of_pairs(mask), query, key)
        if wants_weights:
            weights = masked_softmax(scores_of(queries, keys, self._scale), mask)
            attended = weighted(self._dropout_layer(weights, training=training), values)
            return axes.heads_last(attended, query), axes.split_steps(weights, query, key)
        attended = attend(queries, keys, values, mask, self._scale, use_causal_mask, self.dropout if drops else 0.0)
        if mask is not None and (self.dropout > 0 or not axes.is_plain):
            # There Keras takes its own softmax, which gives nothing to a query whose keys are all masked.
            attended = zero_where_all_masked(attended, mask)
        return axes.heads_last(attended, query), None

    def _merge_masks(self, query: torch.Tensor, key: torch.Tensor, *masks: Any) -> torch.Tensor | None:
        """Return the mask of the scores, without the causal one."""
        axes = self._axes
        shape = axes.scores_shape(query, key, self._heads)
        own_rank, ranks = [axes.rank - 1], range(2 * axes.count, len(shape) + 1)
        kinds = (
            ("query_mask", own_rank, axes.mask_of_queries),
            ("value_mask", own_rank, axes.mask_of_keys),
            ("key_mask", own_rank, axes.mask_of_keys),
            ("attention_mask", ranks, axes.mask_of_pairs),
        )
        found = []
        for mask, (name, possible_ranks, arrange) in zip(masks, kinds, strict=True):
            if mask is not None:
                arranged = arrange(read_mask(self, name, mask, query, possible_ranks))
                check_broadcast(self, name, arranged, "scores", shape)
                found.append(arranged)
        if self.sliding_window is not None:
            (axis,) = axes.attention
            found.append(window_mask(query.shape[axis], key.shape[axis], self.sliding_window, query.device))
        return merged(found)

    def _attention_is_ours(self) -> bool:
        """Whether no subclass defines another attention, which need not know of `use_causal_mask`."""
        return type(self)._compute_attention is HeadedAttention._compute_attention

    def _value_missing(self) -> str:
        return (
            f"{self.name}: needs a value beside the query. Write `{self.name}(query, value)`, or "
            f"`{self.name}.build(query_shape, value_shape)`."
        )

    def _check_one_axis(self, what: str) -> None:
        if self._axes.count > 1:
            raise ValueError(
                f"{self.name}: {what} needs an order of steps, which is there along one axis. "
                f"Received: attention over the axes {self._axes.attention}."
            )

    def _causal_mask(self, query: torch.Tensor, key: torch.Tensor) -> torch.Tensor:
        (axis,) = self._axes.attention
        return causal_mask(query.shape[axis], key.shape[axis], query.device)

    def _into_heads(self, name: str, shape: Shape, heads: tuple[int, int], **arguments: Any) -> EinsumDense:
        return self._project(name, shape, 1, heads, **arguments)

    def _project(self, name: str, shape: Shape, summed: int, made: Shape, **arguments: Any) -> EinsumDense:
        """Make and build a projection of the last `summed` axes of a shape to new ones."""
        kept = len(shape) - summed
        inputs, new = _LETTERS[: len(shape)], _LETTERS[len(shape) : len(shape) + len(made)]
        dense = EinsumDense(
            f"{inputs},{inputs[kept:]}{new}->{inputs[:kept]}{new}",
            (*(None,) * (kept - 1), *made),
            bias_axes=new if self.use_bias else None,
            kernel_initializer=self.kernel_initializer,
            bias_initializer=self.bias_initializer,
            kernel_regularizer=self.kernel_regularizer,
            bias_regularizer=self.bias_regularizer,
            activity_regularizer=self._projection_regularizer,
            kernel_constraint=self.kernel_constraint,
            bias_constraint=self.bias_constraint,
            dtype=self.dtype_policy,
            name=name,
            **arguments,
        )
        # It gets the masks of the inputs, which do not end there.
        dense.supports_masking = True
        dense.build(shape)
        return dense
