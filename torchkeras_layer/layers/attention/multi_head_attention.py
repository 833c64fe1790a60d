"""How many heads attend to a sequence, and do several heads of queries share one of keys and values?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from typing_extensions import Self

from torchkeras_layer import regularizers
from torchkeras_layer._shapes import as_shape
from torchkeras_layer.layers._catalog import catalog
from torchkeras_layer.layers.arguments import positive_int, sizes_in, weight_arguments
from torchkeras_layer.layers.attention.headed_attention import HeadedAttention, HeadSizes
from torchkeras_layer.registry import serialize_keras_object


@catalog.register()
class MultiHeadAttention(HeadedAttention):
    """Multi-head attention: each head attends from projected queries to projected keys and values.

    It is called as `layer(query, value, key=None)`; by default, `value` is the key too. Options of a call are
    `attention_mask` (boolean, broadcast to the scores, or to the scores without heads; true: the query may attend to
    the key), `use_causal_mask`, `return_attention_scores`, and `query_mask`, `value_mask` and `key_mask`, by default
    the masks of the tensors. The output has the mask of the query. If all keys of a query are masked, its output is the
    mean of all values, as in Keras; but 0 if scores are returned, `dropout` is not 0, or the rank is above 3. For
    second derivatives, see `Attention`.

    Shapes: query (batch, steps, features), value and key (batch, other steps, other features) -> (batch, steps,
    features), and scores (batch, heads, steps, other steps). There may be more axes between batch and features.

    Args:
        num_heads: number of heads.
        key_dim: number of features of each head for queries and keys.
        value_dim: number of features of each head for values; by default `key_dim`.
        dropout: probability with which a weight of a value is dropped in training.
        use_bias: whether the projections have biases.
        output_shape: int or several ints, which replace the features of the query in the output.
        attention_axes: axes over which queries attend to keys; by default all but the first and the last.
        sliding_window: if given, queries attend only to keys less than this many steps away.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
            kernel_constraint, bias_constraint: identifiers or callables, for each of the projections.
        use_gate: whether the outputs of the heads are multiplied by the sigmoid of another projection of the query.
        seed: int for the dropout masks, as in `Dropout`.
        **kwargs: those of `Layer`; `flash_attention` has no effect, because torch chooses its fastest kernel itself.

    Raises:
        ValueError: for an invalid argument, or if shapes or masks do not fit together.

    >>> import torch
    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.MultiHeadAttention(num_heads=2, key_dim=3)
    >>> query, value = torch.ones(4, 5, 6), torch.ones(4, 7, 8)
    >>> outputs, scores = layer(query, value, return_attention_scores=True)
    >>> outputs.shape, scores.shape, list(layer.state_dict())[:2]
    (torch.Size([4, 5, 6]), torch.Size([4, 2, 5, 7]), ['_query_dense.kernel', '_query_dense.bias'])
    """

    # From `sliding_window` on, the order of the arguments differs between Keras 2 and 3, so they are keyword-only.
    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: int | Sequence[int] | None = None,
        attention_axes: int | Sequence[int] | None = None,
        *,
        sliding_window: int | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(dropout, use_bias, sliding_window, use_gate, seed, activity_regularizer, **kwargs)
        self.kernel_initializer, self.kernel_regularizer, self.kernel_constraint = weight_arguments(
            self, "kernel", kernel_initializer, kernel_regularizer, kernel_constraint
        )
        self.bias_initializer, self.bias_regularizer, self.bias_constraint = weight_arguments(
            self, "bias", bias_initializer, bias_regularizer, bias_constraint
        )
        self.num_heads = positive_int(self, "num_heads", num_heads)
        self.key_dim = positive_int(self, "key_dim", key_dim)
        self.value_dim = self.key_dim if value_dim is None else positive_int(self, "value_dim", value_dim)
        if output_shape is not None:
            expected = "a positive int, or a list or tuple of them"
            sizes = sizes_in(self, "output_shape", output_shape, expected, are_known=True)
            self._torchkeras.derived.output_sizes = sizes
        self.attention_axes = None if attention_axes is None else _read_axes(self, attention_axes)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Create a layer from a config of this library, Keras 3 or TF-Keras; the last contains shapes to build for.

        Raises:
            TypeError: if the constructor does not accept the config.

        >>> config = {"num_heads": 2, "key_dim": 3, "query_shape": [None, 4, 5], "value_shape": [None, 4, 5]}
        >>> MultiHeadAttention.from_config(config).built
        True
        """
        names = ("query_shape", "value_shape", "key_shape")
        if not isinstance(config, dict) or not set(names) & set(config):
            return super().from_config(config)
        layer = super().from_config({name: value for name, value in config.items() if name not in names})
        query_shape, value_shape, key_shape = (config.get(name) for name in names)
        if query_shape is not None and value_shape is not None:
            layer.build(query_shape, value_shape, key_shape)
        return layer

    def build_from_config(self, config: dict[str, Any] | None) -> None:
        """Build with the shapes of `get_build_config()`; do nothing for that of TF-Keras, with only the query's."""
        if not self.built or not config or "shapes_dict" in config:
            super().build_from_config(config)

    @property
    def query_dense(self) -> Any:
        """The layer that projects queries; it exists after the build.

        >>> layer = MultiHeadAttention(2, 3); layer.build((None, 4, 5), (None, 4, 5)); layer.query_dense.kernel.shape
        torch.Size([5, 2, 3])
        """
        return self._query_dense

    @property
    def key_dense(self) -> Any:
        """The layer that projects keys; it exists after the build."""
        return self._key_dense

    @property
    def value_dense(self) -> Any:
        """The layer that projects values; it exists after the build."""
        return self._value_dense

    @property
    def output_dense(self) -> Any:
        """The layer that projects the outputs of the heads to the output; it exists after the build."""
        return self._output_dense

    def _torchkeras_head_sizes(self) -> HeadSizes:
        return HeadSizes(self.num_heads, self.num_heads, self.key_dim, self.value_dim)

    def _torchkeras_attention_axes(self, rank: int) -> tuple[int, ...]:
        if rank < 3:
            raise ValueError(
                f"{self.name}: query and value must have rank 3 or more: batch, steps, features. Received: rank {rank}."
            )
        axes = tuple(axis % rank for axis in self.attention_axes or range(1, rank - 1) if -rank <= axis < rank)
        if len(set(axes)) < len(self.attention_axes or axes) or {0, rank - 1} & set(axes):
            raise ValueError(
                f"{self.name}: attention_axes must be axes between the first and the last of inputs of rank {rank}, "
                f"each only once. Received: attention_axes={self.attention_axes}."
            )
        return axes

    def _torchkeras_write_argument(self, name: str) -> Any:
        if name == "activity_regularizer":
            # It regularizes the outputs of the projections, and not that of this layer.
            return regularizers.serialize(self._torchkeras.derived.projection_regularizer)
        if name == "output_shape":
            return serialize_keras_object(self._torchkeras.derived.output_sizes)
        return super()._torchkeras_write_argument(name)


def _read_axes(layer: MultiHeadAttention, attention_axes: Any) -> tuple[int, ...]:
    try:
        axes = as_shape(attention_axes if isinstance(attention_axes, (list, tuple)) else (attention_axes,))
    except TypeError:
        axes = ()
    if not axes or None in axes:
        raise ValueError(
            f"{type(layer).__name__}: attention_axes must be an int, or a list or tuple of ints. "
            f"Received: attention_axes={attention_axes!r}."
        )
    return axes  # type: ignore[return-value]


@catalog.register("GroupedQueryAttention", name="GroupQueryAttention")
class GroupedQueryAttention(HeadedAttention):
    """Grouped-query attention: `MultiHeadAttention` in which several heads of queries share one of keys and values.

    It is called as `layer(query, value, key=None)`, with the options of `MultiHeadAttention`. As in Keras, its public
    name is `layers.GroupQueryAttention`.

    Shapes: query (batch, steps, features), value and key (batch, other steps, other features) -> (batch, steps,
    features), and scores (batch, query heads, steps, other steps).

    Args:
        head_dim: number of features of each head.
        num_query_heads: number of heads of queries.
        num_key_value_heads: number of heads of keys and values; it must divide that of queries.
        dropout: probability with which a weight of a value is dropped in training.
        use_bias: whether the projections have biases.
        sliding_window: if given, queries attend only to keys less than this many steps away.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint:
            identifiers or callables, for each of the projections.
        activity_regularizer: regularizer of the outputs of the projections, and of that of the layer.
        use_gate: whether the outputs of the heads are multiplied by the sigmoid of another projection of the query.
        seed: int for the dropout masks, as in `Dropout`.
        **kwargs: those of `Layer`; `flash_attention` has no effect, because torch chooses its fastest kernel itself.

    Raises:
        ValueError: for an invalid argument, or if shapes or masks do not fit together.

    >>> import torch
    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.GroupQueryAttention(head_dim=3, num_query_heads=4, num_key_value_heads=2)
    >>> layer(torch.ones(5, 6, 7), torch.ones(5, 8, 9)).shape, layer._key_dense.kernel.shape
    (torch.Size([5, 6, 7]), torch.Size([9, 2, 3]))
    """

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        dropout: float = 0.0,
        use_bias: bool = True,
        *,
        sliding_window: int | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs["activity_regularizer"] = activity_regularizer
        super().__init__(dropout, use_bias, sliding_window, use_gate, seed, activity_regularizer, **kwargs)
        self.kernel_initializer, self.kernel_regularizer, self.kernel_constraint = weight_arguments(
            self, "kernel", kernel_initializer, kernel_regularizer, kernel_constraint
        )
        self.bias_initializer, self.bias_regularizer, self.bias_constraint = weight_arguments(
            self, "bias", bias_initializer, bias_regularizer, bias_constraint
        )
        self.head_dim = positive_int(self, "head_dim", head_dim)
        self.num_query_heads = positive_int(self, "num_query_heads", num_query_heads)
        self.num_key_value_heads = positive_int(self, "num_key_value_heads", num_key_value_heads)
        if self.num_query_heads % self.num_key_value_heads:
            raise ValueError(
                f"{type(self).__name__}: num_key_value_heads must divide num_query_heads. Received: "
                f"num_query_heads={num_query_heads}, num_key_value_heads={num_key_value_heads}."
            )

    def _torchkeras_head_sizes(self) -> HeadSizes:
        return HeadSizes(self.num_query_heads, self.num_key_value_heads, self.head_dim, self.head_dim)

    def _torchkeras_attention_axes(self, rank: int) -> tuple[int, ...]:
        if rank != 3:
            raise ValueError(
                f"{self.name}: query and value must have rank 3: batch, steps, features. Received: rank {rank}."
            )
        return (1,)
