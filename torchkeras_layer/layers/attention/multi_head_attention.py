"""How many heads attend to a sequence, and do heads of queries share those of keys and values?"""

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
    """Heads that each compare projected queries with projected keys, and take the mean of projected values by that.

    Called as `layer(query, value, key=None)`, with `value` for the key by default, and as options `attention_mask`
    (boolean, broadcast to the scores or to them without heads; true: the query may attend to the key),
    `use_causal_mask`, `return_attention_scores` and `query_mask`, `value_mask`, `key_mask`, by default those that the
    tensors carry; the output carries that of the query. A query that may attend to no key gets, as in Keras, the mean
    of all values; but 0 where scores are returned, `dropout` is not 0 or the inputs have more than 3 axes. Second
    derivatives: as for `Attention`.

    Shapes: query (batch, steps, features), value and key (batch, other steps, features of their own) -> (batch, steps,
    query's features), and scores (batch, heads, steps, other steps). There may be more axes between batch and features.

    Args:
        num_heads: number of heads. key_dim: size of each for queries and keys. value_dim: for values, default key_dim.
        dropout: probability with which a weight of a value is dropped in training.
        use_bias: whether the projections have biases.
        output_shape: int or several, in place of the query's features in the output.
        attention_axes: axes over which queries attend to keys, default all but the first and the last.
        sliding_window: queries attend only to keys less than this many steps away.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
            kernel_constraint, bias_constraint: identifiers or callables, for each of the projections.
        use_gate: whether the sigmoid of another projection of the query multiplies what the heads found.
        seed: int for the numbers that `dropout` draws, as in `Dropout`.
        **kwargs: those of `Layer`; `flash_attention` has no effect, torch takes its fastest kernel by itself.

    Raises:
        ValueError: if an argument is not of that kind, or shapes or masks do not fit together.

    >>> import torch
    >>> import torchkeras_layer as keras
    >>> layer = keras.layers.MultiHeadAttention(num_heads=2, key_dim=3)
    >>> query, value = torch.ones(4, 5, 6), torch.ones(4, 7, 8)
    >>> outputs, scores = layer(query, value, return_attention_scores=True)
    >>> outputs.shape, scores.shape, list(layer.state_dict())[:2]
    (torch.Size([4, 5, 6]), torch.Size([4, 2, 5, 7]), ['_query_dense.kernel', '_query_dense.bias'])
    """

    # Keras 2 and 3 disagree on the order of the arguments from `sliding_window` on: none is taken by its position.
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
            expected = "a positive int, or several"
            sizes = sizes_in(self, "output_shape", output_shape, expected, are_known=True)
            self._torchkeras.derived.output_sizes = sizes
        self.attention_axes = None if attention_axes is None else _read_axes(self, attention_axes)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make a layer from `get_config()`, ours, that of Keras 3 or that of TF-Keras, which holds shapes to build for.

        Raises:
            TypeError: if the constructor does not take the config.

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
        """Build with the shapes of `get_build_config()`. That of TF-Keras holds the query's only: then do nothing."""
        if not self.built or not config or "shapes_dict" in config:
            super().build_from_config(config)

    @property
    def query_dense(self) -> Any:
        """The layer that projects queries, once the layer is built."""
        return self._query_dense

    @property
    def key_dense(self) -> Any:
        """The layer that projects keys, once the layer is built."""
        return self._key_dense

    @property
    def value_dense(self) -> Any:
        """The layer that projects values, once the layer is built."""
        return self._value_dense

    @property
    def output_dense(self) -> Any:
        """The layer that makes the output of what the heads found, once the layer is built."""
        return self._output_dense

    def _torchkeras_head_sizes(self) -> HeadSizes:
        return HeadSizes(self.num_heads, self.num_heads, self.key_dim, self.value_dim)

    def _torchkeras_attention_axes(self, ndim: int) -> tuple[int, ...]:
        if ndim < 3:
            raise ValueError(
                f"{self.name}: query and value must have rank 3 or more: batch, steps, features. Received: rank {ndim}."
            )
        axes = tuple(axis % ndim for axis in self.attention_axes or range(1, ndim - 1) if -ndim <= axis < ndim)
        if len(set(axes)) < len(self.attention_axes or axes) or {0, ndim - 1} & set(axes):
            raise ValueError(
                f"{self.name}: attention_axes must name axes between the first and the last of inputs of rank {ndim}, "
                f"each once. Received: attention_axes={self.attention_axes}."
            )
        return axes

    def _torchkeras_write_argument(self, name: str) -> Any:
        if name == "activity_regularizer":
            # It is for the outputs of the projections, and not for those of this layer.
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
            f"{type(layer).__name__}: attention_axes must be an int, or several. "
            f"Received: attention_axes={attention_axes!r}."
        )
    return axes  # type: ignore[return-value]


@catalog.register("GroupedQueryAttention", name="GroupQueryAttention")
class GroupedQueryAttention(HeadedAttention):
    """`MultiHeadAttention` with fewer heads of keys and values: each serves several heads of queries.

    Called as `layer(query, value, key=None)`, with the options of `MultiHeadAttention`. Keras shows it as
    `layers.GroupQueryAttention`.

    Shapes: query (batch, steps, features), value and key (batch, other steps, features of their own) -> (batch, steps,
    query's features), and scores (batch, query heads, steps, other steps).

    Args:
        head_dim: size of each head.
        num_query_heads: number of heads of queries.
        num_key_value_heads: number of heads of keys and values; it divides that of queries.
        dropout: probability with which a weight of a value is dropped in training.
        use_bias: whether the projections have biases.
        sliding_window: queries attend only to keys less than this many steps away.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint:
            identifiers or callables, for each of the projections.
        activity_regularizer: on the outputs of the projections, and on that of the layer.
        use_gate: whether the sigmoid of another projection of the query multiplies what the heads found.
        seed: int for the numbers that `dropout` draws, as in `Dropout`.
        **kwargs: those of `Layer`; `flash_attention` has no effect, torch takes its fastest kernel by itself.

    Raises:
        ValueError: if an argument is not of that kind, the heads do not divide, or shapes or masks do not fit together.

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

    def _torchkeras_attention_axes(self, ndim: int) -> tuple[int, ...]:
        if ndim != 3:
            raise ValueError(
                f"{self.name}: query and value must have rank 3: batch, steps, features. Received: rank {ndim}."
            )
        return (1,)
